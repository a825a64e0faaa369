/* session_host.c - what this session learns of its host for all sessions, and what they learnt for it. */
#include "proxy/session/session_private.h"

static struct host_key key_of(const struct session *s)
{
	struct host_key key = { .host = s->options.destination };

	if (s->options.as_client)
		key.client = s->options.client.addr;
	return key;
}

enum host_failure host_known(const struct session *s)
{
	const struct host_key key = key_of(s);

	return host_memory_ask(s->options.hosts, &key, s->now_s);
}

void host_failed(const struct session *s, enum host_failure failure)
{
	const struct host_key key = key_of(s);

	/* Whoever owns a domain chooses how slow its DNS is. */
	if (s->hurried)
		return;
	host_memory_note(s->options.hosts, &key, failure, s->now_s);
}

void host_did(const struct session *s, enum host_failure failure)
{
	const struct host_key key = key_of(s);

	host_memory_disprove(s->options.hosts, &key, failure);
}
