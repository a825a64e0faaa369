/* name.h - domain names as an operator writes them: in the configuration, and in files that it names. */
#ifndef GATE25_BASE_NAME_H
#define GATE25_BASE_NAME_H

#include <stdbool.h>

#include "proxy/base/attrib.h"
#include "proxy/base/conf.h" /* CONF_NAME_MAX */

/* name_read copies a name in lower case; |dot|: with a leading dot, which stays, or without. NULL when sound, else
 * what is wrong, as the end of a sentence that began with the name. Names are A-labels (RFC 1123 s. 2.1), and may have
 * the underscore that some internal zones have. */
MUST_CHECK const char *name_read(char out[CONF_NAME_MAX], const char *text, bool dot);

#endif
