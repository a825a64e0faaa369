/* conn_harness.h - a whole session without its worker: a real conn with a real machine, legs on real sockets, a server
 * that speaks SMTP and TLS, and a worker of which only the answers to questions are left. All in one thread and one
 * loop; nothing waits for a clock. */
#ifndef GATE25_TESTS_CONN_HARNESS_H
#define GATE25_TESTS_CONN_HARNESS_H

#include "tls_server.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <time.h>

#include "proxy/worker/conn.h"
#include "proxy/session/host_memory.h"
#include "proxy/worker/leg.h"
#include "proxy/session/session.h"
#include "proxy/worker/settings.h"

#define TURNS_MAX 20000

enum answers { ANSWER_NOW = 0, ANSWER_LATER, ANSWER_NEVER, ANSWER_FULL /* no room for the question */ };

struct served_smtp {        /* what the server is like */
	SSL_CTX *tls;       /* NULL: STARTTLS is not offered */
	bool refuse;        /* 454 to STARTTLS */
	const char *goes;   /* hangs up instead of answering a line that starts so; "banner": at once; "dot" */
	bool rudely;        /* by a reset */
	const char *behind; /* said in one piece with the 220 to STARTTLS */
	const char *early;  /* said in one piece with the reply to EHLO in clear */
	const char *final;  /* said instead of a reply to DATA's end, then it goes */
	bool deaf;          /* stops reading once DATA was answered */
};

/* make_certificate makes |leaf|, the certificate of mx.example: by |ca|, which is made first, or by itself (NULL). */
static inline void make_certificate(struct made *leaf, struct made *ca)
{
	int today = (int)((time(NULL) - MADE_NOW) / MADE_DAY);
	struct recipe recipe = {
		.cn = "CA", .basic = "critical,CA:TRUE", .from_days = today - 3, .to_days = today + 3
	};

	if (ca != NULL)
		*ca = made_cert(&recipe, NULL);
	recipe = (struct recipe){ .sans = "mx.example", .from_days = today - 3, .to_days = today + 3 };
	*leaf = made_cert(&recipe, ca);
}

struct fixture {
	struct event_base *base;
	struct conn_host host;
	struct settings *settings;
	struct host_memory *hosts;
	struct conn *conn;
	unsigned ended;
	unsigned records;
	struct { /* of the last one */
		enum demand_basis policy;
		enum result_word result;
		bool authenticated;
		char tlsa[12];
		char servername[VERDICT_NAME_MAX];
		char client_tls[16];
		char tls[16];
		char tls_offered[16];
		uint64_t passed_up;
		uint64_t passed_down;
		char reason[256];
		enum session_end end;
	} said;
	/* questions */
	enum answers answers;
	enum level level;
	uint8_t tlsa[32]; /* level dane: of its only MX host's record 3 0 1 */
	const char *sts;  /* level dane: no such record, but a policy of MTA-STS that allows this host alone */
	const char *mx;   /* and the MX host's name */
	bool testing;     /* it is in testing mode */
	unsigned tested;  /* records of what it would have refused */
	bool enforce;
	bool as_client;          /* dial from the client's own address */
	struct addr client_addr; /* that the sessions are told of */
	uint32_t asked;          /* the pending one's id */
	uint32_t last_id;
	struct verdict_question question;
	unsigned cancelled;
	/* client */
	int client;
	char heard[65536];
	size_t heard_len;
	bool client_eof;
	bool client_deaf;
	/* server */
	struct served_smtp served;
	int listener;
	struct endpoint at;
	int server;
	SSL *ssl;
	bool in_data;
	unsigned accepted;
	unsigned handshakes;
	unsigned resumed;
	char line[4096];
	size_t line_len;
	char clear[65536]; /* all that came in clear, over all connections */
	size_t clear_len;
	char secret[262144]; /* and over TLS */
	size_t secret_len;
	size_t swallowed; /* octets of content beyond what fits */
	size_t fds;       /* open before */
};

static inline size_t open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	(void)closedir(dir);
	return count;
}

/* --- what is left of the worker ----------------------------------------------------------------------------------- */

