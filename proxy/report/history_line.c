/* history_line.c - see history.h: rows and marks as text.
 *
 *   row HOUR DOMAIN DESTINATION PORT TLS POLICY LEVEL OUTCOME RESULT REASON MX RELAY CLIENT SESSIONS MESSAGES EVENTS .
 *   mark HOUR enforce|report-only .
 *
 * One blank between words. In a text, whatever is not a printable ASCII character and no blank stands as %XX, and so do
 * % and a text that is only a "-", which is the empty one. The dot at the end shows that nothing was cut off. */
#include "proxy/report/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- writing ------------------------------------------------------------------------------------------------------ */

struct out {
	char *text;
	size_t len;
};

static void put(struct out *out, const char *word)
{
	size_t len = strlen(word);

	if (out->len + len + 1 >= HISTORY_LINE_MAX)
		return; /* cannot be: HISTORY_LINE_MAX holds the longest texts with each octet as three */
	memcpy(out->text + out->len, word, len);
	out->len += len;
	out->text[out->len++] = ' ';
}

static void put_number(struct out *out, uint64_t number)
{
	char word[24];

	(void)snprintf(word, sizeof(word), "%" PRIu64, number);
	put(out, word);
}

static bool is_plain(char c)
{
	return c > ' ' && c <= '~' && c != '%';
}

static void put_text(struct out *out, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	char word[3 * CONF_NAME_MAX];
	size_t len = 0;

	if (strcmp(text, "-") == 0 || text[0] == '\0') {
		put(out, text[0] == '\0' ? "-" : "%2D");
		return;
	}
	for (; *text != '\0' && len + 4 <= sizeof(word); text++) {
		if (is_plain(*text)) {
			word[len++] = *text;
			continue;
		}
		word[len++] = '%';
		word[len++] = digits[(unsigned char)*text >> 4];
		word[len++] = digits[(unsigned char)*text & 15];
	}
	word[len] = '\0';
	put(out, word);
}

static size_t end(struct out *out)
{
	out->text[out->len++] = '.';
	out->text[out->len++] = '\n';
	return out->len;
}

size_t history_row_write(char text[HISTORY_LINE_MAX], const struct history_row *row)
{
	struct out out = { .text = text };
	char addr[ADDR_TEXT_MAX];

	put(&out, "row");
	put_number(&out, row->hour_s);
	put_text(&out, row->domain);
	put(&out, addr_format(&row->destination.addr, addr));
	put_number(&out, row->destination.port);
	put_text(&out, row->tls);
	put(&out, demand_basis_name(row->policy));
	put(&out, level_name(row->level));
	put(&out, history_outcome_name(row->outcome));
	put(&out, result_word_name(row->result));
	put_text(&out, row->reason);
	put_text(&out, row->mx);
	put_number(&out, row->relay);
	put(&out, addr_format(&row->client, addr));
	put_number(&out, row->sessions);
	put_number(&out, row->messages);
	put_number(&out, row->events);
	return end(&out);
}

size_t history_mark_write(char text[HISTORY_LINE_MAX], const struct history_mark *mark)
{
	struct out out = { .text = text };

	put(&out, "mark");
	put_number(&out, mark->hour_s);
	put(&out, mark->enforce ? "enforce" : "report-only");
	return end(&out);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

struct in {
	const char *at;
	const char *end;
	bool failed;
};

/* get copies the next word, which ends with one blank. */
static bool get(struct in *in, char *out, size_t cap)
{
	const char *blank = in->failed ? NULL : memchr(in->at, ' ', (size_t)(in->end - in->at));
	size_t len = blank != NULL ? (size_t)(blank - in->at) : 0;

	out[0] = '\0';
	in->failed = blank == NULL || len == 0 || len >= cap;
	for (size_t i = 0; i < len && !in->failed; i++)
		in->failed = in->at[i] < '!' || in->at[i] > '~';
	if (in->failed)
		return false;
	memcpy(out, in->at, len);
	out[len] = '\0';
	in->at = blank + 1;
	return true;
}

static uint64_t get_number(struct in *in, uint64_t max)
{
	char word[24];
	uint64_t number = 0;

	if (!get(in, word, sizeof(word)))
		return 0;
	for (const char *c = word; *c != '\0' && !in->failed; c++) {
		in->failed = *c < '0' || *c > '9' || number > (UINT64_MAX - 9) / 10 || (word[0] == '0' && c > word);
		number = number * 10 + (uint64_t)(*c - '0');
	}
	in->failed = in->failed || number > max;
	return in->failed ? 0 : number;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* unescape turns |word| into its text. False: no writer writes it so. */
static bool unescape(const char *word, char *out, size_t cap)
{
	size_t len = 0;

	if (strcmp(word, "-") == 0)
		word = "";
	for (; *word != '\0'; word++) {
		char c = *word;
		if (c == '%') {
			int high = hex(word[1]);
			int low = high >= 0 ? hex(word[2]) : -1;
			if (low < 0)
				return false;
			c = (char)(high * 16 + low);
			word += 2;
			if (c == '\0' || (is_plain(c) && c != '-'))
				return false;
			if (c == '-' && (len > 0 || word[1] != '\0'))
				return false; /* needed only where it is all there is */
		}
		if (len + 1 >= cap)
			return false;
		out[len++] = c;
	}
	out[len] = '\0';
	return true;
}

static void get_text(struct in *in, char *out, size_t cap)
{
	char word[3 * CONF_NAME_MAX];

	out[0] = '\0';
	if (get(in, word, sizeof(word)) && !unescape(word, out, cap))
		in->failed = true;
	if (in->failed)
		out[0] = '\0';
}

static void get_addr(struct in *in, struct addr *out)
{
	char word[ADDR_TEXT_MAX];
	char again[ADDR_TEXT_MAX];

	*out = (struct addr){ 0 };
	if (!get(in, word, sizeof(word)) || strcmp(word, "-") == 0)
		return;
	if (!addr_parse(out, word) || strcmp(addr_format(out, again), word) != 0)
		in->failed = true;
}

/* get_name finds the next word among the |count| names that |name_of| gives. */
static unsigned get_name(struct in *in, unsigned count, const char *(*name_of)(unsigned i))
{
	char word[40];

	if (!get(in, word, sizeof(word)))
		return 0;
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(name_of(i), word) == 0)
			return i;
	}
	in->failed = true;
	return 0;
}

