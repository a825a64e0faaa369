/* tls_pem.c - see tls_pem.h. */
#include "proxy/tls/tls_pem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/tls/tls_blocks.h"

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
	certs[pem->count].bytes = copy;
	certs[pem->count].len = len;
	pem->count++;
	return NULL;
}

static const char *take_block(void *arg, const char *label, const uint8_t *der, size_t len)
{
	if (strcmp(label, "CERTIFICATE") != 0 && strcmp(label, "X509 CERTIFICATE") != 0)
		return NULL;
	return add(arg, der, len);
}

bool tls_pem_read(struct tls_pem *out, const char *name, const char *text, char error[TLS_ERROR_MAX])
{
	const char *wrong;

	*out = (struct tls_pem){ 0 };
	wrong = tls_blocks(text, strlen(text), take_block, out);
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