static inline void make_dane(const struct fixture *f, struct verdict *v)
{
	v->floor = LEVEL_ENCRYPT;
	v->mx_lookup = VERDICT_LOOKUP_FOUND;
	v->mx_secure = true;
	v->mx = calloc(1, sizeof(*v->mx));
	assert_non_null(v->mx);
	v->mx_count = 1;
	(void)snprintf(v->mx[0].name, sizeof(v->mx[0].name), "alias.example");
	(void)snprintf(v->mx[0].tlsa_base, sizeof(v->mx[0].tlsa_base), "base.example");
	v->mx[0].dane = VERDICT_DANE_USABLE;
	v->mx[0].addrs = calloc(1, sizeof(*v->mx[0].addrs));
	v->mx[0].tlsa = calloc(1, sizeof(*v->mx[0].tlsa));
	assert_non_null(v->mx[0].addrs);
	assert_non_null(v->mx[0].tlsa);
	v->mx[0].addrs[0] = f->at.addr;
	v->mx[0].addrs_count = 1;
	v->mx[0].tlsa[0] = (struct tlsa){ .usage = 3, .selector = 0, .mtype = 1, .len = 32, .data = malloc(32) };
	assert_non_null(v->mx[0].tlsa[0].data);
	memcpy(v->mx[0].tlsa[0].data, f->tlsa, 32);
	v->mx[0].tlsa_count = 1;
}

static inline void make_sts(const struct fixture *f, struct verdict *v)
{
	tlsa_free(v->mx[0].tlsa, v->mx[0].tlsa_count);
	v->mx[0].tlsa = NULL;
	v->mx[0].tlsa_count = 0;
	v->mx[0].dane = VERDICT_DANE_NONE;
	(void)snprintf(v->mx[0].name, sizeof(v->mx[0].name), "%s", f->mx);
	v->published.status = f->testing ? VERDICT_PUBLISHED_TESTING : VERDICT_PUBLISHED_ENFORCE;
	v->published.by = VERDICT_BY_STS;
	v->published.patterns = calloc(1, sizeof(*v->published.patterns));
	assert_non_null(v->published.patterns);
	v->published.patterns_count = 1;
	(void)snprintf(v->published.patterns[0].name, sizeof(v->published.patterns[0].name), "%s", f->sts);
}

static inline struct verdict *make_verdict(const struct fixture *f, const struct verdict_question *question)
{
	struct verdict *v = verdict_new();

	assert_non_null(v);
	v->status = VERDICT_OK;
	v->generation = f->settings->generation;
	v->enforce = f->enforce;
	if (question->kind == VERDICT_ASK_DESTINATION)
		return v; /* no rule */
	v->level = f->level;
	v->source = VERDICT_SOURCE_DEFAULT;
	v->mx_lookup = VERDICT_LOOKUP_ABSENT;
	v->published.status = VERDICT_PUBLISHED_NONE;
	(void)snprintf(v->domain, sizeof(v->domain), "%s", question->domain);
	if (f->level == LEVEL_DANE)
		make_dane(f, v);
	if (f->level == LEVEL_DANE && f->sts != NULL)
		make_sts(f, v);
	if (f->level == LEVEL_DANE || !level_authenticates(f->level))
		return v;
	v->names = calloc(1, sizeof(*v->names));
	assert_non_null(v->names);
	(void)snprintf(v->names[0].name, sizeof(v->names[0].name), "%s", "mx.example");
	v->names_count = 1;
	return v;
}

static inline uint32_t host_ask(void *arg, struct conn *conn, const struct verdict_question *question,
				struct verdict **out)
{
	struct fixture *f = arg;

	(void)conn;
	*out = NULL;
	if (f->answers == ANSWER_FULL && question->kind == VERDICT_ASK_RECIPIENT)
		return 0;
	if (f->answers == ANSWER_NOW || question->kind == VERDICT_ASK_DESTINATION) {
		*out = make_verdict(f, question);
		return 0;
	}
	assert_int_equal(f->asked, 0);
	f->question = *question;
	f->asked = ++f->last_id;
	return f->asked;
}

static inline void host_cancel(void *arg, uint32_t id)
{
	struct fixture *f = arg;

	assert_int_equal(id, f->asked);
	f->asked = 0;
	f->cancelled++;
}

