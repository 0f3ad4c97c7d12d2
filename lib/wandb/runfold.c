/* SPDX-License-Identifier: MIT */
/*
 * runfold - the runs of a project, folded into counts and sums
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "diag.h"
#include "wandb/runfold.h"
#include "wandb/runs.h"

const char *const runfold_keys[RUNFOLD_KEYS] = {
	"overview/steps_per_second",
	"overview/epoch_steps_per_second",
	"overview/sps",
	"timing_cumulative/sps",
	"timing_per_epoch/sps",
};

static const char *const fact_names[][RUN_FACTS] = {
	[RUN_OF_SERVER] = { "name", "displayName", "state", "createdAt",
	    "heartbeatAt", "sweepName", "summaryMetrics", "config", "runInfo" },
	[RUN_OF_RECORD] = { "run", "display_name", "state", "created_at",
	    "heartbeat_at", "sweep", "summary", "config", "gpu_count",
	    "project", "error" },
};

/* ---- facts ---- */

bool
run_facts_read(struct run_facts *facts, struct span text, enum run_names names)
{
	struct json_member member;
	struct json_walk walk;

	memset(facts, 0, sizeof(*facts));
	if (text.len == 0 || text.at[0] != '{')
		return false;
	json_walk(&walk, text, names == RUN_OF_SERVER ? JSON_WORDS : 0);
	while (json_next(&walk, &member)) {
		for (int i = 0; i < RUN_FACTS; i++) {
			const char *name = fact_names[names][i];

			if (name != NULL && span_is(member.key, name)) {
				facts->at[i] = member.value;
				break;
			}
		}
	}
	return walk.fault.why == NULL;
}

bool
run_facts_have(const struct run_facts *facts, enum run_fact which)
{
	return facts->at[which].text.at != NULL &&
	    facts->at[which].type != JSON_NULL;
}

/* Appends a string's characters; false if value is none. */
static bool
add_string(const struct json_value *value, struct buf *out)
{
	if (value->text.at == NULL || value->type != JSON_STRING)
		return false;
	json_decode(
	    out, (struct span){ value->text.at + 1, value->text.len - 2 });
	return true;
}

bool
run_facts_text(
    const struct run_facts *facts, enum run_fact which, struct buf *out)
{
	return add_string(&facts->at[which], out);
}

/*
 * A time in microseconds since 1970, cut and not rounded, as Python does;
 * false if there is none.
 */
static bool
read_time(const struct json_value *value, int64_t *micros)
{
	char text[CLOCK_TEXT];
	bool fraction = false;
	int digits = 0;
	size_t len = 0;
	double time;

	if (value->text.at == NULL || value->type != JSON_STRING)
		return false;
	for (size_t i = 1; i + 1 < value->text.len; i++) {
		char c = value->text.at[i];

		fraction = c == '.' || (fraction && c >= '0' && c <= '9');
		if (fraction && c != '.' && ++digits > 6)
			continue;
		if (len == sizeof(text) - 1)
			return false;
		text[len++] = c;
	}
	text[len] = '\0';
	time = clock_parse(text);
	if (isnan(time))
		return false;
	*micros = llround(time * 1e6);
	return true;
}

/*
 * A finite number, or a string that is one in full; false if it is something
 * else. kept is overwritten.
 */
static bool
read_number(const struct json_value *value, struct buf *kept, double *number)
{
	struct json_value inner = *value;
	struct json_fault fault;

	if (value->type == JSON_STRING &&
	    !json_value(
		(struct span){ value->text.at + 1, value->text.len - 2 }, 0,
		&inner, &fault))
		return false;
	if (inner.type != JSON_NUMBER)
		return false;
	buf_clear(kept);
	buf_add(kept, inner.text.at, inner.text.len);
	*number = strtod(kept->at, NULL);
	return isfinite(*number);
}

/* ---- what a run is ---- */

enum run_state {
	STATE_RUNNING,
	STATE_FINISHED,
	STATE_FAILED,
	STATE_CRASHED,
	STATE_OTHER
};

static enum run_state
state_of(const struct json_value *value)
{
	static const char *const states[] = { "\"running\"", "\"finished\"",
		"\"failed\"", "\"crashed\"" };

	for (int i = 0; i < STATE_OTHER; i++)
		if (value->text.len == strlen(states[i]) &&
		    strncasecmp(value->text.at, states[i], value->text.len) ==
			0)
			return i;
	return STATE_OTHER;
}

