/* SPDX-License-Identifier: MIT */
/*
 * summary - SummaryRecords, one after the other, in a tree
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "wandb/summary.h"

enum { WAITING = 4, WAIT_MOST = 64 << 10 };

/* The bytes of an ordinary item: update { nested_key ..., value_json }. */
enum {
	UPDATE = 0x0a,     /* 1, a message */
	KEY = 0x0a,        /* 1, a string */
	NESTED_KEY = 0x12, /* 2, a string */
	VALUE = 0x82,      /* 16, a string: two bytes, and */
	VALUE_TOO = 0x01,
};

struct summary {
	struct tree *tree;
	struct buf waiting[WAITING]; /* ordinary records, oldest first */
	int count;
};

struct summary *
summary_new(void)
{
	struct summary *summary = xcalloc(1, sizeof *summary);

	summary->tree = tree_new();
	return summary;
}

void
summary_free(struct summary *summary)
{
	if (summary == NULL)
		return;
	for (int i = 0; i < WAITING; i++)
		buf_release(&summary->waiting[i]);
	tree_free(summary->tree);
	free(summary);
}

/* Puts a record into the tree. Returns how many items were no JSON. */
static int
apply(struct tree *tree, struct span message)
{
	struct runlog_items items;
	struct runlog_item item;
	int bad = 0;

	runlog_items(&items, RUNLOG_SUMMARY, message);
	while (runlog_next_item(&items, &item)) {
		if (item.removed || span_is(item.json, "null"))
			tree_remove(tree, item.path, item.depth);
		else if (!tree_put(tree, item.path, item.depth, item.json))
			bad++;
	}
	bad += items.wire.bad;
	runlog_items_release(&items);
	return bad;
}

/* ---- records that wait ---- */

static const uint8_t *
digits(const uint8_t *at, const uint8_t *end)
{
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

/* Whether the bytes are a number, which most values are (RFC 8259, 6). */
static bool
is_number(const uint8_t *at, const uint8_t *end)
{
	const uint8_t *first;

	if (at < end && *at == '-')
		at++;
	first = at;
	at = digits(at, end);
	if (at == first || (*first == '0' && at > first + 1))
		return false;
	if (at < end && *at == '.') {
		first = ++at;
		at = digits(at, end);
		if (at == first)
			return false;
	}
	if (at < end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		first = at;
		at = digits(at, end);
		if (at == first)
			return false;
	}
	return at == end;
}

static bool
is_value(const uint8_t *at, const uint8_t *end)
{
	struct span text = { (const char *)at, (size_t)(end - at) };
	struct json_value value;
	struct json_fault fault;

	if (is_number(at, end))
		return true;
	return json_value(text, JSON_WORDS, &value, &fault) &&
	    value.type != JSON_NULL;
}

/* A length below 2^14, which may have two bytes; NULL if it passes end. */
static const uint8_t *
length(const uint8_t *at, const uint8_t *end, size_t *len)
{
	if (end - at < 2)
		return NULL;
	*len = *at & 0x7f;
	if (*at++ >= 0x80) {
		if (*at >= 0x80)
			return NULL;
		*len |= (size_t)*at++ << 7;
	}
	return *len <= (size_t)(end - at) ? at : NULL;
}

/* Where the value of an ordinary item begins, with its tag; NULL without. */
static const uint8_t *
skip_keys(const uint8_t *at, const uint8_t *end)
{
	const uint8_t *first = at;

	while (end - at >= 2 && (*at == NESTED_KEY || *at == KEY) &&
	    at[1] < 0x80 && end - at >= 2 + at[1])
		at += 2 + at[1];
	return at > first && end - at >= 3 && at[0] == VALUE &&
		at[1] == VALUE_TOO
	    ? at
	    : NULL;
}

/* An ordinary item: its keys, with the tag of the value, and that. */
struct item {
	const uint8_t *keys, *value, *end;
	size_t keys_len;
};

/* Moves *at behind the item that begins there; false if it is no such item. */
static bool
next_item(const uint8_t **at, const uint8_t *end, struct item *item)
{
	const uint8_t *value;
	size_t len;

	if (**at != UPDATE || (item->keys = length(*at + 1, end, &len)) == NULL)
		return false;
	item->end = *at = item->keys + len;
	value = skip_keys(item->keys, item->end);
	if (value == NULL)
		return false;
	item->keys_len = (size_t)(value + 2 - item->keys);
	if (item->keys_len > JSON_DEPTH) /* more keys than a path has */
		return false;
	item->value = length(value + 2, item->end, &len);
	return item->value != NULL && item->value + len == item->end;
}

/*
 * Whether message is an ordinary record, whose items all put a value. With
 * like, which is one: whether it has the same keys, too.
 */
static bool
is_ordinary(struct span message, const struct buf *like)
{
	const uint8_t *at = (const uint8_t *)message.at;
	const uint8_t *end = at + message.len;
	const uint8_t *there = like != NULL ? (uint8_t *)like->at : NULL;
	const uint8_t *last = like != NULL ? there + like->len : NULL;
	struct item item, other;

	while (at < end) {
		if (!next_item(&at, end, &item))
			return false;
		if (like != NULL &&
		    (there == last || !next_item(&there, last, &other) ||
			other.keys_len != item.keys_len ||
			memcmp(other.keys, item.keys, item.keys_len) != 0))
			return false;
		if (!is_value(item.value, item.end))
			return false;
	}
	return there == last;
}

/* Moves the record that waits at number i behind the others. */
static struct buf *
move_last(struct summary *summary, int i)
{
	struct buf *waiting = summary->waiting;
	struct buf moved = waiting[i];

	for (; i + 1 < summary->count; i++)
		waiting[i] = waiting[i + 1];
	waiting[i] = moved;
	return &waiting[i];
}

static void
apply_all(struct summary *summary)
{
	for (int i = 0; i < summary->count; i++) {
		struct buf *record = &summary->waiting[i];

		/* Its values were found to be JSON when it came. */
		(void)apply(
		    summary->tree, (struct span){ record->at, record->len });
		buf_clear(record);
	}
	summary->count = 0;
}

/* The place for an ordinary record, the last; NULL for any other. */
static struct buf *
place_for(struct summary *summary, struct span message)
{
	if (message.len == 0 || message.len > WAIT_MOST)
		return NULL;
	for (int i = 0; i < summary->count; i++)
		if (is_ordinary(message, &summary->waiting[i]))
			return move_last(summary, i);
	if (!is_ordinary(message, NULL))
		return NULL;
	if (summary->count == WAITING)
		apply_all(summary);
	return &summary->waiting[summary->count++];
}

int
summary_change(struct summary *summary, struct span message)
{
	struct buf *place = place_for(summary, message);

	if (place != NULL) {
		buf_clear(place);
		buf_add(place, message.at, message.len);
		return 0;
	}
	apply_all(summary);
	return apply(summary->tree, message);
}

struct tree *
summary_tree(struct summary *summary)
{
	apply_all(summary);
	return summary->tree;
}

void
summary_inherit(struct summary *summary, struct span json)
{
	struct json_walk walk;
	struct json_member member;
	struct buf key = { 0 };
	struct span path;

	json_walk(&walk, json, JSON_WORDS);
	while (json_next(&walk, &member)) {
		buf_clear(&key);
		json_decode(&key, member.key);
		path = (struct span){ key.at, key.len };
		if (member.value.type != JSON_NULL)
			(void)tree_merge(summary->tree, &path, 1,
			    member.value.text); /* it is JSON */
	}
	buf_release(&key);
}
