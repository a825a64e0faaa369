/* fuzz_tlsrpt.c - a TLSRPT record as a stranger publishes it, and a report as a worker could send it: what is taken is
 * put and taken again, and becomes a datagram that a JSON reader takes. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "policy/tlsrpt/tlsrpt_datagram.h"
#include "policy/tlsrpt/tlsrpt_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void try_record(const uint8_t *in, size_t in_len)
{
	struct dns_txt texts[2];
	char out[TLSRPT_RECORD_MAX];
	char err[DNS_REASON_MAX] = "";
	char again[TLSRPT_RECORD_MAX];
	const uint8_t *second = memchr(in, '\n', in_len);
	size_t first = second != NULL ? (size_t)(second - in) : in_len;

	texts[0] = (struct dns_txt){ (char *)(uintptr_t)in, first };
	texts[1] = (struct dns_txt){ (char *)(uintptr_t)(in + first), in_len - first };
	if (tlsrpt_record_choose(out, texts, second != NULL ? 2 : 1, err, sizeof(err)) != TLSRPT_RECORD_VALID) {
		must(out[0] == '\0');
		return;
	}
	for (const char *c = out; *c != '\0'; c++)
		must((*c >= ' ' && *c <= '~') || *c == '\t');
	texts[0] = (struct dns_txt){ out, strlen(out) };
	must(tlsrpt_record_choose(again, texts, 1, err, sizeof(err)) == TLSRPT_RECORD_VALID && strcmp(again, out) == 0);
}

static void try_datagram(const struct tls_report *report, const uint8_t *in, size_t in_len)
{
	const struct tlsrpt_text text = { (const char *)in, in_len };
	json_error_t err;
	size_t len;
	char *datagram = tlsrpt_datagram(report, "v=TLSRPTv1; rua=mailto:a@b.example", &text, &len);

	must(datagram != NULL && len <= TLSRPT_DATAGRAM_MAX && len == strlen(datagram));
	json_t *json = json_loads(datagram, JSON_REJECT_DUPLICATES, &err);
	must(json != NULL && json_array_size(json_object_get(json, "policies")) == report->policies_count);
	json_decref(json);
	free(datagram);
}

static void try_report(const uint8_t *in, size_t in_len)
{
	static uint8_t bytes[TLS_REPORT_BYTES_MAX];
	struct wire_reader r;
	struct wire_writer w;

	wire_reader_init(&r, in, in_len);
	struct tls_report *report = tls_report_get(&r);
	if (report == NULL)
		return;
	try_datagram(report, in, in_len);
	wire_writer_init(&w, bytes, sizeof(bytes));
	tls_report_put(&w, report);
	if (in_len <= TLS_REPORT_BYTES_MAX) {
		wire_reader_init(&r, bytes, w.len);
		struct tls_report *again = tls_report_get(&r);
		must(!w.failed && again != NULL);
		tls_report_free(again);
	}
	tls_report_free(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	if (in_len > 2 * TLS_REPORT_BYTES_MAX)
		return 0;
	try_record(in, in_len);
	try_report(in, in_len);
	return 0;
}
