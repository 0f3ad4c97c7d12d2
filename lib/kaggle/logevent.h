/* SPDX-License-Identifier: MIT */
/*
 * logevent - the events of a session's log, from its text as it comes
 *
 *	struct log_scanner scanner = { .event = take, .context = &job };
 *	log_scanner_begin(&scanner, LOG_TEXT);
 *	while (... bytes come ...)
 *		log_scanner_feed(&scanner, bytes, len);
 *	log_scanner_end(&scanner);
 *	log_scanner_release(&scanner);
 *
 * Kaggle's layout is a JSON array of {"stream_name", "time", "data"}, an event
 *a line, with leading commas. What is not so is passed on all the same: the
 * closing bracket may be missing, commas may be too many, and what is no such
 * event is one of plain text, a line each, as is a log that is no array at all.
 * Bytes that are not UTF-8 become U+FFFD.
 */
#ifndef KAGGLE_LOGEVENT_H
#define KAGGLE_LOGEVENT_H

#include <stdbool.h>
#include <stddef.h>

#include "json.h"
#include "mem.h"

/* What an event may have at most, in bytes. */
enum { LOG_EVENT_MOST = 8 << 20 };

/* One event; the scanner's own, until the next. */
struct log_event {
	struct span time;   /* a JSON number as written; empty: not told */
	struct span stream; /* "stdout", "stderr"; empty: not told */
	struct span data;   /* UTF-8; there may be a NUL in it */
};

enum log_form {
	LOG_TEXT,   /* the array, or plain text */
	LOG_STREAM, /* server-sent events: "data: {...}", "data: END_OF_LOG" */
};

struct log_scanner {
	/* Set by the caller, and all else zero. */
	void (*event)(void *context, const struct log_event *event);
	void *context;

	/* What came. */
	bool ended;         /* END_OF_LOG; what follows is dropped */
	struct buf refusal; /* a whole answer that tells of an error, as JSON */

	/* Its own. */
	enum log_form form;
	int state;
	int depth;
	bool in_string;
	bool escaped;
	bool first;      /* of the text's values */
	struct buf text; /* the event that is coming */
	struct buf repaired;
	struct buf stream;
	struct buf data;
	struct json_members members;
};

/* Forgets what came; the next bytes are the first of a log. */
void log_scanner_begin(struct log_scanner *scanner, enum log_form form);

/*
 * The next bytes, any number of them. Calls event for each event that is whole.
 * False: one has more than LOG_EVENT_MOST bytes, or the text is a refusal.
 */
bool log_scanner_feed(
    struct log_scanner *scanner, const void *bytes, size_t len);

/*
 * The log ends here: what is left is an event, of plain text if it was cut. Not
 * to be called if more of it may come in a later answer.
 */
void log_scanner_end(struct log_scanner *scanner);

/* Frees all; what the caller set stays. */
void log_scanner_release(struct log_scanner *scanner);

#endif
