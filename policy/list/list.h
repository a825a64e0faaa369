/* list.h - a STARTTLS-Everywhere policy list: policy.json, version 0.1. Pure.
 *
 * A file with any defect is refused whole: an entry that was left out would be a domain without protection that nobody
 * noticed. Only the operator's word makes a list authentic: it comes as text, from a file that only root could write.
 */
#ifndef GATE25_POLICY_LIST_LIST_H
#define GATE25_POLICY_LIST_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/verdict/verdict.h"
#include "proxy/base/attrib.h"

#define LIST_REASON_MAX 512
#define LIST_TEXT_MAX   (16 << 20) /* octets; more is a defect */

struct list;

/* list_parse: NULL: |err| says what is wrong and where ("line 7: ...", or the path of the member: "policies,
 * example.org, mxs: ..."), printable. */
struct list *list_parse(const char *text, size_t len, char *err, size_t err_len);
void list_free(struct list *list); /* NULL is fine */

uint64_t list_timestamp(const struct list *list); /* UNIX time; a list older than the one in use is a rollback */
uint64_t list_expires(const struct list *list);
size_t list_count(const struct list *list);

struct list_entry {
	bool enforce;                           /* else testing */
	const struct verdict_pattern *patterns; /* borrowed from the list; at least one */
	size_t patterns_count;
};

/* list_find: the entry for |domain| (lower-case A-label), an alias followed; exact, no parent is asked. Expiry is the
 * caller's to judge. */
MUST_CHECK bool list_find(const struct list *list, const char *domain, struct list_entry *out);

#endif
