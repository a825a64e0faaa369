/* fuzz_machine.c - sessions by script: client, server, policy, TLS and time, each doing what it likes, one record a
 * step. session_observer.h and session_harness.h say what must hold at each; and at the end of each script only time
 * passes, so that every state that was reached is one that leads to an end. */
#include "tests/unit/proxy/session_script.h"

#define SCRIPT_MAX 600 /* octets */

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);
size_t LLVMFuzzerCustomMutator(uint8_t *in, size_t len, size_t cap, unsigned seed);
/* libFuzzer's; the replay of seeds has none. */
size_t LLVMFuzzerMutate(uint8_t *in, size_t len, size_t cap) __attribute__((weak));

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	(void)run_script(in, in_len < SCRIPT_MAX ? in_len : SCRIPT_MAX);
	return 0;
}

static size_t insert_record(uint8_t *in, size_t len, size_t at, const uint8_t record[SCRIPT_RECORD])
{
	memmove(in + at + SCRIPT_RECORD, in + at, len - at);
	memcpy(in + at, record, SCRIPT_RECORD);
	return len + SCRIPT_RECORD;
}

static size_t remove_record(uint8_t *in, size_t len, size_t at)
{
	memmove(in + at, in + at + SCRIPT_RECORD, len - at - SCRIPT_RECORD);
	return len - SCRIPT_RECORD;
}

/* Whole records come, go and change places; within one, libFuzzer does what it always does. */
size_t LLVMFuzzerCustomMutator(uint8_t *in, size_t len, size_t cap, unsigned seed)
{
	size_t count = len / SCRIPT_RECORD;
	size_t at;
	size_t from;
	uint8_t record[SCRIPT_RECORD] = { (uint8_t)(seed >> 4), (uint8_t)(seed >> 12), (uint8_t)(seed >> 20),
					  (uint8_t)(seed >> 24) };
	bool room;

	cap = cap < SCRIPT_MAX ? cap : SCRIPT_MAX;
	len = count * SCRIPT_RECORD < cap ? count * SCRIPT_RECORD : cap;
	count = len / SCRIPT_RECORD;
	room = len + SCRIPT_RECORD <= cap;
	at = count > 0 ? (seed >> 8) % count * SCRIPT_RECORD : 0;
	from = count > 0 ? (seed >> 16) % count * SCRIPT_RECORD : 0;
	if (LLVMFuzzerMutate == NULL)
		return len;
	switch (seed % 8) {
	case 0:
	case 1:
		if (room)
			return insert_record(in, len, at, record);
		break;
	case 2:
		if (count > 1)
			return remove_record(in, len, at);
		break;
	case 3:
		if (count > 0 && room) {
			memcpy(record, in + from, SCRIPT_RECORD);
			return insert_record(in, len, at, record);
		}
		break;
	case 4:
		if (count > 0) {
			memcpy(in + at, record, SCRIPT_RECORD);
			return len;
		}
		break;
	case 5:
		if (count > 0) {
			(void)LLVMFuzzerMutate(in + at, SCRIPT_RECORD, SCRIPT_RECORD);
			return len;
		}
		break;
	default: break;
	}
	return LLVMFuzzerMutate(in, len, cap);
}