static inline struct settings *host_settings(void *arg)
{
	return ((struct fixture *)arg)->settings;
}

static inline void host_record(void *arg, const struct session_record *record)
{
	struct fixture *f = arg;

	f->records++;
	f->tested += record->testing;
	f->said.policy = record->policy;
	f->said.result = record->result;
	f->said.authenticated = record->authenticated;
	(void)snprintf(f->said.tlsa, sizeof(f->said.tlsa), "%s", record->tlsa);
	(void)snprintf(f->said.servername, sizeof(f->said.servername), "%s", record->servername);
	(void)snprintf(f->said.client_tls, sizeof(f->said.client_tls), "%s", record->client_tls);
	(void)snprintf(f->said.reason, sizeof(f->said.reason), "%s", record->reason);
	f->said.passed_up = record->passed_up;
	f->said.passed_down = record->passed_down;
	(void)snprintf(f->said.tls, sizeof(f->said.tls), "%s", record->tls_version);
	(void)snprintf(f->said.tls_offered, sizeof(f->said.tls_offered), "%s", record->tls_offered);
	f->said.end = record->end;
}

static inline void host_ended(void *arg, struct conn *conn)
{
	struct fixture *f = arg;

	assert_ptr_equal(conn, f->conn);
	f->conn = NULL;
	f->ended++;
}

/* answer gives the verdict that the session waits for. */
static inline void answer(struct fixture *f)
{
	struct verdict *v;

	assert_int_not_equal(f->asked, 0);
	v = make_verdict(f, &f->question);
	f->asked = 0;
	conn_answer(f->conn, v);
	verdict_unref(v);
}

/* --- the server --------------------------------------------------------------------------------------------------- */

static inline void server_close(struct fixture *f, bool rudely)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (rudely)
		(void)setsockopt(f->server, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	SSL_free(f->ssl);
	f->ssl = NULL;
	(void)close(f->server);
	f->server = -1;
	f->in_data = false;
	f->line_len = 0;
}

static inline void server_says(struct fixture *f, const char *text)
{
	size_t len = strlen(text);

	/* Whether the gate is still there to hear it is the tests' affair. */
	if (f->ssl != NULL)
		(void)SSL_write(f->ssl, text, (int)len);
	else
		(void)!send(f->server, text, len, MSG_NOSIGNAL);
	ERR_clear_error();
}

static inline bool starts(const char *line, const char *with)
{
	return line != NULL && with != NULL && strncmp(line, with, strlen(with)) == 0;
}

static inline void start_server_tls(struct fixture *f)
{
	f->ssl = SSL_new(f->served.tls);
	assert_non_null(f->ssl);
	SSL_set_accept_state(f->ssl);
	assert_int_equal(SSL_set_fd(f->ssl, f->server), 1);
}

static inline void server_ehlo(struct fixture *f)
{
	char reply[512];

	(void)snprintf(reply, sizeof(reply), "250-mx.example\r\n%s250 SIZE 1000000\r\n%s",
		       f->served.tls != NULL && f->ssl == NULL ? "250-STARTTLS\r\n" : "",
		       f->served.early != NULL && f->ssl == NULL ? f->served.early : "");
	server_says(f, reply);
	/* A server that answers STARTTLS before it was said goes on with TLS. */
	if (starts(f->served.early, "220") && strlen(f->served.early) < 10 && f->ssl == NULL)
		start_server_tls(f);
}

static inline void server_end_of_data(struct fixture *f)
{
	f->in_data = false;
	if (f->served.final != NULL) {
		server_says(f, f->served.final);
		server_close(f, f->served.rudely);
	} else {
		server_says(f, "250 2.0.0 stored as 4711\r\n");
	}
}

