/* level.c - see level.h. */
#include "proxy/base/level.h"

#include <string.h>

static const struct row {
	const char *name;
	bool permits_clear;
	bool authenticates;
} rows[LEVEL_COUNT] = {
	[LEVEL_UNSET] = { "unset", false, false },
	[LEVEL_NONE] = { "none", true, false },
	[LEVEL_MAY] = { "may", true, false },
	[LEVEL_ENCRYPT] = { "encrypt", false, false },
	[LEVEL_FINGERPRINT] = { "fingerprint", false, true },
	[LEVEL_DANE] = { "dane", false, true },
	[LEVEL_DANE_ONLY] = { "dane-only", false, true },
	[LEVEL_VERIFY] = { "verify", false, true },
	[LEVEL_SECURE] = { "secure", false, true },
};

const char *level_name(enum level level)
{
	return rows[(unsigned)level < LEVEL_COUNT ? level : LEVEL_UNSET].name;
}

bool level_parse(enum level *out, const char *name)
{
	for (unsigned i = LEVEL_NONE; i < LEVEL_COUNT; i++) {
		if (strcmp(rows[i].name, name) == 0) {
			*out = (enum level)i;
			return true;
		}
	}
	*out = LEVEL_UNSET;
	return false;
}

bool level_permits_clear(enum level level)
{
	return (unsigned)level < LEVEL_COUNT && rows[level].permits_clear;
}

bool level_authenticates(enum level level)
{
	return (unsigned)level < LEVEL_COUNT && rows[level].authenticates;
}

bool level_is_dane(enum level level)
{
	return level == LEVEL_DANE || level == LEVEL_DANE_ONLY;
}

bool level_is_named(enum level level)
{
	return level == LEVEL_VERIFY || level == LEVEL_SECURE;
}
