/* tls_pem.c - see tls_pem.h. */
#include "proxy/tls/tls_pem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/pem.h>

static const char *add(struct tls_pem *pem, const uint8_t *der, size_t len)
{
	struct tls_der *certs = realloc(pem->certs, (pem->count + 1) * sizeof(*certs));
	uint8_t *copy = malloc(len + 1);

	if (certs != NULL)
		pem->certs = certs;
	if (certs == NULL || copy == NULL) {
		free(copy);
		return "could not be read: out of memory.";
	}
	if (len > 0)
		memcpy(copy, der, len);
	pem->certs[pem->count++] = (struct tls_der){ copy, len };
	return NULL;
}

/* next_block reads one block. False at the end, and with |*out_wrong| set where something is. */
static bool next_block(struct tls_pem *pem, BIO *in, const char **out_wrong)
{
	char *label = NULL;
	char *header = NULL;
	uint8_t *der = NULL;
	long der_len = 0;
	bool ok = false;

	if (PEM_read_bio(in, &label, &header, &der, &der_len) == 1) {
		if (strcmp(label, "CERTIFICATE") == 0 || strcmp(label, "X509 CERTIFICATE") == 0)
			*out_wrong = add(pem, der, (size_t)der_len);
		ok = *out_wrong == NULL;
	} else if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
		*out_wrong = "is damaged: a block of it cannot be read.";
	}
	OPENSSL_free(label);
	OPENSSL_free(header);
	OPENSSL_free(der);
	return ok;
}

bool tls_pem_read(struct tls_pem *out, const char *name, const char *text, char error[TLS_ERROR_MAX])
{
	BIO *in = BIO_new_mem_buf(text, -1);
	const char *wrong = in == NULL ? "could not be read: out of memory." : NULL;

	*out = (struct tls_pem){ 0 };
	while (wrong == NULL && next_block(out, in, &wrong))
		continue;
	BIO_free(in);
	ERR_clear_error();
	if (wrong == NULL && out->count == 0)
		wrong = "holds no certificate (-----BEGIN CERTIFICATE-----).";
	if (wrong == NULL)
		return true;
	(void)snprintf(error, TLS_ERROR_MAX, "%.160s %s", name, wrong);
	tls_pem_cleanup(out);
	return false;
}

void tls_pem_cleanup(struct tls_pem *pem)
{
	for (size_t i = 0; i < pem->count; i++)
		free((uint8_t *)pem->certs[i].bytes);
	free(pem->certs);
	*pem = (struct tls_pem){ 0 };
}
