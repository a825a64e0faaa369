/* report_group.h - rows become those of destinations, domains and relays. For report_read.c only. */
#ifndef GATE25_PROXY_REPORT_REPORT_GROUP_H
#define GATE25_PROXY_REPORT_REPORT_GROUP_H

#include "proxy/report/report.h"

/* report_group makes places, domains, relays and sums from |report|'s rows, which are sorted by history_compare. False:
 * out of memory; report_cleanup frees what there is. */
MUST_CHECK bool report_group(struct report *report);

#endif
