/* siphash.c - see siphash.h. Written from the paper; the tests hold it against the paper's vectors. */
#include "proxy/base/siphash.h"

#include <sys/random.h>

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, unsigned by)
{
	return (x << by) | (x >> (64 - by));
}

static void rounds(struct state *s, unsigned count)
{
	while (count-- > 0) {
		s->v0 += s->v1;
		s->v2 += s->v3;
		s->v1 = rotate(s->v1, 13) ^ s->v0;
		s->v3 = rotate(s->v3, 16) ^ s->v2;
		s->v0 = rotate(s->v0, 32);
		s->v2 += s->v1;
		s->v0 += s->v3;
		s->v1 = rotate(s->v1, 17) ^ s->v2;
		s->v3 = rotate(s->v3, 21) ^ s->v0;
		s->v2 = rotate(s->v2, 32);
	}
}

static void word(struct state *s, uint64_t m)
{
	s->v3 ^= m;
	rounds(s, 2);
	s->v0 ^= m;
}

/* little reads |len| octets, at most 8, the first the least. */
static uint64_t little(const uint8_t *at, size_t len)
{
	uint64_t m = 0;

	while (len-- > 0)
		m = m << 8 | at[len];
	return m;
}

uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	size_t left = len;
	struct state s = { key->k[0] ^ 0x736f6d6570736575U, key->k[1] ^ 0x646f72616e646f6dU,
			   key->k[0] ^ 0x6c7967656e657261U, key->k[1] ^ 0x7465646279746573U };

	for (; left >= 8; at += 8, left -= 8)
		word(&s, little(at, 8));
	word(&s, little(at, left) | (uint64_t)(len & 0xff) << 56);
	s.v2 ^= 0xff;
	rounds(&s, 4);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

bool siphash_key_make(struct siphash_key *out)
{
	return getrandom(out->k, sizeof(out->k), 0) == (ssize_t)sizeof(out->k);
}
