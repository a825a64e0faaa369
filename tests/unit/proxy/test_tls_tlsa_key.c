/* The public keys that a TLSA record may hold in full, by their octets. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/tls/tls_tlsa.h"

#define KEY32                                                                                                          \
	"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b" \
	"\x1c\x1d\x1e\x1f\x20"
#define P256 \
	"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04"
#define BRAINPOOL                                                                                                      \
	"\x30\x5a\x30\x14\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x07\x03\x42\x00" \
	"\x04"

static const struct row {
	const char *what;
	const char *octets;
	size_t len;
	bool holds;
} rows[] = {
#define OCTETS(text) (text), sizeof(text) - 1
	{ "Ed25519", OCTETS("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00" KEY32), true },
	{ "an octet behind it", OCTETS("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00" KEY32 "\x00"), false },
	{ "cut off", OCTETS("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00\x01\x02"), false },
	{ "Ed25519 of 31 octets", OCTETS("\x30\x29\x30\x05\x06\x03\x2b\x65\x70\x03\x20\x00" KEY32) - 1, false },
	{ "P-256, not on the curve", OCTETS(P256 KEY32 KEY32), false },
	{ "a curve that the library has not", OCTETS(BRAINPOOL KEY32 KEY32), true },
	{ "an algorithm that the library has not", OCTETS("\x30\x2a\x30\x05\x06\x03\x2b\x65\x7f\x03\x21\x00" KEY32),
	  true },
	{ "such a one, an octet behind it", OCTETS("\x30\x2a\x30\x05\x06\x03\x2b\x65\x7f\x03\x21\x00" KEY32 "\x00"),
	  false },
	{ "such a one, and more within", OCTETS("\x30\x2c\x30\x05\x06\x03\x2b\x65\x7f\x03\x21\x00" KEY32 "\x05\x00"),
	  false },
	{ "such a one, without a key", OCTETS("\x30\x0a\x30\x05\x06\x03\x2b\x65\x7f\x03\x01\x00"), false },
	{ "no algorithm", OCTETS("\x30\x06\x30\x00\x03\x02\x00\x01"), false },
	{ "nothing", OCTETS(""), false },
};

static void keys_count_by_their_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (tls_tlsa_der(TLSA_SPKI, (const uint8_t *)rows[i].octets, rows[i].len) != rows[i].holds)
			fail_msg("%s: %s", rows[i].what, rows[i].holds ? "not taken" : "taken");
		assert_false(tls_tlsa_der(TLSA_CERT, (const uint8_t *)rows[i].octets, rows[i].len));
		assert_false(tls_tlsa_der(2, (const uint8_t *)rows[i].octets, rows[i].len));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_count_by_their_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
