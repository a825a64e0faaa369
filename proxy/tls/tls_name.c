/* tls_name.c - see tls_name.h. */
#include "proxy/tls/tls_name.h"

#include <string.h>

#define HOST_MAX  253
#define LABEL_MAX 63

struct span {
	const char *at;
	size_t len;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_label_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_';
}

/* is_host knows names that a host can have: labels of letters, digits, hyphens (and underscores, which are out there),
 * none empty, the last not of digits alone: that would be an IPv4 address. */
static bool is_host(struct span name)
{
	size_t label = 0;
	bool digits = true;

	if (name.len == 0 || name.len > HOST_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];
		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
			digits = true;
			continue;
		}
		if (!is_label_char(c) || ++label > LABEL_MAX)
			return false;
		digits = digits && is_digit(c);
	}
	return label > 0 && !digits;
}

/* Not strncasecmp: its idea of case is the locale's. */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool equal(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.at[i]) != lower(b.at[i]))
			return false;
	return true;
}

static bool is_below(struct span host, struct span parent)
{
	if (host.len <= parent.len + 1 || host.at[host.len - parent.len - 1] != '.')
		return false;
	return equal((struct span){ host.at + host.len - parent.len, parent.len }, parent);
}

/* parent_of cuts the first label off; empty if there is but one. */
static struct span parent_of(struct span host)
{
	const char *dot = memchr(host.at, '.', host.len);

	if (dot == NULL)
		return (struct span){ host.at, 0 };
	return (struct span){ dot + 1, host.len - (size_t)(dot + 1 - host.at) };
}

struct pair {
	struct span name; /* presented, less its "*." */
	bool wildcard;
	struct span wanted; /* the reference, less its dot */
};

/* read_pair: false for what matches nothing. */
static bool read_pair(struct pair *out, const char *presented, size_t presented_len, const char *reference)
{
	*out = (struct pair){ .name = { presented, presented_len }, .wanted = { reference, strlen(reference) } };
	if (out->wanted.len > 0 && out->wanted.at[out->wanted.len - 1] == '.')
		out->wanted.len--;
	out->wildcard = out->name.len > 2 && memcmp(out->name.at, "*.", 2) == 0;
	if (out->wildcard) {
		out->name.at += 2;
		out->name.len -= 2;
	}
	return is_host(out->name) && is_host(out->wanted) && (!out->wildcard || parent_of(out->name).len > 0);
}

bool tls_name_matches(const char *presented, size_t presented_len, const char *reference, bool subdomains)
{
	struct pair pair;

	if (!read_pair(&pair, presented, presented_len, reference))
		return false;
	if (subdomains)
		return is_below(pair.name, pair.wanted) || (pair.wildcard && equal(pair.name, pair.wanted));
	return equal(pair.name, pair.wildcard ? parent_of(pair.wanted) : pair.wanted);
}

bool tls_name_is_child(const char *presented, size_t presented_len, const char *parent)
{
	struct pair pair;

	return read_pair(&pair, presented, presented_len, parent) &&
	       equal(pair.wildcard ? pair.name : parent_of(pair.name), pair.wanted);
}
