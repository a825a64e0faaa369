/* tls_hello.c - see tls_hello.h. */
#include "proxy/tls/tls_hello.h"

#include <string.h>

#define RECORD_HEADER 5
#define RECORD_MAX    (16384U + 2048) /* RFC 5246 s. 6.2.3 */
#define MESSAGE_MAX   (16U * 1024)

enum content { CONTENT_CHANGE = 20, CONTENT_ALERT = 21, CONTENT_HANDSHAKE = 22, CONTENT_DATA = 23, CONTENT_BEAT = 24 };
enum message { MESSAGE_CLIENT_HELLO = 1, MESSAGE_SERVER_HELLO = 2 };
enum extension { EXTENSION_SERVER_NAME = 0, EXTENSION_SUPPORTED_VERSIONS = 43 };

#define TLS12 0x0303
#define TLS13 0x0304

/* --- records ------------------------------------------------------------------------------------------------------ */

static bool is_header(const uint8_t *at)
{
	size_t len = (size_t)at[3] << 8 | at[4];

	return at[0] >= CONTENT_CHANGE && at[0] <= CONTENT_BEAT && at[1] == 3 && at[2] <= 4 && len <= RECORD_MAX;
}

/* may_be_header: of the first |have| octets of one. */
static bool may_be_header(const uint8_t *at, size_t have)
{
	uint8_t whole[RECORD_HEADER] = { CONTENT_HANDSHAKE, 3, 1, 0, 0 };

	memcpy(whole, at, have < RECORD_HEADER ? have : RECORD_HEADER);
	return is_header(whole);
}

bool tls_records_pass(struct tls_records *records, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len;) {
		if (records->left > 0) {
			size_t step = len - i < records->left ? len - i : records->left;
			records->left = (uint16_t)(records->left - step);
			i += step;
			continue;
		}
		records->header[records->have++] = bytes[i++];
		if (!may_be_header(records->header, records->have))
			return false;
		if (records->have < RECORD_HEADER)
			continue;
		records->left = (uint16_t)(records->header[3] << 8 | records->header[4]);
		records->have = 0;
	}
	return true;
}

/* --- a reader that never reads past its end ----------------------------------------------------------------------- */

struct span {
	const uint8_t *at;
	size_t len;
	bool failed;
};

static const uint8_t *take(struct span *s, size_t n)
{
	const uint8_t *at = s->at;

	if (s->failed || s->len < n) {
		s->failed = true;
		return NULL;
	}
	s->at += n;
	s->len -= n;
	return at;
}

static size_t take_number(struct span *s, size_t octets)
{
	const uint8_t *at = take(s, octets);
	size_t number = 0;

	for (size_t i = 0; at != NULL && i < octets; i++)
		number = number << 8 | at[i];
	return number;
}

/* take_vector: one that is preceded by its length in |octets| octets. */
static struct span take_vector(struct span *s, size_t octets)
{
	size_t len = take_number(s, octets);
	const uint8_t *at = take(s, len);

	return (struct span){ at, at != NULL ? len : 0, at == NULL };
}

/* --- the message out of its records ------------------------------------------------------------------------------- */

struct message_bytes {
	uint8_t bytes[MESSAGE_MAX];
	size_t len;
};

static bool message_is_whole(const struct message_bytes *m)
{
	return m->len >= 4 && m->len >= 4 + ((size_t)m->bytes[1] << 16 | (size_t)m->bytes[2] << 8 | m->bytes[3]);
}

static enum tls_hello_step broken(struct tls_hello *out, const char *error)
{
	out->error = error;
	return TLS_HELLO_BROKEN;
}

static enum tls_hello_step an_alert(const uint8_t *body, size_t len, size_t have, struct tls_hello *out)
{
	if (len != 2)
		return broken(out, "an alert of TLS has two octets");
	if (have < 2)
		return TLS_HELLO_MORE;
	out->alert = body[1];
	return TLS_HELLO_ALERT;
}

