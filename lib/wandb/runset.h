/* SPDX-License-Identifier: MIT */
/*
 * runset - a run on the server changed, and nothing else of it
 *
 * The server takes a summary, a config and a list of tags as a whole only: what
 * is there is read, changed in its text and written back. Somebody else may
 * change the run between the two. So a write says in one request what was there
 * right before it (mutations of a request are done in their order); if that is
 * not what was read, then what the others did is put into what was written, and
 * it is written again. The run is then asked for until it is what it shall be.
 *
 * What is written once more is what differs from what is there: a call that is
 * made again changes nothing.
 */
#ifndef WANDB_RUNSET_H
#define WANDB_RUNSET_H

#include <stdbool.h>
#include <stddef.h>

#include <jv.h>

#include "wandb/runend.h"
#include "wandb/runnow.h"

/* All zero: no change. Strings that are NULL stay as they are. */
struct runset {
	const char *display_name, *notes, *group;
	enum runend state;
	struct runset_tag {
		const char *tag;
		bool remove;
	} * tags;
	struct runset_key {
		bool config; /* else of the summary */
		char *key;
		char *json; /* NULL: the key is taken away */
	} * keys;
	size_t tag_count, key_count;
};

/* Each may be followed by others on the same thing: the last one counts. */
void runset_tag(struct runset *set, const char *tag, bool remove);

/*
 * K=V, where V is JSON or else a string, or -K. In a summary NaN, Infinity and
 * -Infinity are numbers. False if text is neither, or K is empty or W&B's own.
 */
bool runset_key(struct runset *set, const char *text, bool config);

bool runset_is_empty(const struct runset *set);
void runset_release(struct runset *set);

/*
 * Changes the run at place. *updated becomes an array with the names of what
 * was, or with dry_run would be, changed; *state what the run's state is then,
 * the caller's. Returns jv_null() when the server has it all, or an
 * error_value(): not_found, auth (read-only), conflict (temporary: the run's
 * program writes what was to be changed), input (its state cannot be set to
 * that), timeout (the server does not show it), unknown_outcome, those of
 * runnow.h.
 */
jv runset_do(const struct runset *set, struct wandb *wandb,
    const struct account_place *place, bool dry_run,
    const struct deadline *deadline, jv *updated, char **state);

#endif
