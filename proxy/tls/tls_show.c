/* tls_show.c - see tls_show.h. */
#include "proxy/tls/tls_show.h"

#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>

#include "proxy/base/printable.h"
#include "proxy/tls/tls_chain.h"
#include "proxy/tls/tls_compat.h"

static void append(char *out, const char *text, size_t len)
{
	size_t at = strlen(out);

	for (size_t i = 0; i < len && at + 1 < TLS_SHOW_MAX; i++)
		out[at++] = text[i] != '"' ? printable(text[i]) : '?';
	out[at] = '\0';
}

static void show_dn(char out[TLS_SHOW_MAX], X509_NAME *name)
{
	const unsigned long how = XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_SPC_EQ | XN_FLAG_FN_SN |
				  (ASN1_STRFLGS_RFC2253 & ~ASN1_STRFLGS_ESC_2253);
	BIO *bio = BIO_new(BIO_s_mem());
	const uint8_t *text;
	size_t len;

	if (bio != NULL && X509_NAME_print_ex(bio, name, 0, how) >= 0 && BIO_mem_contents(bio, &text, &len) == 1)
		append(out, (const char *)text, len);
	BIO_free(bio);
}

static void show_names(char out[TLS_SHOW_MAX], X509 *cert)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

	for (size_t i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		if (name->type != GEN_DNS)
			continue;
		size_t len = (size_t)ASN1_STRING_length(name->d.dNSName);
		if (strlen(out) + len + 6 > TLS_SHOW_MAX) {
			append(out, " ...", 4);
			break;
		}
		append(out, " ", out[0] != '\0' ? 1 : 0);
		append(out, (const char *)ASN1_STRING_get0_data(name->d.dNSName), len);
	}
	GENERAL_NAMES_free(names);
}

static void show_key(char *out, size_t cap, X509 *cert)
{
	EVP_PKEY *key = tls_compat_pubkey(cert);

	switch (key != NULL ? EVP_PKEY_id(key) : EVP_PKEY_NONE) {
	case EVP_PKEY_RSA: (void)snprintf(out, cap, "RSA %d", EVP_PKEY_bits(key)); return;
	case EVP_PKEY_EC: (void)snprintf(out, cap, "EC %d", EVP_PKEY_bits(key)); return;
	case EVP_PKEY_ED25519: (void)snprintf(out, cap, "Ed25519"); return;
	default: (void)snprintf(out, cap, "-"); return;
	}
}

/* Old and new BoringSSL have this one way in common. */
static time_t to_time(const ASN1_TIME *when, time_t now)
{
	ASN1_TIME *from = ASN1_TIME_set(NULL, now);
	int days;
	int seconds;
	bool ok = from != NULL && ASN1_TIME_diff(&days, &seconds, from, when) == 1;

	ASN1_TIME_free(from);
	return ok ? now + (time_t)days * 86400 + seconds : 0;
}

bool tls_show_cert(struct tls_shown *out, struct tls_der cert, time_t now)
{
	const uint8_t *at = cert.bytes;
	X509 *x509 = cert.bytes != NULL ? d2i_X509(NULL, &at, (long)cert.len) : NULL;
	bool ok = x509 != NULL && at == cert.bytes + cert.len;

	*out = (struct tls_shown){ 0 };
	if (ok) {
		show_dn(out->subject, X509_get_subject_name(x509));
		show_dn(out->issuer, X509_get_issuer_name(x509));
		show_names(out->names, x509);
		show_key(out->key, sizeof(out->key), x509);
		out->not_before = to_time(X509_get0_notBefore(x509), now);
		out->not_after = to_time(X509_get0_notAfter(x509), now);
	}
	X509_free(x509);
	ERR_clear_error();
	return ok;
}

bool tls_show_issued(struct tls_der issuer, struct tls_der cert)
{
	X509 *above = tls_cert_parse(issuer);
	X509 *below = tls_cert_parse(cert);
	EVP_PKEY *key = above != NULL ? tls_compat_pubkey(above) : NULL;
	bool issued = key != NULL && below != NULL && X509_check_issued(above, below) == X509_V_OK &&
		      X509_verify(below, key) == 1;

	X509_free(above);
	X509_free(below);
	ERR_clear_error();
	return issued;
}
