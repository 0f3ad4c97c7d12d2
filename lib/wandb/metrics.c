/* SPDX-License-Identifier: MIT */
/*
 * metrics - definitions by the number of their name
 */
#include <stdint.h>
#include <stdlib.h>

#include "json.h"
#include "wandb/keys.h"
#include "wandb/metrics.h"
#include "wandb/runlog.h"

/* Field numbers of MetricOptions and MetricSummary in wandb_internal.proto. */
enum { STEP_SYNC = 1, HIDDEN = 2, DEFINED = 3 };
enum { MIN = 1, MAX = 2, MEAN = 3, LAST = 5, NONE = 6, FIRST = 8 };

struct definition {
	bool known;       /* by a record of the program's, or */
	bool expanded;    /* by one that a glob made */
	unsigned options; /* a bit for each field number */
	unsigned summary;
	int goal;
	size_t step; /* the number of its name, and 1; 0 is none */
};

struct metrics {
	struct keys names;                /* of metrics, globs and steps */
	struct definition *metric, *glob; /* by the number of the name */
	size_t room;
};

struct metrics *
metrics_new(void)
{
	return xcalloc(1, sizeof(struct metrics));
}

void
metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	keys_release(&metrics->names);
	free(metrics->metric);
	free(metrics->glob);
	free(metrics);
}

static struct definition *
grow(struct definition *at, size_t from, size_t to)
{
	size_t i;

	at = xreallocarray(at, to, sizeof(*at));
	for (i = from; i < to; i++)
		at[i] = (struct definition){ 0 };
	return at;
}

static size_t
number_of(struct metrics *metrics, struct span name)
{
	size_t number = keys_add(&metrics->names, name), room;

	if (number >= metrics->room) {
		room = metrics->room * 2 + 16;
		metrics->metric = grow(metrics->metric, metrics->room, room);
		metrics->glob = grow(metrics->glob, metrics->room, room);
		metrics->room = room;
	}
	return number;
}

static unsigned
bit(bool set, int field)
{
	return set ? 1U << field : 0;
}

/* Adds a record to a definition, which it may overwrite. */
static void
define(struct definition *definition, const struct runlog_metric *record,
    size_t step)
{
	unsigned summary = bit(record->min, MIN) | bit(record->max, MAX) |
	    bit(record->mean, MEAN) | bit(record->last, LAST) |
	    bit(record->first, FIRST);
	bool has_summary =
	    summary != 0 || record->none || record->best || record->copy;

	if (record->overwrite)
		*definition = (struct definition){ 0 };
	if (record->expanded)
		definition->expanded = true;
	else
		definition->known = true;
	definition->options |= bit(record->step_sync, STEP_SYNC) |
	    bit(record->hidden, HIDDEN) | bit(record->name.len > 0, DEFINED);
	if (step > 0)
		definition->step = step;
	if (has_summary) {
		definition->summary &= ~bit(true, NONE);
		definition->summary |= summary | bit(record->none, NONE);
	}
	if (record->goal == 1 || record->goal == 2)
		definition->goal = record->goal;
}

bool
metrics_define(struct metrics *metrics, struct span message)
{
	struct runlog_metric record;
	size_t step = 0, number;

	if (!runlog_metric(message, &record))
		return false;
	if (record.step_metric.len > 0)
		step = number_of(metrics, record.step_metric) + 1;
	if (record.name.len > 0) {
		number = number_of(metrics, record.name);
		define(&metrics->metric[number], &record, step);
	} else if (record.glob.len > 0) {
		number = number_of(metrics, record.glob);
		define(&metrics->glob[number], &record, step);
	}
	return record.name.len > 0 || record.glob.len > 0 || step > 0;
}

/* The list while it is put together. */
struct list {
	const struct metrics *metrics;
	size_t *place; /* by number, from 1; 0: not in the list */
	struct {
		size_t number;
		bool is_glob;
	} * entry;
	size_t count;
};

static const struct definition *
definition_at(const struct list *list, size_t i)
{
	size_t number = list->entry[i].number;

	return list->entry[i].is_glob ? &list->metrics->glob[number]
				      : &list->metrics->metric[number];
}

/* Gives a metric its place, then its step metric, and so on. */
static void
enter(struct list *list, size_t number, bool is_glob)
{
	const struct definition *definition;

	while (list->place[number] == 0) {
		list->entry[list->count].number = number;
		list->entry[list->count].is_glob = is_glob;
		definition = definition_at(list, list->count);
		list->place[number] = ++list->count;
		if (definition->step == 0)
			return;
		number = definition->step - 1;
		is_glob = false;
	}
}

static void
add_bits(struct buf *out, const char *key, unsigned bits)
{
	char before = '[';
	int i;

	buf_adds(out, key);
	for (i = 0; bits >> i != 0; i++) {
		if (bits >> i & 1) {
			buf_addf(out, "%c%d", before, i);
			before = ',';
		}
	}
	buf_adds(out, before == '[' ? "[]" : "]");
}

static void
add_entry(const struct list *list, size_t i, struct buf *out)
{
	const struct definition *definition = definition_at(list, i);

	buf_adds(out, list->entry[i].is_glob ? "{\"2\":" : "{\"1\":");
	json_quote(out, keys_at(&list->metrics->names, list->entry[i].number));
	if (definition->step > 0)
		buf_addf(out, ",\"5\":%zu", list->place[definition->step - 1]);
	add_bits(out, ",\"6\":", definition->options);
	add_bits(out, ",\"7\":", definition->summary);
	if (definition->goal > 0)
		buf_addf(out, ",\"8\":%d", definition->goal);
	buf_addc(out, '}');
}

void
metrics_json(const struct metrics *metrics, struct buf *out)
{
	size_t count = metrics->names.count, i;
	struct list list = { .metrics = metrics };

	list.place = xcalloc(count + 1, sizeof(*list.place));
	list.entry = xcalloc(count + 1, sizeof(*list.entry));
	for (i = 0; i < count; i++) {
		if (metrics->metric[i].known)
			enter(&list, i, false);
	}
	for (i = 0; i < count; i++) {
		if (metrics->glob[i].known)
			enter(&list, i, true);
	}
	buf_addc(out, '[');
	for (i = 0; i < list.count; i++) {
		if (i > 0)
			buf_addc(out, ',');
		add_entry(&list, i, out);
	}
	buf_addc(out, ']');
	free(list.place);
	free(list.entry);
}
