/* say.c - see say.h. */
#include "netfilter/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool say(char *err, size_t err_len, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(err, err_len, format, args);
	va_end(args);
	return false;
}

bool say_errno(char *err, size_t err_len, const char *format, ...)
{
	int saved = errno;
	va_list args;
	size_t len;

	va_start(args, format);
	(void)vsnprintf(err, err_len, format, args);
	va_end(args);
	len = strnlen(err, err_len);
	if (len < err_len)
		(void)snprintf(err + len, err_len - len, ": %s%s", strerror(saved),
			       saved == EPERM ? " (it takes root, or CAP_NET_ADMIN)" : "");
	return false;
}
