/* The session machine under arbitrary events of client, server, TLS and policy; session_harness.h says what must hold.
 */
#include "tests/unit/proxy/session_driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	(void)drive(in, in_len < 4096 ? in_len : 4096);
	return 0;
}
