/* client_tls.c - see client_tls.h. */
#include "proxy/worker/client_tls.h"

#include <stdio.h>

#include "proxy/session/session.h"
#include "proxy/tls/tls.h"
#include "proxy/tls/tls_server.h"
#include "proxy/worker/leg.h"
#include "proxy/worker/settings.h"

bool client_tls_start(struct leg *leg, const struct settings *settings)
{
	struct tls *tls = settings->client_tls != NULL ? tls_server_new(settings->client_tls, leg_fd(leg)) : NULL;

	if (tls == NULL)
		return false;
	leg_accept_tls(leg, tls);
	return true;
}

void client_tls_describe(struct leg *leg, struct session_tls *out)
{
	struct tls_session_facts facts = tls_facts(leg_tls(leg));

	*out = (struct session_tls){ .version = facts.version, .weak = facts.weak };
	(void)snprintf(out->version_name, sizeof(out->version_name), "%s", facts.version_name);
	(void)snprintf(out->cipher, sizeof(out->cipher), "%s", facts.cipher);
}
