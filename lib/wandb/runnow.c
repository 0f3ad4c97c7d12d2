/* SPDX-License-Identifier: MIT */
/*
 * runnow - a run as it is on the server now: what can be changed of it
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json.h"
#include "record.h"
#include "wandb/runnow.h"
#include "wandb/runs.h"

static const char selection[] =
    "id state displayName notes group sweepName createdAt heartbeatAt "
    "stopped readOnly tags";

void
runnow_release(struct runnow *run)
{
	free(run->id);
	free(run->state);
	free(run->display_name);
	free(run->notes);
	free(run->group);
	free(run->sweep);
	jv_free(run->tags);
	buf_release(&run->summary);
	buf_release(&run->config);
	*run = (struct runnow){ .heard_of = NAN, .tags = jv_null() };
}

static char *
copy(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

static void
copy_buf(struct buf *to, const struct buf *from)
{
	*to = (struct buf){ 0 };
	buf_add(to, from->at, from->len);
}

void
runnow_copy(struct runnow *to, const struct runnow *from)
{
	struct runnow new = *from;

	new.id = copy(from->id);
	new.state = copy(from->state);
	new.display_name = copy(from->display_name);
	new.notes = copy(from->notes);
	new.group = copy(from->group);
	new.sweep = copy(from->sweep);
	new.tags = jv_copy(from->tags);
	copy_buf(&new.summary, &from->summary);
	copy_buf(&new.config, &from->config);
	runnow_release(to);
	*to = new;
}

/* A string of the run's object; NULL if it has none. */
static char *
text_of(struct span object, const char *name)
{
	struct json_value value;
	struct buf text = { 0 };

	if (!runs_member(object, name, &value) || value.type != JSON_STRING)
		return NULL;
	json_decode(
	    &text, (struct span){ value.text.at + 1, value.text.len - 2 });
	buf_adds(&text, ""); /* an empty one has an end, too */
	return buf_take(&text);
}

static bool
is_true(struct span object, const char *name)
{
	struct json_value value;

	return runs_member(object, name, &value) && value.type == JSON_TRUE;
}

static double
time_of(struct span object, const char *name)
{
	char *text = text_of(object, name);
	double time = text != NULL ? clock_parse(text) : NAN;

	free(text);
	return time;
}

static void
take_tags(struct runnow *run, struct span object)
{
	struct json_value value;
	struct json_walk walk;
	struct json_member tag;
	struct buf text = { 0 };

	if (!runs_member(object, "tags", &value) || value.type != JSON_ARRAY)
		return;
	json_walk(&walk, value.text, JSON_WORDS);
	while (json_next(&walk, &tag)) {
		if (tag.value.type != JSON_STRING)
			continue;
		buf_clear(&text);
		json_decode(&text,
		    (struct span){
			tag.value.text.at + 1, tag.value.text.len - 2 });
		run->tags = jv_array_append(run->tags,
		    jv_string_sized(
			text.len > 0 ? text.at : "", (int)text.len));
	}
	buf_release(&text);
}

/* The JSON text of a field; what the server has none for is empty. */
static jv
take_text(
    struct buf *to, struct span object, const char *field, const char *name)
{
	struct json_value value;
	struct span text = { "{}", 2 };
	struct buf kept = { 0 };
	jv why = jv_null();

	if (!runs_member(object, field, &value))
		why = error_value("unavailable",
		    "the server does not tell the run's %s", name);
	else if (value.type != JSON_NULL && !runs_text(&value, &kept, &text) &&
	    !(value.type == JSON_STRING &&
		(kept.len == 0 ||
		    span_is((struct span){ kept.at, kept.len }, "null"))))
		why = error_value("damaged",
		    "the run's %s on the server is no JSON object: it cannot "
		    "be changed in parts",
		    name);
	buf_add(to, text.at, text.len);
	buf_release(&kept);
	return why;
}

jv
runnow_take(struct runnow *run, struct span object, int texts)
{
	jv why = jv_null();

	runnow_release(run);
	run->tags = jv_array();
	run->id = text_of(object, "id");
	run->state = text_of(object, "state");
	run->display_name = text_of(object, "displayName");
	run->notes = text_of(object, "notes");
	run->group = text_of(object, "group");
	run->sweep = text_of(object, "sweepName");
	run->heard_of =
	    fmax(time_of(object, "createdAt"), time_of(object, "heartbeatAt"));
	run->stopped = is_true(object, "stopped");
	run->read_only = is_true(object, "readOnly");
	take_tags(run, object);
	if (run->id == NULL || run->state == NULL)
		return error_value("unavailable",
		    "the answer does not tell the run's id and state");
	if ((texts & RUNNOW_SUMMARY) != 0)
		why = take_text(
		    &run->summary, object, "summaryMetrics", "summary");
	if (jv_is_valid(why) && (texts & RUNNOW_CONFIG) != 0) {
		jv_free(why);
		why = take_text(&run->config, object, "config", "config");
	}
	return why;
}

struct taking {
	struct runnow *run;
	int texts;
};

static jv
take_run(void *context, struct span object)
{
	const struct taking *taking = context;

	return runnow_take(taking->run, object, taking->texts);
}

jv
runnow_ask(struct wandb *wandb, const struct account_place *place, int texts,
    const struct deadline *deadline, struct runnow *run)
{
	struct runs_query query = { .entity = place->entity,
		.project = place->project,
		.select = selection,
		.summary = jv_invalid(),
		.config = jv_invalid() };
	struct taking taking = { run, texts };
	bool absent = false;
	jv why;

	if ((texts & RUNNOW_SUMMARY) != 0)
		query.summary = jv_array();
	if ((texts & RUNNOW_CONFIG) != 0)
		query.config = jv_array();
	query.absent = &absent;
	why =
	    runs_one(wandb, &query, place->run_id, deadline, take_run, &taking);
	if (!jv_is_valid(why))
		runnow_release(run);
	run->absent = absent;
	jv_free(query.summary);
	jv_free(query.config);
	return why;
}

char *
runnow_selection(int texts)
{
	return xasprintf("%s%s%s", selection,
	    (texts & RUNNOW_SUMMARY) != 0 ? " summaryMetrics" : "",
	    (texts & RUNNOW_CONFIG) != 0 ? " config" : "");
}

bool
runnow_is(const struct runnow *run, const char *state)
{
	return run->state != NULL && strcasecmp(run->state, state) == 0;
}

bool
runnow_is_live(const struct runnow *run)
{
	return (runnow_is(run, "running") || runnow_is(run, "preempting")) &&
	    !(clock_now() - run->heard_of > RUNNOW_DEAD_AFTER);
}
