/* cli_policyd.h - commands whose answer gate25-policyd knows. Policy and DNS live there, so that is what answers, with
 * the very code that decides for the running gate. */
#ifndef GATE25_PROXY_CLI_CLI_POLICYD_H
#define GATE25_PROXY_CLI_CLI_POLICYD_H

/* cli_policyd becomes gate25-policyd with |flag| and the arguments after argv[0]. Returns an exit status only where it
 * cannot, and has said why. */
int cli_policyd(const char *flag, int argc, char **argv);

#endif
