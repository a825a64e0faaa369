/* What clients are shown, from the files to the sealed memory that workers get: proxy/inputs/client_certificate.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proxy/base/sealed.h"
#include "proxy/inputs/client_certificate.h"
#include "proxy/inputs/client_renewal.h"
#include "proxy/inputs/inputs.h"
#include "proxy/tls/tls_server.h"

struct files {
	char folder[64];
	char certificate[96];
	char key[96];
	char other_key[96];
	char old[96];
	char old_key[96];
};

static void put(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_int_equal(fputs(text, out) >= 0, 1);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static void put_pair(const char *certificate_path, const char *key_path, time_t now)
{
	char *certificate;
	char *key;

	assert_true(tls_server_make(now, &certificate, &key));
	if (certificate_path != NULL)
		put(certificate_path, certificate);
	put(key_path, key);
	free(certificate);
	free(key);
}

static int set_up(void **state)
{
	static struct files files;

	files = (struct files){ .folder = "/tmp/gate25-test-XXXXXX" };
	assert_non_null(mkdtemp(files.folder));
	(void)snprintf(files.certificate, sizeof(files.certificate), "%s/c.pem", files.folder);
	(void)snprintf(files.key, sizeof(files.key), "%s/k.pem", files.folder);
	(void)snprintf(files.other_key, sizeof(files.other_key), "%s/other.pem", files.folder);
	(void)snprintf(files.old, sizeof(files.old), "%s/old.pem", files.folder);
	(void)snprintf(files.old_key, sizeof(files.old_key), "%s/old-key.pem", files.folder);
	put_pair(files.certificate, files.key, time(NULL));
	put_pair(NULL, files.other_key, time(NULL));
	put_pair(files.old, files.old_key, time(NULL) - 4000L * 24 * 60 * 60);
	*state = &files;
	return 0;
}

static int tear_down(void **state)
{
	const struct files *files = *state;

	(void)unlink(files->certificate);
	(void)unlink(files->key);
	(void)unlink(files->other_key);
	(void)unlink(files->old);
	(void)unlink(files->old_key);
	return rmdir(files->folder);
}

static struct conf conf_of(const char *certificate, const char *key)
{
	return (struct conf){ .client_tls = CONF_CLIENT_TLS_TERMINATE,
			      .client_tls_certificate = (char *)(uintptr_t)certificate,
			      .client_tls_key = (char *)(uintptr_t)key };
}

static char *text_of(int fd)
{
	size_t len;
	char *text = sealed_read(fd, &len);

	assert_non_null(text);
	(void)close(fd);
	return text;
}

static void refused(const struct conf *conf, const char *says)
{
	int fds[ROLE_CLIENT_TLS_COUNT];
	char said[CLIENT_CERTIFICATE_SAID_MAX] = "";

	assert_false(client_certificate_load(conf, time(NULL), fds, said));
	if (strstr(said, says) == NULL)
		fail_msg("said: %s", said);
	assert_int_equal(fds[0], -1);
	assert_int_equal(fds[1], -1);
}

static void test_off(void **state)
{
	const struct conf conf = { .client_tls = CONF_CLIENT_TLS_OFF };
	int fds[ROLE_CLIENT_TLS_COUNT] = { 0 };
	char said[CLIENT_CERTIFICATE_SAID_MAX];

	(void)state;
	assert_true(client_certificate_load(&conf, time(NULL), fds, said));
	assert_int_equal(fds[0], -1);
	assert_int_equal(fds[1], -1);
}

static void test_files(void **state)
{
	const struct files *files = *state;
	const struct conf conf = conf_of(files->certificate, files->key);
	int fds[ROLE_CLIENT_TLS_COUNT];
	char said[CLIENT_CERTIFICATE_SAID_MAX];
	char *text;

	assert_true(client_certificate_load(&conf, time(NULL), fds, said));
	text = text_of(fds[ROLE_CLIENT_TLS_CERTIFICATE]);
	assert_non_null(strstr(text, "BEGIN CERTIFICATE"));
	assert_null(strstr(text, "PRIVATE KEY"));
	free(text);
	text = text_of(fds[ROLE_CLIENT_TLS_KEY]);
	assert_non_null(strstr(text, "PRIVATE KEY"));
	free(text);
}

static void test_made_once_a_process(void **state)
{
	const struct conf conf = conf_of(NULL, NULL);
	int fds[ROLE_CLIENT_TLS_COUNT];
	char said[CLIENT_CERTIFICATE_SAID_MAX];
	char *text[2];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_true(client_certificate_load(&conf, time(NULL), fds, said));
		text[i] = text_of(fds[ROLE_CLIENT_TLS_CERTIFICATE]);
		free(text_of(fds[ROLE_CLIENT_TLS_KEY]));
	}
	assert_string_equal(text[0], text[1]);
	free(text[0]);
	free(text[1]);
}

#define DAY ((time_t)24 * 60 * 60)

static char *certificate_at(const struct conf *conf, time_t now)
{
	int fds[ROLE_CLIENT_TLS_COUNT];
	char said[CLIENT_CERTIFICATE_SAID_MAX];

	assert_true(client_certificate_load(conf, now, fds, said));
	free(text_of(fds[ROLE_CLIENT_TLS_KEY]));
	return text_of(fds[ROLE_CLIENT_TLS_CERTIFICATE]);
}

static void test_made_anew_before_it_ends(void **state)
{
	const struct files *files = *state;
	const struct conf conf = conf_of(NULL, NULL);
	const struct conf files_of = conf_of(files->certificate, files->key);
	const struct conf off = { .client_tls = CONF_CLIENT_TLS_OFF };
	time_t now = time(NULL) + 5 * DAY; /* whatever was made before is older */
	time_t late = now + (TLS_SERVER_MADE_DAYS - CLIENT_CERTIFICATE_SPARE_DAYS) * DAY;
	char *first = certificate_at(&conf, late);
	char *second;
	char *third;

	assert_false(client_certificate_due(&conf, late));
	assert_false(client_certificate_due(&conf, late + 300 * DAY));
	assert_true(client_certificate_due(&conf, late + 335 * DAY));
	assert_false(client_certificate_due(&files_of, late + 335 * DAY));
	assert_false(client_certificate_due(&off, late + 335 * DAY));
	second = certificate_at(&conf, late + 334 * DAY);
	assert_string_equal(first, second);
	third = certificate_at(&conf, late + 335 * DAY);
	assert_string_not_equal(first, third);
	free(second);
	assert_true(client_certificate_due(&conf, late)); /* the clock was put back: it is not valid yet */
	second = certificate_at(&conf, late);
	assert_string_not_equal(second, third);
	free(first);
	free(second);
	free(third);
}

