/* fuzz_tls_hello.c - octets where a stranger's TLS should begin, and go on: what was no hello does not become one by
 * what follows, what was one stays the same, and a name that is shown can be. The first octet says whose it is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/tls/tls_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_hello(const struct tls_hello *hello, enum tls_hello_step step, bool server)
{
	check((hello->error != NULL) == (step == TLS_HELLO_BROKEN));
	check(memchr(hello->servername, '\0', sizeof(hello->servername)) != NULL);
	for (const char *c = hello->servername; *c != '\0'; c++)
		check(*c > ' ' && *c <= '~');
	check(tls_hello_version_name(hello->version) != NULL);
	if (server && step == TLS_HELLO_DONE)
		check(hello->version == 0x0303 || hello->version == 0x0304);
	check(server || step != TLS_HELLO_ALERT);
}

static void check_records(const uint8_t *bytes, size_t len)
{
	struct tls_records whole = { 0 };
	struct tls_records pieces = { 0 };
	bool good = tls_records_pass(&whole, bytes, len);
	bool still = true;

	for (size_t i = 0; i < len && still; i++)
		still = tls_records_pass(&pieces, bytes + i, 1);
	check(good == still);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	bool server;
	enum tls_hello_step decided = TLS_HELLO_MORE;
	size_t stride;

	if (in_len < 1 || in_len > 65536)
		return 0;
	server = (in[0] & 1) != 0;
	in++;
	in_len--;
	stride = in_len / 200 + 1;
	for (size_t n = 0; n <= in_len; n += stride) {
		struct tls_hello hello;
		uint8_t *copy = malloc(n > 0 ? n : 1); /* so that a read past its end is seen */
		enum tls_hello_step step;
		check(copy != NULL);
		memcpy(copy, in, n);
		step = server ? tls_hello_of_server(copy, n, &hello) : tls_hello_of_client(copy, n, &hello);
		check_hello(&hello, step, server);
		check(decided == TLS_HELLO_MORE || step == decided);
		decided = step;
		free(copy);
	}
	check_records(in, in_len);
	return 0;
}
