/* cli_report.c - gate25 report: what became of mail, and what enforcement would refuse. Needs no running gate. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proxy/base/conf.h"
#include "proxy/cli/cli.h"
#include "proxy/cli/cli_args.h"
#include "proxy/inputs/inputs.h"
#include "proxy/report/report.h"

#define SINCE_DEFAULT "7d"

struct wish {
	const char *conf;
	const char *state_dir; /* NULL: the configuration's */
	const char *html;      /* a file; "-": standard output; NULL: no HTML */
	bool json;
	bool all;
	char domain[CONF_NAME_MAX];
	uint64_t since_s;
	uint64_t until_s;
};

static int usage(FILE *out, int status)
{
	(void)fprintf(
		out,
		"usage: gate25 report [--since TIME] [--until TIME] [--domain DOMAIN] [--all] [--json] [--html FILE]\n"
		"                     [--config FILE] [--state-dir DIR]\n\n"
		"What became of mail, by domain and destination: what an operator reads before enforce = yes.\n"
		"  --since TIME     7d, 12h, 2w ago, or 2026-11-20, 2026-11-20T14:00 (local time); "
		"default " SINCE_DEFAULT "\n"
		"  --until TIME     default: now\n"
		"  --domain DOMAIN  of this one alone; .DOMAIN: of those below it\n"
		"  --all            every domain, not the first of them\n"
		"  --json           all of it for programs\n"
		"  --html FILE      as a page, in one file\n"
		"  --config FILE    names the folder (state-dir); default %s\n"
		"  --state-dir DIR  the folder, whatever the configuration says\n\n"
		"Exit status: 0 nothing was refused nor would have been, 1 something was or would have been, 2 usage, "
		"3 "
		"there is no history.\n",
		CONF_DEFAULT_PATH);
	return status;
}

/* ago_of reads "7d". */
static bool ago_of(uint64_t *out, const char *text, uint64_t now_s)
{
	static const struct {
		char unit;
		uint64_t s;
	} units[] = { { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 7 * 86400 } };
	char *end;
	unsigned long number;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoul(text, &end, 10);
	for (size_t i = 0; i < COUNT(units); i++) {
		if (end[0] != units[i].unit || end[1] != '\0' || errno != 0 || number > 1000000)
			continue;
		*out = now_s > number * units[i].s ? now_s - number * units[i].s : 0;
		return true;
	}
	return false;
}

static bool time_of(uint64_t *out, const char *text, uint64_t now_s)
{
	static const char *const formats[] = { "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M" };

	if (ago_of(out, text, now_s))
		return true;
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *rest = strptime(text, formats[i], &tm);
		time_t when = rest != NULL && *rest == '\0' ? mktime(&tm) : -1;
		if (when >= 0) {
			*out = (uint64_t)when;
			return true;
		}
	}
	return false;
}

/* take_domain: names as policy has them; what is no name, as an address literal, goes as it is. */
static bool take_domain(struct wish *wish, const char *text)
{
	bool below = text[0] == '.';
	char name[CONF_NAME_MAX];

	if (!cli_host(name, text + below)) {
		if (below || text[0] != '[' || strlen(text) >= sizeof(name))
			return false;
		memcpy(name, text, strlen(text) + 1);
	}
	return (size_t)snprintf(wish->domain, sizeof(wish->domain), "%s%s", below ? "." : "", name) <
	       sizeof(wish->domain);
}

/* --- no history: why, in one sentence ----------------------------------------------------------------------------- */

