/* fuzz_sts_store.c - the file of remembered policies, of any content. The first octet chooses: a whole file, as it is
 * read when gate25 starts; or one line whose checksum is made right, so that what is behind it is reached. What is read
 * is a policy, and reads the same when it is written again. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/sts/sts_store.h"

#define SUM_AT  5 /* behind "sts1 " */
#define SUM_END (SUM_AT + 16)

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check(const char *domain, const struct sts_kept *kept)
{
	static char line[STS_LINE_MAX];
	char again_domain[VERDICT_NAME_MAX];
	struct sts_kept again;
	size_t len = sts_line_put(line, sizeof(line), domain, kept);

	must(domain[0] != '\0' && kept->id[0] != '\0' && kept->text != NULL && kept->mode != STS_MODE_UNSET);
	must(kept->life_s >= STS_LIFE_MIN_S && kept->life_s <= STS_MAX_AGE_S);
	must(sts_kept_expires(kept, 0) >= kept->life_s);
	must(sts_kept_expires(kept, UINT64_MAX) == kept->fetched_s + kept->life_s);
	must(len > 2 && memchr(line + 1, '\n', len - 2) == NULL);
	must(sts_line_get(again_domain, &again, line + 1, len - 2));
	must(strcmp(domain, again_domain) == 0 && strcmp(kept->id, again.id) == 0);
	must(kept->text_len == again.text_len && memcmp(kept->text, again.text, again.text_len) == 0);
	must(kept->fetched_s == again.fetched_s && kept->seen_s == again.seen_s && kept->used_s == again.used_s);
	sts_kept_cleanup(&again);
}

/* --- a file ------------------------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/gate25-fuzz-XXXXXX";
static char path[64];

static void remove_folder(void)
{
	(void)unlink(path);
	(void)rmdir(folder);
}

static void make_folder(void)
{
	static bool made;

	if (made)
		return;
	made = true;
	must(mkdtemp(folder) != NULL);
	(void)snprintf(path, sizeof(path), "%s/" STS_STORE_FILE, folder);
	(void)atexit(remove_folder);
}

static void on_record(void *arg, const char *domain, struct sts_kept *kept)
{
	unsigned *records = arg;

	(*records)++;
	check(domain, kept);
	sts_kept_cleanup(kept);
}

static void try_file(const uint8_t *in, size_t in_len)
{
	struct sts_store *store;
	unsigned records = 0;
	int fd;

	make_folder();
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, in, in_len) == (ssize_t)in_len && close(fd) == 0);
	store = sts_store_open(folder, true, 1 << 20, on_record, &records);
	must(store != NULL && records <= in_len / 64);
	sts_store_close(store);
}

/* --- a line ------------------------------------------------------------------------------------------------------- */

static void put_sum(char *line, size_t len)
{
	uint64_t sum = 14695981039346656037u;
	char digits[17];

	for (size_t i = SUM_END; i < len; i++)
		sum = (sum ^ (unsigned char)line[i]) * 1099511628211u;
	(void)snprintf(digits, sizeof(digits), "%016llx", (unsigned long long)sum);
	memcpy(line + SUM_AT, digits, 16);
}

static void try_line(const uint8_t *in, size_t in_len)
{
	size_t len = in_len + SUM_END;
	char *line = malloc(len);
	char domain[VERDICT_NAME_MAX];
	struct sts_kept kept;

	must(line != NULL);
	memcpy(line, "sts1 ", SUM_AT);
	if (in_len > 0)
		memcpy(line + SUM_END, in, in_len);
	put_sum(line, len);
	if (sts_line_get(domain, &kept, line, len))
		check(domain, &kept);
	else
		must(kept.text == NULL);
	sts_kept_cleanup(&kept);
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	if (in_len < 1)
		return 0;
	if (in[0] == 'f')
		try_file(in + 1, in_len - 1);
	else
		try_line(in + 1, in_len - 1);
	return 0;
}
