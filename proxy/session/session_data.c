/* session_data.c - DATA and the message: octet for octet to the server, ended by nobody but the client, accepted by
 * nobody but the server. */
#include <string.h>

#include "proxy/session/session_private.h"

enum state data_begin(struct session *s)
{
	if (s->tx.lost) {
		say_line(s, "451 4.4.2 the server was lost within the transaction");
		return s->state;
	}
	if (s->tx.accepted == 0 && !s->tx.refusing && !s->tx.deferred)
		return client_error(s, "554 5.5.1 no recipients");
	if (s->tx.accepted == 0) { /* each one's refusal is in the log */
		say_line(s,
			 s->tx.deferred ? "451 4.5.1 no recipient was accepted yet" : "554 5.5.1 no valid recipients");
		return s->state;
	}
	if (!s->tx.open || !tell_envelope(s, "DATA\r\n", 6))
		return breach(s);
	s->leg.mute = true;
	return ST_DATA;
}

enum state on_data(struct session *s, const struct input *in)
{
	if (in->reply->code >= 400) {
		s->leg.mute = false;
		say_reply(s, in->reply);
		return leg_ready(s);
	}
	if (in->reply->code != 354)
		return on_misspoken(s, in);
	say_reply(s, in->reply);
	message_data_init(&s->data, s->options.bare_newline_reject ? MESSAGE_DATA_REJECT : MESSAGE_DATA_NORMALIZE);
	return ST_CONTENT;
}

/* The rest of the message is of no use any more; |s->held_reply| answers its end. */
static enum state swallow(struct session *s, const char *line, enum session_end end)
{
	leg_drop(s);
	s->totals.messages_refused++;
	s->swallow_end = end;
	if (line != NULL && !smtp_reply_set(&s->held_reply, line))
		return end_refused(s, line); /* out of memory */
	return ST_SWALLOW;
}

enum state on_content_lost(struct session *s, const struct input *in)
{
	static const char line[] = "451 4.4.2 the server is gone";

	log_refusal(s, SESSION_RECORD_REFUSED, RESULT_NONE, line, in->reason);
	return swallow(s, line, SESSION_END_NONE);
}

/* Nothing moves: the client says nothing, or it waits because the server takes nothing. */
enum state on_content_timeout(struct session *s, const struct input *in)
{
	if (!in->unsent)
		return client_idle(s, in);
	return on_content_lost(s, &(struct input){ .reason = "the server takes no data any more" });
}

/* The server speaks before the message's end. What is no refusal cannot be an acceptance either. */
enum state on_content_reply(struct session *s, const struct input *in)
{
	bool last = in->reply->code == 421;

	if (in->reply->code < 400)
		return on_misspoken(s, in);
	smtp_reply_take(&s->held_reply, in->reply);
	return swallow(s, NULL, last ? SESSION_END_SERVER : SESSION_END_NONE);
}

/* The client hears it when its message is over, the log now: it may not stay for that. */
static enum state rejected(struct session *s)
{
	static const char line[] = "554 5.5.2 bare CR or LF in the message";

	log_refusal(s, SESSION_RECORD_REFUSED, RESULT_NONE, line, "bare-newline = reject");
	return swallow(s, line, SESSION_END_REFUSED);
}

enum state on_content(struct session *s, const uint8_t *bytes, size_t len, size_t *out_used)
{
	enum message_data_status status = MESSAGE_DATA_FULL;

	*out_used = 0;
	while (status == MESSAGE_DATA_FULL || (status == MESSAGE_DATA_MORE && *out_used < len)) {
		char out[4096];
		size_t used = 0;
		size_t out_len = 0;

		status = message_data_feed(&s->data, (const char *)bytes + *out_used, len - *out_used, &used, out,
					   sizeof(out), &out_len);
		*out_used += used;
		if (status == MESSAGE_DATA_REJECTED)
			return rejected(s);
		if (out_len > 0 && !tell_envelope(s, out, out_len))
			return breach(s);
		s->totals.octets += out_len;
	}
	if (status != MESSAGE_DATA_ENDED)
		return ST_CONTENT;
	s->leg.mute = false;
	return ST_FINAL;
}

static enum state swallowed(struct session *s)
{
	char line[SMTP_REPLY_LINE_MAX + 1];

	say_reply(s, &s->held_reply);
	(void)smtp_reply_log(&s->held_reply, line, sizeof(line));
	smtp_reply_cleanup(&s->held_reply);
	transaction_end(s);
	return s->swallow_end == SESSION_END_NONE ? leg_ready(s) : end_with(s, s->swallow_end, line);
}

enum state on_swallow(struct session *s, const uint8_t *bytes, size_t len, size_t *out_used)
{
	enum message_data_status status = MESSAGE_DATA_MORE;

	*out_used = 0;
	while (*out_used < len && status != MESSAGE_DATA_ENDED) {
		char out[4096];
		size_t used = 0;
		size_t out_len = 0;

		status = message_data_feed(&s->data, (const char *)bytes + *out_used, len - *out_used, &used, out,
					   sizeof(out), &out_len);
		*out_used += used;
		if (status == MESSAGE_DATA_REJECTED)
			message_data_to_end(&s->data); /* from here on only that is looked for */
	}
	return status == MESSAGE_DATA_ENDED ? swallowed(s) : ST_SWALLOW;
}

/* The client closed its half, or all; the server has the whole message and may take it. Whatever it says is told, if
 * only to the log: a client that is gone will send the message again. */
enum state on_final_client_gone(struct session *s, const struct input *in)
{
	(void)in;
	s->client_left = true;
	return s->state;
}

static enum state final_over(struct session *s)
{
	transaction_end(s);
	return s->client_left ? client_gone(s, &(struct input){ .reason = "" }) : leg_ready(s);
}

enum state on_final_lost(struct session *s, const struct input *in)
{
	fault_answer(s, "451 4.4.2 the server is gone", in->reason);
	s->totals.messages_refused++;
	return final_over(s);
}

enum state on_final(struct session *s, const struct input *in)
{
	if (in->reply->code >= 300 && in->reply->code < 400)
		return on_misspoken(s, in);
	say_reply(s, in->reply);
	if (in->reply->code < 300) {
		s->totals.messages++;
		progress_made(s, PROGRESS_MESSAGE);
		log_message(s);
	} else {
		s->totals.messages_refused++;
	}
	s->tx.open = false;
	return final_over(s);
}
