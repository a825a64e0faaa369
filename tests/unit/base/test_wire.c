/* test_wire.c - bodies of IPC messages: every getter whole, cut at every octet, and on bytes that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/wire.h"

#define TEXT_CAP 8

static struct addr addr_of(const char *text)
{
	struct addr addr;

	assert_true(addr_parse(&addr, text));
	return addr;
}

static void put_u8(struct wire_writer *w)
{
	wire_put_u8(w, 0xfe);
}

static bool get_u8(struct wire_reader *r)
{
	return wire_get_u8(r) == 0xfe;
}

static void put_u16(struct wire_writer *w)
{
	wire_put_u16(w, 0xfedc);
}

static bool get_u16(struct wire_reader *r)
{
	return wire_get_u16(r) == 0xfedc;
}

static void put_u32(struct wire_writer *w)
{
	wire_put_u32(w, 0xfedcba98U);
}

static bool get_u32(struct wire_reader *r)
{
	return wire_get_u32(r) == 0xfedcba98U;
}

static void put_u64(struct wire_writer *w)
{
	wire_put_u64(w, 0xfedcba9876543210ULL);
}

static bool get_u64(struct wire_reader *r)
{
	return wire_get_u64(r) == 0xfedcba9876543210ULL;
}

static void put_true(struct wire_writer *w)
{
	wire_put_u8(w, 1);
}

static bool get_bool(struct wire_reader *r)
{
	return wire_get_bool(r);
}

static bool get_enum(struct wire_reader *r)
{
	return wire_get_enum(r, 2) == 1;
}

static void put_bytes(struct wire_writer *w)
{
	wire_put_bytes(w, "a\0b", 3);
}

static bool get_bytes(struct wire_reader *r)
{
	size_t len = 99;
	const uint8_t *bytes = wire_get_bytes(r, &len);

	if (bytes == NULL) {
		assert_int_equal(len, 0);
		return false;
	}
	return len == 3 && memcmp(bytes, "a\0b", 3) == 0;
}

static void put_str(struct wire_writer *w)
{
	wire_put_str(w, "seven77");
}

static bool get_str(struct wire_reader *r)
{
	char text[TEXT_CAP];

	memset(text, 'x', sizeof(text));
	wire_get_str(r, text, sizeof(text));
	if (r->failed)
		assert_string_equal(text, "");
	return strcmp(text, "seven77") == 0;
}

static void put_four(struct wire_writer *w)
{
	struct addr addr = addr_of("192.0.2.1");

	wire_put_addr(w, &addr);
}

static bool get_four(struct wire_reader *r)
{
	struct addr want = addr_of("192.0.2.1");
	struct addr got;

	wire_get_addr(r, &got);
	if (r->failed)
		assert_int_equal(got.family, 0);
	return addr_equal(&got, &want);
}

static void put_six(struct wire_writer *w)
{
	struct addr addr = addr_of("2001:db8::1");

	wire_put_addr(w, &addr);
}

static bool get_six(struct wire_reader *r)
{
	struct addr want = addr_of("2001:db8::1");
	struct addr got;

	wire_get_addr(r, &got);
	return addr_equal(&got, &want);
}

static const struct pair {
	void (*put)(struct wire_writer *w);
	bool (*get)(struct wire_reader *r); /* whether it got what |put| put */
	size_t len;
} pairs[] = {
	{ put_u8, get_u8, 1 },     { put_u16, get_u16, 2 },   { put_u32, get_u32, 4 },     { put_u64, get_u64, 8 },
	{ put_true, get_bool, 1 }, { put_true, get_enum, 1 }, { put_bytes, get_bytes, 5 }, { put_str, get_str, 9 },
	{ put_four, get_four, 6 }, { put_six, get_six, 18 },
};

/* read_pair hands the getter an allocation of exactly |len| octets, so that a sanitizer sees one too many. */
static void read_pair(const struct pair *pair, const uint8_t *whole, size_t len)
{
	struct wire_reader r;
	uint8_t *bytes = malloc(len > 0 ? len : 1);

	assert_non_null(bytes);
	memcpy(bytes, whole, len);
	wire_reader_init(&r, len > 0 ? bytes : NULL, len);
	assert_int_equal(pair->get(&r), len == pair->len);
	assert_int_equal(wire_done(&r), len == pair->len);
	/* Once failed, always failed: nothing more is read. */
	if (len < pair->len) {
		assert_int_equal(wire_get_u8(&r), 0);
		assert_false(wire_done(&r));
	}
	free(bytes);
}

static void test_getters_at_every_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		uint8_t whole[32];
		struct wire_writer w;
		wire_writer_init(&w, whole, sizeof(whole));
		pairs[i].put(&w);
		assert_false(w.failed);
		assert_int_equal(w.len, pairs[i].len);
		for (size_t len = 0; len <= pairs[i].len; len++)
			read_pair(&pairs[i], whole, len);
	}
}

