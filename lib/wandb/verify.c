/* SPDX-License-Identifier: MIT */
/*
 * verify - whether a run on the server is what a file says
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "json.h"
#include "record.h"
#include "wandb/same.h"
#include "wandb/verify.h"

/* ---- the run ---- */

static bool
same_row(const struct row_key *a, const struct row_key *b)
{
	return a->step == b->step &&
	    (isnan(a->timestamp) ? isnan(b->timestamp)
				 : fabs(a->timestamp - b->timestamp) < 5e-7);
}

static jv
differs(const char *what)
{
	return error_value("conflict",
	    "the server does not show what the file holds: %s", what);
}

static jv
lacks(const char *what, int64_t there, int64_t wanted)
{
	return error_value("conflict",
	    "the server does not show what the file holds: it has %" PRId64
	    " %s of %" PRId64,
	    there, what, wanted);
}

static const char *
or_empty(const char *json)
{
	return json != NULL && *json != '\0' ? json : "{}";
}

/* Keys and values; _wandb has been written by programs, not by the run. */
static bool
same_config(struct span ours, struct span theirs)
{
	struct json_members x = { 0 }, y = { 0 };
	struct json_fault fault;
	const struct json_member *other;
	bool same = json_members(ours, JSON_WORDS, &x, &fault) &&
	    json_members(theirs, JSON_WORDS, &y, &fault);

	for (size_t i = 0; same && i < x.count; i++) {
		if (span_is(x.at[i].key, "_wandb"))
			continue;
		other = same_member(&y, i, &x.at[i]);
		/* {"value": ...}, beside which a server may put more */
		same = other != NULL && other->value.type == JSON_OBJECT &&
		    same_objects(x.at[i].value.text, other->value.text, true);
	}
	json_members_release(&x);
	json_members_release(&y);
	return same;
}

/* Lists that only grow. */
static jv
compare_counts(const struct expected *expected, const struct bucket *bucket)
{
	if (bucket->rows < expected->rows)
		return lacks("rows", bucket->rows, expected->rows);
	if (bucket->events < expected->events)
		return lacks(
		    "system metrics samples", bucket->events, expected->events);
	if (bucket->console < expected->console)
		return lacks(
		    "console lines", bucket->console, expected->console);
	return jv_null();
}

static jv
compare_contents(const struct expected *expected, const struct bucket *bucket)
{
	if (bucket->rows != expected->rows)
		return lacks("rows", bucket->rows, expected->rows);
	if (expected->last_row.known &&
	    !same_row(&expected->last_row, &bucket->last_row))
		return differs("the last row is another");
	if (expected->summarized &&
	    !same_objects(expected->summary, span_of(or_empty(bucket->summary)),
		expected->may_hold_more))
		return differs("the summary is another");
	if (expected->config.len > 0 &&
	    !same_config(expected->config, span_of(or_empty(bucket->config))))
		return differs("the config is another");
	return jv_null();
}

jv
verify_run(const struct expected *expected, const struct bucket *bucket)
{
	const char *state = expected->exit_code == 0 ? "finished" : "failed";
	jv why;

	if (!bucket->present)
		return differs("there is no such run");
	why = compare_counts(expected, bucket);
	if (!jv_is_valid(why) || expected->over)
		return why;
	jv_free(why);
	/* Servers that do not tell it cannot be asked. */
	if (expected->complete && bucket->state != NULL &&
	    strcasecmp(bucket->state, state) != 0)
		return error_value("conflict",
		    "the server does not show what the file holds: the run is "
		    "%s, not %s",
		    bucket->state, state);
	return compare_contents(expected, bucket);
}

/* jv_null() if the files are there. */
static jv
check_files(struct uploads *uploads, const struct bucket *bucket,
    enum uploads_mode mode)
{
	jv files = uploads_compare(uploads, bucket, mode);

	if (!jv_is_valid(files) || uploads_lacking(uploads) == 0)
		return files;
	jv_free(files);
	return uploads_lacks(uploads);
}

jv
verify_once(struct wandb *wandb, const struct run_params *params,
    const struct expected *expected, struct uploads *uploads,
    const struct deadline *deadline, struct bucket *bucket, bool *agrees)
{
	jv run, files;

	uploads_ask(uploads, bucket);
	run = bucket_ask(wandb, params, deadline, bucket);
	if (jv_is_valid(run)) {
		jv_free(run);
		run = verify_run(expected, bucket);
	}
	if (agrees != NULL)
		*agrees = jv_is_valid(run);
	files = check_files(uploads, bucket, expected->files);
	if (!jv_is_valid(run)) {
		jv_free(files);
		return run;
	}
	jv_free(run);
	if (!jv_is_valid(files) || expected->artifacts == NULL)
		return files;
	jv_free(files);
	return artifacts_check(expected->artifacts, wandb, deadline);
}

/*
 * Pauses, and frees why, if it is a conflict and there is time. Else false, and
 * why is what came of it.
 */
static bool
ask_again(jv *why, struct deadline *end, double *pause)
{
	jv late;

	if (jv_is_valid(*why) || strcmp(error_code(*why), "conflict") != 0)
		return false;
	if (deadline_sleep(end, *pause)) {
		jv_free(*why);
		*pause = fmin(*pause * 2, 10);
		return true;
	}
	late = error_value("timeout", "%s", error_message(*why));
	jv_free(*why);
	*why = late;
	return false;
}

jv
verify_wait(struct wandb *wandb, const struct run_params *params,
    const struct expected *expected, struct uploads *uploads,
    const struct deadline *deadline, struct bucket *bucket)
{
	struct deadline end =
	    deadline_in(fmin(VERIFY_SECONDS, deadline_left(deadline)));
	double pause = 0.25;
	jv why;

	do
		why = verify_once(
		    wandb, params, expected, uploads, deadline, bucket, NULL);
	while (ask_again(&why, &end, &pause));
	return why;
}

jv
verify_files(struct uploads *uploads, const struct bucket *bucket,
    enum uploads_mode mode, const struct deadline *deadline)
{
	struct deadline end =
	    deadline_in(fmin(VERIFY_SECONDS, deadline_left(deadline)));
	double pause = 0.25;
	jv why;

	do
		why = check_files(uploads, bucket, mode);
	while (ask_again(&why, &end, &pause));
	return why;
}

jv
verify_artifacts(struct wandb *wandb, struct artifacts *artifacts,
    const struct deadline *deadline)
{
	struct deadline end =
	    deadline_in(fmin(VERIFY_SECONDS, deadline_left(deadline)));
	double pause = 0.25;
	jv why;

	do
		why = artifacts_check(artifacts, wandb, deadline);
	while (ask_again(&why, &end, &pause));
	return why;
}