/* The group that a run is in beside all; NULL if there is none. */
static struct runfold_group *
group_of(struct runfold *fold, const struct run_facts *facts)
{
	const char *prefix = fold->rules.ci_prefix;
	const struct json_value *sweep = &facts->at[RUN_SWEEP];

	buf_clear(&fold->kept);
	if (!run_facts_text(facts, RUN_NAME, &fold->kept) ||
	    fold->kept.len == 0)
		return NULL;
	if (strncmp(fold->kept.at, prefix, strlen(prefix)) == 0)
		return &fold->ci;
	if (sweep->text.at != NULL && sweep->type == JSON_STRING &&
	    sweep->text.len > 2)
		return &fold->sweep;
	return strcasestr(fold->kept.at, fold->rules.sweep_mark) != NULL
	    ? &fold->sweep
	    : NULL;
}

static void
count(struct runfold_group *group, enum run_state state, bool in_window,
    bool active)
{
	group->active += active;
	if (!in_window)
		return;
	group->total++;
	group->completed += state == STATE_FINISHED;
	group->failed += state == STATE_FAILED || state == STATE_CRASHED;
}

/* ---- GPUs ---- */

/*
 * The value of a key in a config, whose values may be wrapped in "value": key
 * itself, or what a.b.c is in a or a.b. False if it is no number.
 */
static bool
config_number(
    struct span config, const char *key, struct buf *kept, double *number)
{
	struct json_member member;
	struct json_walk walk;

	json_walk(&walk, config, JSON_WORDS);
	while (json_next(&walk, &member)) {
		struct json_value value = member.value, inner;
		bool whole = span_is(member.key, key);

		if (!whole &&
		    (member.key.len >= strlen(key) ||
			strncmp(key, member.key.at, member.key.len) != 0 ||
			key[member.key.len] != '.'))
			continue;
		if (value.type == JSON_OBJECT &&
		    json_find(value.text, JSON_WORDS, "value", &inner))
			value = inner;
		if (whole && read_number(&value, kept, number))
			return true;
		if (!whole && value.type == JSON_OBJECT &&
		    config_number(
			value.text, key + member.key.len + 1, kept, number))
			return true;
	}
	return false;
}

/* runInfo.gpuCount of the server, gpu_count of a record. */
static bool
info_number(const struct json_value *info, struct buf *kept, double *number)
{
	struct json_value count;

	if (info->text.at == NULL)
		return false;
	if (info->type != JSON_OBJECT)
		return read_number(info, kept, number);
	return json_find(info->text, JSON_WORDS, "gpuCount", &count) &&
	    read_number(&count, kept, number);
}

static double
gpus_of(struct runfold *fold, const struct run_facts *facts)
{
	const char *key = fold->rules.gpus_key;
	struct span config;
	double number;
	bool known;

	if (key == NULL)
		return fold->rules.gpus;
	if (strcmp(key, RUNFOLD_GPUS_AUTO) == 0)
		known = info_number(&facts->at[RUN_GPUS], &fold->text, &number);
	else
		known = run_facts_have(facts, RUN_CONFIG) &&
		    runs_text(&facts->at[RUN_CONFIG], &fold->kept, &config) &&
		    config_number(config, key, &fold->text, &number);
	if (known && number >= 0)
		return number;
	fold->no_gpus++;
	return fold->rules.gpus;
}

/* ---- throughput ---- */

/* The last part of entity/project/run_id, or all of it. */
static char *
id_of(const struct run_facts *facts)
{
	struct buf id = { 0 };
	char *slash;

	(void)run_facts_text(facts, RUN_ID, &id); /* nothing: "" */
	buf_addc(&id, '\0');
	slash = strrchr(id.at, '/');
	if (slash != NULL)
		memmove(id.at, slash + 1, strlen(slash));
	return buf_take(&id);
}

/* A run of the group has this value at a key: the latest one stays. */
static void
consider(struct runfold *fold, const struct run_facts *facts, int key,
    const struct json_value *value, int64_t created)
{
	struct runfold_best *best = &fold->best[key];
	double number = NAN;
	bool finite = read_number(value, &fold->text, &number);
	char *id;
	int order;

	if (!finite && !fold->rules.compat) {
		fold->not_finite++;
		return;
	}
	if (best->run != NULL && created < best->created)
		return;
	id = id_of(facts);
	order =
	    best->run != NULL && created == best->created && !fold->rules.compat
	    ? strcmp(id, best->run)
	    : 1;
	if (order <= 0) {
		free(id);
		return;
	}
	free(best->run);
	*best = (struct runfold_best){ id, created, finite, number };
}

static bool
is_key(const struct json_member *member, const char *key, struct buf *kept)
{
	if (!member->key_escaped)
		return span_is(member->key, key);
	buf_clear(kept);
	json_decode(kept, member->key);
	return span_is((struct span){ kept->at, kept->len }, key);
}

