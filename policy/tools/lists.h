/* lists.h - gate25-policyd --list: what a STARTTLS-Everywhere list holds, for a person; and --check-list, for gate25.
 */
#ifndef GATE25_POLICY_TOOLS_LISTS_H
#define GATE25_POLICY_TOOLS_LISTS_H

#define LISTS_SYNOPSIS "--list check|show DOMAIN [FILE] [--config FILE]"

/* lists_main: the arguments after --list. "check [FILE]": exit status 0 good, 1 it has a defect or has expired; "show
 * DOMAIN [FILE]": 0 it has an entry, 1 it has none; 2 usage, or a file that cannot be read. FILE is the
 * configuration's list-file unless given. */
int lists_main(int argc, char **argv);

/* lists_check_main: whether descriptor 0, sealed, is a list without a defect: 0 or 2. It says one line: of a good one
 * the timestamp, when it expires, both UNIX time, and the number of entries; else the defect. */
int lists_check_main(void);

#endif
