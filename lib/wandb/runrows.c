/* SPDX-License-Identifier: MIT */
/*
 * runrows - the rows of runs on the server that have certain keys
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "record.h"
#include "wandb/runrows.h"
#include "wandb/runs.h"

enum {
	ROWS = 5000, /* in an answer */
	ANSWER_BYTES = 2 << 20
};

/* Behind it JSON's numbers are not exact; rows there lack in the count. */
static const long long LAST_STEP = 1LL << 53;

static const char text[] =
    "query WbRunRows($e: String!, $p: String!, $r: String!, "
    "$s: [JSONString!]!) {"
    " project(name: $p, entityName: $e) { run(name: $r) {"
    " sampledHistory(specs: $s) } } }";

/* A range of steps that was asked for. */
struct range {
	struct wandb_call call;
	long long from, to;
	bool patient; /* http.h's tries were asked for */
	bool asked;
	struct span rows; /* the answer */
	long long count;  /* of all rows in it, with the keys or not */
};

struct run {
	char *entity, *project, *id, *head;
	const struct deadline *deadline;
	long long lines, last; /* the server's; -1: it does not say */
	long long next, width; /* of the range that comes next */
	long long count;       /* rows that were seen */
	struct range ranges[2];
};

struct runrows {
	struct wandb *wandb;
	jv keys; /* with _step */
	struct run runs[RUNROWS_MOST];
	int first, count; /* a ring */
	struct buf row;
};

struct runrows *
runrows_open(struct wandb *wandb, jv keys)
{
	struct runrows *rows = xcalloc(1, sizeof *rows);
	jv step = jv_string("_step");

	rows->wandb = wandb;
	rows->keys = jv_array_append(jv_array(), jv_copy(step));
	for (int i = 0; i < jv_array_length(jv_copy(keys)); i++) {
		jv key = jv_array_get(jv_copy(keys), i);

		if (jv_equal(jv_copy(key), jv_copy(step)))
			jv_free(key);
		else
			rows->keys = jv_array_append(rows->keys, key);
	}
	jv_free(step);
	return rows;
}

static void
release_run(struct run *run)
{
	for (int i = 0; i < 2; i++)
		if (run->ranges[i].asked)
			wandb_release(&run->ranges[i].call);
	free(run->entity);
	free(run->project);
	free(run->id);
	free(run->head);
	*run = (struct run){ 0 };
}

void
runrows_close(struct runrows *rows)
{
	if (rows == NULL)
		return;
	for (int i = 0; i < RUNROWS_MOST; i++)
		release_run(&rows->runs[i]);
	jv_free(rows->keys);
	buf_release(&rows->row);
	free(rows);
}

int
runrows_count(const struct runrows *rows)
{
	return rows->count;
}

/* ---- asking ---- */

/* What sampledHistory is to be told, JSON in a string. */
static jv
spec(jv keys, const struct range *range)
{
	jv list = jv_dump_string(keys, 0), out;
	char *json = xasprintf(
	    "{\"keys\":%s,\"minStep\":%lld,\"maxStep\":%lld,\"samples\":%d}",
	    jv_string_value(list), range->from, range->to, (int)ROWS);

	jv_free(list);
	out = jv_string(json);
	free(json);
	return out;
}

static void
ask(struct runrows *rows, struct run *run, struct range *range)
{
	bool last = range->patient || range->from == range->to;
	struct wandb_limits limits = {
		.most = range->from == range->to ? 0 : ANSWER_BYTES,
		.tries = last ? 0 : 1
	};
	jv all = jv_array_append(jv_array(), jv_string("_step"));
	jv variables = jv_object();

	variables = record_set_str(variables, "e", run->entity);
	variables = record_set_str(variables, "p", run->project);
	variables = record_set_str(variables, "r", run->id);
	variables = jv_object_set(variables, jv_string("s"),
	    jv_array_append(
		jv_array_append(jv_array(), spec(jv_copy(rows->keys), range)),
		spec(all, range)));
	range->asked = true;
	wandb_start_text(rows->wandb, &range->call, "WbRunRows", text,
	    variables, &limits, run->deadline);
	http_poll();
}

/* Asks for the range that comes next. False if there is none. */
static bool
ask_next(struct runrows *rows, struct run *run, struct range *range)
{
	if (run->next > run->last)
		return false;
	range->from = run->next;
	range->to = run->width > run->last - run->next
	    ? run->last
	    : run->next + run->width - 1;
	range->patient = false;
	run->next = range->to + 1;
	ask(rows, run, range);
	return true;
}

/* ---- starting ---- */

void
runrows_start(struct runrows *rows, const char *entity, const char *project,
    struct span object, char *head, const struct deadline *deadline)
{
	struct run *run =
	    &rows->runs[(rows->first + rows->count++) % RUNROWS_MOST];
	struct json_value value;
	struct buf id = { 0 };

