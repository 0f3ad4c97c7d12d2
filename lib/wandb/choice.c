/* SPDX-License-Identifier: MIT */
/* choice - which entries of a file are wanted: --only and --keys */
#include "wandb/choice.h"

#include <stdlib.h>
#include <string.h>

enum { KINDS = RUNLOG_REQUEST + 1 };

static bool
add_kind(struct choice *choice, struct span word)
{
	for (int kind = 0; kind < KINDS; kind++) {
		if (!span_is(word, runlog_kind_name((enum runlog_kind)kind)))
			continue;
		choice->only = choice->kind[kind] = true;
		return true;
	}
	return false;
}

static bool
add_key(struct choice *choice, struct span key)
{
	if (key.len == 0)
		return false;
	choice->keys = xreallocarray(
	    choice->keys, choice->key_count + 1, sizeof(*choice->keys));
	choice->keys[choice->key_count++] = key;
	return true;
}

static const char *
add_words(struct choice *choice, const char *list,
    bool (*add)(struct choice *choice, struct span word))
{
	for (;; list++) {
		size_t len = strcspn(list, ",");

		if (!add(choice, (struct span){ list, len }))
			return list;
		list += len;
		if (*list == '\0')
			return NULL;
	}
}

const char *
choice_add_kinds(struct choice *choice, const char *list)
{
	return add_words(choice, list, add_kind);
}

const char *
choice_add_keys(struct choice *choice, const char *list)
{
	return add_words(choice, list, add_key);
}

bool
choice_has(const struct choice *choice, enum runlog_kind kind)
{
	if (choice->only)
		return choice->kind[kind];
	return choice->key_count == 0 || kind == RUNLOG_HISTORY;
}

void
choice_release(struct choice *choice)
{
	free(choice->keys);
	*choice = (struct choice){ 0 };
}
