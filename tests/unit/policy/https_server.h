/* https_server.h - a server of HTTPS on loopback, in a process of its own, that answers every request alike: well, or
 * as badly as it is told to. Each test program includes its own copy. */
#ifndef GATE25_TESTS_HTTPS_SERVER_H
#define GATE25_TESTS_HTTPS_SERVER_H

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/policy/made_certificate.h"

enum https_fault {
	HTTPS_SOUND,
	HTTPS_SILENT,    /* accepts, and says nothing */
	HTTPS_NOT_TLS,   /* answers in clear */
	HTTPS_TLS11,     /* speaks nothing newer */
	HTTPS_SLOW,      /* an octet each 50 ms */
	HTTPS_NO_ANSWER, /* reads the request, and says nothing */
	HTTPS_KEEPS,     /* goes on with the same connection, if the client does */
	HTTPS_CUT,       /* closes after the answer without TLS's goodbye */
	HTTPS_HANGS_UP,  /* closes at once */
};

struct https_options {
	const struct made *made;
	const char *answer; /* status line, headers and body */
	size_t answer_len;  /* 0: strlen */
	enum https_fault fault;
};

struct https_seen { /* of the last connection */
	unsigned connections;
	char sni[256];
	char request[2048];
};

struct https_server {
	uint16_t port;
	int fd;
	pid_t pid;
	struct https_seen *seen; /* shared */
};

static inline void https_answer(SSL *ssl, const struct https_options *options)
{
	const char *at = options->answer;
	size_t len = options->answer_len != 0 ? options->answer_len : strlen(at);

	if (options->fault == HTTPS_NO_ANSWER)
		(void)pause();
	while (options->fault == HTTPS_SLOW && len > 0) {
		if (SSL_write(ssl, at++, 1) <= 0)
			return;
		len--;
		(void)usleep(50000);
	}
	while (len > 0) {
		int part = SSL_write(ssl, at, len > 8192 ? 8192 : (int)len);
		if (part <= 0)
			return;
		at += part;
		len -= (size_t)part;
	}
	if (options->fault != HTTPS_CUT && options->fault != HTTPS_KEEPS)
		(void)SSL_shutdown(ssl);
}

static inline bool https_read(SSL *ssl, struct https_seen *seen)
{
	size_t have = 0;

	do {
		int n = SSL_read(ssl, seen->request + have, (int)(sizeof(seen->request) - 1 - have));
		if (n <= 0)
			return false;
		have += (size_t)n;
		seen->request[have] = '\0';
	} while (strstr(seen->request, "\r\n\r\n") == NULL);
	return true;
}

static inline void https_serve(struct https_server *server, SSL_CTX *ctx, const struct https_options *options, int fd)
{
	struct https_seen *seen = server->seen;
	SSL *ssl = SSL_new(ctx);

	made_need(ssl != NULL && SSL_set_fd(ssl, fd) == 1);
	seen->connections++;
	seen->request[0] = seen->sni[0] = '\0';
	if (options->fault == HTTPS_SILENT)
		(void)pause();
	if (options->fault == HTTPS_NOT_TLS)
		(void)!write(fd, options->answer, strlen(options->answer));
	if (options->fault < HTTPS_HANGS_UP && SSL_accept(ssl) == 1) {
		const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
		(void)snprintf(seen->sni, sizeof(seen->sni), "%s", sni != NULL ? sni : "");
		while (https_read(ssl, seen)) {
			https_answer(ssl, options);
			if (options->fault != HTTPS_KEEPS)
				break;
		}
	}
	SSL_free(ssl);
	(void)close(fd);
}

static inline SSL_CTX *https_context(const struct https_options *options)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	made_need(ctx != NULL && SSL_CTX_use_certificate(ctx, options->made->cert) == 1 &&
		  SSL_CTX_use_PrivateKey(ctx, options->made->key) == 1);
	if (options->fault == HTTPS_TLS11) {
		SSL_CTX_set_security_level(ctx, 0);
		made_need(SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION) == 1 &&
			  SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION) == 1);
	}
	return ctx;
}

static inline void https_run(struct https_server *server, const struct https_options *options)
{
	SSL_CTX *ctx = https_context(options);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			https_serve(server, ctx, options, fd);
	}
}

/* https_open listens at |address| (its port 0: any) and starts the process. */
static inline void https_open(struct https_server *server, const char *address, uint16_t port,
			      const struct https_options *options)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	socklen_t len = sizeof(at);
	const int yes = 1;

	server->seen = mmap(NULL, sizeof(*server->seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	made_need(server->seen != MAP_FAILED && inet_pton(AF_INET, address, &at.sin_addr) == 1);
	(void)setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	made_need(bind(server->fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(server->fd, 128) == 0);
	made_need(getsockname(server->fd, (struct sockaddr *)&at, &len) == 0);
	server->port = ntohs(at.sin_port);
	server->pid = fork();
	made_need(server->pid >= 0);
	if (server->pid == 0)
		https_run(server, options);
}

static inline void https_close(struct https_server *server)
{
	(void)kill(server->pid, SIGKILL);
	(void)waitpid(server->pid, NULL, 0);
	(void)close(server->fd);
	(void)munmap(server->seen, sizeof(*server->seen));
}

#endif