/* add_body adds what is there of one record's body; false where the message is no hello of |type|, or too long. */
static bool add_body(struct message_bytes *m, const uint8_t *body, size_t len, uint8_t type)
{
	size_t room = MESSAGE_MAX - m->len;

	memcpy(m->bytes + m->len, body, len < room ? len : room);
	m->len += len < room ? len : room;
	if (m->len > 0 && m->bytes[0] != type)
		return false;
	return m->len < 4 || (m->bytes[1] == 0 && 4 + ((size_t)m->bytes[2] << 8 | m->bytes[3]) <= MESSAGE_MAX);
}

/* read_message gathers the first handshake message, of |type|, from the records in |bytes|. */
static enum tls_hello_step read_message(struct message_bytes *m, const uint8_t *bytes, size_t len, uint8_t type,
					struct tls_hello *out)
{
	m->len = 0;
	for (size_t i = 0; i < len;) {
		size_t have = len - i;
		size_t body;
		if (i >= TLS_HELLO_BYTES_MAX || !may_be_header(bytes + i, have))
			return broken(out, "this is not TLS");
		if (have < RECORD_HEADER)
			break;
		body = (size_t)bytes[i + 3] << 8 | bytes[i + 4];
		have = have - RECORD_HEADER < body ? have - RECORD_HEADER : body;
		if (bytes[i] == CONTENT_ALERT && type == MESSAGE_SERVER_HELLO && m->len == 0)
			return an_alert(bytes + i + RECORD_HEADER, body, have, out);
		if (bytes[i] != CONTENT_HANDSHAKE || body == 0 || !add_body(m, bytes + i + RECORD_HEADER, have, type))
			return broken(out, "this is TLS, and does not begin with a hello");
		if (message_is_whole(m))
			return TLS_HELLO_DONE;
		i += RECORD_HEADER + body;
	}
	return len < TLS_HELLO_BYTES_MAX ? TLS_HELLO_MORE : broken(out, "a hello of TLS that has no end");
}

static struct span body_of(const struct message_bytes *m)
{
	struct span whole = { m->bytes + 1, m->len - 1, false };

	return take_vector(&whole, 3);
}

/* --- what it says ------------------------------------------------------------------------------------------------- */

/* read_server_name: the only name of type host_name, if it can be shown (RFC 6066 s. 3). */
static void read_server_name(struct span body, struct tls_hello *out)
{
	struct span list = take_vector(&body, 2);
	struct span name;

	if (take_number(&list, 1) != 0)
		return;
	name = take_vector(&list, 2);
	if (name.failed || name.len == 0 || name.len >= sizeof(out->servername))
		return;
	for (size_t i = 0; i < name.len; i++) {
		if (name.at[i] <= ' ' || name.at[i] > '~')
			return;
	}
	memcpy(out->servername, name.at, name.len);
	out->servername[name.len] = '\0';
}

/* What is unknown (GREASE, RFC 8701) is nothing. */
static void offer_version(struct tls_hello *out, uint16_t version)
{
	if (version >= 0x0300 && version <= TLS13 && version > out->version)
		out->version = version;
}

static void read_versions(struct span body, struct tls_hello *out)
{
	struct span list = take_vector(&body, 1);

	while (!list.failed && list.len > 0)
		offer_version(out, (uint16_t)take_number(&list, 2));
}

static void read_client_extension(size_t type, struct span body, struct tls_hello *out)
{
	if (type == EXTENSION_SERVER_NAME)
		read_server_name(body, out);
	else if (type == EXTENSION_SUPPORTED_VERSIONS)
		read_versions(body, out);
}

static void read_server_extension(size_t type, struct span body, struct tls_hello *out)
{
	if (type == EXTENSION_SUPPORTED_VERSIONS)
		out->version = (uint16_t)take_number(&body, 2);
}

typedef void extension_fn(size_t type, struct span body, struct tls_hello *out);

