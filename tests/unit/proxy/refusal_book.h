/* refusal_book.h - holds the log against the dialogue: each refusal that gate25 makes is one record, no more and no
 * less, and says what the client heard.
 *
 * A refusal is a reply of 4xx or 5xx that the server did not say. It is told by a record REFUSED or CLIENT_ERROR before
 * it is said, or, where a silent client, a limit or the end of the process is the cause, by the session's end. What
 * follows of a refusal (to DATA without a recipient that was taken, to the next RCPT of what is refused as a whole) is
 * in the log already. */
#ifndef GATE25_TESTS_REFUSAL_BOOK_H
#define GATE25_TESTS_REFUSAL_BOOK_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/session/session_record.h"
#include "proxy/smtp/smtp_reply.h"

#define BOOK_HOLDS(book, condition)                                                                           \
	do {                                                                                                  \
		if (!(condition)) {                                                                           \
			(void)fprintf(stderr, "%s:%d: does not hold: %s\n  told: %s\n  said: %s\n", __FILE__, \
				      __LINE__, #condition, (book)->told, (book)->said);                      \
			abort();                                                                              \
		}                                                                                             \
	} while (0)

struct refusal_book {
	struct smtp_reply server;           /* what it says, read as the session reads it */
	char *relayed;                      /* its refusals: lines as the client gets them, LF before and after each */
	char line[SMTP_REPLY_LINE_MAX + 1]; /* to the client, so far */
	size_t len;
	char told[SMTP_REPLY_LINE_MAX + 1]; /* by a record, and not said yet; "": nothing */
	char said[SMTP_REPLY_LINE_MAX + 1]; /* without a record so far; "": nothing */
	char *known;                        /* told and said */
	unsigned refusals;                  /* whosever */
};

static inline void book_note(char **list, const char *line)
{
	size_t before = *list != NULL ? strlen(*list) : 0;
	size_t len = before + strlen(line) + 3;

	*list = realloc(*list, len);
	if (*list == NULL)
		abort();
	(void)snprintf(*list + before, len - before, "\n%s\n", line);
}

static inline bool book_has(const char *list, const char *line)
{
	char sought[SMTP_REPLY_LINE_MAX + 3];

	(void)snprintf(sought, sizeof(sought), "\n%s\n", line);
	return list != NULL && strstr(list, sought) != NULL;
}

/* The client gets |line|, without CRLF. */
static inline void book_refusal(struct refusal_book *book, const char *line)
{
	static const char *const consequences[] = { "554 5.5.1 no valid recipients",
						    "451 4.5.1 no recipient was accepted yet",
						    "451 4.4.2 the server was lost within the transaction" };
	bool follows = book_has(book->known, line);

	for (size_t i = 0; i < sizeof(consequences) / sizeof(consequences[0]); i++)
		follows = follows || (book->refusals > 0 && strcmp(line, consequences[i]) == 0);
	book->refusals++;
	if (book_has(book->relayed, line))
		return;
	if (strcmp(book->told, line) == 0) {
		book_note(&book->known, line);
		book->told[0] = '\0';
	} else if (!follows) {
		(void)snprintf(book->said, sizeof(book->said), "%s", line);
	}
}

static inline void book_client_hears(struct refusal_book *book, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] != '\n') {
			BOOK_HOLDS(book, book->len < sizeof(book->line));
			book->line[book->len++] = bytes[i];
			continue;
		}
		BOOK_HOLDS(book, book->len > 0 && book->line[book->len - 1] == '\r' && book->said[0] == '\0');
		book->line[book->len - 1] = '\0';
		book->len = 0;
		if ((book->line[0] == '4' || book->line[0] == '5') && book->line[3] != '-')
			book_refusal(book, book->line);
	}
}

/* Octets of the server's, before the session hears them: up to the end of one reply. */
static inline void book_server_says(struct refusal_book *book, const char *bytes, size_t len)
{
	char line[SMTP_REPLY_LINE_MAX + 1];
	size_t used;

	if (smtp_reply_feed(&book->server, bytes, len, &used) != SMTP_REPLY_DONE)
		return;
	for (int utf8 = 0; book->server.code >= 400 && utf8 < 2; utf8++) {
		line[smtp_reply_line(&book->server, book->server.lines_count - 1, utf8, line) - 2] = '\0';
		book_note(&book->relayed, line);
	}
}

static inline void book_server_left(struct refusal_book *book)
{
	smtp_reply_cleanup(&book->server);
}

static inline void book_ends(struct refusal_book *book, const struct session_record *r, const char *reply)
{
	bool ends_by_itself = r->end == SESSION_END_CLIENT_GONE || r->end == SESSION_END_TIMEOUT ||
			      r->end == SESSION_END_SHUTDOWN || r->end >= SESSION_END_CLIENT_TLS;

	if (ends_by_itself) { /* what was not said any more may have been told */
		book->told[0] = '\0';
		if (strcmp(book->said, reply) == 0)
			book->said[0] = '\0';
	}
	BOOK_HOLDS(book, book->said[0] == '\0' && book->told[0] == '\0');
	BOOK_HOLDS(book, r->end != SESSION_END_REFUSED || book_has(book->known, reply));
}

static inline void book_log(struct refusal_book *book, const struct session_record *r)
{
	char reply[SMTP_REPLY_LINE_MAX + 1];

	reply[smtp_reply_local(reply, "%s", r->reply) - 2] = '\0';
	if (r->kind == SESSION_RECORD_END)
		book_ends(book, r, reply);
	if (r->kind != SESSION_RECORD_REFUSED && r->kind != SESSION_RECORD_CLIENT_ERROR)
		return;
	BOOK_HOLDS(book, book->told[0] == '\0' && book->said[0] == '\0' && (reply[0] == '4' || reply[0] == '5'));
	memcpy(book->told, reply, sizeof(reply));
}

static inline void book_close(struct refusal_book *book)
{
	smtp_reply_cleanup(&book->server);
	free(book->relayed);
	free(book->known);
}

#endif
