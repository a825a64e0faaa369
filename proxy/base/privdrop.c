/* privdrop.c - see privdrop.h. */
#include "proxy/base/privdrop.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define CAP_COUNT_MAX 64

static bool fail(char *err, size_t err_len, const char *what)
{
	(void)snprintf(err, err_len, "%s: %s", what, strerror(errno));
	return false;
}

static bool set_caps(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (unsigned i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(effective >> (32 * i));
		data[i].permitted = (uint32_t)(permitted >> (32 * i));
		data[i].inheritable = (uint32_t)(inheritable >> (32 * i));
	}
	return syscall(SYS_capset, &header, data) == 0;
}

static bool drop_bounding(uint64_t keep)
{
	for (unsigned cap = 0; cap < CAP_COUNT_MAX; cap++) {
		if ((keep & PRIVDROP_CAP(cap)) != 0)
			continue;
		int have = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
		if (have < 0 && errno == EINVAL)
			break; /* past the kernel's last capability */
		if (have == 1 && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0)
			return false;
	}
	return true;
}

void privdrop_no_dumps(void)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

bool privdrop_limit(uint64_t caps, char *err, size_t err_len)
{
	if (!drop_bounding(caps))
		return fail(err, err_len, "cannot drop capabilities from the bounding set");
	if (!set_caps(caps, caps, caps))
		return fail(err, err_len, "cannot limit capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fail(err, err_len, "cannot set no-new-privs");
	return true;
}

bool privdrop_become(uid_t uid, gid_t gid, uint64_t caps, char *err, size_t err_len)
{
	uid_t real, effective, saved;

	if (!drop_bounding(caps))
		return fail(err, err_len, "cannot drop capabilities from the bounding set");
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
		return fail(err, err_len, "cannot keep capabilities");
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
		return fail(err, err_len, "cannot change user");
	if (!set_caps(caps, caps, caps))
		return fail(err, err_len, "cannot limit capabilities");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return fail(err, err_len, "cannot clear ambient capabilities");
	for (unsigned cap = 0; cap < CAP_COUNT_MAX; cap++) {
		if ((caps & PRIVDROP_CAP(cap)) != 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) != 0)
			return fail(err, err_len, "cannot raise an ambient capability");
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fail(err, err_len, "cannot set no-new-privs");
	/* Trust the kernel's answer, not our calls: root kept by accident would be the worst of outcomes. */
	if (getresuid(&real, &effective, &saved) != 0 || real != uid || effective != uid || saved != uid ||
	    (uid != 0 && setuid(0) == 0)) {
		(void)snprintf(err, err_len, "the user was not changed for good");
		return false;
	}
	return true;
}

bool privdrop_none(char *err, size_t err_len)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fail(err, err_len, "cannot set no-new-privs");
	if (!set_caps(0, 0, 0)) /* ambient ones go along */
		return fail(err, err_len, "cannot give up capabilities");
	if (privdrop_have() == 0)
		return true;
	(void)snprintf(err, err_len, "the capabilities were not given up");
	return false;
}

uint64_t privdrop_have(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	if (syscall(SYS_capget, &header, data) != 0)
		return 0;
	return (uint64_t)data[1].effective << 32 | data[0].effective;
}

uint64_t privdrop_worker_caps(void)
{
	struct utsname name;
	unsigned long major;
	unsigned long minor;
	char *dot;
	bool old;

	if (uname(&name) != 0)
		return PRIVDROP_CAP(CAP_NET_RAW);
	major = strtoul(name.release, &dot, 10);
	if (*dot != '.')
		return PRIVDROP_CAP(CAP_NET_RAW);
	minor = strtoul(dot + 1, NULL, 10);
	old = major < 5 || (major == 5 && minor < 17);
	return PRIVDROP_CAP(CAP_NET_RAW) | (old ? PRIVDROP_CAP(CAP_NET_ADMIN) : 0);
}
