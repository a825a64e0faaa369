/* fuzz_smtp_address.c - any octets as a path: what is accepted is accepted again, with the same domain; and the domain
 * is that of the octets that go on, as the observer's own reading has it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/smtp/smtp_address.h"
#include "tests/unit/proxy/session_observer.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* A second opinion of |path|, which goes on as <text>; how libidn2 and inet_ntop write a domain, it does not know. */
static void check_domain(const char *text, const struct smtp_path *path)
{
	char own[OBSERVED_PATH_MAX];
	char params[2100];
	char domain[OBSERVED_PATH_MAX];

	check(path_of(text, own, params) && strcmp(own, path->text) == 0 && params[0] == '\0');
	path_domain(own, domain);
	check((domain[0] == '[') == path->literal);
	if (!path->literal && !path->utf8 && strstr(domain, "xn--") == NULL)
		check(strcmp(domain, path->domain) == 0);
}

static void check_kind(enum smtp_path_kind kind, const char *in, size_t in_len)
{
	struct smtp_path path;
	struct smtp_path again;
	char text[SMTP_PATH_MAX + 2];
	char domain[SMTP_DOMAIN_MAX];
	size_t used;

	if (smtp_path_parse(&path, kind, in, in_len, &used) != SMTP_PATH_OK) {
		check(used == 0 && path.text[0] == '\0' && path.domain[0] == '\0');
		return;
	}
	check(used >= 2 && used <= in_len && in[0] == '<' && in[used - 1] == '>');
	int len = snprintf(text, sizeof(text), "<%s>", path.text);
	check(len > 0 && (size_t)len <= used);
	check(smtp_path_parse(&again, kind, text, (size_t)len, &used) == SMTP_PATH_OK && used == (size_t)len);
	check(memcmp(&path, &again, sizeof(path)) == 0);
	check_domain(text, &path);
	if (path.domain[0] == '\0')
		check(kind == SMTP_PATH_SENDER || strcasecmp(path.text, "postmaster") == 0);
	else if (!path.literal)
		check(smtp_domain_parse(domain, path.domain, strlen(path.domain)) && strcmp(domain, path.domain) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	check_kind(SMTP_PATH_SENDER, (const char *)in, in_len);
	check_kind(SMTP_PATH_RECIPIENT, (const char *)in, in_len);
	return 0;
}
