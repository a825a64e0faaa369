/* conf_file.c - the configuration's bytes, its end, and the questions that others ask of it. */
#include "proxy/base/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (1U << 20)

/* read_all reads to the end of |fd|, which need not be a file: a size that is told may be wrong by now. */
static char *read_all(int fd)
{
	char *text = malloc(FILE_MAX + 2);
	size_t have = 0;
	ssize_t n;

	if (text == NULL)
		return NULL;
	while ((n = read(fd, text + have, FILE_MAX + 1 - have)) > 0 || (n < 0 && errno == EINTR))
		have += n > 0 ? (size_t)n : 0;
	/* Everything behind a NUL would be ignored silently. */
	if (n == 0)
		errno = have > FILE_MAX ? EFBIG : memchr(text, '\0', have) != NULL ? EILSEQ : 0;
	if (errno != 0) {
		free(text);
		return NULL;
	}
	text[have] = '\0';
	return text;
}

char *conf_read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int saved;
	char *text;

	if (fd < 0)
		return NULL;
	text = read_all(fd);
	saved = errno;
	(void)close(fd);
	errno = saved;
	return text;
}

char *conf_read(const char *path)
{
	char *text = conf_read_file(path);

	return text == NULL && errno == ENOENT && strcmp(path, CONF_DEFAULT_PATH) == 0 ? strdup("") : text;
}

static void strings_free(struct string_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
}

static void rule_free(struct conf_rule *rule)
{
	strings_free(&rule->match);
	strings_free(&rule->fingerprints);
	free(rule->servername);
	free(rule->nexthop);
	free(rule->ca_file);
}

void conf_cleanup(struct conf *conf)
{
	strings_free(&conf->interfaces);
	strings_free(&conf->exempt_user);
	strings_free(&conf->ca_files);
	strings_free(&conf->bogus_names);
	free(conf->trusted_resolvers.items);
	free(conf->root_servers.items);
	free(conf->trust_anchor_file);
	free(conf->sources.items);
	free(conf->source_addresses.items);
	free(conf->exempt.items);
	free(conf->exempt_source.items);
	free(conf->ports);
	free(conf->user);
	free(conf->policy_user);
	free(conf->monitor_user);
	free(conf->tls_groups);
	free(conf->sts_private.items);
	free(conf->list_file);
	free(conf->client_tls_certificate);
	free(conf->client_tls_key);
	free(conf->state_dir);
	free(conf->tlsrpt_socket);
	free(conf->ca_file);
	free(conf->resolvers);
	for (size_t i = 0; i < conf->domains_count; i++) {
		free(conf->domains[i].name);
		rule_free(&conf->domains[i].rule);
	}
	free(conf->domains);
	for (size_t i = 0; i < conf->destinations_count; i++)
		rule_free(&conf->destinations[i].rule);
	free(conf->destinations);
	free(conf->clients);
	*conf = (struct conf){ 0 };
}

const char *conf_ca_file(const struct conf *conf, unsigned index)
{
	return index >= 1 && index <= conf->ca_files.count ? conf->ca_files.items[index - 1] : NULL;
}

unsigned conf_ca_index(const struct conf *conf, const char *path)
{
	if (path == NULL)
		return 0;
	for (size_t i = 0; i < conf->ca_files.count; i++) {
		if (strcmp(conf->ca_files.items[i], path) == 0)
			return (unsigned)i + 1;
	}
	return 0;
}

enum level conf_floor(const struct conf *conf, const struct conf_rule *rule)
{
	return rule != NULL && rule->floor != LEVEL_UNSET ? rule->floor : conf->floor;
}

static bool level_may_permit_clear(const struct conf *conf, const struct conf_rule *rule, enum level level)
{
	return level_permits_clear(level) || (level == LEVEL_DANE && level_permits_clear(conf_floor(conf, rule)));
}

static bool rule_may_permit_clear(const struct conf *conf, const struct conf_rule *rule)
{
	return !rule->enforce || level_may_permit_clear(conf, rule, rule->level);
}

bool conf_may_permit_clear(const struct conf *conf)
{
	bool may = !conf->enforce || level_may_permit_clear(conf, NULL, conf->default_level);

	for (size_t i = 0; i < conf->domains_count; i++)
		may = may || rule_may_permit_clear(conf, &conf->domains[i].rule);
	for (size_t i = 0; i < conf->destinations_count; i++)
		may = may || rule_may_permit_clear(conf, &conf->destinations[i].rule);
	return may;
}

#define FILES_OF_ITS_OWN 400 /* 256 of them for connections that are being closed */

unsigned conf_files_wanted(unsigned max_sessions)
{
	return max_sessions * 2 + FILES_OF_ITS_OWN;
}

bool conf_wants_dane(const struct conf *conf)
{
	bool wants = level_is_dane(conf->default_level);

	for (size_t i = 0; i < conf->domains_count; i++)
		wants = wants || level_is_dane(conf->domains[i].rule.level);
	for (size_t i = 0; i < conf->destinations_count; i++)
		wants = wants || level_is_dane(conf->destinations[i].rule.level);
	return wants;
}

bool conf_trusts_resolver(const struct conf *conf, const struct addr *addr)
{
	for (size_t i = 0; i < conf->trusted_resolvers.count; i++) {
		if (prefix_contains(&conf->trusted_resolvers.items[i], addr))
			return true;
	}
	return addr_is_loopback(addr);
}
