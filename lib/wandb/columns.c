/* SPDX-License-Identifier: MIT */
/*
 * columns - the keys of rows as they stand in a line
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "wandb/columns.h"

enum { COLUMNS_MOST = 65536 };

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
	*column = (struct column){ .at = columns->quoted.len };
	buf_addc(&columns->quoted, ',');
	json_quote(&columns->quoted, columns_name(columns, key));
	buf_addc(&columns->quoted, ':');
	buf_reserve(&columns->quoted, JSON_SHORT);
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
