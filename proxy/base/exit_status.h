/* exit_status.h - how a command of gate25 ends. */
#ifndef GATE25_BASE_EXIT_STATUS_H
#define GATE25_BASE_EXIT_STATUS_H

enum exit_status {
	CLI_OK = 0,
	CLI_FAILED = 1,    /* or refused */
	CLI_USAGE = 2,     /* or configuration */
	CLI_UNDECIDED = 3, /* could not be decided */
};

#endif
