/* SPDX-License-Identifier: MIT */
/*
 * logtext - the log in an answer of ListKernelSessionOutput, as it comes
 *
 *	struct logtext log = { .take = write_it, .anew = empty_it,
 *	    .context = &file };
 *	struct kaggle_question question = { .call = { ... }, .log = &log };
 *	kaggle_begin(kaggle, &question, "ListKernelSessionOutput", body);
 *	while (http_pending(&question.call))
 *		http_drive();
 *	reply = kaggle_end(kaggle, &question);
 *	logtext_release(&log);
 *
 * Each page of that list holds the whole log of the session as one JSON string,
 * "log", which may be longer than memory. Its characters are handed on as they
 * come, 64 KiB at a time; what else the answer holds is kept, with "" in the
 * place of the log, so that the reply is a small object.
 */
#ifndef KAGGLE_LOGTEXT_H
#define KAGGLE_LOGTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "mem.h"

struct logtext {
	/* Set by the caller, and all else zero. */

	/*
	 * Takes bytes of the log, UTF-8 if the server's are. NULL: they are not
	 * wanted. Also of an answer that is cut or an error later; calls of
	 * http.h are not allowed here.
	 */
	void (*take)(void *context, const void *bytes, size_t len);
	/* An answer begins, perhaps not the first: what was taken is void. */
	void (*anew)(void *context); /* may be NULL */
	void *context;

	/* The rest of the answer. */
	struct buf rest;

	/* Its own. */
	struct buf piece;
	int depth;
	int state;
	bool object;    /* the outermost is one, */
	bool key_next;  /* in which a key comes next, */
	bool is_log;    /* or the value of "log" */
	bool had_log;   /* a second one is dropped */
	char key[4];    /* the last one, if it is as short as "log" */
	size_t key_len; /* of it; more if it is longer */
	unsigned unit;  /* of \uXXXX, */
	int digits;     /* of which so many came */
	unsigned high;  /* the first half of a pair, or 0 */
};

/* Forgets what came; the next bytes are the first of an answer. */
void logtext_begin(struct logtext *log);

/*
 * The next bytes of the answer, any number of them. False: the rest is larger
 * than 64 MiB, and is no answer. Half a surrogate pair becomes U+FFFD; after
 * an escape that JSON does not have the rest is no JSON.
 */
bool logtext_feed(struct logtext *log, const void *bytes, size_t len);

/* Frees all; empty again. */
void logtext_release(struct logtext *log);

#endif
