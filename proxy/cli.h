/* cli.h - the commands of gate25. Each takes its own arguments (argv[0] is its name) and returns the exit status:
 * 0 done or passed, 1 failed or refused, 2 usage or configuration, 3 could not be decided. */
#ifndef GATE25_PROXY_CLI_H
#define GATE25_PROXY_CLI_H

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_UNDECIDED = 3 };

int cli_run(int argc, char **argv);
int cli_rules(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_status(int argc, char **argv);
int cli_stop(int argc, char **argv);

#endif
