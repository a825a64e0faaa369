/* fuzz_message_data.c - any octets, any cut: no bare CR or LF gets out, the only CRLF.CRLF is the end, and all of it is
 * what message_reference.h says. The first octet chooses mode and size of the pieces. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/smtp/message_data.h"
#include "tests/unit/proxy/message_reference.h"

#define ROOM (1 << 16)

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static size_t run(char *out, enum message_data_mode mode, const char *in, size_t len, size_t step, size_t room,
		  enum message_data_status *out_status)
{
	struct message_data data;
	size_t at = 0;
	size_t n = 0;

	*out_status = MESSAGE_DATA_MORE;
	message_data_init(&data, mode);
	while (at < len && *out_status != MESSAGE_DATA_ENDED && *out_status != MESSAGE_DATA_REJECTED) {
		size_t used;
		size_t made;
		*out_status = message_data_feed(&data, in + at, step < len - at ? step : len - at, &used, out + n,
						room < ROOM - n ? room : ROOM - n, &made);
		check(used > 0 || *out_status == MESSAGE_DATA_REJECTED);
		at += used;
		n += made;
	}
	check(data.taken == at && data.written == n);
	return n;
}

/* A message that is rejected ends where it would have. */
static void check_end(const char *in, size_t in_len)
{
	static char out[ROOM];
	struct message_reference r = message_reference(out, in, in_len);
	struct message_data data;
	size_t at = 0;
	size_t used;
	size_t made;
	enum message_data_status status;

	message_data_init(&data, MESSAGE_DATA_REJECT);
	do {
		status = message_data_feed(&data, in + at, in_len - at, &used, out, sizeof(out), &made);
		at += used;
		if (status == MESSAGE_DATA_REJECTED)
			message_data_to_end(&data);
	} while (status == MESSAGE_DATA_REJECTED);
	check((status == MESSAGE_DATA_ENDED) == r.ended && at == r.taken);
}

/* At most two octets are held back until it is known what they are. */
static void check_reference(enum message_data_mode mode, enum message_data_status status, const char *in, size_t in_len,
			    const char *out, size_t out_len)
{
	static char wanted[ROOM];
	struct message_reference r = message_reference(wanted, in, in_len);
	size_t most = mode == MESSAGE_DATA_REJECT ? r.clean_len : r.len;

	check(out_len <= most && memcmp(out, wanted, out_len) == 0 && out_len + 2 >= most);
	if (mode == MESSAGE_DATA_REJECT)
		check((status == MESSAGE_DATA_REJECTED) == r.repaired);
	check((status == MESSAGE_DATA_ENDED) == (r.ended && (mode == MESSAGE_DATA_NORMALIZE || !r.repaired)));
	check(status != MESSAGE_DATA_ENDED || out_len == r.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	static char whole[ROOM + 2] = "\r\n";
	static char pieces[ROOM];
	enum message_data_status status;
	enum message_data_status status_of_pieces;

	if (in_len < 1 || in_len > ROOM / 4)
		return 0;
	enum message_data_mode mode = (in[0] & 1) != 0 ? MESSAGE_DATA_NORMALIZE : MESSAGE_DATA_REJECT;
	const char *text = (const char *)in + 1;
	size_t len = run(whole + 2, mode, text, in_len - 1, in_len, ROOM, &status);
	size_t len_of_pieces = run(pieces, mode, text, in_len - 1, (size_t)(in[0] >> 1) % 16 + 1, MESSAGE_DATA_OUT_MIN,
				   &status_of_pieces);

	check(len == len_of_pieces && memcmp(whole + 2, pieces, len) == 0);
	check((status == MESSAGE_DATA_ENDED) == (status_of_pieces == MESSAGE_DATA_ENDED));
	check_reference(mode, status, text, in_len - 1, whole + 2, len);
	check_end(text, in_len - 1);
	for (size_t i = 0; i < len + 2; i++) {
		check(whole[i] != '\r' || (i + 1 < len + 2 && whole[i + 1] == '\n'));
		check(whole[i] != '\n' || whole[i - 1] == '\r');
	}
	const char *end = memmem(whole, len + 2, "\r\n.\r\n", 5);
	check((end != NULL) == (status == MESSAGE_DATA_ENDED));
	check(end == NULL || end + 5 == whole + len + 2);
	return 0;
}
