/* SPDX-License-Identifier: MIT */
/*
 * columns - the keys of rows as they stand in a line
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "wandb/columns.h"

enum { COLUMNS_MOST = 65536 };

/* A wire_len that is longer than any record. */
static const size_t no_wire = SIZE_MAX / 2;

void
columns_release(struct columns *columns)
{
	keys_release(&columns->keys);
	free(columns->at);
	free(columns->guesses);
	buf_release(&columns->quoted);
	buf_release(&columns->name);
}

bool
columns_begin(struct columns *columns)
{
	if (columns->keys.count > COLUMNS_MOST) {
		keys_clear(&columns->keys);
		buf_clear(&columns->quoted);
		columns->guess_count = 0;
	}
	return columns->keys.count == 0;
}

struct span
columns_name(struct columns *columns, struct span key)
{
	if (columns->prefix == NULL)
		return key;
	buf_clear(&columns->name);
	buf_adds(&columns->name, columns->prefix);
	buf_add(&columns->name, key.at, key.len);
	return (struct span){ columns->name.at, columns->name.len };
}

/* The length of a key, the key, and the tag of value_json. */
static size_t
add_wire(struct columns *columns, struct span key)
{
	if (key.len == 0 || key.len >= 0x80)
		return no_wire;
	buf_addc(&columns->quoted, (char)key.len);
	buf_add(&columns->quoted, key.at, key.len);
	buf_adds(&columns->quoted, "\x82\x01");
	return key.len + 3;
}

static void
add_column(struct columns *columns, size_t number, struct span key)
{
	struct column *column;

	if (number == columns->room) {
		columns->room = columns->room == 0 ? 32 : columns->room * 2;
		columns->at = xreallocarray(
		    columns->at, columns->room, sizeof(*columns->at));
	}
	column = &columns->at[number];
	*column = (struct column){ .wire_len = add_wire(columns, key) };
	column->at = columns->quoted.len;
	buf_addc(&columns->quoted, ',');
	json_quote(&columns->quoted, columns_name(columns, key));
	buf_addc(&columns->quoted, ':');
	buf_reserve(&columns->quoted, JSON_SHORT);
	memset(columns->quoted.at + columns->quoted.len, 0, JSON_SHORT);
	column->len = columns->quoted.len - column->at;
	column->plain = key.len > 0 && column->len == key.len + 4 &&
	    memcmp(columns->quoted.at + column->at + 2, key.at, key.len) == 0;
}

static void
guess(struct columns *columns, size_t place, size_t number)
{
	if (place < columns->guess_count) {
		columns->guesses[place] = (uint32_t)number;
		return;
	}
	if (place != columns->guess_count)
		return;
	if (place == columns->guess_room) {
		columns->guess_room += columns->guess_room + 32;
		columns->guesses = xreallocarray(columns->guesses,
		    columns->guess_room, sizeof(*columns->guesses));
	}
	columns->guesses[columns->guess_count++] = (uint32_t)number;
}

size_t
columns_look(struct columns *columns, struct span key, size_t place)
{
	size_t before = columns->keys.count;
	size_t number = keys_add(&columns->keys, key);

	if (number == before)
		add_column(columns, number, key);
	guess(columns, place, number);
	return number;
}

/* memcmp(3) where JSON_SHORT bytes of both can be read. */
static inline bool
same_short(const uint8_t *a, const uint8_t *b, size_t len)
{
#ifdef __SSE2__
	uint32_t same = 0;

	for (unsigned i = 0; i < JSON_SHORT; i += 16) {
		__m128i bytes =
		    _mm_cmpeq_epi8(_mm_loadu_si128((const void *)(a + i)),
			_mm_loadu_si128((const void *)(b + i)));

		same |= (uint32_t)_mm_movemask_epi8(bytes) << i;
	}
	if (len <= JSON_SHORT)
		return (size_t)__builtin_ctzll(~(uint64_t)same) >= len;
#endif
	return memcmp(a, b, len) == 0;
}

/*
 * Whether the item at at, of which all can be read and JSON_SHORT bytes of its
 * value, is a usual one. wire is the key with its length and the tag behind it.
 */
static inline bool
is_usual(const uint8_t *at, bool is_stats, const char *wire, size_t len)
{
	size_t json = at[len + 3];

	return at[0] == (is_stats ? 0x1a : 0x0a) &&
	    (at[2] == 0x0a || (at[2] == 0x12 && !is_stats)) &&
	    same_short(at + 3, (const uint8_t *)wire, len) &&
	    at[1] == len + 2 + json &&
	    json_is_short_number((const char *)at + len + 4, json);
}

/* Copies len bytes and a few more. */
static inline char *
copy(char *to, const char *from, size_t len)
{
	size_t at = 0;

	do
		memcpy(to + at, from + at, JSON_SHORT);
	while ((at += JSON_SHORT) < len);
	return to + len;
}

size_t
columns_splice(struct columns *columns, uint64_t record, size_t place,
    struct runlog_items *items, struct buf *out, size_t timed,
    struct span *time)
{
	bool is_stats = items->kind == RUNLOG_STATS;
	const uint8_t *at = items->wire.at, *item;
	size_t left, key, json;
	uint8_t last[256]; /* an item at the end, with bytes behind it */
	struct column *column;
	const char *text = columns->quoted.at;
	char *to, *room;

	buf_reserve(out, 1);
	to = out->at + out->len;
	room = out->at + out->room;
	for (; place < columns->guess_count; place++) {
		column = &columns->at[columns->guesses[place]];
		key = column->wire_len;
		item = at;
		left = (size_t)(items->wire.end - at);
		if (left < key + 4 + JSON_SHORT) {
			if (left < key + 5)
				break;
			item = memcpy(last, at, left);
			/* So that what is cut is no number. */
			memset(last + left, 0, JSON_SHORT);
		}
		if (!column->usual || column->seen == record ||
		    !is_usual(item, is_stats, text + column->at - key, key))
			break;
		json = item[key + 3];
		column->seen = record;
		if (columns->guesses[place] == timed)
			*time = (struct span){
				(const char *)at + key + 4,
				json,
			};
		if (column->len + 2 * JSON_SHORT >= (size_t)(room - to)) {
			out->len = (size_t)(to - out->at);
			buf_reserve(out, column->len + 2 * JSON_SHORT);
			to = out->at + out->len;
			room = out->at + out->room;
		}
		to = copy(to, text + column->at, column->len);
		memcpy(to, item + key + 4, JSON_SHORT);
		to += json;
		at += key + 4 + json;
	}
	items->wire.at = at;
	*to = '\0';
	out->len = (size_t)(to - out->at);
	return place;
}
