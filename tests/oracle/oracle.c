/* oracle.c - what OpenSSL makes of a chain and its TLSA records. It shares with gate25 no line of code and no library:
 * it is made of this file and of OpenSSL, whose DANE is by other hands than BoringSSL's X.509 and gate25's DANE.
 * tests/boundaries proves it.
 *
 * It reads one case a line, and prints one line for each:
 *
 *   LEVEL <tab> UNIXTIME <tab> FILE.pem <tab> NAME,NAME... <tab> U S M HEX;U S M HEX...
 *   VERDICT <tab> U S M <tab> DEPTH <tab> ERROR <tab> WHY
 *
 * VERDICT is pass, refuse, or unauthenticated where no record was usable; the next two are "-" unless it passed. DEPTH
 * counts in the chain that OpenSSL built, 0 is the leaf; of a bare key in DNS it is the certificate that the key
 * signed. ERROR is OpenSSL's X509_V_ERR number, WHY its text. LEVEL is OpenSSL's security level.
 *
 * The set-up is what RFC 7672 asks of an SMTP client and what Postfix does: usages 0 and 1 are not added (s. 3.1.3), a
 * DANE-EE match looks at no name (s. 3.1.1), there is no trust store. The verification is ssl_verify_cert_chain()'s own
 * sequence over the public functions, without a handshake around it. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct question {
	int level;
	time_t at;
	char *file;
	char *names;
	char *records;
};

struct answer {
	const char *verdict;
	char match[16];
	char depth[16];
	int error;
};

static _Noreturn void die(const char *what, const char *which)
{
	(void)fprintf(stderr, "oracle: %s: %s\n", what, which);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static STACK_OF(X509) * read_chain(const char *file)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	BIO *in = BIO_new_file(file, "r");
	X509 *cert;

	if (chain == NULL || in == NULL)
		die("cannot read", file);
	while ((cert = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(chain, cert) == 0)
			die("out of memory", file);
	if (sk_X509_num(chain) == 0)
		die("no certificate", file);
	ERR_clear_error();
	BIO_free(in);
	return chain;
}

/* --- records ------------------------------------------------------------------------------------------------------ */

static uint8_t read_octet(const char **at)
{
	char *end;
	unsigned long number = strtoul(*at, &end, 10);

	if (end == *at || number > UINT8_MAX)
		die("not a record", *at);
	*at = end;
	return (uint8_t)number;
}

/* add_record says whether OpenSSL can use the record. */
static bool add_record(SSL *ssl, const char *text)
{
	uint8_t usage = read_octet(&text);
	uint8_t selector = read_octet(&text);
	uint8_t mtype = read_octet(&text);
	unsigned char *data;
	long len = 0;
	int added;

	text += strspn(text, " ");
	if (usage == 0 || usage == 1 || text[0] == '\0')
		return false;
	data = OPENSSL_hexstr2buf(text, &len);
	if (data == NULL)
		die("not hexadecimal", text);
	added = SSL_dane_tlsa_add(ssl, usage, selector, mtype, data, (size_t)len);
	OPENSSL_free(data);
	if (added < 0)
		die("SSL_dane_tlsa_add", text);
	ERR_clear_error();
	return added > 0;
}

static size_t add_records(SSL *ssl, char *records)
{
	size_t usable = 0;
	char *rest = NULL;

	for (char *one = strtok_r(records, ";", &rest); one != NULL; one = strtok_r(NULL, ";", &rest))
		usable += add_record(ssl, one) ? 1 : 0;
	return usable;
}

static void enable(SSL *ssl, char *names)
{
	char *rest = NULL;
	char *base = strtok_r(names, ",", &rest);

	if (base == NULL || SSL_dane_enable(ssl, base) <= 0)
		die("SSL_dane_enable", names);
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	(void)SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
	for (char *name = strtok_r(NULL, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest))
		if (SSL_add1_host(ssl, name) != 1)
			die("SSL_add1_host", name);
}

/* --- verification ------------------------------------------------------------------------------------------------- */

static bool verify(SSL *ssl, X509_STORE *nobody, STACK_OF(X509) * chain, const struct question *q, struct answer *out)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;
	bool ok;

	if (ctx == NULL || X509_STORE_CTX_init(ctx, nobody, sk_X509_value(chain, 0), chain) != 1)
		die("X509_STORE_CTX_init", q->file);
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_auth_level(param, SSL_get_security_level(ssl));
	X509_STORE_CTX_set0_dane(ctx, SSL_get0_dane(ssl));
	if (X509_STORE_CTX_set_default(ctx, "ssl_server") != 1 ||
	    X509_VERIFY_PARAM_set1(param, SSL_get0_param(ssl)) != 1)
		die("X509_VERIFY_PARAM_set1", q->file);
	X509_VERIFY_PARAM_set_time(param, q->at);
	ok = X509_verify_cert(ctx) > 0;
	out->error = X509_STORE_CTX_get_error(ctx);
	if (ok != (out->error == X509_V_OK))
		die("X509_verify_cert contradicts itself", q->file);
	SSL_set_verify_result(ssl, out->error);
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

static void tell_match(SSL *ssl, struct answer *out)
{
	uint8_t usage;
	uint8_t selector;
	uint8_t mtype;
	int depth = SSL_get0_dane_authority(ssl, NULL, NULL);

	if (depth < 0 || SSL_get0_dane_tlsa(ssl, &usage, &selector, &mtype, NULL, NULL) < 0)
		die("SSL_get0_dane_authority", "nothing matched, and yet it passed");
	(void)snprintf(out->match, sizeof(out->match), "%u %u %u", usage, selector, mtype);
	(void)snprintf(out->depth, sizeof(out->depth), "%d", depth);
}

static struct answer judge(SSL_CTX *ctx, X509_STORE *nobody, const struct question *q)
{
	struct answer out = { .verdict = "unauthenticated", .match = "-", .depth = "-" };
	STACK_OF(X509) *chain = read_chain(q->file);
	SSL *ssl = SSL_new(ctx);

	if (ssl == NULL)
		die("SSL_new", q->file);
	SSL_set_security_level(ssl, q->level);
	enable(ssl, q->names);
	if (add_records(ssl, q->records) > 0) {
		out.verdict = "refuse";
		if (verify(ssl, nobody, chain, q, &out)) {
			out.verdict = "pass";
			tell_match(ssl, &out);
		}
	}
	SSL_free(ssl);
	sk_X509_pop_free(chain, X509_free);
	return out;
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

static struct question read_question(char *line)
{
	char *fields[5];
	char *rest = line;

	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; i < 5; i++)
		if ((fields[i] = strsep(&rest, "\t")) == NULL)
			die("not a case", line);
	return (struct question){ (int)strtol(fields[0], NULL, 10), (time_t)strtoll(fields[1], NULL, 10), fields[2],
				  fields[3], fields[4] };
}

int main(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	X509_STORE *nobody = X509_STORE_new();
	char *line = NULL;
	size_t cap = 0;

	if (ctx == NULL || nobody == NULL || SSL_CTX_dane_enable(ctx) != 1)
		die("SSL_CTX_dane_enable", "cannot begin");
	while (getline(&line, &cap, stdin) > 0) {
		struct question question = read_question(line);
		struct answer answer = judge(ctx, nobody, &question);
		(void)printf("%s\t%s\t%s\t%d\t%s\n", answer.verdict, answer.match, answer.depth, answer.error,
			     X509_verify_cert_error_string(answer.error));
	}
	free(line);
	X509_STORE_free(nobody);
	SSL_CTX_free(ctx);
	return fflush(stdout) == 0 ? 0 : 1;
}
