/* lists.c - see lists.h. */
#include "policy/tools/lists.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "policy/list/list.h"
#include "policy/tools/load_conf.h"
#include "proxy/base/exit_status.h"
#include "proxy/base/guarded_file.h"
#include "proxy/base/name.h"
#include "proxy/base/sealed.h"

#define DAY_S 86400

struct request {
	const char *domain; /* NULL: check */
	const char *path;
	const char *config;
	struct conf conf;
};

static int usage(void)
{
	(void)fprintf(stderr, "usage: gate25-policyd %s\n", LISTS_SYNOPSIS);
	return CLI_USAGE;
}

static bool parse(struct request *out, int argc, char **argv)
{
	const char *words[3] = { NULL };
	int count = 0;
	bool show;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			out->config = argv[++i];
		else if (argv[i][0] == '-' || count == (int)COUNT(words))
			return false;
		else
			words[count++] = argv[i];
	}
	if (count == 0)
		return false;
	show = strcmp(words[0], "show") == 0;
	if ((!show && strcmp(words[0], "check") != 0) || count < (show ? 2 : 1) || count > (show ? 3 : 2))
		return false;
	out->domain = show ? words[1] : NULL;
	out->path = words[show ? 2 : 1];
	return true;
}

/* find_path takes the configuration's where none was given. */
static bool find_path(struct request *r)
{
	if (r->path != NULL)
		return true;
	if (!load_conf(&r->conf, r->config))
		return false;
	r->path = r->conf.list_file;
	if (r->path == NULL)
		(void)fprintf(stderr, "gate25-policyd: the configuration has no list-file: name a file\n");
	return r->path != NULL;
}

/* --- what it says ------------------------------------------------------------------------------------------------- */

static void print_time(const char *what, uint64_t at)
{
	const time_t time = (time_t)at;
	struct tm tm;
	char text[32] = "?";

	if (gmtime_r(&time, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	(void)printf("%-10s %s", what, text);
}

static void print_days(uint64_t from, uint64_t to)
{
	const uint64_t days = (to - from) / DAY_S;

	(void)printf("%" PRIu64 " day%s", days, days == 1 ? "" : "s");
}

static enum exit_status print_list(const struct request *r, const struct list *list)
{
	const uint64_t now = (uint64_t)time(NULL);
	const uint64_t expires = list_expires(list);

	(void)printf("%s: no defect\n%-10s %zu\n", r->path, "entries", list_count(list));
	print_time("timestamp", list_timestamp(list));
	(void)printf("%s\n", list_timestamp(list) > now ? ": still to come: by this host's clock" : "");
	print_time("expires", expires);
	if (expires > now) {
		(void)printf(", in ");
		print_days(now, expires);
		(void)printf("\n");
		return CLI_OK;
	}
	(void)printf(": ");
	print_days(expires, now);
	(void)printf(" ago: no entry is enforced (list-expired = ignore)\n");
	return CLI_FAILED;
}

static enum exit_status print_entry(const struct request *r, const struct list *list)
{
	char name[CONF_NAME_MAX];
	const char *wrong = name_read(name, r->domain, false);
	struct list_entry entry;

	if (wrong != NULL) {
		(void)fprintf(stderr, "gate25-policyd: the domain %s\n", wrong);
		return CLI_USAGE;
	}
	if (!list_find(list, name, &entry)) {
		(void)printf("%s: not on the list\n", name);
		return CLI_FAILED;
	}
	(void)printf("%s: %s\n", name, entry.enforce ? "enforce" : "testing");
	for (size_t i = 0; i < entry.patterns_count; i++)
		(void)printf("mx %s%s\n", entry.patterns[i].wildcard ? "*." : "", entry.patterns[i].name);
	return CLI_OK;
}

/* --- the commands ------------------------------------------------------------------------------------------------- */

static enum exit_status look(const struct request *r)
{
	char err[LIST_REASON_MAX];
	enum exit_status status;
	struct list *list;
	size_t len;
	char *text = guarded_file_read(r->path, LIST_TEXT_MAX, &len, err, sizeof(err));

	if (text == NULL) {
		(void)fprintf(stderr, "gate25-policyd: %s %s\n", r->path, err);
		return CLI_USAGE;
	}
	list = list_parse(text, len, err, sizeof(err));
	free(text);
	if (list == NULL) {
		(void)printf("%s: refused whole: %s\n", r->path, err);
		return r->domain != NULL ? CLI_USAGE : CLI_FAILED;
	}
	status = r->domain != NULL ? print_entry(r, list) : print_list(r, list);
	list_free(list);
	return status;
}

int lists_main(int argc, char **argv)
{
	struct request r = { 0 };
	int status = CLI_USAGE;

	if (!parse(&r, argc, argv))
		return usage();
	if (find_path(&r))
		status = look(&r);
	conf_cleanup(&r.conf);
	return fflush(stdout) == 0 ? status : CLI_UNDECIDED;
}

int lists_check_main(void)
{
	char err[LIST_REASON_MAX] = "it did not come from gate25 as it should";
	size_t len;
	char *text = sealed_read(STDIN_FILENO, &len);
	struct list *list = text != NULL ? list_parse(text, len, err, sizeof(err)) : NULL;
	const bool good = list != NULL;

	free(text);
	if (good)
		(void)printf("%" PRIu64 " %" PRIu64 " %zu\n", list_timestamp(list), list_expires(list),
			     list_count(list));
	else
		(void)printf("%s\n", err);
	list_free(list);
	return fflush(stdout) == 0 && good ? CLI_OK : CLI_USAGE;
}
