/* SPDX-License-Identifier: MIT */
/*
 * values - the items of a record as a JSON object, as they are
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "wandb/columns.h"
#include "wandb/tree.h"
#include "wandb/values.h"

/* The first columns of rows; they mean something here. */
enum { STEP, TIMESTAMP, NAMED };
static const char *const named[NAMED] = { "_step", "_timestamp" };

/* What the keys say of a path; the note of a column. */
enum choice {
	UNKNOWN,
	TAKEN,
	INSIDE, /* not it, but something below it may be */
	LEFT,
};

struct values {
	const struct span *keys;
	size_t key_count;
	struct columns columns;
	uint64_t record; /* the number of this one */
	enum runlog_kind kind;
	struct runlog_items items;
	struct tree *tree;
	struct span *path; /* of a member inside of an item's value */
	size_t path_room;
	struct buf object, removed, unreadable;
	struct buf text; /* a value, or a path, for a moment */
};

struct values *
values_new(const struct span *keys, size_t count)
{
	struct values *values = xcalloc(1, sizeof(*values));

	values->keys = keys;
	values->key_count = count;
	values->tree = tree_new();
	return values;
}

void
values_free(struct values *values)
{
	if (values == NULL)
		return;
	columns_release(&values->columns);
	runlog_items_release(&values->items);
	tree_free(values->tree);
	free(values->path);
	buf_release(&values->object);
	buf_release(&values->removed);
	buf_release(&values->unreadable);
	buf_release(&values->text);
	free(values);
}

static struct span
bytes(const struct buf *buf)
{
	return (struct span){ buf->at, buf->len };
}

/* What the keys say of a path. */
static enum choice
choose(struct values *values, const struct span *path, size_t depth)
{
	struct buf *joined = &values->text;
	enum choice choice = LEFT;
	size_t i, k;

	if (values->key_count == 0)
		return TAKEN;
	buf_clear(joined);
	for (i = 0; i < depth; i++) {
		if (i > 0)
			buf_addc(joined, '.');
		buf_add(joined, path[i].at, path[i].len);
		for (k = 0; k < values->key_count; k++) {
			struct span key = values->keys[k];

			if (key.len < joined->len ||
			    memcmp(key.at, joined->at, joined->len) != 0)
				continue;
			if (key.len == joined->len)
				return TAKEN;
			if (i + 1 == depth && key.at[joined->len] == '.')
				choice = INSIDE;
		}
	}
	return choice;
}

static bool
is_named(const struct values *values, const struct span *path, size_t depth,
    int name)
{
	return values->kind == RUNLOG_HISTORY && depth == 1 &&
	    span_is(path[0], named[name]);
}

/* Whole seconds and nanoseconds of a number: digits and a fraction. */
static bool
read_digits(struct span text, struct values_row *row)
{
	static const unsigned units[] = { 1000000000, 100000000, 10000000,
		1000000, 100000, 10000, 1000, 100, 10, 1 };
	uint64_t seconds = 0, nanos = 0;
	const char *at = text.at, *end = at + text.len, *start;
	unsigned digit;

	for (; at < end && (digit = (unsigned)*at - '0') < 10; at++)
		seconds = seconds * 10 + digit;
	if (at == text.at || at > text.at + 12 || (at < end && *at++ != '.'))
		return false;
	start = at;
	for (; at < end && (digit = (unsigned)*at - '0') < 10; at++)
		if (at < start + 9)
			nanos = nanos * 10 + digit;
	row->seconds = (int64_t)seconds;
	row->nanos = (int64_t)nanos * units[at < start + 9 ? at - start : 9];
	return at == end;
}

static void
read_time(struct values_row *row, struct span text)
{
	char copy[64] = "";
	double time, whole;
	char *end;

	row->timed = read_digits(text, row);
	if (row->timed || text.len >= sizeof(copy))
		return;
	memcpy(copy, text.at, text.len);
	time = strtod(copy, &end);
	whole = floor(time);
	if (end == copy || *end != '\0' || !(fabs(time) < 1e12))
		return;
	row->timed = true;
	row->seconds = (int64_t)whole;
	row->nanos = (int64_t)((time - whole) * 1e6) * 1000;
}