/* Hellos without extensions are allowed (RFC 5246 s. 7.4.1.2). */
static bool read_extensions(struct span *hello, extension_fn *read, struct tls_hello *out)
{
	struct span list;

	if (hello->failed || hello->len == 0)
		return !hello->failed;
	list = take_vector(hello, 2);
	while (!list.failed && list.len > 0) {
		size_t type = take_number(&list, 2);
		struct span body = take_vector(&list, 2);
		if (!list.failed)
			read(type, body, out);
	}
	return !list.failed && hello->len == 0;
}

/* Octets that follow in the hello's last record are another message, which nobody sends before the server answers. */
static enum tls_hello_step read_client(const struct message_bytes *m, struct tls_hello *out)
{
	struct span hello = body_of(m);
	struct span session;
	struct span suites;
	struct span compressions;

	offer_version(out, (uint16_t)take_number(&hello, 2));
	(void)take(&hello, 32);
	session = take_vector(&hello, 1);
	suites = take_vector(&hello, 2);
	compressions = take_vector(&hello, 1);
	if (hello.failed || session.len > 32 || suites.len < 2 || suites.len % 2 != 0 || compressions.len == 0 ||
	    !read_extensions(&hello, read_client_extension, out))
		return broken(out, "the client's hello of TLS is malformed");
	return TLS_HELLO_DONE;
}

/* Suites with NULL for a cipher: they sign what everybody may read (RFC 5246, 4492, 5487, 5489, 4785, 9150). */
static bool encrypts(uint16_t suite)
{
	static const uint16_t nulls[] = { 0x0000, 0x0001, 0x0002, 0x002c, 0x002d, 0x002e, 0x003b, 0x00b0,
					  0x00b1, 0x00b4, 0x00b5, 0x00b8, 0x00b9, 0xc001, 0xc006, 0xc00b,
					  0xc010, 0xc015, 0xc039, 0xc03a, 0xc03b, 0xc0b4, 0xc0b5 };

	for (size_t i = 0; i < COUNT(nulls); i++) {
		if (nulls[i] == suite)
			return false;
	}
	return true;
}

static enum tls_hello_step read_server(const struct message_bytes *m, struct tls_hello *out)
{
	struct span hello = body_of(m);
	struct span session;

	out->version = (uint16_t)take_number(&hello, 2);
	(void)take(&hello, 32);
	session = take_vector(&hello, 1);
	out->suite = (uint16_t)take_number(&hello, 2);
	(void)take(&hello, 1);
	if (hello.failed || session.len > 32 || !read_extensions(&hello, read_server_extension, out))
		return broken(out, "the server's hello of TLS is malformed");
	if (out->version != TLS12 && out->version != TLS13)
		return broken(out, "the server chose a version of TLS that is too old");
	if (!encrypts(out->suite))
		return broken(out, "the server chose a suite that encrypts nothing");
	return TLS_HELLO_DONE;
}

enum tls_hello_step tls_hello_of_client(const uint8_t *bytes, size_t len, struct tls_hello *out)
{
	struct message_bytes m;
	enum tls_hello_step step;

	*out = (struct tls_hello){ 0 };
	step = read_message(&m, bytes, len, MESSAGE_CLIENT_HELLO, out);
	return step == TLS_HELLO_DONE ? read_client(&m, out) : step;
}

enum tls_hello_step tls_hello_of_server(const uint8_t *bytes, size_t len, struct tls_hello *out)
{
	struct message_bytes m;
	enum tls_hello_step step;

	*out = (struct tls_hello){ 0 };
	step = read_message(&m, bytes, len, MESSAGE_SERVER_HELLO, out);
	return step == TLS_HELLO_DONE ? read_server(&m, out) : step;
}

const char *tls_hello_version_name(uint16_t version)
{
	static const char *const names[] = { "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3" };

	return version >= 0x0300 && version < 0x0300 + COUNT(names) ? names[version - 0x0300] : "";
}
