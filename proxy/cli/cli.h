/* cli.h - the commands of gate25. Each takes its own arguments (argv[0] is its name) and returns the exit status. */
#ifndef GATE25_PROXY_CLI_CLI_H
#define GATE25_PROXY_CLI_CLI_H

#include "proxy/base/exit_status.h"

int cli_run(int argc, char **argv);
int cli_rules(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_probe(int argc, char **argv);
int cli_verify(int argc, char **argv);
int cli_tlsa(int argc, char **argv);
int cli_resolve(int argc, char **argv);
int cli_list(int argc, char **argv);
int cli_import_postfix(int argc, char **argv);
int cli_report(int argc, char **argv);
int cli_status(int argc, char **argv);
int cli_stop(int argc, char **argv);
int cli_upgrade(int argc, char **argv);
int cli_upgrade_check(void); /* of a running gate, not of a person */

#endif
