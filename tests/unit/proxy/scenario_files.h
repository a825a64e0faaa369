/* scenario_files.h - the lines of all files of tests/scenarios, less comments. Needs cmocka.h before it. */
#ifndef GATE25_TESTS_SCENARIO_FILES_H
#define GATE25_TESTS_SCENARIO_FILES_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/attrib.h"

#define FOLDER    "tests/scenarios"
#define LINES_MAX 20000

struct line {
	const char *file;
	unsigned number;
	char text[700];
};

struct script {
	struct line *lines;
	size_t count;
};

/* --- files ---------------------------------------------------------------------------------------------------------
 */

static struct script script;
static char file_names[64][300];

static inline void read_file(const char *name)
{
	FILE *file = fopen(name, "r");
	char text[700];

	assert_non_null(file);
	for (unsigned number = 1; fgets(text, sizeof(text), file) != NULL; number++) {
		struct line *line;
		text[strcspn(text, "\n")] = '\0';
		if (text[0] == '\0' || text[0] == '#')
			continue;
		assert_true(script.count < LINES_MAX);
		line = &script.lines[script.count++];
		line->file = name;
		line->number = number;
		memcpy(line->text, text, sizeof(text));
	}
	(void)fclose(file);
}

static inline int read_all(void **state)
{
	struct dirent **entries = NULL;
	int count = scandir(FOLDER, &entries, NULL, alphasort);
	size_t files = 0;

	(void)state;
	script.lines = calloc(LINES_MAX, sizeof(*script.lines));
	assert_non_null(script.lines);
	for (int i = 0; i < count; i++) {
		if (strstr(entries[i]->d_name, ".txt") != NULL && files < COUNT(file_names)) {
			(void)snprintf(file_names[files], sizeof(file_names[0]), "%s/%s", FOLDER, entries[i]->d_name);
			read_file(file_names[files++]);
		}
		free(entries[i]);
	}
	free(entries);
	return 0;
}

static inline int forget_all(void **state)
{
	(void)state;
	free(script.lines);
	return 0;
}

#endif
