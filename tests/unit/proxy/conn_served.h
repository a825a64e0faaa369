/* conn_served.h - one authority and one server with a certificate of it, for the tests of a program: mx.example's. */
#ifndef GATE25_TESTS_CONN_SERVED_H
#define GATE25_TESTS_CONN_SERVED_H

#include "conn_harness.h"

static struct made ca;
static struct made leaf;
static char ca_pem[8192];
static SSL_CTX *server;

static int make_all(void **state)
{
	struct served served = { 0 };

	(void)state;
	make_certificate(&leaf, &ca);
	made_pem(&ca, ca_pem, sizeof(ca_pem));
	served.chain[0] = &leaf;
	server = server_ctx_new(&served);
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	SSL_CTX_free(server);
	made_free(&ca);
	made_free(&leaf);
	return 0;
}

#endif
