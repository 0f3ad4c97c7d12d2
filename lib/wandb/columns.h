/* SPDX-License-Identifier: MIT */
/*
 * columns - the keys of rows as they stand in a line, found by number
 *
 * A key is quoted once. Rows of a run have the same keys in the same order,
 * so a key is looked for first where it was in the row before. A number behind
 * such a key, which is the most of a file, goes from the record to the line
 * in one step.
 */
#ifndef WANDB_COLUMNS_H
#define WANDB_COLUMNS_H

#include <stdint.h>
#include <string.h>

#include "mem.h"
#include "wandb/keys.h"
#include "wandb/runlog.h"

struct column {
	size_t at; /* in quoted, with JSON_SHORT bytes behind it: ,"key": */
	size_t len;
	size_t wire_len; /* before it, the key as it is in a record */
	bool plain;      /* the key stands there as it is */
	bool usual;      /* the caller's: columns_splice() may take it */
	uint64_t seen;   /* the caller's: the record that had it last */
	int note;        /* the caller's, 0 at first */
};

/* All zero is empty and valid. */
struct columns {
	const char *prefix; /* of every key; NULL: none */
	struct keys keys;
	struct column *at; /* by the number of the key */
	size_t room;
	struct buf quoted;
	struct buf name;   /* the last key with its prefix */
	uint32_t *guesses; /* numbers by place in the row */
	size_t guess_count, guess_room;
};

void columns_release(struct columns *columns);

/*
 * Before each row. Names that are made up for each row are not kept for ever:
 * true if all were forgotten, or if there are none yet.
 */
bool columns_begin(struct columns *columns);

size_t columns_look(struct columns *columns, struct span key, size_t place);

/*
 * memcmp(3) for keys, which are short: words that overlap, and no branch on
 * the length but that.
 */
static inline bool
columns_same(const char *a, const char *b, size_t len)
{
	uint64_t first[2], last[2];

	if (len < sizeof(*first) || len > 2 * sizeof(*first))
		return memcmp(a, b, len) == 0;
	memcpy(&first[0], a, sizeof(*first));
	memcpy(&first[1], b, sizeof(*first));
	memcpy(&last[0], a + len - sizeof(*last), sizeof(*last));
	memcpy(&last[1], b + len - sizeof(*last), sizeof(*last));
	return ((first[0] ^ first[1]) | (last[0] ^ last[1])) == 0;
}

/* The number of the column of key, which is item number place of the row. */
static inline size_t
columns_find(struct columns *columns, struct span key, size_t place)
{
	const struct column *column;

	if (place < columns->guess_count) {
		column = &columns->at[columns->guesses[place]];
		if (column->plain && column->len == key.len + 4 &&
		    columns_same(
			columns->quoted.at + column->at + 2, key.at, key.len))
			return columns->guesses[place];
	}
	return columns_look(columns, key, place);
}

/*
 * Appends the next items with a comma before each, as long as they are as
 * nearly all are: the keys that were at these places in the row before, lengths
 * of one byte, and numbers without an exponent. Ends before an item that is
 * another, that record has already, or that is of a column that is not usual.
 * place is that of the next item; returned is where it ended. If an item was
 * of the column number timed, *time is its value.
 */
size_t columns_splice(struct columns *columns, uint64_t record, size_t place,
    struct runlog_items *items, struct buf *out, size_t timed,
    struct span *time);

/* The key with the prefix that all keys have; valid until the next call. */
struct span columns_name(struct columns *columns, struct span key);

#endif
