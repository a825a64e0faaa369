/* users.h - the users that the roles run as: names or numbers from the configuration to ids. */
#ifndef GATE25_PROXY_HOST_USERS_H
#define GATE25_PROXY_HOST_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "proxy/base/attrib.h"
#include "proxy/base/conf.h"
#include "proxy/base/role.h"

struct role_user {
	uid_t uid;
	gid_t gid;
};

/* users_find fills one entry for each role. Refused: an unknown name, uid 0 and 65534 (many programs share those, and
 * the guards know gate25 by its uid), one uid for two roles. False with a sentence. */
MUST_CHECK bool users_find(struct role_user out[ROLE_COUNT], const struct conf *conf, char *err, size_t err_len);

/* users_find_uid resolves one name or number. */
MUST_CHECK bool users_find_uid(uid_t *out, const char *name, char *err, size_t err_len);

#endif