static inline void server_line(struct fixture *f, const char *line)
{
	if (f->in_data && strcmp(line, ".") != 0)
		return;
	if (starts(f->in_data ? "dot" : line, f->served.goes)) {
		server_close(f, f->served.rudely);
	} else if (f->in_data) {
		server_end_of_data(f);
	} else if (starts(line, "EHLO")) {
		server_ehlo(f);
	} else if (starts(line, "STARTTLS")) {
		char reply[256];
		(void)snprintf(reply, sizeof(reply), "%s%s", f->served.refuse ? "454 4.7.0 not now\r\n" : "220 go\r\n",
			       f->served.behind != NULL ? f->served.behind : "");
		server_says(f, reply);
		if (!f->served.refuse)
			start_server_tls(f);
	} else if (starts(line, "DATA")) {
		f->in_data = true;
		server_says(f, "354 go\r\n");
	} else if (starts(line, "QUIT")) {
		server_says(f, "221 bye\r\n");
		server_close(f, false);
	} else {
		server_says(f, starts(line, "RCPT") ? "250 2.1.5 rcpt ok by the server\r\n" : "250 2.0.0 ok\r\n");
	}
}

static inline void server_octets(struct fixture *f, const char *bytes, size_t len)
{
	char *log = f->ssl != NULL ? f->secret : f->clear;
	size_t *log_len = f->ssl != NULL ? &f->secret_len : &f->clear_len;
	size_t cap = f->ssl != NULL ? sizeof(f->secret) : sizeof(f->clear);
	size_t kept = len < cap - 1 - *log_len ? len : cap - 1 - *log_len;

	memcpy(log + *log_len, bytes, kept);
	*log_len += kept;
	log[*log_len] = '\0';
	f->swallowed += len - kept;
	for (size_t i = 0; i < len && f->server >= 0; i++) {
		if (f->line_len < sizeof(f->line) - 1)
			f->line[f->line_len++] = bytes[i];
		if (bytes[i] != '\n')
			continue;
		f->line[f->line_len >= 2 ? f->line_len - 2 : 0] = '\0';
		f->line_len = 0;
		server_line(f, f->line);
	}
}

