/* settings.c - see settings.h. */
#include "proxy/worker/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/log.h"
#include "proxy/base/role.h"
#include "proxy/tls/tls.h"
#include "proxy/tls/tls_server.h"

#define TLS_SESSIONS_MAX 2000

static bool load_trust(struct settings *out, char *const ca_text[], unsigned count, char error[TLS_ERROR_MAX])
{
	out->trust = tls_trust_new();
	for (unsigned i = 0; out->trust != NULL && i < count; i++) {
		const char *pem = ca_text[i] != NULL && ca_text[i][0] != '\0' ? ca_text[i] : NULL;
		const char *name = i == 0 ? out->conf.ca_file : conf_ca_file(&out->conf, i);
		if (!tls_trust_add(out->trust, name != NULL ? name : "ca-file", pem, pem != NULL ? strlen(pem) : 0,
				   error))
			return false;
	}
	return out->trust != NULL;
}

static bool load_client_tls(struct settings *out, char *const texts[], char error[TLS_ERROR_MAX])
{
	struct tls_server_pem pem = { .certificate_name = "client-tls-certificate", .key_name = "client-tls-key" };

	if (!conf_may_terminate(&out->conf) || texts == NULL)
		return true;
	pem.certificate = texts[ROLE_CLIENT_TLS_CERTIFICATE];
	pem.key = texts[ROLE_CLIENT_TLS_KEY];
	if (pem.certificate == NULL || pem.key == NULL) {
		(void)snprintf(error, TLS_ERROR_MAX, "the parent sent no certificate for client-tls");
		return false;
	}
	out->client_tls = tls_server_ctx_new(&out->conf, &pem, error);
	return out->client_tls != NULL;
}

struct settings *settings_new(const struct settings_texts *texts, uint32_t generation, char error[TLS_ERROR_MAX])
{
	struct settings *settings = calloc(1, sizeof(*settings));

	(void)snprintf(error, TLS_ERROR_MAX, "out of memory");
	if (settings == NULL)
		return NULL;
	settings->refs = 1;
	settings->generation = generation;
	if (!conf_parse(&settings->conf, "gate25.conf", texts->conf, conf_log_error, NULL)) {
		(void)snprintf(error, TLS_ERROR_MAX,
			       "the configuration that the parent accepted was not understood here");
	} else {
		settings->tls = tls_client_ctx_new(&settings->conf, TLS_SESSIONS_MAX, error);
		if (settings->tls != NULL && load_trust(settings, texts->ca, texts->ca_count, error) &&
		    load_client_tls(settings, texts->client_tls, error))
			return settings;
	}
	settings_unref(settings);
	return NULL;
}

struct settings *settings_ref(struct settings *settings)
{
	settings->refs++;
	return settings;
}

void settings_unref(struct settings *settings)
{
	if (settings == NULL || --settings->refs > 0)
		return;
	tls_client_ctx_free(settings->tls);
	tls_trust_free(settings->trust);
	tls_server_ctx_free(settings->client_tls);
	conf_cleanup(&settings->conf);
	free(settings);
}
