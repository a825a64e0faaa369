/* selftest.h - gate25-policyd --self-test: DNSSEC tested once, in the foreground; and --check-anchors. Both say one
 * line on standard output. */
#ifndef GATE25_POLICY_TOOLS_SELFTEST_H
#define GATE25_POLICY_TOOLS_SELFTEST_H

#define SELFTEST_SYNOPSIS "--self-test [--config FILE]"

/* selftest_main: the arguments after --self-test. Exit status: 0 proved, or nothing wants proofs, 1 there are answers
 * and nobody proves them, 2 usage or configuration, 3 nobody answers. With --inherited, which gate25 says, descriptor 0
 * is the sealed configuration and 3, if it is open, its trust anchors. */
int selftest_main(int argc, char **argv);

/* selftest_anchors_main: whether descriptor 0, sealed, has trust anchors: 0 or 2. */
int selftest_anchors_main(void);

#endif
