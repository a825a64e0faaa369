/* session_driver.h - drives a session by octets: each one picks an event. Random octets in a unit test, chosen ones
 * under a fuzzer; the harness checks what must hold. */
#ifndef GATE25_TESTS_SESSION_DRIVER_H
#define GATE25_TESTS_SESSION_DRIVER_H

#include "tests/unit/proxy/session_harness.h"

struct dice {
	const uint8_t *in;
	size_t len;
	size_t at;
};

static inline unsigned roll(struct dice *d, unsigned sides)
{
	return d->at < d->len ? d->in[d->at++] % sides : 0;
}

static inline const char *pick_client(struct dice *d)
{
	static const char *const lines[] = {
		"EHLO c.example\r\n",
		"HELO c.example\r\n",
		"MAIL FROM:<s@c.example>\r\n",
		"MAIL FROM:<s@c.example> SIZE=1000\r\n",
		"MAIL FROM:<s@c.example> BODY=8BITMIME RET=HDRS\r\n",
		"MAIL FROM:<> SMTPUTF8\r\n",
		"RCPT TO:<r@a.example>\r\n",
		"RCPT TO:<r@b.example>\r\n",
		"RCPT TO:<r@c.example>\r\n",
		"RCPT TO:<r@d.example> NOTIFY=NEVER\r\n",
		"RCPT TO:<postmaster>\r\n",
		"RCPT TO:<r@[192.0.2.9]>\r\n",
		"DATA\r\n",
		"Subject: x\r\n\r\nbody\r\n.\r\n",
		".\r\n",
		"a\nb\r.\r\n",
		"RSET\r\n",
		"NOOP\r\n",
		"VRFY r\r\n",
		"HELP\r\n",
		"QUIT\r\n",
		"STARTTLS\r\n",
		"MAIL FROM:<s@c.example> SIZE=10 REQUIRETLS\r\n",
		"BDAT 5 LAST\r\nMAIL \r\n",
		"AUTH PLAIN AHUAcA==\r\n",
		"AUTH LOGIN\r\n",
		"dXNlcg==\r\n",
		"*\r\n",
		"nonsense\r\n",
		"EHLO d.example\r\n",
		"MAIL FROM:<s@c.example> AUTH=<> SIZE=99999999999999999999\r\n",
		"RCPT TO:<@x.example:\"a b\"@a.example>\r\n",
		"\r\n",
		"MAIL FROM:<s@c.example>\r\nRCPT TO:<r@a.example>\r\nRCPT TO:<r@b.example>\r\nDATA\r\n",
	};

	return lines[roll(d, COUNT(lines))];
}

/* What a client that behaves would say now. */
static inline const char *kind_client(const struct harness *h, struct dice *d)
{
	static const char *const after_hello[] = {
		"MAIL FROM:<s@c.example>\r\nRCPT TO:<r@a.example>\r\n",
		"MAIL FROM:<s@c.example> BODY=8BITMIME\r\nRCPT TO:<r@b.example>\r\nRCPT TO:<r@a.example>\r\n",
		"MAIL FROM:<>\r\nRCPT TO:<r@c.example>\r\nDATA\r\n",
		"MAIL FROM:<s@c.example> REQUIRETLS\r\nRCPT TO:<r@b.example>\r\n",
		"MAIL FROM:<> REQUIRETLS\r\nRCPT TO:<r@a.example>\r\n",
		"STARTTLS\r\n",
		"RCPT TO:<r@b.example>\r\n",
		"DATA\r\n",
		"RSET\r\n",
	};

	if (h->client.in_data)
		return "Subject: x\r\n\r\nbody\r\n..\r\n.\r\n";
	if (strcmp(session_state(h->s), "greeted") == 0)
		return roll(d, 8) == 0 ? "HELO c.example\r\n" : "EHLO c.example\r\n";
	return after_hello[roll(d, COUNT(after_hello))];
}

static inline const char *pick_server(struct dice *d)
{
	static const char *const replies[] = {
		"220 mx.example ESMTP\r\n",
		"250 ok\r\n",
		"250 2.1.5 ok\r\n",
		"250-mx.example\r\n250-STARTTLS\r\n250-SIZE 500\r\n250-8BITMIME\r\n250-DSN\r\n250 SMTPUTF8\r\n",
		"250-mx.example\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n",
		"250-mx.example\r\n250-SIZE 5000\r\n250 8BITMIME\r\n",
		"220 go ahead\r\n",
		"220 go ahead\r\n250 injected\r\n",
		"354 go ahead\r\n",
		"334 VXNlcm5hbWU6\r\n",
		"235 2.7.0 ok\r\n",
		"421 4.3.2 going down\r\n",
		"450 4.2.0 later\r\n",
		"454 4.7.0 no TLS now\r\n",
		"530 5.7.0 authenticate\r\n",
		"550 5.1.1 unknown\r\n",
		"554 5.7.1 no\r\n",
		"502 5.5.1 what\r\n",
		"199 hm\r\n",
		"garbage\r\n",
		"250-half\r\n",
		"250\r\n",
	};

	return replies[roll(d, COUNT(replies))];
}

