/* fuzz_upgrade_state.c - what a program hands to the next, as arbitrary octets: what is read is written and read again
 * as the same, and no descriptor in it is two things. */
#include <stdlib.h>
#include <string.h>

#include "proxy/upgrade/upgrade_state.h"

static int seen[UPGRADE_FD_MAX + 1];
static int round_number;

static void look(void *arg, int *fd)
{
	(void)arg;
	if (*fd < 3 || *fd > (int)UPGRADE_FD_MAX || seen[*fd] == round_number)
		abort();
	seen[*fd] = round_number;
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	static struct upgrade_state first;
	static struct upgrade_state second;
	static uint8_t buf[UPGRADE_STATE_MAX];
	char err[512];
	size_t len;

	round_number++;
	if (!upgrade_state_get(&first, in, in_len, err, sizeof(err)))
		return 0;
	upgrade_state_each(&first, look, NULL);
	len = upgrade_state_put(&first, buf, sizeof(buf));
	if (len == 0 || !upgrade_state_get(&second, buf, len, err, sizeof(err)) ||
	    memcmp(&first, &second, sizeof(first)) != 0)
		abort();
	return 0;
}
