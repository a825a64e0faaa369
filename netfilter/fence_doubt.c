/* fence_doubt.c - does this host's reverse path check go with the fence? See fence.h. */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netfilter/fence.h"

/* A value of an interface, or of "all"; 0 where it cannot be read. */
static long setting(const char *interface, const char *name)
{
	char path[128];
	char text[16] = "";
	FILE *in;

	(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/%s", interface, name);
	in = fopen(path, "re");
	if (in == NULL)
		return 0;
	if (fgets(text, sizeof(text), in) == NULL)
		text[0] = '\0';
	(void)fclose(in);
	return strtol(text, NULL, 10);
}

/* The kernel takes the greater rp_filter of interface and all, and src_valid_mark where either has it. IPv6 has no such
 * check. */
bool fence_doubt(char *text, size_t text_len)
{
	const long all_filter = setting("all", "rp_filter");
	const long all_mark = setting("all", "src_valid_mark");
	struct if_nameindex *list = if_nameindex();
	bool found = false;

	for (struct if_nameindex *i = list; i != NULL && i->if_name != NULL && !found; i++) {
		long filter = setting(i->if_name, "rp_filter");

		filter = filter > all_filter ? filter : all_filter;
		if (strcmp(i->if_name, "lo") == 0 || filter == 0 || all_mark != 0 ||
		    setting(i->if_name, "src_valid_mark") != 0)
			continue;
		found = true;
		(void)snprintf(
			text, text_len,
			"fence = yes with rp_filter = %ld on %s: replies to exempt IPv4 clients are dropped there "
			"(set net.ipv4.conf.all.src_valid_mark = 1, or rp_filter = 0)",
			filter, i->if_name);
	}
	if_freenameindex(list);
	return found;
}
