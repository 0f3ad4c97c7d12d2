/* SPDX-License-Identifier: MIT */
/*
 * texts - texts that are held many times, kept once
 */
#include <stdlib.h>

#include <xxhash.h>

#include "minio/texts.h"

struct texts_one {
	char *text; /* NULL: not in use */
	uint32_t len;
	uint32_t holders;
	uint32_t hash;
	uint32_t next; /* in its chain, or among those not in use */
};

/* Twice the room; chains are made anew. */
static void
grow(struct texts *texts)
{
	texts->room = texts->room == 0 ? 16 : 2 * texts->room;
	texts->at = xreallocarray(texts->at, texts->room, sizeof(*texts->at));
	texts->slots = texts->room;
	free(texts->heads);
	texts->heads = xcalloc(texts->slots, sizeof(*texts->heads));
	for (uint32_t i = 0; i < texts->count; i++) {
		struct texts_one *one = &texts->at[i];
		uint32_t *head = &texts->heads[one->hash % texts->slots];

		one->next = *head;
		*head = i + 1;
	}
}

/* A place for one more. */
static uint32_t
take_place(struct texts *texts)
{
	uint32_t number = texts->unused;

	if (number != 0) {
		texts->unused = texts->at[number - 1].next;
		return number;
	}
	if (texts->count == texts->room)
		grow(texts);
	return ++texts->count;
}

uint32_t
texts_hold(struct texts *texts, struct span text)
{
	uint32_t hash, number, *head;
	struct texts_one *one;

	if (text.len == 0)
		return 0;
	hash = (uint32_t)XXH3_64bits(text.at, text.len);
	number = texts->slots > 0 ? texts->heads[hash % texts->slots] : 0;
	for (; number != 0; number = one->next) {
		one = &texts->at[number - 1];
		if (one->hash == hash && one->len == text.len &&
		    memcmp(one->text, text.at, text.len) == 0) {
			one->holders++;
			return number;
		}
	}
	number = take_place(texts);
	head = &texts->heads[hash % texts->slots];
	texts->at[number - 1] = (struct texts_one){
		.text = xreallocarray(NULL, text.len, 1),
		.len = (uint32_t)text.len,
		.holders = 1,
		.hash = hash,
		.next = *head,
	};
	memcpy(texts->at[number - 1].text, text.at, text.len);
	*head = number;
	return number;
}

void
texts_drop(struct texts *texts, uint32_t number)
{
	struct texts_one *one;
	uint32_t *link;

	if (number == 0 || --texts->at[number - 1].holders > 0)
		return;
	one = &texts->at[number - 1];
	link = &texts->heads[one->hash % texts->slots];
	while (*link != number)
		link = &texts->at[*link - 1].next;
	*link = one->next;
	free(one->text);
	one->text = NULL;
	one->next = texts->unused;
	texts->unused = number;
}

struct span
texts_get(const struct texts *texts, uint32_t number)
{
	if (number == 0)
		return (struct span){ "", 0 };
	return (struct span){ texts->at[number - 1].text,
		texts->at[number - 1].len };
}

void
texts_release(struct texts *texts)
{
	for (uint32_t i = 0; i < texts->count; i++)
		free(texts->at[i].text);
	free(texts->at);
	free(texts->heads);
	*texts = (struct texts){ 0 };
}
