/* monitor_paths.c - which path says what. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proxy/monitor/monitor_state.h"

typedef int path_fn(const struct monitor_state *state, FILE *out);

static uint64_t time_of_day(void)
{
	return (uint64_t)time(NULL);
}

static int say_metrics(const struct monitor_state *state, FILE *out)
{
	return monitor_metrics(state, out) ? 200 : 500;
}

static int say_json(const struct monitor_state *state, FILE *out)
{
	json_t *status = monitor_json(state, time_of_day());
	int result = status != NULL && json_dumpf(status, out, JSON_INDENT(1)) == 0 ? 200 : 500;

	(void)fputc('\n', out);
	json_decref(status);
	return result;
}

static int say_page(const struct monitor_state *state, FILE *out)
{
	json_t *status = monitor_json(state, time_of_day());
	int result = status != NULL && monitor_page(status, out) ? 200 : 500;

	json_decref(status);
	return result;
}

static int say_style(const struct monitor_state *state, FILE *out)
{
	(void)state;
	return fputs(monitor_page_style, out) >= 0 ? 200 : 500;
}

/* Liveness is that this process answers; the parent watches the others. */
static int say_alive(const struct monitor_state *state, FILE *out)
{
	(void)state;
	return fputs("alive\n", out) >= 0 ? 200 : 500;
}

static int say_ready(const struct monitor_state *state, FILE *out)
{
	bool ready = monitor_state_ready(state);

	const char *reason = monitor_state_text(state, "reason");

	if (ready || reason[0] == '\0')
		(void)fputs(ready ? "ready\n" : "not ready\n", out);
	else
		(void)fprintf(out, "not ready: %s\n", reason);
	return ready ? 200 : 503;
}

static const struct {
	const char *path;
	const char *type;
	path_fn *say;
} paths[] = {
	{ "/", "text/html; charset=utf-8", say_page },
	{ "/style.css", "text/css; charset=utf-8", say_style },
	{ "/status.json", "application/json", say_json },
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", say_metrics },
	{ "/healthz", "text/plain; charset=utf-8", say_alive },
	{ "/readyz", "text/plain; charset=utf-8", say_ready },
};

int monitor_answer(void *arg, const char *path, FILE *out, const char **out_type)
{
	for (size_t i = 0; i < COUNT(paths); i++) {
		if (strcmp(paths[i].path, path) == 0) {
			*out_type = paths[i].type;
			return paths[i].say(arg, out);
		}
	}
	return 404;
}
