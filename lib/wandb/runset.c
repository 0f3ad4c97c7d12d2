/* SPDX-License-Identifier: MIT */
/*
 * runset - a run on the server changed, and nothing else of it
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "mem.h"
#include "record.h"
#include "wandb/jsonedit.h"
#include "wandb/runset.h"
#include "wandb/same.h"
#include "wandb/verify.h"

enum {
	LOST_MOST = 5,   /* writes in a row whose answers were lost */
	ROUNDS_MOST = 8, /* writes of all kinds */
};

static struct span
span_in(const struct buf *buf)
{
	return (struct span){ buf->len > 0 ? buf->at : "", buf->len };
}

static bool
same_bytes(const struct buf *a, const struct buf *b)
{
	return a->len == b->len &&
	    (a->len == 0 || memcmp(a->at, b->at, a->len) == 0);
}

/* The server may keep an empty text as none. */
static bool
same_text(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* ---- what is to be changed ---- */

void
runset_tag(struct runset *set, const char *tag, bool remove)
{
	set->tags =
	    xreallocarray(set->tags, set->tag_count + 1, sizeof *set->tags);
	set->tags[set->tag_count++] = (struct runset_tag){ tag, remove };
}

static char *
json_of(const char *text, bool words)
{
	struct json_value value;
	struct json_fault fault;
	struct buf out = { 0 };

	if (json_value(span_of(text), words ? JSON_WORDS : 0, &value, &fault))
		return xstrndup(value.text.at, value.text.len);
	json_quote(&out, span_of(text));
	return buf_take(&out);
}

bool
runset_key(struct runset *set, const char *text, bool config)
{
	const char *value = strchr(text, '=');
	struct runset_key key = { .config = config };

	if (value == NULL && *text != '-')
		return false;
	key.key = value != NULL ? xstrndup(text, (size_t)(value - text))
				: xstrdup(text + 1);
	if (*key.key == '\0' || strcmp(key.key, "_wandb") == 0 ||
	    strncmp(key.key, "_wandb.", 7) == 0) {
		free(key.key);
		return false;
	}
	if (value != NULL)
		key.json = json_of(value + 1, !config);
	set->keys =
	    xreallocarray(set->keys, set->key_count + 1, sizeof *set->keys);
	set->keys[set->key_count++] = key;
	return true;
}

bool
runset_is_empty(const struct runset *set)
{
	return set->display_name == NULL && set->notes == NULL &&
	    set->group == NULL && set->state == RUNEND_NONE &&
	    set->tag_count == 0 && set->key_count == 0;
}

void
runset_release(struct runset *set)
{
	for (size_t i = 0; i < set->key_count; i++) {
		free(set->keys[i].key);
		free(set->keys[i].json);
	}
	free(set->keys);
	free(set->tags);
	*set = (struct runset){ 0 };
}

/* Whether a later change is on the same key. */
static bool
is_overruled(const struct runset *set, size_t at)
{
	for (size_t i = at + 1; i < set->key_count; i++)
		if (set->keys[i].config == set->keys[at].config &&
		    strcmp(set->keys[i].key, set->keys[at].key) == 0)
			return true;
	return false;
}

/* ---- a run with the changes in it ---- */

static int
tag_at(jv tags, const char *tag)
{
	int count = jv_array_length(jv_copy(tags));

	for (int i = 0; i < count; i++) {
		jv one = jv_array_get(jv_copy(tags), i);
		bool same = strcmp(jv_string_value(one), tag) == 0;

		jv_free(one);
		if (same)
			return i;
	}
	return -1;
}

static jv
put_tag(jv tags, const char *tag, bool remove)
{
	jv out = jv_array();

	if (remove == (tag_at(tags, tag) < 0)) {
		jv_free(out);
		return tags;
	}
	if (!remove) {
		jv_free(out);
		return jv_array_append(tags, jv_string(tag));
	}
	jv_array_foreach(tags, i, one)
	{
		if (strcmp(jv_string_value(one), tag) != 0)
			out = jv_array_append(out, one);
		else
			jv_free(one);
	}
	jv_free(tags);
	return out;
}

/* In any order: a server may sort them. */
static bool
has_all_tags(jv tags, jv those)
{
	bool all = true;

	jv_array_foreach(those, i, one)
	{
		all = all && tag_at(tags, jv_string_value(one)) >= 0;
		jv_free(one);
	}
	return all;
}

/* Does to tags what made base become theirs. Consumes tags. */
static jv
merge_tags(jv tags, jv base, jv theirs)
{
	jv_array_foreach(base, i, one)
	{
		if (tag_at(theirs, jv_string_value(one)) < 0)
			tags = put_tag(tags, jv_string_value(one), true);
		jv_free(one);
	}
	jv_array_foreach(theirs, k, other)
	{
		if (tag_at(base, jv_string_value(other)) < 0)
			tags = put_tag(tags, jv_string_value(other), false);
		jv_free(other);
	}
	return tags;
}

/* Whether that changes it. */
static bool
put_text(char **to, const char *text)
{
	if (same_text(*to, text))
		return false;
	free(*to);
	*to = text != NULL ? xstrdup(text) : NULL;
	return true;
}

static jv
add_name(jv names, const char *name)
{
	if (tag_at(names, name) >= 0)
		return names;
	return jv_array_append(names, jv_string(name));
}

/* Changes run; adds the names of what was another before to names. */
static jv
apply(const struct runset *set, struct runnow *run, jv names)
{
	const struct {
		const char *name, *text;
		char **to;
	} texts[] = {
		{ "display_name", set->display_name, &run->display_name },
		{ "notes", set->notes, &run->notes },
		{ "group", set->group, &run->group },
	};

	for (size_t i = 0; i < set->key_count; i++) {
		const struct runset_key *key = &set->keys[i];
		struct span value = span_of(key->json != NULL ? key->json : "");
		char *name;

		if (is_overruled(set, i) ||
		    !jsonedit_put(key->config ? &run->config : &run->summary,
			key->key, value,
			key->config ? JSONEDIT_WRAPPED : JSONEDIT_PLAIN))
			continue;
		name = xasprintf(
		    "%s.%s", key->config ? "config" : "summary", key->key);
		names = add_name(names, name);
		free(name);
	}
	for (size_t i = 0; i < set->tag_count; i++) {
		const struct runset_tag *tag = &set->tags[i];

		if (tag->remove != (tag_at(run->tags, tag->tag) < 0)) {
			run->tags = put_tag(run->tags, tag->tag, tag->remove);
			names = add_name(names, "tags");
		}
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (texts[i].text != NULL &&
		    put_text(texts[i].to, texts[i].text))
			names = add_name(names, texts[i].name);
	}
	return names;
}

/* ---- the work on one run ---- */

struct work {
	const struct runset *set;
	struct wandb *wandb;
	const struct account_place *place;
	const struct deadline *deadline;
	int texts;
	bool plain;            /* the server does not take two in one */
	struct runnow there;   /* what the server has, as far as it said */
	struct runnow wanted;  /* what it shall have */
	struct runnow before;  /* what it had before the last write, */
	bool written;          /* which was answered */
	bool dirty;            /* something was sent */
	struct deadline shown; /* until when it has to show */
	double pause;
	int lost; /* writes whose answers were, in a row, */
	jv why;   /* and what came instead */
};

/*
 * Takes what the others did between there and seen into what is wanted. Of
 * texts that are one value theirs is taken; ours is put over it then.
 */
static void
merge_texts(struct work *work, const struct runnow *seen)
{
	const struct runnow *there = &work->there;
	struct runnow *wanted = &work->wanted;

	if (!same_text(there->display_name, seen->display_name))
		(void)put_text(&wanted->display_name, seen->display_name);
	if (!same_text(there->notes, seen->notes))
		(void)put_text(&wanted->notes, seen->notes);
	if (!same_text(there->group, seen->group))
		(void)put_text(&wanted->group, seen->group);
}

static void
merge(struct work *work, const struct runnow *seen)
{
	const struct runnow *there = &work->there;
	struct runnow *wanted = &work->wanted;

	merge_texts(work, seen);
	if (!same_bytes(&there->summary, &seen->summary))
		jsonedit_merge(&wanted->summary, span_in(&there->summary),
		    span_in(&seen->summary));
	if (!same_bytes(&there->config, &seen->config))
		jsonedit_merge(&wanted->config, span_in(&there->config),
		    span_in(&seen->config));
	wanted->tags = merge_tags(wanted->tags, there->tags, seen->tags);
}

/* The names are known. */
static void
apply_again(struct work *work)
{
	jv_free(apply(work->set, &work->wanted, jv_array()));
}

/* A text that was not asked for is empty in both. */
static bool
has_summary_changed(const struct work *work)
{
	return !same_exactly(
	    span_in(&work->wanted.summary), span_in(&work->there.summary));
}

static bool
has_config_changed(const struct work *work)
{
	return !same_exactly(
	    span_in(&work->wanted.config), span_in(&work->there.config));
}

static bool
has_tags_changed(const struct work *work)
{
	return !has_all_tags(work->there.tags, work->wanted.tags) ||
	    !has_all_tags(work->wanted.tags, work->there.tags);
}

static bool
has_changed(const struct work *work)
{
	const struct runnow *there = &work->there, *wanted = &work->wanted;

	return has_summary_changed(work) || has_config_changed(work) ||
	    has_tags_changed(work) ||
	    !same_text(there->display_name, wanted->display_name) ||
	    !same_text(there->notes, wanted->notes) ||
	    !same_text(there->group, wanted->group);
}

/* Whether two answers show the same run, as far as we write it. */
static bool
is_same(const struct runnow *a, const struct runnow *b)
{
	return same_bytes(&a->summary, &b->summary) &&
	    same_bytes(&a->config, &b->config) &&
	    jv_equal(jv_copy(a->tags), jv_copy(b->tags)) &&
	    same_text(a->display_name, b->display_name) &&
	    same_text(a->notes, b->notes) && same_text(a->group, b->group) &&
	    same_text(a->state, b->state) && a->stopped == b->stopped;
}

/* ---- the write ---- */

static jv
put(jv variables, const char *name, jv value)
{
	return jv_object_set(variables, jv_string(name), value);
}

static jv
text_if(bool changed, const struct buf *text)
{
	return changed ? jv_string_sized(text->at, (int)text->len) : jv_null();
}

static jv
name_if(const char *there, const char *wanted)
{
	return same_text(there, wanted) ? jv_null()
					: jv_string(wanted ? wanted : "");
}

static jv
variables_of(const struct work *work)
{
	const struct runnow *there = &work->there, *wanted = &work->wanted;
	jv v = put(jv_object(), "id", jv_string(there->id));

	v = put(v, "summaryMetrics",
	    text_if(has_summary_changed(work), &wanted->summary));
	v = put(
	    v, "config", text_if(has_config_changed(work), &wanted->config));
	v = put(v, "tags",
	    has_tags_changed(work) ? jv_copy(wanted->tags) : jv_null());
	v = put(v, "displayName",
	    name_if(there->display_name, wanted->display_name));
	v = put(v, "notes", name_if(there->notes, wanted->notes));
	return put(v, "groupName", name_if(there->group, wanted->group));
}

/*
 * The first mutation changes nothing: its answer is what the second one finds.
 */
static char *
query_of(const struct work *work)
{
	char *fields = runnow_selection(work->texts), *query;
	char *first = work->plain
	    ? xstrdup("")
	    : xasprintf(
		  " before: upsertBucket(input: {id: $id}) { bucket { %s } }",
		  fields);

	query = xasprintf("mutation UpsertBucket($id: String, "
			  "$displayName: String, $notes: String, "
			  "$groupName: String, $tags: [String!], "
			  "$config: JSONString, $summaryMetrics: JSONString) {"
			  "%s after: upsertBucket(input: {id: $id, "
			  "displayName: $displayName, notes: $notes, "
			  "groupName: $groupName, tags: $tags, "
			  "config: $config, summaryMetrics: $summaryMetrics}) "
			  "{ bucket { id } } }",
	    first);
	free(first);
	free(fields);
	return query;
}

/* The run in an answer's data, under the name of the mutation. */
static bool
bucket_in(struct span data, const char *name, struct span *bucket)
{
	struct json_value payload, value;

	if (!json_find(data, JSON_WORDS, name, &payload) ||
	    payload.type != JSON_OBJECT ||
	    !json_find(payload.text, JSON_WORDS, "bucket", &value) ||
	    value.type != JSON_OBJECT)
		return false;
	*bucket = value.text;
	return true;
}

/*
 * The server has what was written. What it should have is more if somebody else
 * changed the run before: found is what the write has found.
 */
static void
take_written(struct work *work, const struct runnow *found)
{
	struct runnow wrote = { 0 };

	merge_texts(work, found); /* what was not written stays theirs */
	apply_again(work);
	runnow_copy(&wrote, &work->wanted);
	runnow_copy(&work->before, found);
	merge(work, found);
	apply_again(work);
	runnow_copy(&work->there, &wrote);
	runnow_release(&wrote);
}

static jv
take_answer(struct work *work, struct span data)
{
	struct runnow found = { 0 };
	struct span bucket;
	jv why = jv_null();

	if (!bucket_in(data, "after", &bucket) ||
	    (!work->plain && !bucket_in(data, "before", &bucket)))
		return error_value("unavailable",
		    "UpsertBucket: the answer does not name the run");
	if (work->plain)
		runnow_copy(&found, &work->there);
	else
		why = runnow_take(&found, bucket, work->texts);
	if (jv_is_valid(why))
		take_written(work, &found);
	runnow_release(&found);
	return why;
}

static jv
write_fields(struct work *work, bool *unsure)
{
	const struct wandb_limits limits = { .once = true };
	char *query = query_of(work);
	struct wandb_call call;
	struct span data;
	jv why;

	wandb_start_text(work->wandb, &call, "UpsertBucket", query,
	    variables_of(work), &limits, work->deadline);
	why = wandb_take_text(&call, &data);
	*unsure = call.http.unsure;
	if (jv_is_valid(why)) {
		jv_free(why);
		why = take_answer(work, data);
	}
	if (!jv_is_valid(why) && jv_is_valid(call.http.error) &&
	    error_is_temporary(why))
		*unsure = true;
	wandb_release(&call);
	free(query);
	return why;
}

/* Writes what is next: the fields, then the state. */
static jv
write_next(struct work *work, bool *unsure)
{
	jv why;

	if (has_changed(work)) {
		why = write_fields(work, unsure);
		if (!jv_is_valid(why) && !work->plain && !*unsure &&
		    strcmp(error_code(why), "rejected") == 0) {
			/* What it does not like may be that they are two. */
			jv_free(why);
			work->plain = true;
			return jv_null();
		}
		/* Somebody else may have written the same before. */
		if (jv_is_valid(why))
			work->written = !is_same(&work->before, &work->there);
		return why;
	}
	why = runend_do(work->wandb, work->place,
	    runend_next(work->set->state, &work->there), &work->there,
	    work->deadline, unsure);
	if (jv_is_valid(why)) {
		runnow_copy(&work->before, &work->there);
		work->written = true;
	}
	return why;
}

/* ---- the loop ---- */

/* Whether the run may be changed as is wanted: jv_null(), or why not. */
static jv
permitted(const struct work *work)
{
	const struct runnow *run = &work->there;

	if (run->read_only)
		return error_value("auth", "the run is read-only for this key");
	if ((runnow_is_live(run) || runnow_is(run, "pending")) &&
	    (has_summary_changed(work) || has_config_changed(work)))
		return error_temporary(error_value("conflict",
		    "the run is %s: its program would write its own summary "
		    "and config over what is set now",
		    run->state));
	if (runend_next(work->set->state, run) == RUNEND_REFUSED)
		return runend_refusal(work->set->state, run);
	return jv_null();
}

static bool
is_done(const struct work *work)
{
	return !has_changed(work) &&
	    runend_next(work->set->state, &work->there) == RUNEND_DONE;
}

/* Takes what the server shows now. */
static void
observe(struct work *work, const struct runnow *seen)
{
	if (work->wanted.id == NULL)
		runnow_copy(&work->wanted, seen);
	else
		merge(work, seen);
	runnow_copy(&work->there, seen);
	apply_again(work);
}

/* The server still shows what it had before: waits. False: for too long. */
static bool
wait_for(struct work *work)
{
	if (isnan(work->shown.at))
		work->shown = deadline_in(
		    fmin(VERIFY_SECONDS, deadline_left(work->deadline)));
	if (!deadline_sleep(&work->shown, work->pause))
		return false;
	work->pause = fmin(work->pause * 2, 10);
	return true;
}

/* Why it could not be looked at; after a write that tells nothing of it. */
static jv
not_seen(const struct work *work, bool absent, jv why)
{
	jv out;

	if (!work->dirty || absent)
		return why;
	out = error_value("unknown_outcome",
	    "the run was written, but could not be asked for then (%s): look "
	    "at it, or say it again, which changes nothing that is done",
	    error_message(why));
	jv_free(why);
	return out;
}

/*
 * Writes. jv_null() if the run is to be looked at then: also when the answer
 * was lost.
 */
static jv
send(struct work *work)
{
	bool unsure = false;
	jv why = write_next(work, &unsure);

	work->dirty = work->dirty || unsure || jv_is_valid(why);
	if (jv_is_valid(why)) {
		work->lost = 0;
		work->pause = 0.25;
		return why;
	}
	/* 409 passes, as upstream has found. */
	if (!unsure && strcmp(error_code(why), "conflict") != 0)
		return why;
	jv_free(work->why);
	work->why = why;
	work->written = false;
	/* Where there is no time for it, asking will say so. */
	(void)deadline_sleep(work->deadline, exp2(work->lost++));
	return jv_null();
}

/* Asks for the run. jv_null(), or why it cannot be gone on with. */
static jv
look(struct work *work, bool *stale)
{
	struct runnow seen = { 0 };
	jv why = runnow_ask(
	    work->wandb, work->place, work->texts, work->deadline, &seen);

	*stale = false;
	if (jv_is_valid(why)) {
		*stale = work->written && is_same(&seen, &work->before);
		if (!*stale)
			observe(work, &seen);
	} else {
		why = not_seen(work, seen.absent, why);
	}
	runnow_release(&seen);
	return why;
}

/* The names of what is to be changed in the run that is there. */
static jv
names_of(const struct work *work)
{
	struct runnow old = { 0 };
	jv names;

	runnow_copy(&old, &work->there);
	names = apply(work->set, &old, jv_array());
	runnow_release(&old);
	switch (runend_next(work->set->state, &work->there)) {
	case RUNEND_DONE:
		return names;
	case RUNEND_STOP:
		if (runnow_is_live(&work->there))
			return add_name(names, "stopped");
		break;
	default:
		break;
	}
	return add_name(names, "state");
}

static jv
run_work(struct work *work, bool dry_run, jv *updated)
{
	bool stale;
	jv why;

	for (int rounds = 0;;) {
		why = look(work, &stale);
		if (!jv_is_valid(why))
			return why;
		if (stale && wait_for(work))
			continue;
		if (stale)
			return error_value("timeout",
			    "the run was written, but the server does not "
			    "show it");
		if (rounds == 0) {
			jv_free(*updated);
			*updated = names_of(work);
		}
		if (is_done(work))
			return jv_null();
		why = permitted(work);
		if (!jv_is_valid(why) || dry_run)
			return why;
		if (work->lost == LOST_MOST)
			return jv_copy(work->why);
		if (rounds++ == ROUNDS_MOST)
			return error_temporary(error_value("conflict",
			    "the run was another one each time after it was "
			    "written: somebody else writes it, too"));
		why = send(work);
		if (!jv_is_valid(why))
			return why;
	}
}

jv
runset_do(const struct runset *set, struct wandb *wandb,
    const struct account_place *place, bool dry_run,
    const struct deadline *deadline, jv *updated, char **state)
{
	struct work work = { .set = set,
		.wandb = wandb,
		.place = place,
		.deadline = deadline,
		.shown = { NAN },
		.pause = 0.25,
		.why = jv_null() };
	jv why;

	for (size_t i = 0; i < set->key_count; i++)
		work.texts |=
		    set->keys[i].config ? RUNNOW_CONFIG : RUNNOW_SUMMARY;
	*updated = jv_array();
	why = run_work(&work, dry_run, updated);
	*state = work.there.state != NULL ? xstrdup(work.there.state) : NULL;
	runnow_release(&work.there);
	runnow_release(&work.wanted);
	runnow_release(&work.before);
	jv_free(work.why);
	return why;
}