/* What the TLSA searches came to. The key of the n-th host's only record is what its own certificates have. */
static inline void pick_dane(struct dice *d, struct verdict *v)
{
	static const enum level floors[] = { LEVEL_ENCRYPT, LEVEL_MAY, LEVEL_VERIFY, LEVEL_NONE, LEVEL_SECURE };
	unsigned shape = roll(d, 256);

	v->floor = floors[shape % COUNT(floors)];
	v->mx_secure = (shape & 1) == 0;
	v->strict_mx = (shape & 2) != 0;
	if (shape > 250)
		v->mx_lookup = VERDICT_LOOKUP_FAILED;
	for (size_t i = 0; i < v->mx_count; i++) {
		struct verdict_mx *mx = &v->mx[i];
		mx->dane = (enum verdict_dane)((shape >> (2 + 2 * i)) % 4);
		if (mx->dane != VERDICT_DANE_USABLE)
			continue;
		memcpy(mx->tlsa_base, mx->name, sizeof(mx->name));
		mx->tlsa = calloc(1, sizeof(*mx->tlsa));
		MUST_HOLD(mx->tlsa != NULL);
		mx->tlsa[0] = (struct tlsa){ 3, 1, 1, (uint16_t)strlen(mx->name), (uint8_t *)strdup(mx->name) };
		MUST_HOLD(mx->tlsa[0].data != NULL);
		mx->tlsa_count = 1;
	}
}

/* What is published: any status by anybody, sound or not, for one host, another, or all. */
static inline void pick_published(struct dice *d, struct verdict *v)
{
	static const char *const hosts[] = { "mx1.example", "example", "mx9.example", "mx2.example" };
	struct verdict_policy *policy = &v->published;
	unsigned shape = roll(d, 256);

	policy->status = (enum verdict_published)((shape & 7) % (VERDICT_PUBLISHED_COUNT + 1));
	policy->by = (enum verdict_publisher)((shape >> 3 & 3) + (shape < 240 && (shape >> 3 & 3) == 0));
	if (shape % 7 == 0) {
		policy->result = RESULT_STS_POLICY_FETCH_ERROR;
		(void)snprintf(policy->reason, sizeof(policy->reason), "the policy host is down");
	}
	policy->patterns = calloc(1, sizeof(*policy->patterns));
	MUST_HOLD(policy->patterns != NULL);
	policy->patterns_count = shape % 31 != 0;
	(void)snprintf(policy->patterns[0].name, VERDICT_NAME_MAX, "%s", hosts[shape >> 5 & 3]);
	policy->patterns[0].wildcard = (shape >> 5 & 3) == 1;
	(void)snprintf(v->nexthop, sizeof(v->nexthop), "%s", v->domain);
}

static inline struct verdict *pick_verdict(struct dice *d, const struct harness *h)
{
	static const enum level levels[] = { LEVEL_ENCRYPT, LEVEL_VERIFY, LEVEL_MAY,         LEVEL_SECURE,
					     LEVEL_NONE,    LEVEL_MAY,    LEVEL_ENCRYPT,     LEVEL_VERIFY,
					     LEVEL_SECURE,  LEVEL_UNSET,  LEVEL_FINGERPRINT, LEVEL_COUNT,
					     LEVEL_DANE,    LEVEL_DANE,   LEVEL_DANE,        LEVEL_DANE_ONLY };
	bool destination = h->asked == VERDICT_ASK_DESTINATION;
	unsigned shape = roll(d, 256);
	struct verdict *v = verdict_new();

	MUST_HOLD(v != NULL);
	if (destination && shape % 3 != 0)
		return v;
	v->status = shape % 17 == 0 ? VERDICT_FAILED : VERDICT_OK;
	v->level = levels[roll(d, COUNT(levels))];
	v->source = destination ? VERDICT_SOURCE_DESTINATION : (enum verdict_source)((shape % 16 + 3) / 4 % 4);
	v->enforce = shape % 5 != 0;
	v->auth = shape % 2 == 0;
	v->match_mx = true;
	v->min_protocol = shape % 6 == 0 ? CONF_TLS13 : CONF_TLS12;
	(void)snprintf(v->domain, sizeof(v->domain), "%s", h->asked_domain);
	v->published.status = VERDICT_PUBLISHED_NONE;
	v->mx_lookup = VERDICT_LOOKUP_FOUND;
	if (shape % 11 == 0)
		return v; /* no MX: no SNI */
	v->mx_count = 2;
	v->mx = calloc(2, sizeof(*v->mx));
	MUST_HOLD(v->mx != NULL);
	(void)snprintf(v->mx[0].name, sizeof(v->mx[0].name), "mx%u.example", shape % 3);
	(void)snprintf(v->mx[1].name, sizeof(v->mx[1].name), "mx9.example");
	if (shape & 16) {
		v->mx[0].addrs = calloc(1, sizeof(struct addr));
		MUST_HOLD(v->mx[0].addrs != NULL);
		v->mx[0].addrs[0] = h->options.destination.addr;
		v->mx[0].addrs_count = 1;
	}
	if (level_is_dane(v->level))
		pick_dane(d, v);
	if (v->level == LEVEL_DANE)
		pick_published(d, v);
	return v;
}

