/* SPDX-License-Identifier: MIT */
/*
 * comparison - what differs between runs
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "wandb/comparison.h"
#include "wandb/keys.h"
#include "wandb/same.h"

/* The values of a key, in the order of the runs: this, and a text, each. */
struct entry {
	uint32_t run;
	uint32_t len;
};

struct column {
	struct buf entries;
	size_t seen;  /* the last run that has it, and one more */
	bool unequal; /* else the first value is that of all seen */
};

struct table {
	struct keys keys;
	struct column *at; /* by number of key */
	size_t room;
	bool whole; /* values that are the same are kept, too */
};

struct comparison {
	struct keys runs;
	struct buf heads; /* of runs: their fields, one behind the other */
	size_t *head_ends;
	size_t room;
	struct table config, summary;
	const char *by;
	enum comparison_order order;
	double best; /* NAN: none */
	struct buf best_text;
	uint32_t *bests; /* all runs that have it */
	size_t best_count, best_room;
	size_t lacking;  /* runs without a number there */
	bool has_number; /* the present one has */
};

struct comparison *
comparison_new(const char *by, enum comparison_order order)
{
	struct comparison *new = xcalloc(1, sizeof *new);

	new->by = by;
	new->order = order;
	new->best = NAN;
	new->summary.whole = true;
	return new;
}

static void
table_release(struct table *table)
{
	for (size_t i = 0; i < table->keys.count; i++)
		buf_release(&table->at[i].entries);
	keys_release(&table->keys);
	free(table->at);
}

void
comparison_free(struct comparison *comparison)
{
	table_release(&comparison->config);
	table_release(&comparison->summary);
	keys_release(&comparison->runs);
	buf_release(&comparison->heads);
	buf_release(&comparison->best_text);
	free(comparison->head_ends);
	free(comparison->bests);
	free(comparison);
}

size_t
comparison_runs(const struct comparison *comparison)
{
	return comparison->runs.count;
}

bool
comparison_has_best(const struct comparison *comparison)
{
	return comparison->best_count > 0;
}

/* ---- one value ---- */

static void
add_entry(struct column *column, size_t run, struct span value)
{
	struct entry entry = { (uint32_t)run, (uint32_t)value.len };

	buf_add(&column->entries, &entry, sizeof entry);
	buf_add(&column->entries, value.at, value.len);
}

/* The value that all runs so far have. */
static struct span
common(const struct column *column)
{
	return (struct span){ column->entries.at + sizeof(struct entry),
		column->entries.len - sizeof(struct entry) };
}

/* The first of runs have the common value, each of its own from now on. */
static void
part(struct column *column)
{
	struct buf all = { 0 };
	struct column own = { 0 };

	column->unequal = true;
	if (column->seen == 0)
		return;
	buf_add(&all, common(column).at, common(column).len);
	for (size_t i = 0; i < column->seen; i++)
		add_entry(&own, i, (struct span){ all.at, all.len });
	buf_release(&all);
	buf_release(&column->entries);
	column->entries = own.entries;
}

static void
table_add(struct table *table, struct span key, size_t run, struct span value)
{
	size_t number = keys_add(&table->keys, key);
	struct column *column;

	if (number == table->room) {
		table->room = table->room > 0 ? 2 * table->room : 64;
		table->at =
		    xreallocarray(table->at, table->room, sizeof *table->at);
		memset(table->at + number, 0,
		    (table->room - number) * sizeof *table->at);
	}
	column = &table->at[number];
	if (column->seen > run) /* a.b beside a: {b} */
		return;
	if (!column->unequal &&
	    (table->whole || column->seen < run ||
		(run > 0 && !same_exactly(common(column), value))))
		part(column);
	if (column->unequal || run == 0)
		add_entry(column, run, value);
	column->seen = run + 1;
}

/* ---- the best ---- */

