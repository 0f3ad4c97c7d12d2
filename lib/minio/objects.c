/* SPDX-License-Identifier: MIT */
/*
 * objects - the last state of each object that events tell of
 *
 * Objects and keys lie in pieces that never move; the table holds numbers of
 * objects, 4 bytes each, so that it can grow without them.
 */
#include <stdio.h>
#include <stdlib.h>

#include <xxhash.h>

#include "minio/objects.h"
#include "minio/texts.h"

enum {
	PIECE = 4096,      /* objects */
	KEY_PIECE = 65536, /* bytes; a key is much shorter */
};

struct objects {
	struct object **pieces;
	size_t piece_count;
	uint32_t count;
	char **keys;
	size_t key_count;
	size_t key_used; /* of the last piece */
	uint32_t *table; /* numbers from 1 up; 0 is free */
	uint32_t slots;  /* a power of two */
	struct texts texts;
	struct object **sorted;
};

struct objects *
objects_new(void)
{
	struct objects *objects = xcalloc(1, sizeof(*objects));

	objects->slots = 1024;
	objects->table = xcalloc(objects->slots, sizeof(*objects->table));
	return objects;
}

void
objects_free(struct objects *objects)
{
	for (size_t i = 0; i < objects->piece_count; i++)
		free(objects->pieces[i]);
	for (size_t i = 0; i < objects->key_count; i++)
		free(objects->keys[i]);
	free(objects->pieces);
	free(objects->keys);
	free(objects->table);
	free(objects->sorted);
	texts_release(&objects->texts);
	free(objects);
}

static struct object *
object_at(const struct objects *objects, uint32_t number)
{
	return &objects->pieces[(number - 1) / PIECE][(number - 1) % PIECE];
}

/* Where the object with this key is, or would be. */
static uint32_t *
find(const struct objects *objects, struct span key, uint32_t hash)
{
	uint32_t slot = hash;

	for (;; slot++) {
		uint32_t *at = &objects->table[slot & (objects->slots - 1)];
		const struct object *object;

		if (*at == 0)
			return at;
		object = object_at(objects, *at);
		if (object->hash == hash && object->key_len == key.len &&
		    memcmp(object->key, key.at, key.len) == 0)
			return at;
	}
}

static void
grow(struct objects *objects)
{
	free(objects->table);
	objects->slots *= 2;
	objects->table = xcalloc(objects->slots, sizeof(*objects->table));
	for (uint32_t number = 1; number <= objects->count; number++) {
		uint32_t slot = object_at(objects, number)->hash;

		while (objects->table[slot & (objects->slots - 1)] != 0)
			slot++;
		objects->table[slot & (objects->slots - 1)] = number;
	}
}

static const char *
keep_key(struct objects *objects, struct span key)
{
	char *at;

	if (objects->key_count == 0 ||
	    objects->key_used + key.len > KEY_PIECE) {
		objects->keys = xreallocarray(objects->keys,
		    objects->key_count + 1, sizeof(*objects->keys));
		objects->keys[objects->key_count++] =
		    xreallocarray(NULL, KEY_PIECE, 1);
		objects->key_used = 0;
	}
	at = objects->keys[objects->key_count - 1] + objects->key_used;
	memcpy(at, key.at, key.len);
	objects->key_used += key.len;
	return at;
}

static struct object *
add(struct objects *objects, struct span key, uint32_t hash)
{
	struct object *object;

	if (objects->count == UINT32_MAX)
		die(STATUS_STREAM, "too many objects");
	if (objects->count % PIECE == 0) {
		objects->pieces = xreallocarray(objects->pieces,
		    objects->piece_count + 1, sizeof(*objects->pieces));
		objects->pieces[objects->piece_count++] =
		    xreallocarray(NULL, PIECE, sizeof(**objects->pieces));
	}
	object = object_at(objects, ++objects->count);
	*object = (struct object){
		.key = keep_key(objects, key),
		.key_len = (uint16_t)key.len,
		.hash = hash,
	};
	return object;
}

/* Capitals are another text: they are none. */
static int
lower_hex_digit(char c)
{
	return c >= 'A' && c <= 'F' ? -1 : hex_digit(c);
}

