/* client_certificate.c - see client_certificate.h. */
#include "proxy/inputs/client_certificate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proxy/base/sealed.h"
#include "proxy/tls/tls_server.h"

#define LABEL_MAX 600
#define DAY_S     ((time_t)24 * 60 * 60)

struct texts {
	char *certificate;
	char *key;
	char certificate_name[LABEL_MAX];
	char key_name[LABEL_MAX];
};

static void wipe(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

static void texts_cleanup(struct texts *texts)
{
	free(texts->certificate);
	wipe(texts->key);
	*texts = (struct texts){ 0 };
}

static struct tls_server_pem pem_of(const struct texts *texts)
{
	return (struct tls_server_pem){ texts->certificate, texts->key, texts->certificate_name, texts->key_name };
}

/* The pair of this process: clients meet the same one after a reload, and after a worker's death. */
static struct {
	char *certificate; /* NULL: none was made yet */
	char *key;
	time_t made;
} own;

/* own_is_good: it has some time to go. It has none before it was made either: then the clock was put back. */
static bool own_is_good(time_t now)
{
	return own.certificate != NULL && now >= own.made - DAY_S &&
	       now < own.made + (TLS_SERVER_MADE_DAYS - CLIENT_CERTIFICATE_SPARE_DAYS) * DAY_S;
}

/* renew_own keeps the old pair where no new one can be made. */
static void renew_own(time_t now)
{
	char *certificate;
	char *key;

	if (own_is_good(now) || !tls_server_make(now, &certificate, &key))
		return;
	free(own.certificate);
	wipe(own.key);
	own.certificate = certificate;
	own.key = key;
	own.made = now;
}

static bool made(struct texts *out, time_t now)
{
	renew_own(now);
	if (own.certificate == NULL)
		return false;
	(void)snprintf(out->certificate_name, sizeof(out->certificate_name), "the certificate made by gate25");
	(void)snprintf(out->key_name, sizeof(out->key_name), "its key");
	out->certificate = strdup(own.certificate);
	out->key = strdup(own.key);
	return out->certificate != NULL && out->key != NULL;
}

/* root_may_read: at a reload the parent is root without root's right to read everybody's files. */
static bool root_may_read(const struct stat *file)
{
	return (file->st_uid == 0 && (file->st_mode & S_IRUSR) != 0) ||
	       (file->st_uid != 0 && file->st_gid == 0 && (file->st_mode & S_IRGRP) != 0) ||
	       (file->st_uid != 0 && file->st_gid != 0 && (file->st_mode & S_IROTH) != 0);
}

static bool read_one(char **out, const char *name, const char *path, char said[CLIENT_CERTIFICATE_SAID_MAX])
{
	struct stat file;

	*out = conf_read_file(path);
	if (*out == NULL) {
		(void)snprintf(said, CLIENT_CERTIFICATE_SAID_MAX, "cannot read %s: %s", name, strerror(errno));
		return false;
	}
	if (geteuid() != 0 || stat(path, &file) != 0 || root_may_read(&file))
		return true;
	(void)snprintf(
		said, CLIENT_CERTIFICATE_SAID_MAX,
		"%s must be readable by root as its owner or its group: a reload has no other right (chown root, "
		"chmod 600)",
		name);
	return false;
}

static bool read_both(struct texts *out, const struct conf *conf, char said[CLIENT_CERTIFICATE_SAID_MAX])
{
	(void)snprintf(out->certificate_name, sizeof(out->certificate_name), "client-tls-certificate %s",
		       conf->client_tls_certificate);
	(void)snprintf(out->key_name, sizeof(out->key_name), "client-tls-key %s", conf->client_tls_key);
	return read_one(&out->certificate, out->certificate_name, conf->client_tls_certificate, said) &&
	       read_one(&out->key, out->key_name, conf->client_tls_key, said);
}

/* fits tries the pair as a worker will. */
static bool fits(const struct conf *conf, const struct texts *texts, char said[CLIENT_CERTIFICATE_SAID_MAX])
{
	const struct tls_server_pem pem = pem_of(texts);
	char error[TLS_ERROR_MAX];
	struct tls_server_ctx *ctx = tls_server_ctx_new(conf, &pem, error);

	if (ctx == NULL)
		(void)snprintf(said, CLIENT_CERTIFICATE_SAID_MAX, "%s", error);
	tls_server_ctx_free(ctx);
	return ctx != NULL;
}

static bool seal(const struct texts *texts, int out_fds[ROLE_CLIENT_TLS_COUNT], char said[CLIENT_CERTIFICATE_SAID_MAX])
{
	int fds[ROLE_CLIENT_TLS_COUNT];

	fds[ROLE_CLIENT_TLS_CERTIFICATE] =
		sealed_new("gate25-client-certificate", texts->certificate, strlen(texts->certificate));
	fds[ROLE_CLIENT_TLS_KEY] = sealed_new("gate25-client-key", texts->key, strlen(texts->key));
	if (fds[0] >= 0 && fds[1] >= 0) {
		memcpy(out_fds, fds, sizeof(fds));
		return true;
	}
	(void)snprintf(said, CLIENT_CERTIFICATE_SAID_MAX, "cannot keep %s: %s", texts->certificate_name,
		       strerror(errno));
	for (size_t i = 0; i < ROLE_CLIENT_TLS_COUNT; i++) {
		if (fds[i] >= 0)
			(void)close(fds[i]);
	}
	return false;
}

bool client_certificate_load(const struct conf *conf, time_t now, int out_fds[ROLE_CLIENT_TLS_COUNT],
			     char said[CLIENT_CERTIFICATE_SAID_MAX])
{
	struct texts texts = { 0 };
	bool ok;

	for (size_t i = 0; i < ROLE_CLIENT_TLS_COUNT; i++)
		out_fds[i] = -1;
	if (!conf_may_terminate(conf))
		return true;
	(void)snprintf(said, CLIENT_CERTIFICATE_SAID_MAX, "no certificate for client-tls can be made: out of memory");
	ok = (conf->client_tls_certificate != NULL ? read_both(&texts, conf, said) : made(&texts, now)) &&
	     fits(conf, &texts, said) && seal(&texts, out_fds, said);
	texts_cleanup(&texts);
	return ok;
}

bool client_certificate_due(const struct conf *conf, time_t now)
{
	return conf_may_terminate(conf) && conf->client_tls_certificate == NULL && !own_is_good(now);
}

void client_certificate_warnings(const struct conf *conf, const char *file, conf_error_fn *warning, void *arg)
{
	char said[CLIENT_CERTIFICATE_SAID_MAX];
	char doubt[TLS_ERROR_MAX];
	struct texts texts = { 0 };
	struct stat key;

	if (!conf_may_terminate(conf) || conf->client_tls_certificate == NULL)
		return;
	if (read_both(&texts, conf, said)) {
		const struct tls_server_pem pem = pem_of(&texts);
		if (tls_server_doubt(&pem, time(NULL), doubt))
			warning(arg, file, 0, doubt);
	}
	texts_cleanup(&texts);
	if (stat(conf->client_tls_key, &key) == 0 && (key.st_mode & (S_IROTH | S_IWOTH)) != 0) {
		(void)snprintf(said, sizeof(said),
			       "client-tls-key %s is open to everybody on this host: chmod 600 or 640",
			       conf->client_tls_key);
		warning(arg, file, 0, said);
	}
}
