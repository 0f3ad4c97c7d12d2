/* SPDX-License-Identifier: MIT */
/*
 * kaggle/source - the text of a program, as SaveKernel wants it
 *
 * A script goes as it is. Of a notebook the outputs of code cells are left out
 * and a cell's source becomes one text: Kaggle fails on the list that Jupyter
 * writes. All else, numbers to their last digit, stays as it is in the file.
 * Line ends become LF.
 */
#ifndef KAGGLE_SOURCE_H
#define KAGGLE_SOURCE_H

#include <stdbool.h>

#include <jv.h>

#include "mem.h"

struct source {
	struct buf text; /* to send, UTF-8 */
	struct buf
	    code; /* of a notebook: its code cells, one after the other */
};

/*
 * Reads the program at path. Returns jv_null(), or an error_value(): "input",
 * with the file and the place, if it is no UTF-8, or a notebook that Kaggle
 * could not run: no JSON, no cells, no kernelspec. Either way
 * source_release() frees what is there.
 */
jv source_read(struct source *source, const char *path, bool notebook);
void source_release(struct source *source);

/*
 * Whether it imports wandb and has no line with WANDB_MODE and offline (or
 * disabled, or dryrun) before: without internet wandb.init() then fails.
 */
bool source_needs_internet(const struct source *source);

#endif