static void
read_summary(
    struct runfold *fold, const struct run_facts *facts, int64_t created)
{
	const struct json_value *summary = &facts->at[RUN_SUMMARY];
	struct json_value found[RUNFOLD_KEYS] = { 0 };
	struct json_member member;
	struct json_walk walk;
	struct span text;

	if (summary->text.at == NULL)
		return;
	fold->summaries = true;
	if (summary->type == JSON_NULL || span_is(summary->text, "\"\""))
		return;
	if (!runs_text(summary, &fold->kept, &text)) {
		fold->unreadable++;
		return;
	}
	json_walk(&walk, text, JSON_WORDS);
	while (json_next(&walk, &member))
		for (int i = 0; i < RUNFOLD_KEYS; i++)
			if (is_key(&member, runfold_keys[i], &fold->text))
				found[i] = member.value;
	for (int i = 0; i < RUNFOLD_KEYS; i++)
		if (found[i].text.at != NULL)
			consider(fold, facts, i, &found[i], created);
}

/* ---- the fold ---- */

void
runfold_begin(struct runfold *fold, const struct runfold_rules *rules)
{
	memset(fold, 0, sizeof(*fold));
	fold->rules = *rules;
	fold->now = llround(rules->now * 1e6);
	fold->start = fold->now - llround(rules->window * 1e6);
}

void
runfold_release(struct runfold *fold)
{
	for (int i = 0; i < RUNFOLD_KEYS; i++)
		free(fold->best[i].run);
	buf_release(&fold->kept);
	buf_release(&fold->text);
	memset(fold, 0, sizeof(*fold));
}

/* As (heartbeat - created).total_seconds() / 3600 in Python. */
static double
hours_between(int64_t created, int64_t heartbeat)
{
	return (double)(heartbeat - created) / 1e6 / 3600;
}

static void
add_hours(struct runfold_group *group, double hours)
{
	group->hours += hours;
	group->timed++;
}

/* A run from created to heartbeat; group as of group_of(). */
static void
measure(struct runfold *fold, const struct run_facts *facts,
    struct runfold_group *group, int64_t created, int64_t heartbeat)
{
	bool compat = fold->rules.compat;
	double hours = hours_between(created, heartbeat);
	int64_t from = created > fold->start ? created : fold->start;
	int64_t to = heartbeat < fold->now ? heartbeat : fold->now;

	if (created >= fold->start && (compat || created <= fold->now)) {
		if (!compat && hours < 0)
			hours = 0;
		add_hours(&fold->all, hours);
		if (group != NULL)
			add_hours(group, hours);
	}
	if (compat) {
		fold->gpu_hours = fold->all.hours;
		return;
	}
	fold->gpu_timed++;
	if (to > from)
		fold->gpu_hours +=
		    hours_between(from, to) * gpus_of(fold, facts);
}

const char *
runfold_add(struct runfold *fold, const struct run_facts *facts)
{
	bool compat = fold->rules.compat, dated, in_window, active;
	struct runfold_group *group;
	int64_t created = 0, heartbeat;
	enum run_state state;

	if (!run_facts_have(facts, RUN_STATE))
		return "has no state";
	if (facts->at[RUN_CREATED].text.at == NULL)
		return "does not say when it was created";
	dated = read_time(&facts->at[RUN_CREATED], &created);
	if (!dated && run_facts_have(facts, RUN_CREATED))
		return "was created at what is no time";
	state = state_of(&facts->at[RUN_STATE]);
	in_window =
	    dated && created >= fold->start && (compat || created <= fold->now);
	active = state == STATE_RUNNING && (in_window || !compat);
	group = group_of(fold, facts);
	count(&fold->all, state, in_window, active);
	fold->all.total += active && !in_window; /* "24h + active" */
	if (group != NULL)
		count(group, state, in_window, active);
	if (dated && read_time(&facts->at[RUN_HEARTBEAT], &heartbeat))
		measure(fold, facts, group, created, heartbeat);
	if (group == &fold->ci && in_window &&
	    (state == STATE_FINISHED || state == STATE_CRASHED))
		read_summary(fold, facts, created);
	return NULL;
}

void
runfold_tell(const struct runfold *fold, const char *project)
{
	if (fold->unreadable > 0)
		warning("%s: summaries that cannot be read: %lld", project,
		    fold->unreadable);
	if (fold->not_finite > 0)
		warning("%s: throughputs that are no finite numbers: %lld",
		    project, fold->not_finite);
	if (fold->no_gpus > 0)
		warning("%s: runs that do not tell their GPUs, taken to have "
			"one: %lld",
		    project, fold->no_gpus);
}
