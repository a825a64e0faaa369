/* fuzz_monitor_request.c - the head of an HTTP request from whoever reaches the monitor's port. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/monitor/monitor_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	struct monitor_request request;

	monitor_request_parse(&request, in, in_len);
	if (memchr(request.path, '\0', sizeof(request.path)) == NULL)
		abort();
	if ((request.status == 200) != (request.path[0] == '/'))
		abort();
	return 0;
}
