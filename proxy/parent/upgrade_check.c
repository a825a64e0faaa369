/* upgrade_check.c - what a new program is asked before it takes the place of the old one: `gate25 --upgrade-check`,
 * with the state as descriptor 3 and the configuration in force as 4. It touches nothing. One line: "ok VERSION", or
 * why it would not get ready. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/base/exit_status.h"
#include "proxy/base/log.h"
#include "proxy/base/sealed.h"
#include "proxy/inputs/changes.h"
#include "proxy/parent/parent_private.h"

#define STATE_FD 3
#define CONF_FD  4

static void keep_first(void *arg, const char *file, unsigned line, const char *message)
{
	char *first = arg;

	if (first[0] == '\0' && line > 0)
		(void)snprintf(first, UPGRADE_TEXT_MAX, "%s:%u: %s", file, line, message);
	else if (first[0] == '\0')
		(void)snprintf(first, UPGRADE_TEXT_MAX, "%s: %s", file, message);
}

static bool can_follow(const struct conf *old, const struct conf *new, const struct upgrade_state *state, char *err,
		       size_t err_len)
{
	struct role_user users[ROLE_COUNT];
	const char *key = changes_need_restart(old, new);

	if (key == NULL && new->workers != 0 && new->workers < state->sockets_count)
		key = "workers to fewer";
	if (key != NULL) {
		(void)snprintf(err, err_len, "%s can change only by a restart", key);
		return false;
	}
	return geteuid() != 0 || users_find(users, new, err, err_len);
}

static bool check(const struct upgrade_state *state, const char *old_text, char *err, size_t err_len)
{
	struct programs programs;
	struct inputs inputs;
	struct conf old;
	bool ok = false;

	if (!programs_find(&programs, err, err_len))
		return false;
	err[0] = '\0';
	if (conf_parse(&old, "the configuration in force", old_text, keep_first, err)) {
		ok = inputs_load_for_run(&inputs, state->conf_path, NULL, keep_first, err);
		if (ok) {
			ok = can_follow(&old, &inputs.conf, state, err, err_len);
			inputs_cleanup(&inputs);
		}
	}
	conf_cleanup(&old);
	return ok;
}

int parent_upgrade_check(void)
{
	char err[UPGRADE_TEXT_MAX] = "";
	struct upgrade_state *state = NULL;
	char *old_text = NULL;
	size_t len;
	bool ok = upgrade_state_read(&state, STATE_FD, err, sizeof(err));

	if (ok) {
		old_text = sealed_read(CONF_FD, &len);
		ok = old_text != NULL && check(state, old_text, err, sizeof(err));
	}
	if (ok)
		(void)printf("ok %s\n", GATE25_VERSION);
	else
		(void)printf("%s\n", err[0] != '\0' ? err : "the configuration in force cannot be read");
	free(old_text);
	free(state);
	return ok ? CLI_OK : CLI_FAILED;
}
