/* SPDX-License-Identifier: MIT */
/*
 * history - rows and system metrics as lines of JSON
 *
 * A key is quoted once and found again by its number; the record in which it
 * was last seen tells a key that comes twice. Only records that cannot be
 * spliced in one pass go through a tree.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "json.h"
#include "wandb/columns.h"
#include "wandb/history.h"
#include "wandb/tree.h"

/* The first columns of rows; they mean something here. */
enum { STEP, TIMESTAMP, NAMED };
static const char *const named[NAMED] = { "_step", "_timestamp" };

#define BILLION INT64_C(1000000000)

struct history {
	struct columns rows, events;
	uint64_t record; /* the number of this one */
	struct buf line;
	struct buf number;
	struct tree *tree;
	struct runlog_items items;
};

struct history *
history_new(void)
{
	struct history *history = xcalloc(1, sizeof(*history));

	history->events.prefix = "system.";
	history->tree = tree_new();
	return history;
}

void
history_free(struct history *history)
{
	if (!history)
		return;
	columns_release(&history->rows);
	columns_release(&history->events);
	buf_release(&history->line);
	buf_release(&history->number);
	tree_free(history->tree);
	runlog_items_release(&history->items);
	free(history);
}

static struct span
bytes(const struct buf *buf)
{
	return (struct span){ buf->at, buf->len };
}

static void
begin(struct history *history, struct columns *columns)
{
	size_t i;

	history->record++;
	buf_clear(&history->line);
	if (columns_begin(columns))
		for (i = 0; i < NAMED; i++) /* number i */
			(void)columns_find(columns, span_of(named[i]), i);
}

/* Text with a NUL behind it, for strto...(). */
static const char *
digits(struct history *history, struct span text)
{
	buf_clear(&history->number);
	buf_add(&history->number, text.at, text.len);
	return history->number.at;
}

/* A whole number, also as 5.0 or 1e+06. */
static bool
read_step(struct history *history, struct span text, int64_t *step)
{
	const char *at = digits(history, text);
	char *end;
	double number;
	long long whole;

	errno = 0;
	whole = strtoll(at, &end, 10);
	if (end != at && *end == '\0' && errno == 0) {
		*step = whole;
		return true;
	}
	number = strtod(at, &end);
	if (end == at || *end != '\0' || !(fabs(number) < 0x1p63) ||
	    number != floor(number))
		return false;
	*step = (int64_t)number;
	return true;
}

static double
read_number(struct history *history, struct span text)
{
	const char *at = digits(history, text);
	char *end;
	double number = strtod(at, &end);

	return end != at && *end == '\0' ? number : NAN;
}

/*
 * What the row's own columns say. A step that is less than least, or that is
 * no whole number, is least.
 */
static void
read_named(struct history *history, size_t column, struct span text,
    struct history_row *row)
{
	int64_t step;

	if (column == TIMESTAMP)
		row->timestamp = read_number(history, text);
	else if (!read_step(history, text, &step))
		row->dropped++;
	else if (step > row->step)
		row->step = step;
}

/* Begins with the items of a record, or begins again. */
static void
open_items(struct history *history, enum runlog_kind kind, struct span message)
{
	runlog_items_release(&history->items);
	runlog_items(&history->items, kind, message);
}

/* The next item; what is behind a broken one is lost. */
static bool
next_item(
    struct history *history, struct runlog_item *item, struct history_row *row)
{
	if (runlog_next_item(&history->items, item))
		return true;
	if (history->items.wire.bad)
		row->dropped++;
	return false;
}

static bool
has_key(const struct runlog_item *item)
{
	return item->depth > 1 || (item->depth == 1 && item->path[0].len > 0);
}

/*
 * Appends the items, with a comma before each; false if the record needs a
 * tree: a key that comes twice, in a row also a path of several keys or an
 * object, which is merged.
 */
static bool
splice(struct history *history, struct columns *columns, bool is_row,
    struct history_row *row)
{
	struct runlog_item item;
	struct json_value value;
	struct json_fault fault;
	struct column *column;
	struct span time = { 0 };
	size_t number, place = 0;

	for (;;) {
		place = columns_splice(columns, history->record, place,
		    &history->items, &history->line, TIMESTAMP, &time);
		if (!next_item(history, &item, row))
			break;
		if (!has_key(&item) ||
		    !json_value(item.json, JSON_WORDS, &value, &fault)) {
			row->dropped++;
			continue;
		}
		if (is_row && (item.depth > 1 || value.type == JSON_OBJECT))
			return false;
		number = columns_find(columns, item.path[0], place++);
		column = &columns->at[number];
		if (column->seen == history->record)
			return false;
		column->seen = history->record;
		column->usual = !is_row || number != STEP;
		if (is_row && number < NAMED)
			read_named(history, number, value.text, row);
		if (is_row && number == STEP)
			continue;
		buf_add(&history->line, columns->quoted.at + column->at,
		    column->len);
		buf_add(&history->line, value.text.at, value.text.len);
	}
	if (is_row && time.len > 0)
		read_named(history, TIMESTAMP, time, row);
	return true;
}

