/* SPDX-License-Identifier: MIT */
/*
 * keys - an open-addressing table from texts to the numbers of an array
 */
#include <stdlib.h>
#include <string.h>

#include "wandb/keys.h"

struct key {
	size_t at; /* in text */
	size_t len;
	uint32_t hash;
};

enum { LINEAR = 8 }; /* so few keys are compared one after the other */

static uint64_t
mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ (hash >> 32);
}

/* Fixed sizes only: a memcpy(3) of any other is a call. */
static uint32_t
hash_of(struct span key)
{
	uint64_t hash = key.len, word = 0;
	uint32_t first, last;
	const char *at = key.at, *end = key.at + key.len;

	for (; end - at > 8; at += 8) {
		memcpy(&word, at, 8);
		hash = mix(hash, word);
	}
	if (key.len >= 8) {
		memcpy(&word, end - 8, 8);
	} else if (key.len >= 4) {
		memcpy(&first, at, 4);
		memcpy(&last, end - 4, 4);
		word = (uint64_t)first << 32 | last;
	} else {
		for (; at < end; at++)
			word = word << 8 | (uint8_t)*at;
	}
	return (uint32_t)mix(hash, word);
}

static bool
is_key(const struct keys *keys, size_t number, uint32_t hash, struct span key)
{
	const struct key *known = &keys->at[number];

	return known->hash == hash && known->len == key.len &&
	    (key.len == 0 ||
		memcmp(keys->text.at + known->at, key.at, key.len) == 0);
}

/* Where key is, or the free place where it would be. */
static size_t
slot_of(const struct keys *keys, uint32_t hash, struct span key)
{
	size_t mask = keys->slot_count - 1, slot = hash & mask;

	while (keys->slots[slot] != 0 &&
	    !is_key(keys, keys->slots[slot] - 1, hash, key))
		slot = (slot + 1) & mask;
	return slot;
}

static size_t
find(const struct keys *keys, uint32_t hash, struct span key)
{
	size_t i, slot;

	if (keys->slot_count == 0) {
		for (i = 0; i < keys->count; i++) {
			if (is_key(keys, i, hash, key))
				return i;
		}
		return keys->count;
	}
	slot = slot_of(keys, hash, key);
	return keys->slots[slot] == 0 ? keys->count : keys->slots[slot] - 1;
}

size_t
keys_find(const struct keys *keys, struct span key)
{
	return find(keys, hash_of(key), key);
}

/* Makes the table twice as large as it has to be, at least. */
static void
rehash(struct keys *keys)
{
	size_t i, slot;

	free(keys->slots);
	keys->slot_count = keys->room * 4;
	keys->slots = xcalloc(keys->slot_count, sizeof(*keys->slots));
	for (i = 0; i < keys->count; i++) {
		slot = keys->at[i].hash & (keys->slot_count - 1);
		while (keys->slots[slot] != 0)
			slot = (slot + 1) & (keys->slot_count - 1);
		keys->slots[slot] = (uint32_t)i + 1;
	}
}

static void
grow(struct keys *keys)
{
	if (keys->count >= KEYS_MOST)
		die(STATUS_STREAM, "too many keys");
	keys->room = keys->room == 0 ? LINEAR : keys->room * 2;
	keys->at = xreallocarray(keys->at, keys->room, sizeof(*keys->at));
	if (keys->room > LINEAR)
		rehash(keys);
}

size_t
keys_add(struct keys *keys, struct span key)
{
	uint32_t hash = hash_of(key);
	size_t number = find(keys, hash, key);

	if (number < keys->count)
		return number;
	if (keys->count == keys->room)
		grow(keys);
	keys->at[number] = (struct key){ keys->text.len, key.len, hash };
	buf_add(&keys->text, key.at, key.len);
	if (keys->slot_count > 0)
		keys->slots[slot_of(keys, hash, key)] = (uint32_t)number + 1;
	keys->count++;
	return number;
}

struct span
keys_at(const struct keys *keys, size_t number)
{
	const struct key *key = &keys->at[number];

	return (struct span){ keys->text.at + key->at, key->len };
}

void
keys_clear(struct keys *keys)
{
	if (keys->slot_count > 0)
		memset(keys->slots, 0, keys->slot_count * sizeof(*keys->slots));
	keys->count = 0;
	buf_clear(&keys->text);
}

void
keys_release(struct keys *keys)
{
	free(keys->at);
	free(keys->slots);
	buf_release(&keys->text);
	*keys = (struct keys){ 0 };
}
