/* monitor.h - the monitor role: metrics, status page and control socket. It reads the workers' counters and hears of
 * refusals; mail does not depend on it, and nothing can be changed through it. */
#ifndef GATE25_PROXY_MONITOR_MONITOR_H
#define GATE25_PROXY_MONITOR_MONITOR_H

/* monitor_main runs the role until its parent is gone; returns the exit status. */
int monitor_main(void);

#endif
