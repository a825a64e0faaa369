/* tls_show.h - a certificate in words, for a person who wants to know why. Nothing is decided here. */
#ifndef GATE25_PROXY_TLS_TLS_SHOW_H
#define GATE25_PROXY_TLS_TLS_SHOW_H

#include <stdbool.h>
#include <time.h>

#include "proxy/base/attrib.h"
#include "proxy/tls/tls_peer.h"

#define TLS_SHOW_MAX 256

/* Texts are printable ASCII without quotation marks, cut where they are too long: they are the server's octets. */
struct tls_shown {
	char subject[TLS_SHOW_MAX]; /* "CN = mx.example.org"; "" for none */
	char issuer[TLS_SHOW_MAX];
	char names[TLS_SHOW_MAX]; /* the dNSNames, a space between; "..." at the end: there are more */
	char key[24];             /* "RSA 2048", "EC 256", "Ed25519", "-" */
	time_t not_before;        /* 0 where it is no date */
	time_t not_after;
};

/* tls_show_cert reads |cert|, whose dates are told from |now|. False: it is, from first octet to last, no certificate.
 */
MUST_CHECK bool tls_show_cert(struct tls_shown *out, struct tls_der cert, time_t now);

/* tls_show_issued: whether |issuer| names itself in |cert| as the issuer and has signed it. Dates are not looked at. */
bool tls_show_issued(struct tls_der issuer, struct tls_der cert);

#endif
