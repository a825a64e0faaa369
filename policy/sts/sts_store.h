/* sts_store.h - remembered policies on disk. For sts*.c only. */
#ifndef GATE25_POLICY_STS_STS_STORE_H
#define GATE25_POLICY_STS_STS_STORE_H

struct sts_store;

#endif
