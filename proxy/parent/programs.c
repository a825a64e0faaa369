/* programs.c - see programs.h. */
#include "proxy/parent/programs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FALLBACK "/usr/libexec/gate25/gate25-policyd"

bool programs_find(struct programs *out, char *err, size_t err_len)
{
	ssize_t len = readlink("/proc/self/exe", out->gate25, sizeof(out->gate25) - 1);
	const char *slash;

	if (len <= 0) {
		(void)snprintf(err, err_len, "cannot find my own program: is /proc mounted?");
		return false;
	}
	out->gate25[len] = '\0';
	slash = strrchr(out->gate25, '/');
	(void)snprintf(out->policy, sizeof(out->policy), "%.*s/gate25-policyd", (int)(slash - out->gate25),
		       out->gate25);
	if (access(out->policy, X_OK) != 0)
		(void)snprintf(out->policy, sizeof(out->policy), "%s", FALLBACK);
	if (access(out->policy, X_OK) == 0)
		return true;
	(void)snprintf(err, err_len, "gate25-policyd is neither beside gate25 nor at %s", FALLBACK);
	return false;
}