/* NAN for what is no number; wb-runs writes the infinities as strings. */
static double
number_of(const struct json_value *value)
{
	double number = NAN;
	char *text;

	if (value->type == JSON_STRING) {
		if (span_is(value->text, "\"Infinity\""))
			return INFINITY;
		return span_is(value->text, "\"-Infinity\"") ? -INFINITY : NAN;
	}
	if (value->type != JSON_NUMBER)
		return NAN;
	text = xstrndup(value->text.at, value->text.len);
	number = strtod(text, NULL);
	free(text);
	return number;
}

static void
judge(struct comparison *comparison, const struct json_value *value)
{
	double number = number_of(value);
	bool better = comparison->order == COMPARISON_MIN
	    ? number < comparison->best
	    : number > comparison->best;

	if (isnan(number))
		return;
	comparison->has_number = true;
	if (better || isnan(comparison->best)) {
		comparison->best = number;
		comparison->best_count = 0;
		buf_clear(&comparison->best_text);
		buf_add(
		    &comparison->best_text, value->text.at, value->text.len);
	} else if (islessgreater(number, comparison->best)) {
		return;
	}
	if (comparison->best_count == comparison->best_room) {
		comparison->best_room = 2 * comparison->best_room + 8;
		comparison->bests = xreallocarray(comparison->bests,
		    comparison->best_room, sizeof *comparison->bests);
	}
	comparison->bests[comparison->best_count++] =
	    (uint32_t)comparison_runs(comparison) - 1;
}

/* ---- one run ---- */

/* Whether an object holds values, and is not one itself. */
static bool
is_branch(const struct json_value *value)
{
	struct json_member member;
	struct json_walk walk;
	struct json_value type;

	if (value->type != JSON_OBJECT)
		return false;
	json_walk(&walk, value->text, 0);
	return json_next(&walk, &member) &&
	    !json_find(value->text, 0, "_type", &type);
}

static void
add_value(struct comparison *comparison, struct table *table, struct span key,
    const struct json_value *value)
{
	table_add(table, key, comparison_runs(comparison) - 1, value->text);
	if (comparison->by != NULL && table == &comparison->summary &&
	    !comparison->has_number && span_is(key, comparison->by))
		judge(comparison, value);
}

/* Adds all values of an object below a path, which is as it was then. */
static void
add_values(struct comparison *comparison, struct table *table, struct buf *path,
    bool top, struct span object)
{
	size_t depth = path->len;
	struct json_member member;
	struct json_walk walk;

	json_walk(&walk, object, 0);
	while (json_next(&walk, &member)) {
		if (top && span_is(member.key, "_wandb"))
			continue;
		if (!top)
			buf_addc(path, '.');
		json_decode(path, member.key);
		if (is_branch(&member.value))
			add_values(
			    comparison, table, path, false, member.value.text);
		else
			add_value(comparison, table,
			    (struct span){
				path->len > 0 ? path->at : "", path->len },
			    &member.value);
		buf_cut(path, depth);
	}
}

static void
add_table(struct comparison *comparison, struct table *table,
    const struct json_value *value)
{
	struct buf path = { 0 };

	add_values(comparison, table, &path, true, value->text);
	buf_release(&path);
}

/* What is told of a run beside its values. */
static void
add_head(struct comparison *comparison, struct span record)
{
	static const char *const fields[] = { "run", "display_name", "state",
		"url" };
	size_t run = comparison_runs(comparison) - 1;
	struct buf *heads = &comparison->heads;
	struct json_value value;

	if (run == comparison->room) {
		comparison->room = 2 * comparison->room + 64;
		comparison->head_ends = xreallocarray(comparison->head_ends,
		    comparison->room, sizeof *comparison->head_ends);
	}
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		if (!json_find(record, 0, fields[i], &value))
			continue;
		buf_addf(heads, "%s\"%s\":", i > 0 ? "," : "", fields[i]);
		buf_add(heads, value.text.at, value.text.len);
	}
	comparison->head_ends[run] = heads->len;
}

