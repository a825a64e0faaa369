/* conf_problems.c - what is wrong with a configuration, kept until all is known and then told in the file's order. */
#include "proxy/base/conf_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void conf_problem(struct conf_problems *problems, unsigned line, const char *format, ...)
{
	struct conf_problem *items = NULL;
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) >= 0)
		items = realloc(problems->items, (problems->count + 1) * sizeof(*items));
	va_end(args);
	if (items == NULL) {
		free(text);
		problems->out_of_memory = true;
		return;
	}
	problems->items = items;
	items[problems->count] = (struct conf_problem){ .line = line, .order = problems->count, .text = text };
	problems->count++;
}

static int by_line(const void *left, const void *right)
{
	const struct conf_problem *a = left;
	const struct conf_problem *b = right;

	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

bool conf_problems_tell(struct conf_problems *problems, const char *name, conf_error_fn *error, void *arg)
{
	bool any = problems->count > 0 || problems->out_of_memory;

	if (problems->count > 0)
		qsort(problems->items, problems->count, sizeof(*problems->items), by_line);
	for (size_t i = 0; i < problems->count; i++) {
		error(arg, name, problems->items[i].line, problems->items[i].text);
		free(problems->items[i].text);
	}
	if (problems->out_of_memory)
		error(arg, name, 0, "out of memory");
	free(problems->items);
	*problems = (struct conf_problems){ 0 };
	return any;
}
