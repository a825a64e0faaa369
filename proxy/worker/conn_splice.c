/* conn_splice.c - a conn whose two legs are left to each other (splice.h): carries, and tells the machine. */
#include "proxy/worker/conn_private.h"

#define SPLICE_TELL_S 5 /* so often the machine hears that octets pass, which keeps its timer from running out */

static void feed_splice(struct conn *conn, enum session_event_kind kind)
{
	struct session_splice seen;
	struct session_event event = { .kind = kind, .splice = &seen, .reason = splice_reason(conn->splice) };

	splice_describe(conn->splice, &seen);
	conn->spliced_s = conn_now_s();
	conn->spliced_hellos = seen.hellos;
	conn->spliced_half = seen.half;
	(void)conn_feed(conn, &event);
}

/* tell_splice: what it waits for is told at once. */
static void tell_splice(struct conn *conn)
{
	struct session_splice seen;

	splice_describe(conn->splice, &seen);
	if (seen.hellos != conn->spliced_hellos || seen.half != conn->spliced_half ||
	    conn_now_s() - conn->spliced_s >= SPLICE_TELL_S)
		feed_splice(conn, SESSION_SPLICED);
}

bool conn_splice(struct conn *conn)
{
	if (conn->server == NULL)
		return false;
	switch (splice_step(conn->splice, conn->client, conn->server)) {
	case SPLICE_REST: return false;
	case SPLICE_MOVED: tell_splice(conn); return true;
	case SPLICE_ENDED: break;
	}
	feed_splice(conn, SESSION_SPLICE_ENDED);
	return false;
}