static inline void server_accept(struct fixture *f)
{
	f->server = accept4(f->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (f->server < 0)
		return;
	f->accepted++;
	if (starts("banner", f->served.goes))
		server_close(f, f->served.rudely);
	else
		server_says(f, "220 mx.example ESMTP\r\n");
}

static inline void server_tls_step(struct fixture *f)
{
	int ret = SSL_do_handshake(f->ssl);

	if (ret == 1) {
		f->handshakes++;
		f->resumed += (unsigned)SSL_session_reused(f->ssl);
		return;
	}
	if (SSL_get_error(f->ssl, ret) != SSL_ERROR_WANT_READ)
		server_close(f, false);
	ERR_clear_error();
}

static inline void server_step(struct fixture *f)
{
	char buf[8192];
	ssize_t n;

	if (f->server < 0) {
		server_accept(f);
		return;
	}
	if (f->ssl != NULL && SSL_in_init(f->ssl)) {
		server_tls_step(f);
		return;
	}
	if (f->served.deaf && f->in_data)
		return;
	n = f->ssl != NULL ? SSL_read(f->ssl, buf, sizeof(buf)) : recv(f->server, buf, sizeof(buf), 0);
	if (n > 0)
		server_octets(f, buf, (size_t)n);
	else if (f->ssl != NULL ? SSL_get_error(f->ssl, (int)n) != SSL_ERROR_WANT_READ
				: n == 0 || (errno != EAGAIN && errno != EINTR))
		server_close(f, false);
	ERR_clear_error();
}

/* --- the client --------------------------------------------------------------------------------------------------- */

static inline void client_step(struct fixture *f)
{
	ssize_t n;

	if (f->client < 0 || f->client_deaf || f->client_eof)
		return;
	n = recv(f->client, f->heard + f->heard_len, sizeof(f->heard) - 1 - f->heard_len, 0);
	if (n > 0)
		f->heard_len += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		f->client_eof = true;
	f->heard[f->heard_len] = '\0';
}

static inline void turn(struct fixture *f)
{
	(void)event_base_loop(f->base, EVLOOP_NONBLOCK);
	server_step(f);
	client_step(f);
}

static inline void turns(struct fixture *f, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		turn(f);
}

static inline void client_says(struct fixture *f, const char *text)
{
	assert_int_equal(send(f->client, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static inline void client_hangs_up(struct fixture *f)
{
	(void)close(f->client);
	f->client = -1;
}

/* The kernel may need its own timers (a window that was shut): many turns are given them, too. */
static inline void patient_turn(struct fixture *f, unsigned turns_before)
{
	if (turns_before > TURNS_MAX / 4)
		(void)usleep(200);
	turn(f);
}

/* hears turns the loop until the client has heard |text|, and forgets all that came up to it. */
static inline void hears(struct fixture *f, const char *text)
{
	for (unsigned i = 0; i < TURNS_MAX; i++) {
		char *at = strstr(f->heard, text);
		if (at != NULL) {
			at += strlen(text);
			f->heard_len -= (size_t)(at - f->heard);
			memmove(f->heard, at, f->heard_len + 1);
			return;
		}
		patient_turn(f, i);
	}
	fail_msg("the client never hears \"%s\" but \"%s\"", text, f->heard);
}

static inline void until_ended(struct fixture *f)
{
	for (unsigned i = 0; i < TURNS_MAX && f->ended == 0; i++)
		patient_turn(f, i);
	assert_int_equal(f->ended, 1);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static inline int listen_on_loopback(struct endpoint *out)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_storage storage;
	socklen_t len = sizeof(storage);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&storage, &len), 0);
	assert_true(endpoint_from_sockaddr(out, &storage));
	return fd;
}

/* client_connects makes a client and the conn that serves it. */
static inline void client_connects(struct fixture *f)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	struct endpoint gate;
	int listener = listen_on_loopback(&gate);
	struct session_options options = { .id = 1, .enforce = f->enforce };
	struct upstream_plan upstream = { .destination = f->at, .source_foreign = f->as_client };
	int fd;

	if (f->client >= 0)
		client_hangs_up(f);
	f->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	len = endpoint_to_sockaddr(&gate, &from);
	assert_int_equal(connect(f->client, (struct sockaddr *)&from, len), 0);
	nonblocking(f->client);
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(fd >= 0);
	(void)close(listener);
	options.destination = f->at;
	options.as_client = f->as_client;
	options.client.addr = f->client_addr;
	options.clear_possible = level_permits_clear(f->level) || !f->enforce;
	options.tls_compat = true;
	options.client_tls = f->settings->client_tls != NULL                               ? CONF_CLIENT_TLS_TERMINATE
			     : f->settings->conf.client_tls == CONF_CLIENT_TLS_PASSTHROUGH ? CONF_CLIENT_TLS_PASSTHROUGH
											   : CONF_CLIENT_TLS_OFF;
	options.hosts = f->hosts;
	f->ended = 0;
	f->heard_len = 0;
	f->heard[0] = '\0';
	f->client_eof = false;
	f->conn = conn_new(&f->host, fd, &options, &upstream);
	assert_non_null(f->conn);
}

static inline void fixture_open(struct fixture *f, const char *ca_pem)
{
	char error[TLS_ERROR_MAX];
	char *ca[1] = { (char *)(uintptr_t)ca_pem };

	memset(f, 0, sizeof(*f));
	f->fds = open_fds();
	(void)signal(SIGPIPE, SIG_IGN);
	f->base = event_base_new();
	f->settings = settings_new(&(struct settings_texts){ "", ca, ca_pem != NULL ? 1 : 0, NULL }, 1, error);
	assert_non_null(f->settings);
	f->host = (struct conn_host){ .base = f->base,
				      .ask = host_ask,
				      .cancel = host_cancel,
				      .settings = host_settings,
				      .record = host_record,
				      .ended = host_ended,
				      .arg = f };
	f->level = LEVEL_ENCRYPT;
	f->enforce = true;
	f->listener = listen_on_loopback(&f->at);
	f->client = f->server = -1;
}

/* fixture_close hangs up both peers and demands that nothing is left: no session, no question, no descriptor. */
static inline void fixture_close(struct fixture *f)
{
	if (f->client >= 0)
		client_hangs_up(f);
	turns(f, 50);
	if (f->conn != NULL)
		conn_free(f->conn);
	for (unsigned i = 0; i < 8; i++) { /* several may wait to be accepted */
		if (f->server >= 0)
			server_close(f, false);
		turns(f, 20);
	}
	assert_null(f->conn);
	assert_int_equal(f->asked, 0);
	(void)close(f->listener);
	settings_unref(f->settings);
	event_base_free(f->base);
	assert_int_equal(open_fds(), f->fds);
}

#endif
