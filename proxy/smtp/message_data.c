/* message_data.c - see message_data.h. A table would hide it: each state is what the line looks like so far, and the
 * state at the start of a line remembers whether the break before it was the client's own CRLF. */
#include "proxy/smtp/message_data.h"

#include <string.h>

enum state {
	LINE,        /* at the start of a line, after CRLF or DATA */
	LINE_BARE,   /* at the start of a line that only our CRLF began */
	DOT,         /* a dot alone so far, held back; the line began after CRLF */
	DOT_BARE,    /* likewise, after our CRLF */
	DOT_CR,      /* the same and a CR, held back */
	DOT_BARE_CR, /* likewise */
	NULS,        /* only NULs so far */
	NULS_DOT,    /* NULs and one dot, all written */
	NULS_DOT_CR, /* the same and a CR, held back */
	TEXT,        /* anything else */
	TEXT_CR,     /* the same, or an empty line, and a CR, held back */
	ENDED,
	REJECTED,
};

/* What one octet brought forth. */
struct step {
	char out[MESSAGE_DATA_OUT_MIN];
	size_t out_len;
	enum state next;
	unsigned repairs;
};

static void emit(struct step *step, const char *text, size_t len)
{
	memcpy(step->out + step->out_len, text, len);
	step->out_len += len;
}

static void line_break(struct step *step, bool bare)
{
	emit(step, "\r\n", 2);
	step->next = bare ? LINE_BARE : LINE;
	step->repairs += bare;
}

/* break_after ends the line that |state| describes, CR still held back or not. */
static void break_after(struct step *step, enum state state, bool bare)
{
	switch (state) {
	case DOT:
	case DOT_CR:
		if (!bare) {
			emit(step, ".\r\n", 3);
			step->next = ENDED;
			return;
		}
		emit(step, "..", 2);
		break;
	case DOT_BARE:
	case DOT_BARE_CR: emit(step, "..", 2); break;
	case NULS_DOT:
	case NULS_DOT_CR:
		emit(step, ".", 1);
		step->repairs++;
		break;
	default: break;
	}
	line_break(step, bare);
}

/* put_in_line handles an octet that is neither CR nor LF, in a state without a held CR. */
static void put_in_line(struct step *step, enum state state, char c)
{
	switch (state) {
	case LINE:
	case LINE_BARE:
		if (c == '.') {
			step->next = state == LINE ? DOT : DOT_BARE;
			return;
		}
		step->next = c == '\0' ? NULS : TEXT;
		break;
	case NULS: step->next = c == '.' ? NULS_DOT : c == '\0' ? NULS : TEXT; break;
	case DOT:
	case DOT_BARE:
		emit(step, ".", 1);
		step->next = c == '\0' ? NULS_DOT : TEXT;
		break;
	case NULS_DOT: step->next = c == '\0' ? NULS_DOT : TEXT; break;
	default: step->next = TEXT; break;
	}
	emit(step, &c, 1);
}

static enum state with_cr(enum state state)
{
	switch (state) {
	case DOT: return DOT_CR;
	case DOT_BARE: return DOT_BARE_CR;
	case NULS_DOT: return NULS_DOT_CR;
	default: return TEXT_CR;
	}
}

static bool holds_cr(enum state state)
{
	return state == DOT_CR || state == DOT_BARE_CR || state == NULS_DOT_CR || state == TEXT_CR;
}

static struct step take_octet(enum state state, char c)
{
	struct step step = { .next = state };

	if (holds_cr(state)) {
		break_after(&step, state, c != '\n');
		if (c == '\n')
			return step;
		state = step.next; /* the held CR was a bare one; |c| begins the next line */
	}
	if (c == '\n')
		break_after(&step, state, true);
	else if (c == '\r')
		step.next = with_cr(state);
	else
		put_in_line(&step, state, c);
	return step;
}

void message_data_init(struct message_data *data, enum message_data_mode mode)
{
	*data = (struct message_data){ .mode = mode, .state = LINE };
}

void message_data_to_end(struct message_data *data)
{
	if (data->state != REJECTED)
		return;
	data->mode = MESSAGE_DATA_NORMALIZE;
	data->state = data->before;
}

/* plain_run: how many octets from |in| are ordinary ones within a line. */
static size_t plain_run(const char *in, size_t len)
{
	size_t i = 0;

	while (i < len && in[i] != '\r' && in[i] != '\n')
		i++;
	return i;
}

enum message_data_status message_data_feed(struct message_data *data, const char *in, size_t in_len, size_t *out_used,
					   char *out, size_t out_cap, size_t *out_len)
{
	size_t used = 0;
	size_t len = 0;
	enum message_data_status status = MESSAGE_DATA_MORE;

	while (used < in_len && data->state != ENDED && data->state != REJECTED) {
		if (data->state == TEXT) {
			size_t room = out_cap - len;
			size_t run = plain_run(in + used, in_len - used < room ? in_len - used : room);
			memcpy(out + len, in + used, run);
			used += run;
			len += run;
			if (used == in_len)
				break;
		}
		struct step step = take_octet((enum state)data->state, in[used]);
		if (step.repairs > 0 && data->mode != MESSAGE_DATA_NORMALIZE) {
			data->before = data->state;
			data->state = REJECTED;
			break;
		}
		if (step.out_len > out_cap - len) {
			status = MESSAGE_DATA_FULL;
			break;
		}
		memcpy(out + len, step.out, step.out_len);
		len += step.out_len;
		used++;
		data->repaired += step.repairs;
		data->state = step.next;
	}
	data->taken += used;
	data->written += len;
	*out_used = used;
	*out_len = len;
	if (data->state == ENDED)
		return MESSAGE_DATA_ENDED;
	return data->state == REJECTED ? MESSAGE_DATA_REJECTED : status;
}