	*run = (struct run){ .entity = xstrdup(entity),
		.project = xstrdup(project),
		.head = head,
		.deadline = deadline,
		.last = -1 };
	if (runs_member(object, "name", &value) && value.type == JSON_STRING)
		json_decode(&id,
		    (struct span){ value.text.at + 1, value.text.len - 2 });
	run->id = id.len > 0 ? buf_take(&id) : xstrdup("");
	run->lines = runs_number(object, "historyLineCount");
	if (runs_member(object, "historyKeys", &value) &&
	    value.type == JSON_OBJECT)
		run->last = runs_number(value.text, "lastStep");
	if (run->last > LAST_STEP)
		run->last = LAST_STEP;
	run->width = run->last + 1;
	if (run->lines > ROWS)
		run->width = (long long)((double)run->width * (ROWS / 2) /
		    (double)run->lines);
	if (run->width < 1)
		run->width = 1;
	(void)ask_next(rows, run, &run->ranges[0]); /* none: there are none */
}

/* ---- taking ---- */

/* Asks for the first half of a range instead. */
static void
halve(struct runrows *rows, struct run *run, struct range *range)
{
	run->width = (range->to - range->from + 1) / 2;
	run->next = range->from;
	wandb_release(&range->call);
	(void)ask_next(rows, run, range); /* at least a step */
}

/* Takes an answer apart: jv_null(), or what is wrong with it. */
static jv
read_answer(struct range *range, struct span data)
{
	struct json_value value;
	struct json_member member;
	struct json_walk walk;
	struct span lists[2] = { 0 };
	int count = 0;

	if (!runs_member(data, "project", &value) ||
	    value.type != JSON_OBJECT ||
	    !runs_member(value.text, "run", &value) ||
	    value.type != JSON_OBJECT)
		return error_value("not_found", "WbRunRows: the run is gone");
	if (!runs_member(value.text, "sampledHistory", &value))
		return error_value(
		    "unavailable", "WbRunRows: the answer has no rows");
	json_walk(&walk, value.text, JSON_WORDS);
	while (json_next(&walk, &member) && count < 2)
		if (member.value.type == JSON_ARRAY)
			lists[count++] = member.value.text;
	if (count < 2)
		return error_value(
		    "unavailable", "WbRunRows: the answer has no rows");
	range->rows = lists[0];
	range->count = 0;
	json_walk(&walk, lists[1], JSON_WORDS);
	while (json_next(&walk, &member))
		range->count++;
	return jv_null();
}

/* Waits until a range, perhaps a shorter one, is there whole. */
static jv
await(struct runrows *rows, struct run *run, struct range *range)
{
	struct span data;
	jv why;

	for (;;) {
		why = wandb_take_text(&range->call, &data);
		if (jv_is_valid(why)) {
			jv_free(why);
			why = read_answer(range, data);
			if (!jv_is_valid(why) || range->count < ROWS ||
			    range->to - range->from < ROWS)
				return why;
			jv_free(why);
			halve(rows, run, range); /* it may be a sample */
			continue;
		}
		if (run->deadline != NULL && deadline_left(run->deadline) <= 0)
			return why;
		if (range->to > range->from &&
		    wandb_is_too_much(&range->call, why)) {
			halve(rows, run, range);
		} else if (range->to > range->from && !range->patient &&
		    !jv_is_valid(range->call.http.error) &&
		    error_is_temporary(why)) {
			wandb_release(&range->call);
			range->patient = true;
			ask(rows, run, range);
		} else {
			return why;
		}
		jv_free(why);
	}
}

static void
give(struct runrows *rows, struct run *run, const struct range *range,
    runrows_row *take, void *context)
{
	struct buf *row = &rows->row;
	struct json_member member;
	struct json_walk walk;

	json_walk(&walk, range->rows, JSON_WORDS);
	while (json_next(&walk, &member)) {
		if (member.value.type != JSON_OBJECT)
			continue;
		buf_clear(row);
		json_plain(row, &member.value);
		for (size_t i = 0; i < row->len; i++)
			if (row->at[i] == '\n' || row->at[i] == '\r')
				row->at[i] = ' '; /* between tokens */
		take(context, run->head, (struct span){ row->at, row->len });
	}
}

static jv
take_ranges(
    struct runrows *rows, struct run *run, runrows_row *take, void *context)
{
	struct range *range = &run->ranges[0], *next = &run->ranges[1];
	bool asked = range->asked;
	jv why;

	while (asked) {
		struct range *swap = range;

		why = await(rows, run, range);
		if (!jv_is_valid(why))
			return why;
		jv_free(why);
		run->count += range->count;
		if (range->count < ROWS / 4 && run->width <= run->last / 2)
			run->width *= 2;
		asked = ask_next(rows, run, next);
		give(rows, run, range, take, context);
		wandb_release(&range->call);
		range->asked = false;
		range = next;
		next = swap;
	}
	if (run->lines < 0)
		return error_value("unavailable",
		    "%s/%s/%s: the server does not say how many rows it has",
		    run->entity, run->project, run->id);
	if (run->count < run->lines)
		return error_value("unavailable",
		    "%s/%s/%s: the server gave %lld rows, but has %lld",
		    run->entity, run->project, run->id, run->count, run->lines);
	return jv_null();
}

jv
runrows_take(
    struct runrows *rows, runrows_row *take, void *context, char **head)
{
	struct run *run = &rows->runs[rows->first];
	jv why = take_ranges(rows, run, take, context);

	*head = run->head;
	run->head = NULL;
	release_run(run);
	rows->first = (rows->first + 1) % RUNROWS_MOST;
	rows->count--;
	return why;
}
