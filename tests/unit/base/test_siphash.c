/* SipHash-2-4 against the vectors of its authors (key 00 01 .. 0f, message 00 01 .. of each length). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "proxy/base/siphash.h"

static const struct siphash_key known = { { 0x0706050403020100U, 0x0f0e0d0c0b0a0908U } };

static void test_vectors(void **state)
{
	static const struct {
		size_t len;
		uint64_t hash;
	} cases[] = {
		{ 0, 0x726fdb47dd0e0e31U }, { 1, 0x74f839c593dc67fdU },  { 2, 0x0d6c8009d9a94f5aU },
		{ 3, 0x85676696d7fb7e2dU }, { 7, 0xab0200f58b01d137U },  { 8, 0x93f5f5799a932462U },
		{ 9, 0x9e0082df0ba9e4b0U }, { 15, 0xa129ca6149be45e5U },
	};
	uint8_t message[16];

	(void)state;
	for (unsigned i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(siphash(&known, message, cases[i].len) == cases[i].hash);
}

static void test_keys_differ(void **state)
{
	struct siphash_key one;
	struct siphash_key other;

	(void)state;
	assert_true(siphash_key_make(&one));
	assert_true(siphash_key_make(&other));
	assert_true(siphash(&one, "example.com", 11) != siphash(&other, "example.com", 11));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_keys_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
