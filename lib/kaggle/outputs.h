/* SPDX-License-Identifier: MIT */
/*
 * outputs - the list of a session's output files, page by page
 *
 *	struct outputs *list = outputs_open(kaggle, &kernel, log, NULL);
 *	do {
 *		outputs_work(list);
 *		while ((output = outputs_next(list)) != NULL)
 *			... outputs_release(list, output);
 *	} while (outputs_pending(list) && http_drive());
 *	why = outputs_error(list);
 *	outputs_close(list);
 *
 * While one page is worked on the next one is asked for, and no more than that.
 * A page is kept until all its files are released. A list that goes round in
 * circles ends with an error.
 */
#ifndef OUTPUTS_H
#define OUTPUTS_H

#include <stdbool.h>
#include <stddef.h>

#include <jv.h>

#include "clock.h"
#include "kaggle/api.h"

/* One file; the list's own. */
struct output {
	char *name;      /* as the server said it; "" without one */
	size_t name_len; /* there may be a NUL in it */
	char *url;       /* "" without one */
	bool renewing;   /* outputs_renew() is under way */

	struct output_page *page; /* the list's own */
};

struct outputs;

/*
 * Asks for the first page. All are borrowed until outputs_close(). The log of
 * the session goes to the file log, as it comes, unless that is -1. Each page
 * holds the log, so it is a transfer (http.h): without a deadline it may take
 * as long as bytes come.
 */
struct outputs *outputs_open(struct kaggle *kaggle, const struct kernel *kernel,
    int log, const struct deadline *deadline);

/* Ends what is under way, and frees all. */
void outputs_close(struct outputs *list);

/* Takes the answers that came. Waits only to ask again for what was none. */
void outputs_work(struct outputs *list);

/* The next file, or NULL if there is none at the moment. */
struct output *outputs_next(struct outputs *list);

/* Whether a page is under way, of which http_drive() may bring more. */
bool outputs_pending(const struct outputs *list);

/* The file is done with. */
void outputs_release(struct outputs *list, struct output *output);

/*
 * Lists the page of output again, as its URL is refused. When outputs_work()
 * has cleared renewing, url is the new one, if there is one.
 */
void outputs_renew(struct outputs *list, struct output *output);

/*
 * Why the list broke off, a copy; jv_null() if it did not. The files that came
 * before are good.
 */
jv outputs_error(const struct outputs *list);

/*
 * Hands each file to take, waiting for all pages, until that returns false.
 * Returns outputs_error(), or jv_null() after false.
 */
jv outputs_each(struct outputs *list,
    bool (*take)(void *context, const struct output *output), void *context);

/* Whether anything of the list came. */
bool outputs_began(const struct outputs *list);

/* How many bytes the log had; -1 with errno if it could not be written. */
long long outputs_log_bytes(const struct outputs *list);

#endif