static inline void drive_dial(struct harness *h, struct dice *d)
{
	bool ok = roll(d, 32) != 0;

	h->want_dial = false;
	h->connected = ok;
	harness_feed(h, (struct session_event){ .kind = ok ? SESSION_CONNECTED : SESSION_NOT_CONNECTED });
}

static inline void drive_tls(struct harness *h, struct dice *d)
{
	unsigned how = roll(d, 16);
	bool ok = how > 2 && h->server_in.len == 0;

	h->want_tls = false;
	(void)snprintf(h->cert, sizeof(h->cert), "mx%u.example", how % 4);
	h->cert_expired = how == 15;
	h->tls = (struct session_tls){ .version = how & 1 ? CONF_TLS13 : CONF_TLS12, .weak = how == 4 };
	h->in_tls = ok;
	if (h->tls.version < h->wished_protocol || (h->tls.weak && !h->wished_compat))
		h->in_tls = ok = false;
	harness_feed(h, (struct session_event){ .kind = ok ? SESSION_TLS_READY : SESSION_TLS_FAILED, .tls = &h->tls });
}

static inline void drive_outcome(struct harness *h, struct dice *d)
{
	if (h->spliced) {
		bool hellos = roll(d, 4) != 0;
		harness_splice(h,
			       &(struct session_splice){ .up = 1,
							 .hellos = hellos,
							 .half = roll(d, 4) == 0,
							 .servername = "mx.example",
							 .offered = "TLSv1.3",
							 .version = "TLSv1.2" },
			       roll(d, 8) == 0 ? "it ended" : NULL);
	} else if (h->want_client_tls) {
		harness_client_tls(h, roll(d, 8) != 0, &(struct session_tls){ .version_name = "TLSv1.3" });
	} else if (h->want_dial) {
		drive_dial(h, d);
	} else if (h->want_tls) {
		drive_tls(h, d);
	} else if (h->want_verdict) {
		harness_verdict_in(h, pick_verdict(d, h));
	} else if (h->connected && !h->in_tls && roll(d, 64) == 0) {
		bytes_add(&h->server_in, (const char *)d->in + d->at, d->len - d->at < 4 ? d->len - d->at : 4);
	}
}

/* What a server that behaves would say now. */
static inline void drive_kindly(struct harness *h)
{
	if (h->server_in.len > 0 || !h->connected || h->want_tls)
		return;
	switch (h->server.pending) {
	case SPEECH_NONE:
		if (strcmp(session_state(h->s), "banner") == 0 || strcmp(session_state(h->s), "rebanner") == 0)
			bytes_add_text(&h->server_in, "220 mx.example\r\n");
		break;
	case SPEECH_DATA: bytes_add_text(&h->server_in, "354 go\r\n"); break;
	case SPEECH_STARTTLS: bytes_add_text(&h->server_in, "220 go\r\n"); break;
	case SPEECH_AUTH: bytes_add_text(&h->server_in, "235 2.7.0 ok\r\n"); break;
	case SPEECH_MAIL:
	case SPEECH_RCPT:
	case SPEECH_END_OF_DATA: bytes_add_text(&h->server_in, "250 2.0.0 ok\r\n"); break;
	case SPEECH_OTHER:
		bytes_add_text(&h->server_in,
			       h->in_tls && h->options.tls_compat
				       ? "250-mx.example\r\n250-REQUIRETLS\r\n250-SIZE 900\r\n250 8BITMIME\r\n"
			       : h->in_tls ? "250-mx.example\r\n250-AUTH PLAIN\r\n250-SIZE 900\r\n250 8BITMIME\r\n"
					   : "250-mx.example\r\n250-STARTTLS\r\n250 8BITMIME\r\n");
		break;
	}
}

