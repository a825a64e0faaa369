/* report_words.c - see report.h: what its forms have in common. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "proxy/base/printable.h"
#include "proxy/report/report.h"

#define WORDS_MAX 12 /* different ones that are listed */

const char *report_domain_label(const char *name)
{
	if (name[0] == '\0')
		return "(no domain)";
	return strcmp(name, HISTORY_REST) == 0 ? "(not listed)" : name;
}

/* A few words, each with a number. */
struct tally {
	const char *words[WORDS_MAX];
	uint64_t numbers[WORDS_MAX];
	size_t count;
	uint64_t others;
};

static void count(struct tally *tally, const char *word, uint64_t number)
{
	size_t i = 0;

	while (i < tally->count && strcmp(tally->words[i], word) != 0)
		i++;
	if (number == 0)
		return;
	if (i == WORDS_MAX) {
		tally->others += number;
		return;
	}
	if (i == tally->count) {
		tally->words[i] = word;
		tally->numbers[i] = 0;
		tally->count++;
	}
	tally->numbers[i] += number;
}

static void write_tally(char out[REPORT_TEXT_MAX], const struct tally *tally)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < tally->count; i++)
		len += (size_t)snprintf(out + len, REPORT_TEXT_MAX - len, "%s%s %" PRIu64, i > 0 ? ", " : "",
					tally->words[i], tally->numbers[i]);
	if (tally->others > 0)
		(void)snprintf(out + len, REPORT_TEXT_MAX - len, ", others %" PRIu64, tally->others);
	printable_text(out);
}

void report_tls_text(char out[REPORT_TEXT_MAX], const struct history_row *rows, size_t rows_count)
{
	struct tally tally = { .count = 0 };

	for (size_t i = 0; i < rows_count; i++)
		count(&tally, rows[i].tls[0] != '\0' ? rows[i].tls : "without TLS", rows[i].sessions);
	write_tally(out, &tally);
}

void report_policy_text(char out[REPORT_TEXT_MAX], const struct history_row *rows, size_t rows_count)
{
	struct tally tally = { .count = 0 };

	for (size_t i = 0; i < rows_count; i++)
		count(&tally, demand_basis_name(rows[i].policy), rows[i].sessions);
	write_tally(out, &tally);
}

void report_clients_text(char out[REPORT_TEXT_MAX], const struct report_place *place)
{
	char addr[ADDR_TEXT_MAX];
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < place->clients_count; i++)
		len += (size_t)snprintf(out + len, REPORT_TEXT_MAX - len, "%s%s", i > 0 ? ", " : "",
					addr_format(&place->clients[i], addr));
	if (place->clients_more)
		(void)snprintf(out + len, REPORT_TEXT_MAX - len, " and others");
}

void report_time_text(char out[32], uint64_t time_s)
{
	time_t when = (time_t)time_s;
	struct tm tm;

	if (localtime_r(&when, &tm) == NULL || strftime(out, 32, "%F %H:%M", &tm) == 0)
		(void)snprintf(out, 32, "%" PRIu64, time_s);
}
