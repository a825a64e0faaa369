/* conn_crowded.c - a session among too many: its turn at TLS handshakes, and its end where others need the room. */
#include "proxy/tls/tls.h"
#include "proxy/worker/conn_private.h"
#include "proxy/worker/settings.h"

static struct leg *leg_of(struct conn *conn, enum conn_side side)
{
	return side == CONN_SERVER ? conn->server : conn->client;
}

void conn_enter_turn(struct conn *conn, enum conn_side side)
{
	struct handshakes *handshakes = conn->host->handshakes[side];
	const struct settings *now = conn->host->settings(conn->host->arg);

	if (handshakes != NULL)
		leg_hold_tls(leg_of(conn, side),
			     !handshakes_enter(handshakes, &conn->turns[side], conn, now->conf.max_handshakes));
}

void conn_leave_turn(struct conn *conn, enum conn_side side)
{
	if (conn->host->handshakes[side] != NULL)
		handshakes_leave(conn->host->handshakes[side], &conn->turns[side]);
}

bool conn_missed_turn(const struct conn *conn)
{
	for (unsigned side = 0; side < CONN_SIDES; side++) {
		if (handshake_waits(&conn->turns[side]) || handshake_came_late(&conn->turns[side]))
			return true;
	}
	return false;
}

static void goes(struct leg *leg)
{
	if (leg != NULL)
		leg_hold_tls(leg, false);
}

static void server_goes(void *arg)
{
	goes(((struct conn *)arg)->server);
}

static void client_goes(void *arg)
{
	goes(((struct conn *)arg)->client);
}

static void overdue(void *arg)
{
	conn_shed(arg, "the TLS handshake was slow, and others waited for their turn");
}

struct handshakes *conn_handshakes_new(struct event_base *base, struct counters *counters, enum conn_side side)
{
	const struct handshakes_plan plan = {
		.base = base,
		.go = side == CONN_SERVER ? server_goes : client_goes,
		.overdue = overdue,
		.counters = counters,
		.running = side == CONN_SERVER ? COUNTER_HANDSHAKES_SERVER : COUNTER_HANDSHAKES_CLIENT,
		.waiting = side == CONN_SERVER ? COUNTER_HANDSHAKES_WAIT_SERVER : COUNTER_HANDSHAKES_WAIT_CLIENT,
	};

	return handshakes_new(&plan);
}

bool conn_sheddable(const struct conn *conn, uint64_t *out_since_s)
{
	*out_since_s = session_progress_s(conn->session);
	return !session_has_message(conn->session);
}
