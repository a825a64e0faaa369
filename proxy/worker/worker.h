/* worker.h - the role that carries sessions: sockets, TLS, judging. */
#ifndef GATE25_PROXY_WORKER_WORKER_H
#define GATE25_PROXY_WORKER_WORKER_H

/* worker_main is the process, from the parent's first message to its end. */
int worker_main(void);

#endif
