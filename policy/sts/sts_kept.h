/* sts_kept.h - one policy as it is remembered: what was fetched and when, and until when it holds. For sts*.c only.
 *
 * Times are UNIX times, and the clock may be wrong: a machine without a battery begins in 1970, and one that was in
 * 2099 comes back. A policy holds for its max_age from when it was fetched, by the clock as it is now. Where that is
 * before the fetch, it holds for max_age from the earliest time at which that was noticed: so a wrong clock neither
 * takes a policy away nor makes it immortal. */
#ifndef GATE25_POLICY_STS_STS_KEPT_H
#define GATE25_POLICY_STS_STS_KEPT_H

#include "policy/sts/sts_policy.h"

/* A policy of less is taken for one of so much: it could not be asked for more often. */
#define STS_LIFE_MIN_S 60

struct sts_kept {
	char id[VERDICT_POLICY_ID_MAX]; /* of the TXT record by which it was fetched */
	char *text;                     /* NULL: there is none */
	size_t text_len;
	enum sts_mode mode;
	uint32_t life_s;
	uint64_t fetched_s;
	uint64_t seen_s; /* the earliest time at which |fetched_s| lay in the future; 0: never */
	uint64_t used_s; /* last asked about */
};

/* sts_kept_make: of a text that was fetched at |now_s|; it is copied. False: it is none, |err| says why. */
MUST_CHECK bool sts_kept_make(struct sts_kept *out, const char *id, const char *text, size_t len, uint64_t now_s,
			      char *err, size_t err_len);
void sts_kept_cleanup(struct sts_kept *kept);

/* sts_kept_watch notices where |kept|'s fetch lies in the future. True: that is new, and to be written down. */
bool sts_kept_watch(struct sts_kept *kept, uint64_t now_s);
uint64_t sts_kept_expires(const struct sts_kept *kept, uint64_t now_s);
bool sts_kept_holds(const struct sts_kept *kept, uint64_t now_s); /* there is one, and it has not expired */

/* --- as a line of the store --------------------------------------------------------------------------------------- */

/* "sts1 CHECKSUM DOMAIN ID FETCHED SEEN USED TEXT", the text with its line ends and backslashes escaped: a line of the
 * file is a record or it is none, whatever happened to those around it. */
#define STS_LINE_MAX (2 * STS_TEXT_MAX + 512)

/* sts_line_put writes |kept| with a "\n" before and after it, without a NUL; |out| NULL: nothing. Returns its length;
 * 0: the domain cannot be written, or |room| is too small. */
size_t sts_line_put(char *out, size_t room, const char *domain, const struct sts_kept *kept);
/* sts_line_get reads a line, without its line end. False: it is no record, or a damaged one; |out| is zeroed. */
MUST_CHECK bool sts_line_get(char out_domain[VERDICT_NAME_MAX], struct sts_kept *out, const char *line, size_t len);

#endif
