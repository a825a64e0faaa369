/* notify.h - tells systemd how the service does (sd_notify(3)), without its library. Nothing happens elsewhere. */
#ifndef GATE25_PROXY_HOST_NOTIFY_H
#define GATE25_PROXY_HOST_NOTIFY_H

/* notify_stopping says so, and that it may take |limit_s|: TimeoutStopSec= need not know. */
void notify_stopping(unsigned limit_s);
void notify_service(const char *state); /* "READY=1", "RELOADING=1", "STOPPING=1", "STATUS=..." */

#endif
