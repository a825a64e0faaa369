/* conf_client.c - what the configuration says of one client; see conf.h. */
#include "proxy/base/conf.h"

/* The longest prefix that holds the address; no two are the same. */
static enum conf_client_tls written_for(const struct conf *conf, const struct addr *addr)
{
	const struct conf_client *best = NULL;

	for (size_t i = 0; i < conf->clients_count; i++) {
		const struct conf_client *client = &conf->clients[i];
		if (prefix_contains(&client->prefix, addr) && (best == NULL || client->prefix.bits > best->prefix.bits))
			best = client;
	}
	return best != NULL ? best->client_tls : conf->client_tls;
}

enum conf_client_tls conf_client_tls_for(const struct conf *conf, const struct addr *addr, bool forwarded)
{
	enum conf_client_tls written = written_for(conf, addr);

	if (written != CONF_CLIENT_TLS_AUTO)
		return written;
	return forwarded ? CONF_CLIENT_TLS_TERMINATE : CONF_CLIENT_TLS_OFF;
}

static bool may_be_terminate(const struct conf *conf, enum conf_client_tls written)
{
	return written == CONF_CLIENT_TLS_TERMINATE || (written == CONF_CLIENT_TLS_AUTO && conf->scope_forward);
}

bool conf_may_terminate(const struct conf *conf)
{
	bool may = may_be_terminate(conf, conf->client_tls);

	for (size_t i = 0; i < conf->clients_count; i++)
		may = may || may_be_terminate(conf, conf->clients[i].client_tls);
	return may;
}