static int PRINTF_LIKE(1, 2) none(const char *format, ...)
{
	va_list args;

	(void)fputs("gate25: ", stderr);
	va_start(args, format);
	/* clang 14 loses sight of va_start here. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	return CLI_UNDECIDED;
}

static int cannot_open(const char *path)
{
	switch (errno) {
	case EACCES: return none("%s may be read by root and the group of gate25 only: run this as root", path);
	case ENOENT:
		return none("there is no history at %s: has the gate run since it has state-dir? (gate25 check says "
			    "what is "
			    "wrong with it)",
			    path);
	case ELOOP:
	case ENOTDIR: return none("%s is no folder", path);
	default: return none("cannot read %s: %s", path, strerror(errno));
	}
}

/* folder_of writes the folder's path. CLI_OK, or a sentence was said. */
static int folder_of(const struct wish *wish, char out[4096])
{
	struct conf conf;
	const char *lacks = NULL;

	if (wish->state_dir != NULL) {
		(void)snprintf(out, 4096, "%s/report", wish->state_dir);
		return CLI_OK;
	}
	if (!inputs_load_conf(&conf, wish->conf, conf_print_error, NULL))
		return CLI_USAGE;
	if (conf.state_dir[0] == '\0')
		lacks = "state-dir = off";
	else if (!conf.monitor)
		lacks = "monitor = off";
	else if (conf.history_mib == 0)
		lacks = "history-size = 0";
	(void)snprintf(out, 4096, "%s/report", conf.state_dir);
	if (lacks != NULL && access(out, F_OK) == 0) {
		(void)fprintf(stderr, "gate25: %s: nothing is added to the history any more\n", lacks);
		lacks = NULL;
	}
	conf_cleanup(&conf);
	return lacks != NULL ? none("no history is kept: the configuration has %s", lacks) : CLI_OK;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static int cannot_write(const char *path)
{
	(void)fprintf(stderr, "gate25: cannot write %s: %s\n", path, strerror(errno));
	return CLI_UNDECIDED;
}

/* write_html puts the whole file in place at once. */
static int write_html(const struct report *report, const char *path)
{
	char temporary[4096];
	mode_t mask = umask(0);
	FILE *out;
	bool ok;
	int fd;

	(void)umask(mask);
	if (strcmp(path, "-") == 0)
		return report_html(report, stdout) ? CLI_OK : cannot_write("standard output");
	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= sizeof(temporary)) {
		errno = ENAMETOOLONG;
		return cannot_write(path);
	}
	fd = mkstemp(temporary);
	if (fd < 0)
		return cannot_write(path);
	out = fdopen(fd, "w");
	if (out == NULL) {
		(void)close(fd);
		(void)unlink(temporary);
		return cannot_write(path);
	}
	ok = report_html(report, out) && fchmod(fd, 0666 & ~mask) == 0 && fsync(fd) == 0;
	ok = fclose(out) == 0 && ok && rename(temporary, path) == 0;
	if (ok)
		return CLI_OK;
	int saved = errno;
	(void)unlink(temporary);
	errno = saved;
	return cannot_write(path);
}

static int show(const struct wish *wish, const struct report *report)
{
	int status = CLI_OK;

	if (wish->html != NULL)
		status = write_html(report, wish->html);
	if (status == CLI_OK && wish->json && !report_json(report, stdout))
		status = cannot_write("standard output");
	if (status == CLI_OK && !wish->json && wish->html == NULL && !report_text(report, wish->all, stdout))
		status = cannot_write("standard output");
	if (status != CLI_OK)
		return status;
	return report_has_trouble(&report->sums) ? CLI_FAILED : CLI_OK;
}

static int run(const struct wish *wish)
{
	char path[4096];
	struct report report;
	int status = folder_of(wish, path);
	int dir;

	if (status != CLI_OK)
		return status;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return cannot_open(path);
	if (!report_read(&report, dir, wish->since_s, wish->until_s, wish->domain[0] != '\0' ? wish->domain : NULL)) {
		status = none("the history cannot be read: %s", strerror(errno));
	} else if (report.hours == 0) {
		status = report.unreadable + report.damaged > 0
				 ? none("nothing in %s can be read: run this as root", path)
				 : none("%s has nothing of this time (see --since)", path);
	} else {
		status = show(wish, &report);
	}
	report_cleanup(&report);
	(void)close(dir);
	return status;
}

int cli_report(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "since", required_argument, NULL, 's' },  { "until", required_argument, NULL, 'u' },
		{ "domain", required_argument, NULL, 'd' }, { "all", no_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },         { "html", required_argument, NULL, 'w' },
		{ "config", required_argument, NULL, 'c' }, { "state-dir", required_argument, NULL, 'S' },
		{ "help", no_argument, NULL, 'h' },         { NULL, 0, NULL, 0 },
	};
	const uint64_t now_s = (uint64_t)time(NULL);
	struct wish wish = { .conf = CONF_DEFAULT_PATH, .until_s = now_s };
	int option;

	(void)ago_of(&wish.since_s, SINCE_DEFAULT, now_s);
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 's':
		case 'u':
			if (!time_of(option == 's' ? &wish.since_s : &wish.until_s, optarg, now_s))
				return cli_wrong("%s is no time: write 7d, 12h or 2026-11-20", optarg);
			break;
		case 'd':
			if (!take_domain(&wish, optarg))
				return cli_wrong("%s is no domain", optarg);
			break;
		case 'a': wish.all = true; break;
		case 'j': wish.json = true; break;
		case 'w': wish.html = optarg; break;
		case 'c': wish.conf = optarg; break;
		case 'S': wish.state_dir = optarg; break;
		case 'h': return usage(stdout, CLI_OK);
		default: return usage(stderr, CLI_USAGE);
		}
	}
	if (optind != argc)
		return usage(stderr, CLI_USAGE);
	if (wish.since_s >= wish.until_s)
		return cli_wrong("the time since when is not before the time until when");
	if (wish.json && wish.html != NULL && strcmp(wish.html, "-") == 0)
		return cli_wrong("--json and --html - both want standard output");
	return run(&wish);
}
