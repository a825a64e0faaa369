/* addr.c - see addr.h. */
#include "proxy/base/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

size_t addr_len(const struct addr *addr)
{
	switch (addr->family) {
	case AF_INET: return 4;
	case AF_INET6: return 16;
	default: return 0;
	}
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return a->family != 0 && a->family == b->family && memcmp(a->bytes, b->bytes, addr_len(a)) == 0;
}

static void from_ipv6(struct addr *out, const uint8_t bytes[16])
{
	*out = (struct addr){ 0 };
	if (memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0) {
		out->family = AF_INET;
		memcpy(out->bytes, bytes + 12, 4);
		return;
	}
	out->family = AF_INET6;
	memcpy(out->bytes, bytes, 16);
}

bool addr_is_loopback(const struct addr *addr)
{
	static const struct addr six = { AF_INET6, { [15] = 1 } };

	return addr->family == AF_INET ? addr->bytes[0] == 127 : addr_equal(addr, &six);
}

bool addr_parse(struct addr *out, const char *text)
{
	struct in6_addr six;
	struct in_addr four;

	*out = (struct addr){ 0 };
	if (inet_pton(AF_INET, text, &four) == 1) {
		out->family = AF_INET;
		memcpy(out->bytes, &four, 4);
		return true;
	}
	if (inet_pton(AF_INET6, text, &six) == 1) {
		from_ipv6(out, six.s6_addr);
		return true;
	}
	return false;
}

const char *addr_format(const struct addr *addr, char buf[ADDR_TEXT_MAX])
{
	if (addr_len(addr) == 0 || inet_ntop(addr->family, addr->bytes, buf, ADDR_TEXT_MAX) == NULL) {
		buf[0] = '-';
		buf[1] = '\0';
	}
	return buf;
}

/* parse_number reads 1 to 5 decimal digits and nothing else, up to |max|. */
static bool parse_number(const char *text, unsigned max, unsigned *out)
{
	unsigned n = 0;
	size_t len = strlen(text);

	if (len == 0 || len > 5)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		n = n * 10 + (unsigned)(text[i] - '0');
	}
	*out = n;
	return n <= max;
}

/* mask_bits clears every bit of |addr| past the first |bits|. */
static void mask_bits(struct addr *addr, unsigned bits)
{
	for (size_t i = 0; i < addr_len(addr); i++) {
		unsigned here = bits > i * 8 ? bits - (unsigned)i * 8 : 0;
		addr->bytes[i] &= here >= 8 ? 0xff : (uint8_t)(0xff00U >> here);
	}
}

bool prefix_parse(struct prefix *out, const char *text)
{
	char host[ADDR_TEXT_MAX];
	const char *slash = strchr(text, '/');
	size_t host_len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	unsigned max;
	unsigned bits;
	struct addr masked;

	*out = (struct prefix){ 0 };
	if (host_len >= sizeof(host))
		return false;
	memcpy(host, text, host_len);
	host[host_len] = '\0';
	if (!addr_parse(&out->addr, host))
		return false;
	/* An IPv4-mapped prefix would change its meaning with its family: only whole addresses may be written so. */
	if (out->addr.family == AF_INET && strchr(host, ':') != NULL && slash != NULL)
		return false;
	max = (unsigned)addr_len(&out->addr) * 8;
	bits = max;
	if (slash != NULL && !parse_number(slash + 1, max, &bits))
		return false;
	out->bits = (uint8_t)bits;
	masked = out->addr;
	mask_bits(&masked, bits);
	return addr_equal(&masked, &out->addr);
}

bool prefix_contains(const struct prefix *prefix, const struct addr *addr)
{
	struct addr masked = *addr;

	if (addr->family != prefix->addr.family)
		return false;
	mask_bits(&masked, prefix->bits);
	return addr_equal(&masked, &prefix->addr);
}

bool endpoint_parse(struct endpoint *out, const char *text, uint16_t default_port)
{
	char host[ADDR_TEXT_MAX];
	const char *begin = text;
	const char *end;
	const char *port = NULL;
	unsigned number = default_port;

	*out = (struct endpoint){ 0 };
	if (addr_parse(&out->addr, text)) {
		out->port = default_port;
		return true;
	}
	if (*text == '[') {
		begin = text + 1;
		end = strchr(begin, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return false;
		port = end[1] == ':' ? end + 2 : NULL;
	} else {
		end = strrchr(text, ':');
		if (end == NULL)
			return false;
		port = end + 1;
	}
	if ((size_t)(end - begin) >= sizeof(host))
		return false;
	memcpy(host, begin, (size_t)(end - begin));
	host[end - begin] = '\0';
	/* Without brackets, "1::2:25" could be read two ways. */
	if (*text != '[' && strchr(host, ':') != NULL)
		return false;
	if (!addr_parse(&out->addr, host) || (port != NULL && (!parse_number(port, 65535, &number) || number == 0))) {
		*out = (struct endpoint){ 0 };
		return false;
	}
	out->port = (uint16_t)number;
	return true;
}

const char *endpoint_format(const struct endpoint *endpoint, char buf[ENDPOINT_TEXT_MAX])
{
	char host[ADDR_TEXT_MAX];
	bool six = endpoint->addr.family == AF_INET6;

	(void)snprintf(buf, ENDPOINT_TEXT_MAX, "%s%s%s:%u", six ? "[" : "", addr_format(&endpoint->addr, host),
		       six ? "]" : "", (unsigned)endpoint->port);
	return buf;
}

bool endpoint_from_sockaddr(struct endpoint *out, const struct sockaddr_storage *from)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	*out = (struct endpoint){ 0 };
	switch (from->ss_family) {
	case AF_INET:
		memcpy(&four, from, sizeof(four));
		out->addr.family = AF_INET;
		memcpy(out->addr.bytes, &four.sin_addr, 4);
		out->port = ntohs(four.sin_port);
		return true;
	case AF_INET6:
		memcpy(&six, from, sizeof(six));
		from_ipv6(&out->addr, six.sin6_addr.s6_addr);
		out->port = ntohs(six.sin6_port);
		return true;
	default: return false;
	}
}

socklen_t endpoint_to_sockaddr(const struct endpoint *endpoint, struct sockaddr_storage *out)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(endpoint->port) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(endpoint->port) };

	memset(out, 0, sizeof(*out));
	if (endpoint->addr.family == AF_INET) {
		memcpy(&four.sin_addr, endpoint->addr.bytes, 4);
		memcpy(out, &four, sizeof(four));
		return sizeof(four);
	}
	memcpy(&six.sin6_addr, endpoint->addr.bytes, 16);
	memcpy(out, &six, sizeof(six));
	return sizeof(six);
}