/* Appends a row by way of a tree. */
static void
plant(struct history *history, struct history_row *row)
{
	struct tree *tree = history->tree;
	struct runlog_item item;
	struct span name, text;
	size_t i;

	tree_clear(tree);
	while (next_item(history, &item, row)) {
		if (!has_key(&item) ||
		    !tree_merge(tree, item.path, item.depth, item.json))
			row->dropped++;
	}
	for (i = 0; i < NAMED; i++) {
		name = span_of(named[i]);
		text = tree_leaf(tree, &name, 1);
		if (text.len > 0)
			read_named(history, i, text, row);
	}
	name = span_of(named[STEP]);
	buf_clear(&history->number);
	buf_add_whole(&history->number, row->step);
	(void)tree_put(tree, &name, 1, bytes(&history->number)); /* is JSON */
	tree_write(tree, &history->line);
}

void
history_line(struct history *history, struct span message, int64_t least,
    struct history_row *row)
{
	const struct history_row none = { .step = least, .timestamp = NAN };
	struct buf *line = &history->line;

	*row = none;
	begin(history, &history->rows);
	open_items(history, RUNLOG_HISTORY, message);
	if (splice(history, &history->rows, true, row)) {
		buf_adds(line, ",\"_step\":");
		buf_add_whole(line, row->step);
		buf_addc(line, '}');
		line->at[0] = '{'; /* the first comma */
	} else {
		*row = none;
		buf_clear(line);
		open_items(history, RUNLOG_HISTORY, message);
		plant(history, row);
	}
	row->line = bytes(line);
}

/* The timestamp of a StatsRecord, its second field; false without one. */
static bool
read_time(struct span message, int64_t *seconds, int64_t *nanos)
{
	struct wire wire = wire_of(message), time;
	struct wire_field field;
	bool found = false;

	while (wire_next(&wire, &field)) {
		if (field.number != 2 || field.type != WIRE_BYTES)
			continue;
		if (!found)
			*seconds = *nanos = 0;
		found = true;
		time = wire_of(field.bytes);
		while (wire_next(&time, &field)) {
			if (field.type != WIRE_VARINT)
				continue;
			if (field.number == 1)
				*seconds = (int64_t)field.value;
			else if (field.number == 2)
				*nanos = (int32_t)field.value;
		}
	}
	return found;
}

/*
 * Seconds from start to a moment, to the nanosecond: the difference of two
 * doubles would have seven digits behind the point. start is the double of a
 * time in microseconds, which is how the client writes the start of a run.
 */
static double
elapsed(double start, int64_t seconds, int64_t nanos)
{
	double first = floor(start), whole = (double)seconds - first;
	double micros = round((start - first) * 1e6);
	int64_t between;

	if (!(fabs(whole) < 9e9)) /* beyond 64 bits; no run lasts so long */
		return whole;
	between = (int64_t)whole * BILLION + nanos - (int64_t)micros * 1000;
	return (double)(between / BILLION) + (double)(between % BILLION) / 1e9;
}

/* The members that every sample has. */
static void
add_head(struct history *history, struct span message, double start,
    struct history_row *row)
{
	struct buf *line = &history->line;
	int64_t seconds, nanos;

	buf_adds(line, "{\"_wandb\":true");
	if (!read_time(message, &seconds, &nanos))
		return;
	row->timestamp = (double)seconds + (double)nanos / 1e9;
	buf_adds(line, ",\"_timestamp\":");
	json_number(line, row->timestamp);
	if (isnan(start))
		return;
	buf_adds(line, ",\"_runtime\":");
	json_number(line, elapsed(start, seconds, nanos));
}

/* Appends the items of a sample in which a key comes twice: the last counts. */
static void
plant_event(struct history *history, struct history_row *row)
{
	struct tree *tree = history->tree;
	struct buf *line = &history->line;
	struct runlog_item item;
	struct span name;
	size_t head = line->len;

	tree_clear(tree);
	while (next_item(history, &item, row)) {
		if (has_key(&item))
			name = columns_name(&history->events, item.path[0]);
		if (!has_key(&item) || !tree_put(tree, &name, 1, item.json))
			row->dropped++;
	}
	tree_write(tree, line);
	line->at[head] = ','; /* it goes on behind the head */
}

void
history_event(struct history *history, struct span message, double start,
    struct history_row *row)
{
	struct buf *line = &history->line;
	size_t head;

	*row = (struct history_row){ .timestamp = NAN };
	begin(history, &history->events);
	add_head(history, message, start, row);
	head = line->len;
	open_items(history, RUNLOG_STATS, message);
	if (splice(history, &history->events, false, row)) {
		buf_addc(line, '}');
	} else {
		row->dropped = 0;
		line->len = head;
		open_items(history, RUNLOG_STATS, message);
		plant_event(history, row);
	}
	row->line = bytes(line);
}
