/* SPDX-License-Identifier: MIT */
/*
 * record - one JSON object that travels down a pipe
 *
 * A record is a libjq object. The functions that return one consume the one
 * they are given, as libjq's do, so calls nest:
 *
 *	rec = record_set_str(record_set_number(rec, "version", 3), "url", url);
 *
 * The getters borrow: what they point to lives until the field is replaced or
 * the record is freed.
 *
 * A record can carry two verdicts of the same form (kw-records(5)):
 *
 *	error	there is nothing to work on; later tools pass the record by
 *	failed	the outcome is bad or not whole; later tools work on it
 *
 * Either makes every tool that writes the record end with status 1.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>

#include <jv.h>

#include "diag.h"

/*
 * Why something could not be done: an invalid jv that holds code, one of the
 * codes of kw-records(5), and a message in one line. Bytes that are not UTF-8
 * become U+FFFD, control characters spaces; a message is cut after 1,000
 * bytes. unavailable and timeout are temporary, other codes are not.
 */
jv error_value(const char *code, const char *format, ...) DIAG_PRINTF(2, 3);

/* The same, and trying again later may help. Consumes why. */
jv error_temporary(jv why);

/* Whether it may; why is borrowed. */
bool error_is_temporary(jv why);

/* The code in why, which is borrowed; "" if why is no error_value(). */
const char *error_code(jv why);

/* The message in why, likewise. */
const char *error_message(jv why);

/*
 * The string in field, or NULL if there is no such field or it holds
 * something else. Strings with a NUL inside count as something else.
 */
const char *record_str(jv rec, const char *field);

/*
 * The integer in field, or otherwise. libjq keeps 53 bits: ids are strings.
 */
long long record_int(jv rec, const char *field, long long otherwise);

/* Sets field to a copy of value, which must be UTF-8; NULL removes it. */
jv record_set_str(jv rec, const char *field, const char *value);

/* Sets field to a number of seconds, bytes or things. */
jv record_set_number(jv rec, const char *field, double value);

/* Sets field to true or false. */
jv record_set_bool(jv rec, const char *field, bool value);

/* Whether field is true: a missing one is not, nor is any other value. */
bool record_true(jv rec, const char *field);

/* Removes field, if it is there. */
jv record_drop(jv rec, const char *field);

/*
 * Removes fields, a list that ends with NULL: what an earlier call of the same
 * tool learnt, and this one perhaps will not.
 */
jv record_forget(jv rec, const char *const fields[]);

/*
 * Sets field to reply[name], if reply has a name that is not null. Fields are
 * taken one by one: a service's reply is never merged whole, because our
 * output is ours to keep stable. Borrows reply.
 */
jv record_take(jv rec, const char *field, jv reply, const char *name);

/*
 * A new reference to field, the caller's to free: an invalid jv if there is no
 * such field or what is no object. Borrows what. For the nested objects of a
 * reply, and where a number or a list is wanted.
 */
jv record_get(jv what, const char *field);

/*
 * Puts the verdict that why holds (an invalid jv from error_value()) into
 * error, and consumes why. ndjson_write() tells the user.
 */
jv record_error(jv rec, jv why);

/* The same for failed; a record that has one keeps the first. */
jv record_failed(jv rec, jv why);

/* Whether the record has error: there is nothing to work on. */
bool record_is_dead(jv rec);

#endif
