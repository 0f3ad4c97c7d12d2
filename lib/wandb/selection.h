/* SPDX-License-Identifier: MIT */
/*
 * selection - what of a run stays here: --skip and --exclude
 *
 * Rows, config, summary and the three files that are made of them (config.yaml,
 * wandb-metadata.json, wandb-summary.json) always go up, unless a pattern names
 * a file.
 */
#ifndef WANDB_SELECTION_H
#define WANDB_SELECTION_H

#include <stdbool.h>

#include <jv.h>

#include "globs.h"

enum {
	LEAVE_CONSOLE = 1,   /* its lines, and output.log */
	LEAVE_FILES = 2,     /* that the run saved; not those of: */
	LEAVE_MEDIA = 4,     /* files in media/; artifacts of tables */
	LEAVE_ARTIFACTS = 8, /* all of them */
	LEAVE_STATS = 16,    /* system metrics */
	LEAVE_CODE = 32,     /* files in code/, patches; code artifacts */
	LEAVE_EXCLUDED = 64, /* files whose names match a pattern */
};

/* All zero: everything goes up. */
struct selection {
	unsigned skip; /* LEAVE_... but the last */
	struct globs exclude;
};

/*
 * Adds the kinds in list ("console,media"), and returns the length of what was
 * taken: of the whole list, or up to a word that is none.
 */
size_t selection_skip(struct selection *selection, const char *list);

/* Why the run file called name stays here: one of LEAVE_..., 0 if it goes. */
unsigned selection_leaves(const struct selection *selection, const char *name);

/*
 * What stayed here (a set of LEAVE_...) as words: ["media", "exclude=*.ckpt"].
 */
jv selection_words(const struct selection *selection, unsigned left);

/*
 * Whether all of words, which an earlier selection wrote, stays here by this
 * one, too. Borrows words; what is no array is empty.
 */
bool selection_has(const struct selection *selection, jv words);

#endif
