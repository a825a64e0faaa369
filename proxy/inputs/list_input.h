/* list_input.h - list-file, the STARTTLS-Everywhere list, as the parent reads it: whose file it is, whether it has a
 * defect, and whether it is older than one that was accepted before.
 *
 * Of the last one that was in force a copy is kept, list.json in state-dir. It says after a restart what a rollback is,
 * and takes the list's place where that has a defect: a gate that starts must not forget what it enforced. */
#ifndef GATE25_PROXY_INPUTS_LIST_INPUT_H
#define GATE25_PROXY_INPUTS_LIST_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/base/conf.h"

struct list_input {
	int fd; /* sealed text; -1: there is no list, and the rest is 0 */
	uint64_t timestamp;
	uint64_t expires;
	uint64_t entries;
	bool is_copy; /* the accepted copy, in the file's place */
};

#define LIST_TIME_MAX 32

#define LIST_INPUT_NONE ((struct list_input){ .fd = -1 })

/* list_input_load reads what |conf| names. |before|: at a reload the one in force; NULL: there is none yet, and where
 * the file cannot be taken the copy is, if there is a good one: |error| is told, and the answer is true. False: |error|
 * was told why; |out| is empty. |conf_path| is for messages. */
MUST_CHECK bool list_input_load(struct list_input *out, const struct conf *conf, const struct list_input *before,
				const char *conf_path, conf_error_fn *error, void *arg);
void list_input_cleanup(struct list_input *list);

/* list_input_warn tells what is allowed and needs the operator: a list that has expired, or is of tomorrow. */
void list_input_warn(const struct list_input *list, const struct conf *conf, const char *conf_path,
		     conf_error_fn *warning, void *arg);

/* list_input_time writes a UNIX time as 2026-11-26T17:30:00Z, and returns |out|. */
const char *list_input_time(uint64_t at, char out[LIST_TIME_MAX]);

/* list_input_accept: |list| is in force: keeps a copy. It logs what it cannot do. */
void list_input_accept(const struct list_input *list, const struct conf *conf);

#endif
