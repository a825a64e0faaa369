/* say.h - one way to fail: a sentence, and false. */
#ifndef GATE25_NETFILTER_SAY_H
#define GATE25_NETFILTER_SAY_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/base/attrib.h"

/* say writes the sentence to |err| and returns false. */
bool say(char *err, size_t err_len, const char *format, ...) PRINTF_LIKE(3, 4);
/* say_errno appends ": " and errno's text, and what to do about a lack of privilege. */
bool say_errno(char *err, size_t err_len, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