static inline void drive_rarely(struct harness *h, struct dice *d)
{
	switch (roll(d, 15)) {
	case 0:
		h->client_left = true;
		harness_feed(h, (struct session_event){ .kind = SESSION_CLIENT_CLOSED });
		break;
	case 1:
	case 2:
		if (!h->connected)
			break;
		harness_leg_gone(h);
		h->connected = true; /* until the machine closes it */
		harness_feed(h, (struct session_event){ .kind = SESSION_SERVER_CLOSED });
		break;
	case 3:
	case 4:
	case 5:
		h->now_s += h->timer_s;
		if (h->timer_s > 0)
			harness_feed(h, (struct session_event){ .kind = SESSION_TIMEOUT });
		break;
	case 6: harness_feed(h, (struct session_event){ .kind = SESSION_SHUTDOWN }); break;
	case 7: bytes_add(&h->client_in, (const char *)d->in + d->at, d->len - d->at < 40 ? d->len - d->at : 40); break;
	case 8:
		if (!h->want_tls)
			harness_feed(h, (struct session_event){ .kind = SESSION_TLS_READY, .tls = &h->tls });
		break;
	case 9:
		if (!h->want_dial)
			harness_feed(h, (struct session_event){ .kind = SESSION_CONNECTED });
		break;
	case 10:
		if (!h->want_verdict)
			harness_feed(h, (struct session_event){ .kind = SESSION_VERDICT });
		break;
	case 12:
		if (!h->spliced)
			harness_feed(h, (struct session_event){ .kind = SESSION_SPLICED });
		break;
	case 11:
		if (!h->want_client_tls)
			harness_feed(h, (struct session_event){ .kind = SESSION_CLIENT_TLS_READY, .tls = &h->tls });
		break;
	default: h->now_s += roll(d, 100); break;
	}
}

static inline void drive_step(struct harness *h, struct dice *d)
{
	unsigned what = roll(d, 64);

	if (what < 20) {
		if (h->client_in.len < 500)
			bytes_add_text(&h->client_in, roll(d, 16) == 0 ? pick_client(d) : kind_client(h, d));
	} else if (what < 44) {
		drive_kindly(h);
	} else if (what < 46) {
		if (h->connected && h->server_in.len < 500)
			bytes_add_text(&h->server_in, pick_server(d));
	} else if (what < 63 || roll(d, 4) != 0) {
		drive_outcome(h, d);
	} else {
		drive_rarely(h, d);
	}
}

/* Returns the number of messages that came through. */
static inline unsigned drive(const uint8_t *in, size_t len)
{
	struct dice d = { in, len, 0 };
	struct harness h = { .options = { .id = 1 } };
	unsigned shape = roll(&d, 256);
	size_t step = shape & 64 ? 1 : 100000;
	unsigned messages;

	MUST_HOLD(endpoint_parse(&h.options.client, "192.0.2.200:4000", 25));
	MUST_HOLD(endpoint_parse(&h.options.destination, "192.0.2.1", 25));
	h.options.bare_newline_reject = shape & 1;
	h.options.enforce = (shape & 2) == 0;
	h.options.clear_possible = shape & 4;
	h.options.tls_compat = shape & 8;
	h.options.client_tls = (shape & 48) == 48  ? CONF_CLIENT_TLS_PASSTHROUGH
			       : (shape & 16) != 0 ? CONF_CLIENT_TLS_TERMINATE
						   : CONF_CLIENT_TLS_OFF;
	h.options.reports = shape & 128;
	h.options.hosts = host_memory_new(8);
	h.options.keywords = ehlo_memory_new(8);
	harness_start(&h);
	while (!h.over && d.at < d.len) {
		drive_step(&h, &d);
		while (harness_server(&h, step) || harness_client(&h, step))
			;
		if (!h.over && roll(&d, 2) == 0) {
			drive_kindly(&h);
			drive_outcome(&h, &d);
		}
	}
	harness_times_out(&h);
	messages = h.client.ok[SPEECH_END_OF_DATA];
	host_memory_free(h.options.hosts);
	ehlo_memory_free(h.options.keywords);
	harness_stop(&h);
	return messages;
}

#endif