enum comparison_verdict
comparison_take(struct comparison *comparison, struct span record)
{
	struct json_value whole, error, run, config, summary;
	struct json_fault fault;
	struct buf name = { 0 };
	size_t before = comparison_runs(comparison);

	if (!json_value(record, 0, &whole, &fault) ||
	    (json_find(whole.text, 0, "error", &error) &&
		error.type != JSON_NULL) ||
	    !json_find(whole.text, 0, "run", &run) || run.type != JSON_STRING ||
	    !json_find(whole.text, 0, "config", &config) ||
	    config.type != JSON_OBJECT ||
	    !json_find(whole.text, 0, "summary", &summary) ||
	    summary.type != JSON_OBJECT)
		return COMPARISON_NONE;
	json_decode(&name, (struct span){ run.text.at + 1, run.text.len - 2 });
	keys_add(&comparison->runs,
	    (struct span){ name.len > 0 ? name.at : "", name.len });
	buf_release(&name);
	if (comparison_runs(comparison) == before)
		return COMPARISON_TWICE;
	add_head(comparison, whole.text);
	comparison->has_number = false;
	add_table(comparison, &comparison->config, &config);
	add_table(comparison, &comparison->summary, &summary);
	comparison->lacking += !comparison->has_number;
	return COMPARISON_TAKEN;
}

/* ---- the record ---- */

static void
write_column(const struct comparison *comparison, const struct column *column,
    struct span key, struct buf *out)
{
	const char *at = column->entries.at;
	const char *end = at + column->entries.len;
	struct entry entry;

	json_quote(out, key);
	buf_adds(out, ":{");
	for (const char *start = at; at < end; at += entry.len) {
		if (at > start)
			buf_addc(out, ',');
		memcpy(&entry, at, sizeof entry);
		at += sizeof entry;
		json_quote(out, keys_at(&comparison->runs, entry.run));
		buf_addc(out, ':');
		buf_add(out, at, entry.len);
	}
	buf_addc(out, '}');
}

static void
write_table(const struct comparison *comparison, struct table *table,
    const char *name, struct buf *out)
{
	size_t runs = comparison_runs(comparison);
	bool first = true;

	buf_addf(out, ",\"%s\":{", name);
	for (size_t i = 0; i < table->keys.count; i++) {
		struct column *column = &table->at[i];

		if (!column->unequal && column->seen == runs)
			continue;
		if (!column->unequal)
			part(column);
		if (!first)
			buf_addc(out, ',');
		first = false;
		write_column(comparison, column, keys_at(&table->keys, i), out);
	}
	buf_addc(out, '}');
}

static void
write_head(const struct comparison *comparison, size_t run, struct buf *out)
{
	size_t from = run > 0 ? comparison->head_ends[run - 1] : 0;

	buf_add(out, comparison->heads.at + from,
	    comparison->head_ends[run] - from);
}

static void
write_best(const struct comparison *comparison, struct buf *out)
{
	buf_adds(out, ",\"best\":{\"by\":");
	json_quote(out, span_of(comparison->by));
	buf_addf(out, ",\"order\":\"%s\",\"value\":",
	    comparison->order == COMPARISON_MIN ? "min" : "max");
	buf_add(out, comparison->best_text.at, comparison->best_text.len);
	buf_addc(out, ',');
	write_head(comparison, comparison->bests[0], out);
	buf_adds(out, ",\"ties\":[");
	for (size_t i = 1; i < comparison->best_count; i++) {
		if (i > 1)
			buf_addc(out, ',');
		json_quote(
		    out, keys_at(&comparison->runs, comparison->bests[i]));
	}
	buf_addf(out, "],\"lacking\":%zu}", comparison->lacking);
}

void
comparison_write(struct comparison *comparison, struct buf *out)
{
	buf_adds(out, "\"runs\":[");
	for (size_t i = 0; i < comparison_runs(comparison); i++) {
		buf_adds(out, i > 0 ? ",{" : "{");
		write_head(comparison, i, out);
		buf_addc(out, '}');
	}
	buf_addc(out, ']');
	write_table(comparison, &comparison->config, "config", out);
	write_table(comparison, &comparison->summary, "summary", out);
	if (comparison_has_best(comparison))
		write_best(comparison, out);
}
