/* inputs.c - see inputs.h. */
#include "proxy/inputs/inputs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/base/log.h"
#include "proxy/base/resolv_conf.h"
#include "proxy/base/sealed.h"
#include "proxy/inputs/client_certificate.h"
#include "proxy/inputs/policy_errand.h"

struct errors {
	conf_error_fn *fn;
	void *arg;
	const char *path;
};

static void PRINTF_LIKE(2, 3) tell(const struct errors *errors, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	/* clang 14 loses sight of va_start here. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	errors->fn(errors->arg, errors->path, 0, text);
}

/* append_resolvers writes "resolvers = {...}" with the system's. It stands behind the operator's text, so that no line
 * number moves. */
static void append_resolvers(FILE *out, const struct endpoint *resolvers, size_t count)
{
	char text[ADDR_TEXT_MAX];

	(void)fputs("\nresolvers = {", out);
	for (size_t i = 0; i < count; i++)
		(void)fprintf(out, "%s\"%s\"", i > 0 ? ", " : "", addr_format(&resolvers[i].addr, text));
	(void)fputs("}\n", out);
}

static char *complete_text(const char *text, const struct endpoint *resolvers, size_t count)
{
	char *whole = NULL;
	size_t len;
	FILE *out = open_memstream(&whole, &len);

	if (out == NULL)
		return NULL;
	(void)fputs(text, out);
	if (count > 0)
		append_resolvers(out, resolvers, count);
	if (fclose(out) != 0) {
		free(whole);
		return NULL;
	}
	return whole;
}

/* load_ca reads one bundle. Only the default bundle may be missing: then nothing can be trusted by it, which is safe.
 */
static bool load_ca(struct inputs *out, unsigned index, const char *path, bool optional, const struct errors *errors)
{
	char *pem = conf_read_file(path);

	if (pem == NULL && optional && errno == ENOENT) {
		log_say(LOG_LEVEL_WARNING, "ca-file",
			"%s does not exist (package ca-certificates): levels verify and secure will refuse", path);
		pem = strdup("");
	}
	if (pem == NULL) {
		tell(errors, "cannot read ca-file %s: %s", path, strerror(errno));
		return false;
	}
	out->ca_fds[index] = sealed_new("gate25-ca", pem, strlen(pem));
	free(pem);
	if (out->ca_fds[index] < 0) {
		tell(errors, "cannot keep ca-file %s: %s", path, strerror(errno));
		return false;
	}
	out->ca_count = index + 1;
	return true;
}

static bool load_cas(struct inputs *out, const struct errors *errors)
{
	const char *path = out->conf.ca_file;
	bool ok = load_ca(out, 0, path, strcmp(path, CONF_CA_FILE) == 0, errors);

	for (unsigned i = 1; (path = conf_ca_file(&out->conf, i)) != NULL; i++) {
		if (i >= ROLE_CA_MAX) {
			tell(errors, "more than %d distinct ca-files", ROLE_CA_MAX - 1);
			return false;
		}
		ok = load_ca(out, i, path, false, errors) && ok;
	}
	return ok;
}

static bool load_anchors(struct inputs *out, const struct errors *errors)
{
	const char *path = out->conf.trust_anchor_file;
	char said[POLICY_ERRAND_MAX];
	char *text;

	if (path == NULL)
		return true;
	text = conf_read_file(path);
	if (text == NULL) {
		tell(errors, "cannot read trust-anchor-file %s: %s", path, strerror(errno));
		return false;
	}
	out->anchors_fd = sealed_new("gate25-anchors", text, strlen(text));
	free(text);
	if (out->anchors_fd < 0) {
		tell(errors, "cannot keep trust-anchor-file %s: %s", path, strerror(errno));
		return false;
	}
	if (policy_errand_anchors(&out->conf, out->anchors_fd, said) == CLI_OK)
		return true;
	tell(errors, "trust-anchor-file %s: %s", path, said);
	return false;
}

/* check_trust: in mode trust-ad somebody has to be trusted; |resolvers| may be the system's. */
static bool check_trust(const struct conf *conf, const struct endpoint *resolvers, size_t count,
			const struct errors *errors)
{
	if (conf->dnssec != CONF_DNSSEC_TRUST_AD)
		return true;
	for (size_t i = 0; i < count; i++) {
		if (conf_trusts_resolver(conf, &resolvers[i].addr))
			return true;
	}
	tell(errors, "dnssec = trust-ad needs a resolver on loopback or in trusted-resolvers, and there is none");
	return false;
}

static char *read_conf(const char *path, const struct errors *errors)
{
	char *text = conf_read(path);

	if (text == NULL)
		tell(errors, "cannot read %s: %s", path, strerror(errno));
	return text;
}

bool inputs_load_conf(struct conf *out, const char *path, conf_error_fn *error, void *arg)
{
	const struct errors errors = { error, arg, path };
	char *text = read_conf(path, &errors);
	bool ok;

	*out = (struct conf){ 0 };
	ok = text != NULL && conf_parse(out, path, text, error, arg);
	free(text);
	if (!ok)
		conf_cleanup(out);
	return ok;
}

/* load takes |text|, which is freed; NULL: it could not be read. */
static bool load(struct inputs *out, const char *path, char *text, const struct inputs *before, conf_error_fn *error,
		 void *arg)
{
	const struct errors errors = { error, arg, path };
	struct endpoint system[RESOLV_CONF_MAX];
	size_t system_count = 0;
	char *whole = NULL;
	bool ok;

	*out = (struct inputs){ .generation = before != NULL ? before->generation + 1 : 1,
				.conf_fd = -1,
				.anchors_fd = -1,
				.list = LIST_INPUT_NONE };
	for (unsigned i = 0; i < ROLE_CA_MAX; i++)
		out->ca_fds[i] = -1;
	for (unsigned i = 0; i < ROLE_CLIENT_TLS_COUNT; i++)
		out->client_tls_fds[i] = -1;
	ok = text != NULL && conf_parse(&out->conf, path, text, error, arg) && load_cas(out, &errors) &&
	     load_anchors(out, &errors) &&
	     list_input_load(&out->list, &out->conf, before != NULL ? &before->list : NULL, path, error, arg);
	if (ok && out->conf.resolvers_count == 0) {
		system_count = resolv_conf_read(system);
		ok = check_trust(&out->conf, system, system_count, &errors);
	} else if (ok) {
		ok = check_trust(&out->conf, out->conf.resolvers, out->conf.resolvers_count, &errors);
	}
	if (ok) {
		whole = complete_text(text, system, system_count);
		out->conf_fd = whole != NULL ? sealed_new("gate25.conf", whole, strlen(whole)) : -1;
		if (out->conf_fd < 0) {
			tell(&errors, "cannot keep %s: %s", path, strerror(errno));
			ok = false;
		}
	}
	free(text);
	free(whole);
	if (!ok)
		inputs_cleanup(out);
	return ok;
}

bool inputs_load(struct inputs *out, const char *path, const struct inputs *before, conf_error_fn *error, void *arg)
{
	const struct errors errors = { error, arg, path };

	return load(out, path, read_conf(path, &errors), before, error, arg);
}

static void close_client_tls(struct inputs *inputs)
{
	for (unsigned i = 0; i < ROLE_CLIENT_TLS_COUNT; i++) {
		if (inputs->client_tls_fds[i] >= 0)
			(void)close(inputs->client_tls_fds[i]);
		inputs->client_tls_fds[i] = -1;
	}
}

static bool load_client_tls(struct inputs *out, const char *path, conf_error_fn *error, void *arg)
{
	const struct errors errors = { error, arg, path };
	char said[CLIENT_CERTIFICATE_SAID_MAX];

	if (client_certificate_load(&out->conf, time(NULL), out->client_tls_fds, said))
		return true;
	tell(&errors, "%s", said);
	inputs_cleanup(out);
	return false;
}

bool inputs_load_for_run(struct inputs *out, const char *path, const struct inputs *before, conf_error_fn *error,
			 void *arg)
{
	return inputs_load(out, path, before, error, arg) && load_client_tls(out, path, error, arg);
}

bool inputs_load_kept(struct inputs *out, const char *path, int conf_fd, conf_error_fn *error, void *arg)
{
	const struct errors errors = { error, arg, path };
	size_t len;
	char *text = sealed_read(conf_fd, &len);

	if (text == NULL)
		tell(&errors, "the configuration in force cannot be read: %s", strerror(errno));
	return load(out, path, text, NULL, error, arg) && load_client_tls(out, path, error, arg);
}

bool inputs_renew_client_tls(struct inputs *inputs, time_t now, char said[CLIENT_CERTIFICATE_SAID_MAX])
{
	int fds[ROLE_CLIENT_TLS_COUNT];

	if (!client_certificate_load(&inputs->conf, now, fds, said))
		return false;
	close_client_tls(inputs);
	memcpy(inputs->client_tls_fds, fds, sizeof(fds));
	return true;
}

void inputs_cleanup(struct inputs *inputs)
{
	if (inputs->conf_fd >= 0)
		(void)close(inputs->conf_fd);
	if (inputs->anchors_fd >= 0)
		(void)close(inputs->anchors_fd);
	inputs->anchors_fd = -1;
	list_input_cleanup(&inputs->list);
	for (unsigned i = 0; i < ROLE_CA_MAX; i++) {
		if (inputs->ca_fds[i] >= 0)
			(void)close(inputs->ca_fds[i]);
		inputs->ca_fds[i] = -1;
	}
	close_client_tls(inputs);
	inputs->conf_fd = -1;
	inputs->ca_count = 0;
	conf_cleanup(&inputs->conf);
}

bool inputs_same_conf(const struct inputs *a, const struct inputs *b)
{
	size_t len;
	char *x = sealed_read(a->conf_fd, &len);
	char *y = sealed_read(b->conf_fd, &len);
	bool same = x != NULL && y != NULL && strcmp(x, y) == 0;

	free(x);
	free(y);
	return same;
}
