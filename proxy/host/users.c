/* users.c - see users.h. */
#include "proxy/host/users.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UID_NOBODY 65534

static bool parse_id(const char *text, uid_t *out)
{
	char *end;
	unsigned long value;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	*out = (uid_t)value;
	return errno == 0 && *end == '\0' && value < UINT32_MAX;
}

static bool find(struct role_user *out, const char *name, char *err, size_t err_len)
{
	const struct passwd *user;

	if (parse_id(name, &out->uid)) {
		out->gid = (gid_t)out->uid;
		return true;
	}
	user = getpwnam(name);
	if (user == NULL) {
		(void)snprintf(err, err_len,
			       "there is no user %s: make it with `adduser --system --group --no-create-home %s`", name,
			       name);
		return false;
	}
	out->uid = user->pw_uid;
	out->gid = user->pw_gid;
	return true;
}

bool users_find_uid(uid_t *out, const char *name, char *err, size_t err_len)
{
	struct role_user user;

	if (!find(&user, name, err, err_len))
		return false;
	*out = user.uid;
	return true;
}

bool users_find(struct role_user out[ROLE_COUNT], const struct conf *conf, char *err, size_t err_len)
{
	const char *const given[ROLE_COUNT] = { conf->user, conf->policy_user, conf->monitor_user };

	for (unsigned i = 0; i < ROLE_COUNT; i++) {
		if (!find(&out[i], given[i], err, err_len))
			return false;
		if (out[i].uid == 0 || out[i].uid == UID_NOBODY) {
			(void)snprintf(err, err_len,
				       "user %s has uid %u, which other programs share: give gate25 its own", given[i],
				       (unsigned)out[i].uid);
			return false;
		}
		for (unsigned j = 0; j < i; j++) {
			if (out[i].uid == out[j].uid) {
				(void)snprintf(err, err_len, "%s and %s run as one user: each needs its own",
					       role_name((enum role)j), role_name((enum role)i));
				return false;
			}
		}
	}
	return true;
}
