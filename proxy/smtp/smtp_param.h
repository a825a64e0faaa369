/* smtp_param.h - the ESMTP parameters of MAIL and RCPT (RFC 5321 s. 4.1.2; 1870, 6152, 6531, 3461, 4954, 8689). For
 * smtp_command.c only. */
#ifndef GATE25_PROXY_SMTP_SMTP_PARAM_H
#define GATE25_PROXY_SMTP_SMTP_PARAM_H

#include "proxy/base/attrib.h"
#include "proxy/smtp/smtp_command.h"

/* smtp_params_parse reads |text| (no space at its ends, may be empty) into all of |out| but its path. NULL: fine; else
 * a static reply line: 501 for bad syntax and repetition, 555 for a parameter that gate25 does not know or that belongs
 * to the other command. Which extensions they need is left in |out|->needs. */
MUST_CHECK const char *smtp_params_parse(struct smtp_envelope *out, enum smtp_verb verb, const char *text, size_t len);

#endif
