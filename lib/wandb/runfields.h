/* SPDX-License-Identifier: MIT */
/*
 * runfields - which fields of runs are wanted, and their form in a record
 *
 * Values are the server's bytes; only NaN and the infinities become strings,
 * times RFC 3339 in UTC, and what comes as JSON in a string is taken out of it.
 * What the server has no value for is left out.
 */
#ifndef WANDB_RUNFIELDS_H
#define WANDB_RUNFIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include <jv.h>

#include "mem.h"
#include "wandb/runs.h"

/* All zero: none. */
struct runfields {
	int *order; /* numbers of fields, as they were asked for */
	size_t count;
	struct buf select;
	bool whole_summary, whole_config;
	jv summary, config; /* arrays of keys; invalid: none was asked for */
	jv asked_summary, asked_config; /* the same, as the server is asked */
	struct buf text, decoded;       /* for one run */
};

/* Those that are written without --fields. */
void runfields_usual(struct runfields *fields);

/*
 * Adds the fields in list ("state,summary.loss,config.lr"). Returns NULL, or
 * where in it the first word is that is none.
 */
const char *runfields_add(struct runfields *fields, const char *list);

/* The names of all, parted by spaces. */
const char *runfields_names(void);

/* Removes those wanted from a record, which is consumed. */
jv runfields_forget(const struct runfields *fields, jv rec);

/* Sets select, summary and config of query, which borrows from fields. */
void runfields_ask(struct runfields *fields, struct runs_query *query);

/* Whose runs they are. */
struct runs_place {
	const char *entity, *project;
	char *url; /* of a run, up to its id */
};

/*
 * Appends the members "run", "project" and those wanted to out, without braces.
 * run is the server's object. A summary or config that is no JSON object is
 * left out, with a warning.
 */
void runfields_write(struct runfields *fields, const struct runs_place *place,
    struct span run, struct buf *out);

void runfields_release(struct runfields *fields);

#endif
