/* tls_blocks.c - see tls_blocks.h. */
#include "proxy/tls/tls_blocks.h"

#include <limits.h>
#include <stdbool.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/pem.h>

/* next_block reads one block. False at the end, and with |*out_wrong| set where something is. */
static bool next_block(BIO *in, tls_block_fn *fn, void *arg, const char **out_wrong)
{
	char *label = NULL;
	char *header = NULL;
	uint8_t *der = NULL;
	long der_len = 0;
	bool ok = false;

	if (PEM_read_bio(in, &label, &header, &der, &der_len) == 1) {
		*out_wrong = fn(arg, label, der, (size_t)der_len);
		ok = *out_wrong == NULL;
	} else if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
		*out_wrong = "is damaged: a block of it cannot be read.";
	}
	OPENSSL_free(label);
	OPENSSL_free(header);
	OPENSSL_free(der);
	return ok;
}

const char *tls_blocks(const char *pem, size_t pem_len, tls_block_fn *fn, void *arg)
{
	BIO *in = pem_len <= INT_MAX ? BIO_new_mem_buf(pem, (int)pem_len) : NULL;
	const char *wrong = in == NULL ? "could not be read: out of memory." : NULL;

	while (wrong == NULL && next_block(in, fn, arg, &wrong))
		continue;
	BIO_free(in);
	ERR_clear_error();
	return wrong;
}
