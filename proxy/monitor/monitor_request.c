/* monitor_request.c - see monitor_request.h. */
#include "proxy/monitor/monitor_request.h"

#include <string.h>

/* take_word steps over one word of the request line and the space behind it; NULL if there is none. */
static const char *take_word(const char **at, const char *end, size_t *out_len)
{
	const char *word = *at;
	const char *space = memchr(word, ' ', (size_t)(end - word));

	if (space == NULL || space == word)
		return NULL;
	*out_len = (size_t)(space - word);
	*at = space + 1;
	return word;
}

static bool word_is(const char *word, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(word, text, len) == 0;
}

/* take_path copies the path up to the query. Nothing here is decoded: no path of the monitor needs it. */
static int take_path(struct monitor_request *out, const char *target, size_t len)
{
	const char *query = memchr(target, '?', len);
	size_t path_len = query != NULL ? (size_t)(query - target) : len;

	if (target[0] != '/')
		return 400;
	for (size_t i = 0; i < len; i++) {
		if (target[i] <= ' ' || target[i] >= 0x7f)
			return 400;
	}
	if (path_len >= sizeof(out->path))
		return 404;
	memcpy(out->path, target, path_len);
	return 200;
}

static int parse_line(struct monitor_request *out, const char *line, size_t len)
{
	const char *at = line;
	const char *end = line + len;
	size_t method_len = 0;
	size_t target_len = 0;
	const char *method = take_word(&at, end, &method_len);
	const char *target = method != NULL ? take_word(&at, end, &target_len) : NULL;

	if (target == NULL || memchr(line, '\n', len) != NULL)
		return 400;
	if (end - at != 8 || memcmp(at, "HTTP/", 5) != 0)
		return 400;
	if (!word_is(at, 8, "HTTP/1.1") && !word_is(at, 8, "HTTP/1.0"))
		return 505;
	out->head_only = word_is(method, method_len, "HEAD");
	if (!out->head_only && !word_is(method, method_len, "GET"))
		return 405;
	return take_path(out, target, target_len);
}

void monitor_request_parse(struct monitor_request *out, const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes;
	const char *eol;

	*out = (struct monitor_request){ 0 };
	if (len == 0)
		return;
	if (memmem(text, len < MONITOR_REQUEST_MAX ? len : MONITOR_REQUEST_MAX, "\r\n\r\n", 4) == NULL) {
		out->status = len >= MONITOR_REQUEST_MAX ? 431 : 0;
		return;
	}
	eol = memmem(text, len, "\r\n", 2);
	out->status = parse_line(out, text, (size_t)(eol - text));
}
