/* test_message_data.c - message content: one end for everybody, however it is cut into pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "proxy/smtp/message_data.h"

#define ROOM 256

struct result {
	char out[ROOM];
	size_t out_len;
	enum message_data_status status;
	uint64_t taken;
	uint64_t repaired;
};

/* run feeds |in| in pieces of |first| octets, then |step| octets each, with |room| octets of output a call. */
static void run(struct result *result, enum message_data_mode mode, const char *in, size_t len, size_t first,
		size_t step, size_t room)
{
	struct message_data data;
	size_t at = 0;
	size_t piece = first;

	*result = (struct result){ 0 };
	message_data_init(&data, mode);
	while (at < len && result->status != MESSAGE_DATA_ENDED && result->status != MESSAGE_DATA_REJECTED) {
		size_t now = piece < len - at ? piece : len - at;
		size_t used;
		size_t out_len;
		size_t cap = room < ROOM - result->out_len ? room : ROOM - result->out_len;
		result->status =
			message_data_feed(&data, in + at, now, &used, result->out + result->out_len, cap, &out_len);
		assert_true(used <= now && out_len <= cap);
		assert_true(used > 0 || result->status == MESSAGE_DATA_REJECTED);
		assert_true(used == now || result->status != MESSAGE_DATA_MORE);
		at += used;
		result->out_len += out_len;
		piece = result->status == MESSAGE_DATA_FULL ? now - used : step;
		if (piece == 0)
			piece = step;
	}
	assert_int_equal(data.taken, at);
	assert_int_equal(data.written, result->out_len);
	result->taken = data.taken;
	result->repaired = data.repaired;
}

/* --- tables ------------------------------------------------------------------------------------------------------- */

#define S(text) text, sizeof(text) - 1
#define END     "\r\n.\r\n"

static const struct {
	const char *in;
	size_t in_len;
	const char *out; /* under normalize */
	size_t out_len;
	size_t rest;  /* octets of |in| behind the end */
	bool ends;    /* under normalize */
	bool rejects; /* under reject; else the same as under normalize, octet for octet */
} cases[] = {
	{ S("a" END), S("a" END), 0, true, false },
	{ S(".\r\n"), S(".\r\n"), 0, true, false },
	{ S(END), S(END), 0, true, false },
	{ S("a" END "MAIL FROM:<>\r\n"), S("a" END), 14, true, false },
	{ S(".\r\n.\r\n"), S(".\r\n"), 3, true, false },
	{ S(""), S(""), 0, false, false },
	{ S("a\r\n.\r"), S("a\r\n"), 0, false, false },
	{ S("a\r\n."), S("a\r\n"), 0, false, false },
	/* Dots that are no end stay as they are. */
	{ S("..\r\n" END), S("..\r\n" END), 0, true, false },
	{ S(".a\r\n..b" END), S(".a\r\n..b" END), 0, true, false },
	{ S("a.\r\n" END), S("a.\r\n" END), 0, true, false },
	{ S("a\r\n. \r\n" END), S("a\r\n. \r\n" END), 0, true, false },
	/* Bare ones become CRLF. */
	{ S("a\nb" END), S("a\r\nb" END), 0, true, true },
	{ S("a\rb" END), S("a\r\nb" END), 0, true, true },
	{ S("a\r\r\nb" END), S("a\r\n\r\nb" END), 0, true, true },
	{ S("a\n\rb" END), S("a\r\n\r\nb" END), 0, true, true },
	{ S("a\n.b" END), S("a\r\n.b" END), 0, true, true },
	/* What others take for an end. */
	{ S("a\n.\n" END), S("a\r\n..\r\n" END), 0, true, true },
	{ S("a\n.\r\n" END), S("a\r\n..\r\n" END), 0, true, true },
	{ S("a\r.\r" END), S("a\r\n..\r\n" END), 0, true, true },
	{ S("a\r.\r\n" END), S("a\r\n..\r\n" END), 0, true, true },
	{ S("a\r\n.\n" END), S("a\r\n..\r\n" END), 0, true, true },
	{ S("a\r\n.\rb" END), S("a\r\n..\r\nb" END), 0, true, true },
	{ S("a\r\n.\r\r\n" END), S("a\r\n..\r\n\r\n" END), 0, true, true },
	{ S("a\r\n\n.\r\n" END), S("a\r\n\r\n..\r\n" END), 0, true, true },
	{ S(".\nb" END), S("..\r\nb" END), 0, true, true },
	{ S("\n.\r\n.\r\n"), S("\r\n..\r\n.\r\n"), 0, true, true },
	{ S("a\r\n.\r.\r\n" END), S("a\r\n..\r\n..\r\n" END), 0, true, true },
	/* NUL: passes; but no line of a dot and NULs, which is an end to those who drop NULs. */
	{ S("a\0b" END), S("a\0b" END), 0, true, false },
	{ S("\0" END), S("\0" END), 0, true, false },
	{ S("a\r\n\0.\r\nb" END), S("a\r\n\0..\r\nb" END), 0, true, true },
	{ S("a\r\n.\0\r\nb" END), S("a\r\n.\0.\r\nb" END), 0, true, true },
	{ S("a\r\n\0.\0\0\nb" END), S("a\r\n\0.\0\0.\r\nb" END), 0, true, true },
	{ S("a\r\n.\0b" END), S("a\r\n.\0b" END), 0, true, false },
	{ S("a\r\0\n.\r\n" END), S("a\r\n\0\r\n..\r\n" END), 0, true, true },
	{ S("\xc3\xa4\xff\x80" END), S("\xc3\xa4\xff\x80" END), 0, true, false },
};

