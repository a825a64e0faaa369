/* session_progress.c - how far a session has come, for whoever must choose which of too many has to go, and the rate
 * that a message must keep. */
#include "proxy/session/session_private.h"

/* Octets of a message that one of the three minutes' waits of RFC 5321 s. 4.5.3.2.5 must bring: the longest line of
 * text (s. 4.5.3.1.6). A sender's blocks are larger, and each of them has three minutes; one octet every other minute
 * is no sender. */
#define BLOCK_OCTETS 1000

/* progress_made notes that |step| was reached. Steps repeated (NOOP, RSET, EHLO once more) are none: only a message
 * that the server took begins the count anew. */
void progress_made(struct session *s, unsigned step)
{
	if (step != PROGRESS_MESSAGE && step <= s->progress)
		return;
	s->progress = step == PROGRESS_MESSAGE ? PROGRESS_HELLO_IN_TLS : step;
	s->progress_s = s->now_s;
}

uint64_t session_progress_s(const struct session *s)
{
	return s->progress_s;
}

bool session_has_message(const struct session *s)
{
	switch (s->state) {
	case ST_DATA:
	case ST_CONTENT:
	case ST_SWALLOW:
	case ST_FINAL:
	case ST_PASS_HELLO: /* whatever is carried may be one */
	case ST_PASS:
	case ST_PASS_ENDING: return true;
	default: return false;
	}
}

void block_begin(struct session *s)
{
	s->block_s = s->now_s;
	s->block_left = BLOCK_OCTETS;
}

void block_octets(struct session *s, size_t len)
{
	if (len < s->block_left)
		s->block_left -= (unsigned)len;
	else
		block_begin(s);
}