static void test_putters_at_every_room(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		for (size_t room = 0; room <= pairs[i].len; room++) {
			struct wire_writer w;
			uint8_t *bytes = malloc(room > 0 ? room : 1);
			assert_non_null(bytes);
			wire_writer_init(&w, bytes, room);
			pairs[i].put(&w);
			assert_int_equal(w.failed, room < pairs[i].len);
			assert_true(w.len <= room);
			/* What failed stays failed, even where there is room. */
			if (w.failed && room > 0) {
				w.len = 0;
				wire_put_u8(&w, 1);
				assert_true(w.failed);
				assert_int_equal(w.len, 0);
			}
			free(bytes);
		}
	}
}

static void test_integers_are_in_network_order(void **state)
{
	static const uint8_t want[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 };
	uint8_t bytes[sizeof(want)];
	struct wire_writer w;

	(void)state;
	wire_writer_init(&w, bytes, sizeof(bytes));
	wire_put_u16(&w, 0x0102);
	wire_put_u32(&w, 0x03040506);
	wire_put_u64(&w, 0x0708090a0b0c0d0eULL);
	assert_false(w.failed);
	assert_memory_equal(bytes, want, sizeof(want));
}

static void read_u8(struct wire_reader *r)
{
	(void)wire_get_bool(r);
}

static void read_enum_3(struct wire_reader *r)
{
	(void)wire_get_enum(r, 3);
}

static void read_enum_0(struct wire_reader *r)
{
	(void)wire_get_enum(r, 0);
}

static void read_bytes(struct wire_reader *r)
{
	size_t len;

	(void)wire_get_bytes(r, &len);
}

static void read_str(struct wire_reader *r)
{
	char text[TEXT_CAP];

	wire_get_str(r, text, sizeof(text));
	assert_true(strlen(text) < sizeof(text));
}

static void read_addr(struct wire_reader *r)
{
	struct addr addr;

	wire_get_addr(r, &addr);
}

/* Whole messages of one field each. */
static void test_bytes_that_lie(void **state)
{
	static const struct {
		void (*get)(struct wire_reader *r);
		const char *bytes;
		size_t len;
		bool done;
	} cases[] = {
		{ read_u8, "\0", 1, true },
		{ read_u8, "\1", 1, true },
		{ read_u8, "\2", 1, false },
		{ read_u8, "\377", 1, false },
		{ read_u8, "\1\1", 2, false }, /* something is left over */
		{ read_enum_3, "\2", 1, true },
		{ read_enum_3, "\3", 1, false },
		{ read_enum_0, "\0", 1, false },
		{ read_bytes, "\0\0", 2, true },
		{ read_bytes, "\0\1a", 3, true },
		{ read_bytes, "\0\2a", 3, false },
		{ read_bytes, "\377\377a", 3, false },
		{ read_bytes, "\0\1ab", 4, false },
		{ read_str, "\0\0", 2, true },
		{ read_str, "\0\7seven77", 9, true },
		{ read_str, "\0\10eight888", 10, false }, /* no room for its NUL */
		{ read_str, "\0\3a\0b", 5, false },
		{ read_str, "\0\1\0", 3, false },
		{ read_addr, "\0\0", 2, true }, /* no address */
		{ read_addr, "\0\4abcd", 6, true },
		{ read_addr, "\0\3abc", 5, false },
		{ read_addr, "\0\5abcde", 7, false },
		{ read_addr, "\0\20abcdefghijklmnop", 18, true },
		{ read_addr, "\0\20\0\0\0\0\0\0\0\0\0\0\377\377abcd", 18, false }, /* IPv4-mapped */
		{ read_addr, "\0\21abcdefghijklmnopq", 19, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct wire_reader r;
		wire_reader_init(&r, cases[i].bytes, cases[i].len);
		cases[i].get(&r);
		assert_int_equal(wire_done(&r), cases[i].done);
	}
}

static void test_no_address(void **state)
{
	struct addr none = { 0 };
	uint8_t bytes[8];
	struct wire_writer w;
	struct wire_reader r;
	struct addr got = { .family = AF_INET };

	(void)state;
	wire_writer_init(&w, bytes, sizeof(bytes));
	wire_put_addr(&w, &none);
	wire_reader_init(&r, bytes, w.len);
	wire_get_addr(&r, &got);
	assert_true(wire_done(&r));
	assert_int_equal(got.family, 0);
}

static void test_longest_string(void **state)
{
	static uint8_t buf[WIRE_MAX + 2];
	static char bytes[UINT16_MAX + 1];
	struct wire_writer w;

	(void)state;
	wire_writer_init(&w, buf, sizeof(buf));
	wire_put_bytes(&w, bytes, UINT16_MAX);
	assert_false(w.failed);
	wire_writer_init(&w, buf, sizeof(buf));
	wire_put_bytes(&w, bytes, UINT16_MAX + 1);
	assert_true(w.failed);
	assert_int_equal(w.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_getters_at_every_cut),
		cmocka_unit_test(test_putters_at_every_room),
		cmocka_unit_test(test_integers_are_in_network_order),
		cmocka_unit_test(test_bytes_that_lie),
		cmocka_unit_test(test_no_address),
		cmocka_unit_test(test_longest_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