static void on_renewed(void *arg)
{
	(void)event_base_loopbreak(arg);
}

static void test_renewed_while_running(void **state)
{
	const struct timeval soon = { .tv_usec = 10000 };
	struct inputs inputs = { .conf = conf_of(NULL, NULL), .conf_fd = -1 };
	struct event_base *base = event_base_new();
	struct client_renewal *renewal;
	char said[CLIENT_CERTIFICATE_SAID_MAX];
	char *old;
	char *renewed;

	(void)state;
	free(certificate_at(&inputs.conf, time(NULL) - 900 * DAY)); /* so that the next is made on the day we say */
	assert_true(client_certificate_load(&inputs.conf, time(NULL) - 336 * DAY, inputs.client_tls_fds, said));
	old = sealed_read(inputs.client_tls_fds[ROLE_CLIENT_TLS_CERTIFICATE], &(size_t){ 0 });
	renewal = client_renewal_new(base, &soon, &inputs, on_renewed, base);
	assert_non_null(renewal);
	assert_int_equal(event_base_dispatch(base), 0);
	renewed = text_of(inputs.client_tls_fds[ROLE_CLIENT_TLS_CERTIFICATE]);
	free(text_of(inputs.client_tls_fds[ROLE_CLIENT_TLS_KEY]));
	assert_non_null(old);
	assert_string_not_equal(old, renewed);
	assert_false(client_certificate_due(&inputs.conf, time(NULL)));
	free(old);
	free(renewed);
	client_renewal_free(renewal);
	event_base_free(base);
}

static void test_what_is_wrong(void **state)
{
	const struct files *files = *state;
	const struct conf mismatch = conf_of(files->certificate, files->other_key);
	const struct conf missing = conf_of(files->certificate, "/nowhere/key.pem");
	const struct conf swapped = conf_of(files->key, files->certificate);

	refused(&mismatch, "is not that of the first certificate in client-tls-certificate /tmp/gate25-test-");
	refused(&missing, "cannot read client-tls-key /nowhere/key.pem: No such file");
	refused(&swapped, "holds no certificate");
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(files->key, 12345, 12345), 0);
	{
		const struct conf foreign = conf_of(files->certificate, files->key);
		refused(&foreign, "must be readable by root as its owner or its group");
	}
	assert_int_equal(chown(files->key, 0, 0), 0);
}

static void on_warning(void *arg, const char *file, unsigned line, const char *message)
{
	assert_string_equal(file, "gate25.conf");
	assert_int_equal(line, 0);
	(void)strncat(arg, message, 1000);
	(void)strncat(arg, "\n", 2);
}

static void test_warnings(void **state)
{
	const struct files *files = *state;
	const struct conf good = conf_of(files->certificate, files->key);
	const struct conf old = conf_of(files->old, files->old_key);
	char said[4096] = "";

	client_certificate_warnings(&good, "gate25.conf", on_warning, said);
	assert_string_equal(said, "");
	client_certificate_warnings(&old, "gate25.conf", on_warning, said);
	assert_non_null(strstr(said, "old.pem has expired"));
	said[0] = '\0';
	assert_int_equal(chmod(files->key, 0644), 0);
	client_certificate_warnings(&good, "gate25.conf", on_warning, said);
	assert_non_null(strstr(said, "is open to everybody on this host"));
	assert_int_equal(chmod(files->key, 0600), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_made_once_a_process),
		cmocka_unit_test(test_made_anew_before_it_ends),
		cmocka_unit_test(test_renewed_while_running),
		cmocka_unit_test(test_what_is_wrong),
		cmocka_unit_test(test_warnings),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
