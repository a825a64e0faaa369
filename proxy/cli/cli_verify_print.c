/* cli_verify_print.c - what `gate25 verify` says. The texts of certificates are printable: tls_show.h makes them so. */
#include "proxy/cli/cli_verify.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "proxy/tls/tls_show.h"

const char *verify_verdict(const struct judgement *judgement)
{
	if (!judgement->satisfied)
		return "refuse";
	return judgement->authenticated ? "pass" : "unauthenticated";
}

static const char *to_date(time_t when, char out[32])
{
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL || strftime(out, 32, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		(void)snprintf(out, 32, "?");
	return out;
}

/* --- text --------------------------------------------------------------------------------------------------------- */

static void print_line(const struct judgement *judgement)
{
	bool matched = judgement->tlsa[0] != '\0';

	(void)printf("verdict=%s result=%s match=\"%s\" depth=", verify_verdict(judgement),
		     result_word_name(judgement->result), matched ? judgement->tlsa : "-");
	if (matched)
		(void)printf("%d\n", judgement->depth);
	else
		(void)printf("-\n");
}

static void print_record(const struct verify_record *record)
{
	char text[TLSA_TEXT_MAX];

	(void)printf("tlsa %s: ", tlsa_format(&record->tlsa, text));
	if (record->unusable != NULL)
		(void)printf("unusable, %s", record->unusable);
	else if (record->outdone)
		(void)printf("does not count, a stronger digest is there");
	else
		(void)printf("usable");
	if (record->certificate >= 0)
		(void)printf("; of certificate %d", record->certificate);
	(void)printf("\n");
}

static void print_cert(const struct verify *verify, size_t index)
{
	struct tls_shown shown;
	char from[32];
	char to[32];

	if (!tls_show_cert(&shown, verify->chain.certs[index], verify->at)) {
		(void)printf("certificate %zu: no certificate\n", index);
		return;
	}
	(void)printf("certificate %zu: %s\n  issuer: %s\n  valid: %s to %s\n  names: %s\n  key: %s\n", index,
		     shown.subject[0] != '\0' ? shown.subject : "-", shown.issuer[0] != '\0' ? shown.issuer : "-",
		     to_date(shown.not_before, from), to_date(shown.not_after, to),
		     shown.names[0] != '\0' ? shown.names : "-", shown.key);
}

void verify_print(const struct verify *verify)
{
	const struct judgement *judgement = &verify->judgement;
	char date[32];

	print_line(judgement);
	if (judgement->reason[0] != '\0')
		(void)printf("reason: %s\n", judgement->reason);
	if (judgement->matched[0] != '\0')
		(void)printf("matched: %s\n", judgement->matched);
	(void)printf("level: %s, at %s\n", level_name(verify->level), to_date(verify->at, date));
	for (size_t i = 0; i < verify->records_count; i++)
		print_record(&verify->records[i]);
	for (size_t i = 0; i < verify->chain.count; i++)
		print_cert(verify, i);
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

/* string_or_null: "" is null. */
static json_t *string_or_null(const char *text)
{
	return text != NULL && text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *of_record(const struct verify_record *record)
{
	char text[TLSA_TEXT_MAX];

	return json_pack("{s:s, s:b, s:o, s:b, s:o}", "record", tlsa_format(&record->tlsa, text), "usable",
			 record->unusable == NULL, "why", string_or_null(record->unusable), "outdone", record->outdone,
			 "certificate", record->certificate >= 0 ? json_integer(record->certificate) : json_null());
}

static json_t *of_cert(struct tls_der cert, time_t at)
{
	struct tls_shown shown;

	if (!tls_show_cert(&shown, cert, at))
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:s, s:I, s:I}", "subject", string_or_null(shown.subject), "issuer",
			 string_or_null(shown.issuer), "names", string_or_null(shown.names), "key", shown.key,
			 "not_before", (json_int_t)shown.not_before, "not_after", (json_int_t)shown.not_after);
}

static json_t *of_judgement(const struct verify *verify)
{
	const struct judgement *judgement = &verify->judgement;

	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:I}", "verdict", verify_verdict(judgement), "result",
			 result_word_name(judgement->result), "match", string_or_null(judgement->tlsa), "depth",
			 judgement->tlsa[0] != '\0' ? json_integer(judgement->depth) : json_null(), "reason",
			 string_or_null(judgement->reason), "matched", string_or_null(judgement->matched), "level",
			 level_name(verify->level), "at", (json_int_t)verify->at);
}

bool verify_print_json(const struct verify *verify)
{
	json_t *root = of_judgement(verify);
	json_t *records = json_array();
	json_t *certs = json_array();
	bool ok = root != NULL;

	for (size_t i = 0; ok && i < verify->records_count; i++)
		ok = json_array_append_new(records, of_record(&verify->records[i])) == 0;
	for (size_t i = 0; ok && i < verify->chain.count; i++)
		ok = json_array_append_new(certs, of_cert(verify->chain.certs[i], verify->at)) == 0;
	ok = ok && json_object_set(root, "records", records) == 0 &&
	     json_object_set(root, "certificates", certs) == 0 && json_dumpf(root, stdout, JSON_INDENT(2)) == 0 &&
	     putchar('\n') != EOF;
	json_decref(records);
	json_decref(certs);
	json_decref(root);
	return ok;
}
