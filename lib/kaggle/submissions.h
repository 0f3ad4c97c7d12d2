/* SPDX-License-Identifier: MIT */
/*
 * submissions - what was handed in to a competition, page by page
 *
 *	struct submissions *list = submissions_open(kaggle, "titanic", &end);
 *	while (jv_is_valid(one = submissions_next(list)) &&
 *	    jv_get_kind(one) == JV_KIND_OBJECT)
 *		...
 *	submissions_close(list);
 *
 * ListSubmissions has them by their date, the newest first. A page is kept at a
 * time. A list that goes round in circles ends with an error.
 */
#ifndef KAGGLE_SUBMISSIONS_H
#define KAGGLE_SUBMISSIONS_H

#include <stdbool.h>

#include <jv.h>

#include "clock.h"
#include "kaggle/api.h"

struct submissions;

/* Asks nothing yet. All are borrowed until submissions_close(). */
struct submissions *submissions_open(struct kaggle *kaggle,
    const char *competition, const struct deadline *deadline);
void submissions_close(struct submissions *list);

/*
 * The next one as a record: "ref", "file_name", "description",
 * "submitted_at", "status" (PENDING, COMPLETE, ERROR or another word of
 * Kaggle's), "public_score", "private_score" (numbers, if they are),
 * "error_description", "bytes", "submitted_by", "team", "url"; absent without a
 * value. jv_null() at the end, or an error_value().
 */
jv submissions_next(struct submissions *list);

/*
 * The name of a competition that an operand tells: itself, or the address of
 * its page on kaggle.com; the caller's to free. NULL if it is neither.
 */
char *competition_parse(const char *text);

#endif
