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
#include "wandb/verify.h"

/* ---- JSON values ---- */

static bool same_value(const struct json_value *a, const struct json_value *b);

static struct span
inside(const struct json_value *string)
{
	return (struct span){ string->text.at + 1, string->text.len - 2 };
}

/* Strings without their quotes. */
static bool
same_text(struct span a, bool a_escaped, struct span b, bool b_escaped)
{
	struct buf x = { 0 }, y = { 0 };
	bool same;

	if (!a_escaped && !b_escaped)
		return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
	json_decode(&x, a);
	json_decode(&y, b);
	same = x.len == y.len && (x.len == 0 || memcmp(x.at, y.at, x.len) == 0);
	buf_release(&x);
	buf_release(&y);
	return same;
}

static bool
same_number(struct span a, struct span b)
{
	char *x, *y;
	bool same = a.len == b.len && memcmp(a.at, b.at, a.len) == 0;

	if (same)
		return true;
	x = xstrndup(a.at, a.len);
	y = xstrndup(b.at, b.len);
	/* As they were read, so they must be equal to the last bit. */
	same = !islessgreater(strtod(x, NULL), strtod(y, NULL));
	free(x);
	free(y);
	return same;
}

/* The member of b like this one; most often it is at the same place. */
static const struct json_member *
partner(const struct json_members *b, size_t at, const struct json_member *like)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct json_member *member = &b->at[(at + i) % b->count];

		if (same_text(member->key, member->key_escaped, like->key,
			like->key_escaped))
			return member;
	}
	return NULL;
}

static bool
same_object(struct span a, struct span b, bool b_has_more)
{
	struct json_members x = { 0 }, y = { 0 };
	struct json_fault fault;
	const struct json_member *other;
	bool same = json_members(a, JSON_WORDS, &x, &fault) &&
	    json_members(b, JSON_WORDS, &y, &fault) &&
	    (x.count == y.count || (b_has_more && x.count < y.count));

	for (size_t i = 0; same && i < x.count; i++) {
		other = partner(&y, i, &x.at[i]);
		same =
		    other != NULL && same_value(&x.at[i].value, &other->value);
	}
	json_members_release(&x);
	json_members_release(&y);
	return same;
}

static bool
same_array(struct span a, struct span b)
{
	struct json_walk x, y;
	struct json_member of_a, of_b;
	bool more_a, more_b;

	json_walk(&x, a, JSON_WORDS);
	json_walk(&y, b, JSON_WORDS);
	for (;;) {
		more_a = json_next(&x, &of_a);
		more_b = json_next(&y, &of_b);
		if (!more_a || !more_b)
			return more_a == more_b;
		if (!same_value(&of_a.value, &of_b.value))
			return false;
	}
}

static bool
same_value(const struct json_value *a, const struct json_value *b)
{
	if (a->type == JSON_WORD && b->type == JSON_STRING)
		return same_text(a->text, false, inside(b), b->escaped);
	if (a->type == JSON_STRING && b->type == JSON_WORD)
		return same_value(b, a);
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case JSON_NUMBER:
		return same_number(a->text, b->text);
	case JSON_STRING:
		return same_text(inside(a), a->escaped, inside(b), b->escaped);
	case JSON_ARRAY:
		return same_array(a->text, b->text);
	case JSON_OBJECT:
		return same_object(a->text, b->text, false);
	default:
		return same_text(a->text, false, b->text, false);
	}
}

bool
verify_same(struct span a, struct span b)
{
	struct json_value x, y;
	struct json_fault fault;

	return json_value(a, JSON_WORDS, &x, &fault) &&
	    json_value(b, JSON_WORDS, &y, &fault) && same_value(&x, &y);
}

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
		other = partner(&y, i, &x.at[i]);
		/* {"value": ...}, beside which a server may put more */
		same = other != NULL && other->value.type == JSON_OBJECT &&
		    same_object(x.at[i].value.text, other->value.text, true);
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
	    !same_object(expected->summary, span_of(or_empty(bucket->summary)),
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