static void
add_path(struct buf *out, const struct span *path, size_t depth)
{
	size_t i;

	for (i = 0; i < depth; i++) {
		buf_addc(out, i == 0 ? '[' : ',');
		json_quote(out, path[i]);
	}
	buf_addc(out, ']');
}

static void
note_removed(struct values *values, const struct runlog_item *item,
    struct values_row *row)
{
	if (choose(values, item->path, item->depth) != TAKEN)
		return;
	row->found = true;
	buf_addc(&values->removed, values->removed.len == 0 ? '[' : ',');
	add_path(&values->removed, item->path, item->depth);
}

static void
note_unreadable(struct values *values, const struct runlog_item *item)
{
	struct buf *out = &values->unreadable;

	buf_adds(out, out->len == 0 ? "[{\"path\":" : ",{\"path\":");
	add_path(out, item->path, item->depth);
	buf_adds(out, ",\"text\":");
	json_quote(out, item->json);
	buf_addc(out, '}');
}

/*
 * The value of an item. Bytes that are no UTF-8 become U+FFFD first, as they
 * do in keys: that text is in values->text then.
 */
static bool
read_value(struct values *values, struct span json, struct json_value *value)
{
	struct json_fault fault;
	struct buf quoted = { 0 };

	if (json_value(json, JSON_WORDS, value, &fault))
		return true;
	json_quote_part(&quoted, json);
	buf_clear(&values->text);
	json_decode(&values->text, bytes(&quoted));
	buf_release(&quoted);
	return json_value(bytes(&values->text), JSON_WORDS, value, &fault);
}

static void
add_value(struct buf *out, const struct json_value *value)
{
	if (value->type < JSON_WORD)
		buf_add(out, value->text.at, value->text.len);
	else
		json_plain(out, value);
}

/* The choice for a column, which is asked for once. */
static inline enum choice
choose_column(struct values *values, size_t number, struct span key)
{
	struct column *column = &values->columns.at[number];

	if (column->note == UNKNOWN)
		column->note = (int)choose(values, &key, 1);
	column->usual = column->note == TAKEN;
	return (enum choice)column->note;
}

/* Begins with the items of a record, or begins again. */
static void
begin(struct values *values, struct span message, struct values_row *row)
{
	size_t i;

	*row = (struct values_row){ .found = values->key_count == 0 };
	buf_clear(&values->object);
	buf_clear(&values->removed);
	buf_clear(&values->unreadable);
	values->record++;
	if (columns_begin(&values->columns))
		for (i = 0; i < NAMED; i++) /* number i */
			(void)columns_find(
			    &values->columns, span_of(named[i]), i);
	/* What it has grown to is kept. */
	values->items.wire = wire_of(message);
	values->items.kind = values->kind;
}

/*
 * Appends an item of one element with a comma before it; false if the record
 * needs a tree: a key that comes twice, a key inside of a value.
 */
static inline bool
splice_item(struct values *values, const struct runlog_item *item, size_t place,
    struct values_row *row)
{
	struct columns *columns = &values->columns;
	size_t number = columns_find(columns, item->path[0], place);
	struct column *column = &columns->at[number];
	bool is_row = values->kind == RUNLOG_HISTORY;
	enum choice choice = choose_column(values, number, item->path[0]);
	struct json_value value;

	if (is_row && number == TIMESTAMP)
		read_time(row, item->json);
	if (choice == INSIDE)
		return false;
	if (choice == LEFT && !(is_row && number == STEP))
		return true;
	if (column->seen == values->record)
		return false;
	column->seen = values->record;
	row->found |= choice == TAKEN;
	if (!read_value(values, item->json, &value)) {
		note_unreadable(values, item);
		return true;
	}
	buf_add(&values->object, columns->quoted.at + column->at, column->len);
	add_value(&values->object, &value);
	return true;
}

