/* SPDX-License-Identifier: MIT */
/*
 * runs - the runs of a project, page by page
 *
 * One page is in memory, and while it is worked on the next is on its way; an
 * answer of more than 2 MiB is asked for again in smaller pages. The caller
 * gets each run as the server wrote it, a JSON object.
 *
 * Memory: two pages, and 16 to 32 bytes for each run, by which one that comes
 * twice is known.
 */
#ifndef WANDB_RUNS_H
#define WANDB_RUNS_H

#include <stdbool.h>

#include <jv.h>

#include "clock.h"
#include "json.h"
#include "mem.h"
#include "wandb/api.h"

struct runs_query {
	const char *entity, *project;
	const char *filter; /* JSON, Mongo-like; NULL: all runs */
	const char *order;  /* "+created_at"; NULL: that */
	/*
	 * What is asked of a run: names of fields of the server's type Run,
	 * parted by spaces, with sub-selections ("displayName user { name }").
	 * name, the run's id, is asked for anyway.
	 */
	const char *select;
	/*
	 * Arrays of strings: only these keys of summaryMetrics and config; an
	 * empty one: all keys. An invalid jv: the field is not asked for.
	 * Borrowed.
	 */
	jv summary, config;
	bool *absent; /* set when the server itself says that there is no such
	                 run or project; NULL: it is not wanted */
	long long limit; /* runs; 0: all */
	int page;        /* runs in an answer; 0: 1,000 */
};

/*
 * Takes one run, the text of a JSON object that lives until it returns.
 * Returns jv_null(), or an error_value(), which ends the list.
 */
typedef jv runs_take(void *context, struct span run);

/* What a list came to. */
struct runs_seen {
	long long runs; /* that were taken, each once */
	long long said; /* what the server's runCount was at first */
	int requests;
};

/*
 * Gives each run to take, in the server's order. A page that took too long or
 * was refused for its size is asked for again with half as many runs (10 at
 * least). A run that comes again within 1,000 others is given once. A server
 * that does not know a field or the choice of keys is asked without. Returns
 * jv_null(), or an error_value(), also when runs were taken: not_found (no such
 * project, or no right to see it), those of api.h, unavailable (an empty page
 * where there must be more, a cursor that repeats, an answer that is none).
 */
jv runs_list(struct wandb *wandb, const struct runs_query *query,
    const struct deadline *deadline, runs_take *take, void *context,
    struct runs_seen *seen);

/*
 * The same for one run, by its id; filter, order and limit do not count.
 * not_found: there is no such run, or no right to see it. What is no answer is
 * asked for once more.
 */
jv runs_one(struct wandb *wandb, const struct runs_query *query,
    const char *run_id, const struct deadline *deadline, runs_take *take,
    void *context);

/* Asks how many there are, without reading any. */
jv runs_count(struct wandb *wandb, const struct runs_query *query,
    const struct deadline *deadline, long long *count);

/*
 * A member of an object in an answer; false without it. A whole number there;
 * -1 without one.
 */
bool runs_member(
    struct span object, const char *name, struct json_value *value);
long long runs_number(struct span object, const char *name);

/*
 * The JSON text of a summary, a config: they come as a string that holds JSON,
 * as null, empty, cut, or as an object. False without an object; else *text is
 * one, in kept or in the answer. NaN and the infinities may be in it.
 */
bool runs_text(
    const struct json_value *value, struct buf *kept, struct span *text);

#endif