/* 32 hex digits, and the number of parts behind them if there is one. */
static bool
read_sum(struct object *object, struct span etag)
{
	uint32_t parts = 0;

	if (etag.len < 2 * OBJECT_MD5 || etag.len > 2 * OBJECT_MD5 + 10)
		return false;
	for (size_t i = 0; i < OBJECT_MD5; i++) {
		int high = lower_hex_digit(etag.at[2 * i]);
		int low = lower_hex_digit(etag.at[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		object->sum[i] = (uint8_t)(high << 4 | low);
	}
	for (size_t i = 2 * OBJECT_MD5; i < etag.len; i++) {
		char c = etag.at[i];

		if (i == 2 * OBJECT_MD5 ? c != '-' : c < '0' || c > '9')
			return false;
		if (c != '-')
			parts = 10 * parts + (uint32_t)(c - '0');
		if (c != '-' && parts == 0) /* no number begins with 0 */
			return false;
	}
	object->parts = parts;
	return etag.len == 2 * OBJECT_MD5 || parts > 0;
}

void
objects_take(struct objects *objects, const struct event *event)
{
	uint32_t hash = (uint32_t)XXH3_64bits(event->key.at, event->key.len);
	uint32_t *slot, etag, type;
	struct object *object;

	if (objects->count >= objects->slots / 4 * 3)
		grow(objects);
	slot = find(objects, event->key, hash);
	if (*slot == 0) {
		object = add(objects, event->key, hash);
		*slot = objects->count;
	} else {
		struct event_moment moment;

		object = object_at(objects, *slot);
		moment = (struct event_moment){ object->sequencer, object->time,
			object->sequencer_low };
		if (event_order(&event->moment, &moment) < 0)
			return;
	}
	object->sequencer = event->moment.sequencer;
	object->sequencer_low = event->moment.sequencer_low;
	object->time = event->moment.time;
	object->size = event->size;
	object->removed = event->kind == EVENT_REMOVED;
	object->parts = 0;
	object->has_sum = read_sum(object, event->etag);
	etag = object->etag;
	type = object->type;
	object->etag =
	    object->has_sum ? 0 : texts_hold(&objects->texts, event->etag);
	object->type = texts_hold(&objects->texts, event->type);
	texts_drop(&objects->texts, etag);
	texts_drop(&objects->texts, type);
}

static int
compare(const void *a, const void *b)
{
	const struct object *left = *(struct object *const *)a;
	const struct object *right = *(struct object *const *)b;
	size_t len =
	    left->key_len < right->key_len ? left->key_len : right->key_len;
	int order = memcmp(left->key, right->key, len);

	return order != 0 ? order : left->key_len - right->key_len;
}

struct object *const *
objects_sorted(struct objects *objects, size_t *count)
{
	free(objects->table);
	objects->table = NULL;
	objects->sorted =
	    xreallocarray(NULL, objects->count, sizeof(*objects->sorted));
	for (uint32_t i = 0; i < objects->count; i++)
		objects->sorted[i] = object_at(objects, i + 1);
	qsort(
	    objects->sorted, objects->count, sizeof(*objects->sorted), compare);
	*count = objects->count;
	return objects->sorted;
}

struct span
object_key(const struct object *object)
{
	return (struct span){ object->key, object->key_len };
}

struct span
object_etag(const struct objects *objects, const struct object *object,
    char text[OBJECT_ETAG])
{
	static const char hex[] = "0123456789abcdef";
	int len = 2 * OBJECT_MD5;

	if (!object->has_sum)
		return texts_get(&objects->texts, object->etag);
	for (size_t i = 0; i < OBJECT_MD5; i++) {
		text[2 * i] = hex[object->sum[i] >> 4];
		text[2 * i + 1] = hex[object->sum[i] & 15];
	}
	if (object->parts > 0)
		len += snprintf(text + len, OBJECT_ETAG - 2 * OBJECT_MD5, "-%u",
		    object->parts);
	return (struct span){ text, (size_t)len };
}

struct span
object_type(const struct objects *objects, const struct object *object)
{
	return texts_get(&objects->texts, object->type);
}

bool
object_has_md5(const struct object *object)
{
	return object->has_sum && object->parts == 0;
}