static bool
splice(struct values *values, struct values_row *row)
{
	struct columns *columns = &values->columns;
	struct runlog_item item;
	struct span time = { 0 };
	size_t place = 0, before;

	for (;;) {
		before = place;
		place = columns_splice(columns, values->record, place,
		    &values->items, &values->object, TIMESTAMP, &time);
		row->found |= place > before;
		if (values->items.wire.at == values->items.wire.end ||
		    !runlog_next_item(&values->items, &item))
			break;
		if (item.removed)
			note_removed(values, &item, row);
		else if (item.depth > 1 ||
		    !splice_item(values, &item, place++, row))
			return false;
	}
	if (time.len > 0 && values->kind == RUNLOG_HISTORY)
		read_time(row, time);
	if (values->object.len == 0)
		buf_addc(&values->object, '{');
	values->object.at[0] = '{'; /* the first comma */
	buf_addc(&values->object, '}');
	return true;
}

static void
put(struct values *values, const struct span *path, size_t depth,
    const struct json_value *value, struct values_row *row)
{
	struct buf plain = { 0 };

	add_value(&plain, value);
	row->found |= !is_named(values, path, depth, STEP) ||
	    choose(values, path, depth) == TAKEN;
	/* It is JSON, and the depth is that of a path or of a value. */
	(void)tree_put(values->tree, path, depth, bytes(&plain));
	buf_release(&plain);
}

/* The members of an object at path that the keys name. */
static void
put_inside(struct values *values, size_t depth, struct span object,
    struct values_row *row)
{
	struct json_walk walk;
	struct json_member member;
	struct buf key = { 0 };
	enum choice choice;

	if (depth >= values->path_room) {
		values->path_room = depth + 16;
		values->path = xreallocarray(
		    values->path, values->path_room, sizeof(*values->path));
	}
	json_walk(&walk, object, JSON_WORDS);
	while (json_next(&walk, &member)) {
		buf_clear(&key);
		json_decode(&key, member.key);
		values->path[depth] = bytes(&key);
		choice = choose(values, values->path, depth + 1);
		if (choice == TAKEN)
			put(values, values->path, depth + 1, &member.value,
			    row);
		else if (choice == INSIDE && member.value.type == JSON_OBJECT)
			put_inside(values, depth + 1, member.value.text, row);
	}
	buf_release(&key);
}

static void
plant_item(struct values *values, const struct runlog_item *item,
    struct values_row *row)
{
	enum choice choice = choose(values, item->path, item->depth);
	struct json_value value;
	struct buf text;

	if (is_named(values, item->path, item->depth, TIMESTAMP))
		read_time(row, item->json);
	if (choice == LEFT && is_named(values, item->path, item->depth, STEP))
		choice = TAKEN;
	if (choice == LEFT)
		return;
	if (item->depth > JSON_DEPTH ||
	    !read_value(values, item->json, &value)) {
		note_unreadable(values, item);
		return;
	}
	if (choice == TAKEN) {
		put(values, item->path, item->depth, &value, row);
	} else if (value.type == JSON_OBJECT) {
		/* What is chosen next is written where the value may be. */
		text = values->text;
		values->text = (struct buf){ 0 };
		values->path_room = item->depth + 16;
		values->path = xreallocarray(
		    values->path, values->path_room, sizeof(*values->path));
		memcpy(values->path, item->path,
		    item->depth * sizeof(*item->path));
		put_inside(values, item->depth, value.text, row);
		buf_release(&text);
	}
}

/* The same by way of a tree. */
static void
plant(struct values *values, struct values_row *row)
{
	struct runlog_item item;

	tree_clear(values->tree);
	while (runlog_next_item(&values->items, &item)) {
		if (item.removed)
			note_removed(values, &item, row);
		else
			plant_item(values, &item, row);
	}
	tree_write(values->tree, &values->object);
}

/* An array that was begun, with its end. */
static struct span
closed(struct buf *array)
{
	if (array->len > 0)
		buf_addc(array, ']');
	return bytes(array);
}

void
values_read(struct values *values, enum runlog_kind kind, struct span message,
    struct values_row *row)
{
	values->kind = kind;
	begin(values, message, row);
	if (!splice(values, row)) {
		begin(values, message, row);
		plant(values, row);
	}
	row->bad = values->items.wire.bad;
	row->object = bytes(&values->object);
	row->removed = closed(&values->removed);
	row->unreadable = closed(&values->unreadable);
}