static void check_case(size_t i, size_t first, size_t step, size_t room)
{
	struct result result;

	run(&result, MESSAGE_DATA_NORMALIZE, cases[i].in, cases[i].in_len, first, step, room);
	assert_int_equal(result.out_len, cases[i].out_len);
	assert_memory_equal(result.out, cases[i].out, result.out_len);
	assert_int_equal(result.status == MESSAGE_DATA_ENDED, cases[i].ends);
	assert_int_equal(result.taken, cases[i].in_len - cases[i].rest);
	assert_int_equal(result.repaired > 0, cases[i].rejects);

	run(&result, MESSAGE_DATA_REJECT, cases[i].in, cases[i].in_len, first, step, room);
	assert_int_equal(result.status == MESSAGE_DATA_REJECTED, cases[i].rejects);
	assert_int_equal(result.repaired, 0);
	if (!cases[i].rejects) {
		assert_int_equal(result.out_len, cases[i].out_len);
		assert_memory_equal(result.out, cases[i].out, result.out_len);
	}
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t step = 1; step <= cases[i].in_len; step++)
			for (size_t first = 1; first <= step; first++)
				check_case(i, first, step, ROOM);
		check_case(i, 1, 1, MESSAGE_DATA_OUT_MIN);
		check_case(i, ROOM, ROOM, MESSAGE_DATA_OUT_MIN);
	}
}

static void test_end_and_refusal_stay(void **state)
{
	struct message_data data;
	char out[16];
	size_t used;
	size_t len;

	(void)state;
	message_data_init(&data, MESSAGE_DATA_NORMALIZE);
	assert_int_equal(message_data_feed(&data, ".\r\n", 3, &used, out, sizeof(out), &len), MESSAGE_DATA_ENDED);
	assert_int_equal(message_data_feed(&data, "a", 1, &used, out, sizeof(out), &len), MESSAGE_DATA_ENDED);
	assert_int_equal(used + len, 0);
	message_data_init(&data, MESSAGE_DATA_REJECT);
	assert_int_equal(message_data_feed(&data, "\n", 1, &used, out, sizeof(out), &len), MESSAGE_DATA_REJECTED);
	assert_int_equal(message_data_feed(&data, "a", 1, &used, out, sizeof(out), &len), MESSAGE_DATA_REJECTED);
	assert_int_equal(used + len, 0);
}

/* --- properties, for all short strings ---------------------------------------------------------------------------- */

/* What some receiver somewhere takes for the end of a message, each preceded by the CRLF of DATA. */
static const char *const ends[] = { "\r\n.\r\n", "\n.\n",   "\n.\r\n", "\r.\r", "\r.\r\n",
				    "\r\n.\n",   "\r\n.\r", "\r.\n",   "\n.\r" };

/* first_end returns where the first of |pattern| begins in CRLF + |text|, -1 for nowhere. */
static long first_end(const char *text, size_t len, const char *pattern)
{
	char all[ROOM + 2] = "\r\n";

	memcpy(all + 2, text, len);
	const char *found = memmem(all, len + 2, pattern, strlen(pattern));
	return found != NULL ? (long)(found - all) : -1;
}

static size_t without_nuls(char *out, const char *in, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (in[i] != '\0')
			out[n++] = in[i];
	return n;
}

/* check_receivers: to each of them the end of |text| is at its very end, or nowhere if it has none. */
static void check_receivers(const char *text, size_t len, bool ended)
{
	for (size_t i = 0; i < COUNT(ends); i++) {
		long at = first_end(text, len, ends[i]);
		if (at >= 0)
			assert_true(ended && (size_t)at + 5 >= len + 2);
	}
	if (ended)
		assert_int_equal(first_end(text, len, "\r\n.\r\n"), len + 2 - 5);
}

static void check_no_bare(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		assert_true(text[i] != '\r' || (i + 1 < len && text[i + 1] == '\n'));
		assert_true(text[i] != '\n' || (i > 0 && text[i - 1] == '\r'));
	}
}

