/* list_watch.h - tells the operator of the STARTTLS-Everywhere list in force: what it is, and when it expires. */
#ifndef GATE25_PROXY_INPUTS_LIST_WATCH_H
#define GATE25_PROXY_INPUTS_LIST_WATCH_H

#include "proxy/inputs/list_input.h"

struct event_base;
struct list_watch;

struct list_watch *list_watch_new(struct event_base *base); /* NULL: out of memory */
void list_watch_free(struct list_watch *watch);             /* NULL is fine */

/* list_watch_use: |list| is in force from now on: logs it, warns of it now or in the moment in which it expires, and
 * keeps the accepted copy. Both are borrowed until the next call. */
void list_watch_use(struct list_watch *watch, const struct list_input *list, const struct conf *conf);

#endif
