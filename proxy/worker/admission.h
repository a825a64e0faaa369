/* admission.h - whether one more session may begin: the limits of a worker, who gives way at them, and what whoever is
 * refused is told. */
#ifndef GATE25_PROXY_WORKER_ADMISSION_H
#define GATE25_PROXY_WORKER_ADMISSION_H

#include <stdbool.h>

#include "proxy/base/attrib.h"

struct admission;
struct conf;
struct conn_link;
struct counters;
struct crowd_group;
struct endpoint;
struct event_base;

struct admission_plan {
	struct event_base *base;
	struct counters *counters;
	/* End one session that has not come any further for |stuck_s|, the one that has waited longest: of |crowd|, or
	 * of all (NULL). False: there was none. */
	bool (*shed)(void *arg, const struct crowd_group *crowd, unsigned stuck_s);
	unsigned (*count)(void *arg); /* sessions now */
	void *arg;
};

struct admission *admission_new(const struct admission_plan *plan);
void admission_free(struct admission *admission); /* after the last session; NULL is fine */

/* admission_refuses takes |fd| and tells the client, if one more session of |client| to |destination| is one too many.
 */
bool admission_refuses(struct admission *admission, const struct conf *conf, int fd, const struct endpoint *client,
		       const struct endpoint *destination);
/* admission_refuse_loop likewise, in any case: it is no intercepted connection. */
void admission_refuse_loop(struct admission *admission, int fd, const struct endpoint *client, const char *why);
/* admission_refuse_poor likewise: there is no descriptor for a session. One that could not serve its client to the end
 * must not begin. */
void admission_refuse_poor(struct admission *admission, int fd, const struct endpoint *client);
/* admission_paused: files or memory ran out, and clients wait in the backlog; |errno| says which. */
void admission_paused(struct admission *admission);

/* admission_began counts a session in its crowds; false when out of memory. admission_ended takes it out. */
MUST_CHECK bool admission_began(struct admission *admission, struct conn_link *link, const struct endpoint *client,
				const struct endpoint *destination);
void admission_ended(struct conn_link *link);

#endif
