/* tls_socket.c - the socket under a connection, and how much may be read from it before somebody else has his turn.
 *
 * The library reads until it has application data to give. A peer that sends nothing but messages of TLS itself
 * (tickets, one after the other) would keep it reading for ever, and the whole worker with it. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/bio.h>
#include <openssl/err.h>

#include "proxy/tls/tls_private.h"

#define BURST_MAX (64U * 1024)  /* octets of one step; then the loop comes round */
#define IDLE_MAX  (256U * 1024) /* octets of a session that bring no application data; its tickets are a few KiB */

static bool would_block(int problem)
{
	return problem == EAGAIN || problem == EWOULDBLOCK || problem == EINTR;
}

/* keep_last: an alert in clear may be among what the library cannot make anything of. */
static void keep_last(struct tls *tls, const char *bytes, size_t len)
{
	size_t n = len < TLS_ALERT_BYTES ? len : TLS_ALERT_BYTES;

	memmove(tls->last, tls->last + n, TLS_ALERT_BYTES - n);
	memcpy(tls->last + TLS_ALERT_BYTES - n, bytes + len - n, n);
}

static int socket_read(BIO *bio, char *out, int len)
{
	struct tls *tls = BIO_get_data(bio);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	tls->flooded = tls->flooded || tls->idle > IDLE_MAX;
	if (tls->flooded || len <= 0)
		return -1;
	if (tls->burst >= BURST_MAX) {
		BIO_set_retry_read(bio); /* what is left in the socket wakes the loop */
		return -1;
	}
	n = recv(tls->fd, out, (size_t)len, 0);
	if (n < 0 && would_block(errno))
		BIO_set_retry_read(bio);
	if (n > 0)
		tls->burst += (size_t)n;
	if (n > 0 && !tls->ready)
		keep_last(tls, out, (size_t)n);
	if (n > 0 && tls->ready)
		tls->idle += (size_t)n;
	return (int)n;
}

static int socket_write(BIO *bio, const char *bytes, int len)
{
	struct tls *tls = BIO_get_data(bio);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	if (len <= 0)
		return 0;
	n = send(tls->fd, bytes, (size_t)len, MSG_NOSIGNAL);
	if (n < 0 && would_block(errno))
		BIO_set_retry_write(bio);
	return (int)n;
}

static long socket_control(BIO *bio, int command, long number, void *arg)
{
	(void)bio;
	(void)number;
	(void)arg;
	return command == BIO_CTRL_FLUSH;
}

/* One for the process: the library has no other use for it than to be pointed at. */
static const BIO_METHOD *method(void)
{
	static BIO_METHOD *made;

	if (made == NULL)
		made = BIO_meth_new(0, NULL);
	if (made == NULL || BIO_meth_set_read(made, socket_read) != 1 || BIO_meth_set_write(made, socket_write) != 1 ||
	    BIO_meth_set_ctrl(made, socket_control) != 1)
		return NULL;
	return made;
}

bool tls_socket_attach(struct tls *tls, int fd)
{
	const BIO_METHOD *how = method();
	BIO *bio = how != NULL ? BIO_new(how) : NULL;

	if (bio == NULL)
		return false;
	tls->fd = fd;
	BIO_set_data(bio, tls);
	BIO_set_init(bio, 1);
	SSL_set_bio(tls->ssl, bio, bio); /* the connection's from here on */
	return true;
}
