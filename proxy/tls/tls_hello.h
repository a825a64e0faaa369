/* tls_hello.h - the first words of two strangers' TLS, read in passing: that it is TLS which begins, and what of it
 * stands in clear. Pure; nothing is decrypted, nothing is proved.
 *
 * RFC 8446 s. 4.1 and 5.1, RFC 5246 s. 6.2 and 7.4, RFC 6066 s. 3. Strict in form and deaf to content: unknown suites
 * and extensions pass, lengths that do not add up never do. A hello may come in several records. */
#ifndef GATE25_PROXY_TLS_TLS_HELLO_H
#define GATE25_PROXY_TLS_TLS_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/attrib.h"

#define TLS_HELLO_BYTES_MAX (32U * 1024) /* of a hello with its record headers; real ones take 2 KiB */
#define TLS_HELLO_NAME_MAX  256

enum tls_hello_step {
	TLS_HELLO_BROKEN = 0, /* no hello, whatever may follow: |error| */
	TLS_HELLO_MORE,       /* so far so good */
	TLS_HELLO_DONE,
	TLS_HELLO_ALERT, /* the server's whole answer is an alert: TLS does not begin */
};

struct tls_hello {
	uint16_t version; /* the newest that a client offers; that which a server chose: 0x0303 ... */
	uint16_t suite;   /* a server's choice */
	uint8_t alert;    /* TLS_HELLO_ALERT: which */
	char servername[TLS_HELLO_NAME_MAX]; /* a client's SNI if it is printable and no blank is in it, else "" */
	const char *error;                   /* static */
};

/* Each reads |bytes| from where TLS begins. Fills |out| from DONE and ALERT on; |out|->error with BROKEN. */
enum tls_hello_step tls_hello_of_client(const uint8_t *bytes, size_t len, struct tls_hello *out);
/* A server that chose less than TLS 1.2, or a suite that encrypts nothing, is broken: the mail would be readable. */
enum tls_hello_step tls_hello_of_server(const uint8_t *bytes, size_t len, struct tls_hello *out);

const char *tls_hello_version_name(uint16_t version); /* "TLSv1.3"; "" for one that is unknown */

/* One direction of a TLS connection seen as records; {0} is its beginning. */
struct tls_records {
	uint8_t header[5];
	uint8_t have;
	uint16_t left; /* of the record's body */
};

/* tls_records_pass: false where the octets cease to be records of TLS: somebody speaks in clear. */
MUST_CHECK bool tls_records_pass(struct tls_records *records, const uint8_t *bytes, size_t len);

#endif