/* has_bare: the first |len| octets have a CR or LF that is no CRLF. A CR at their end could still become one. */
static bool has_bare(const char *in, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (in[i] == '\r' && i + 1 < len && in[i + 1] != '\n')
			return true;
		if (in[i] == '\n' && (i == 0 || in[i - 1] != '\r'))
			return true;
	}
	return false;
}

/* model: the same said another way, on the whole text: lines first, then what each is. No NULs. */
static size_t model(char *out, const char *in, size_t len)
{
	size_t n = 0;
	bool own_before = true;

	for (size_t at = 0; at < len;) {
		size_t end = at;
		while (end < len && in[end] != '\r' && in[end] != '\n')
			end++;
		bool own = end + 1 < len && in[end] == '\r' && in[end + 1] == '\n';
		bool cut_off = end == len || (in[end] == '\r' && end + 1 == len);
		bool dot = end - at == 1 && in[at] == '.';
		if (cut_off && dot)
			break; /* held back */
		memcpy(out + n, in + at, end - at);
		n += end - at;
		if (cut_off)
			break;
		if (dot && !(own && own_before))
			out[n++] = '.';
		out[n++] = '\r';
		out[n++] = '\n';
		if (dot && own && own_before)
			break;
		at = end + (own ? 2 : 1);
		own_before = own;
	}
	return n;
}

static void check_same(const struct result *a, const struct result *b)
{
	if (a->out_len != b->out_len || memcmp(a->out, b->out, a->out_len) != 0 || a->status != b->status ||
	    a->taken != b->taken || a->repaired != b->repaired)
		fail_msg("another cut, another outcome: %.*s", (int)a->out_len, a->out);
}

static void check_cuts(const struct result *whole, enum message_data_mode mode, const char *in, size_t len)
{
	struct result other;

	for (size_t first = 1; first < len; first++) {
		run(&other, mode, in, len, first, len, ROOM);
		check_same(whole, &other);
	}
	run(&other, mode, in, len, 1, 1, ROOM);
	check_same(whole, &other);
	run(&other, mode, in, len, len, len, MESSAGE_DATA_OUT_MIN);
	if (other.status == MESSAGE_DATA_FULL)
		other.status = MESSAGE_DATA_MORE;
	check_same(whole, &other);
}

static void check_string(const char *in, size_t len, bool nuls)
{
	struct result whole;
	char text[ROOM];
	size_t text_len;
	long end = first_end(in, len, "\r\n.\r\n");

	run(&whole, MESSAGE_DATA_NORMALIZE, in, len, len, len, ROOM);
	assert_int_equal(whole.status == MESSAGE_DATA_ENDED, end >= 0);
	assert_int_equal(whole.taken, end >= 0 ? (size_t)end + 3 : len);
	check_no_bare(whole.out, whole.out_len);
	check_receivers(whole.out, whole.out_len, end >= 0);
	if (nuls) {
		text_len = without_nuls(text, whole.out, whole.out_len);
		check_receivers(text, text_len, end >= 0);
	} else {
		text_len = model(text, in, len);
		assert_int_equal(whole.out_len, text_len);
		assert_memory_equal(whole.out, text, text_len);
	}
	check_cuts(&whole, MESSAGE_DATA_NORMALIZE, in, len);

	run(&whole, MESSAGE_DATA_REJECT, in, len, len, len, ROOM);
	if (has_bare(in, end >= 0 ? (size_t)end + 3 : len)) {
		assert_int_equal(whole.status, MESSAGE_DATA_REJECTED);
	} else if (!nuls) {
		assert_int_equal(whole.status == MESSAGE_DATA_ENDED, end >= 0);
		assert_memory_equal(whole.out, in, whole.out_len);
	}
	check_receivers(whole.out, whole.out_len, whole.status == MESSAGE_DATA_ENDED);
	check_cuts(&whole, MESSAGE_DATA_REJECT, in, len);
}

/* check_all runs every string over |alphabet| of exactly |len| octets, as it is and with an end behind it. */
static void check_all(const char *alphabet, size_t letters, size_t len)
{
	static const char end[] = END;
	char in[32];
	size_t count = 1;

	for (size_t i = 0; i < len; i++)
		count *= letters;
	for (size_t n = 0; n < count; n++) {
		size_t rest = n;
		for (size_t i = 0; i < len; i++) {
			in[i] = alphabet[rest % letters];
			rest /= letters;
		}
		check_string(in, len, letters > 4);
		memcpy(in + len, end, sizeof(end) - 1);
		check_string(in, len + sizeof(end) - 1, letters > 4);
	}
}

static void test_all_strings(void **state)
{
	(void)state;
	for (size_t len = 1; len <= 9; len++)
		check_all("\r\n.a", 4, len);
}

static void test_all_strings_with_nul(void **state)
{
	(void)state;
	for (size_t len = 1; len <= 7; len++)
		check_all("\r\n.a\0", 5, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_end_and_refusal_stay),
		cmocka_unit_test(test_all_strings),
		cmocka_unit_test(test_all_strings_with_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