static const char *basis_at(unsigned i)
{
	return demand_basis_name((enum demand_basis)i);
}

static const char *level_at(unsigned i)
{
	return level_name((enum level)i);
}

static const char *outcome_at(unsigned i)
{
	return history_outcome_name((enum history_outcome)i);
}

static const char *result_at(unsigned i)
{
	return result_word_name((enum result_word)i);
}

static bool at_end(const struct in *in)
{
	return !in->failed && in->end - in->at == 1 && *in->at == '.';
}

static enum history_line read_row(struct in *in, struct history_row *out)
{
	*out = (struct history_row){ .hour_s = get_number(in, UINT64_MAX) };
	get_text(in, out->domain, sizeof(out->domain));
	get_addr(in, &out->destination.addr);
	out->destination.port = (uint16_t)get_number(in, UINT16_MAX);
	get_text(in, out->tls, sizeof(out->tls));
	out->policy = (enum demand_basis)get_name(in, DEMAND_BASIS_COUNT, basis_at);
	out->level = (enum level)get_name(in, LEVEL_COUNT, level_at);
	out->outcome = (enum history_outcome)get_name(in, HISTORY_OUTCOME_COUNT, outcome_at);
	out->result = (enum result_word)get_name(in, RESULT_COUNT, result_at);
	get_text(in, out->reason, sizeof(out->reason));
	get_text(in, out->mx, sizeof(out->mx));
	out->relay = get_number(in, 1) == 1;
	get_addr(in, &out->client);
	out->sessions = get_number(in, UINT64_MAX);
	out->messages = get_number(in, UINT64_MAX);
	out->events = get_number(in, UINT64_MAX);
	return at_end(in) && out->hour_s % HISTORY_HOUR_S == 0 ? HISTORY_LINE_ROW : HISTORY_LINE_DAMAGED;
}

static enum history_line read_mark(struct in *in, struct history_mark *out)
{
	char word[16];

	out->hour_s = get_number(in, UINT64_MAX);
	if (!get(in, word, sizeof(word)))
		return HISTORY_LINE_DAMAGED;
	out->enforce = strcmp(word, "enforce") == 0;
	if (!out->enforce && strcmp(word, "report-only") != 0)
		return HISTORY_LINE_DAMAGED;
	return at_end(in) && out->hour_s % HISTORY_HOUR_S == 0 ? HISTORY_LINE_MARK : HISTORY_LINE_DAMAGED;
}

enum history_line history_line_read(const char *line, size_t len, struct history_row *out_row,
				    struct history_mark *out_mark)
{
	struct in in = { .at = line, .end = line + len };
	char word[8];

	if (len >= HISTORY_LINE_MAX || !get(&in, word, sizeof(word)))
		return HISTORY_LINE_DAMAGED;
	if (strcmp(word, "row") == 0)
		return read_row(&in, out_row);
	return strcmp(word, "mark") == 0 ? read_mark(&in, out_mark) : HISTORY_LINE_DAMAGED;
}

size_t history_text_read(const char *text, size_t len, uint64_t hour_s, history_fn *fn, void *arg)
{
	const size_t header_len = sizeof(HISTORY_HEADER) - 1;
	const char *end = text + len;
	size_t damaged = 0;

	if (len < header_len || memcmp(text, HISTORY_HEADER, header_len) != 0)
		return 1;
	for (const char *at = text + header_len; at < end;) {
		struct history_row row;
		struct history_mark mark;
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		enum history_line what = line_end != NULL ? history_line_read(at, (size_t)(line_end - at), &row, &mark)
							  : HISTORY_LINE_DAMAGED;
		if (what == HISTORY_LINE_ROW && row.hour_s == hour_s)
			fn(arg, &row, NULL);
		else if (what == HISTORY_LINE_MARK && mark.hour_s == hour_s)
			fn(arg, NULL, &mark);
		else
			damaged++;
		at = line_end != NULL ? line_end + 1 : end;
	}
	return damaged;
}
