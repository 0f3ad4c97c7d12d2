/* SPDX-License-Identifier: MIT */
/*
 * loghint - what to do about errors that a log often ends in
 *
 * What a program says when memory, a module, the network or a GPU is missing is
 * known; what helps on Kaggle is a sentence. loghint.c holds them in one table.
 */
#ifndef KAGGLE_LOGHINT_H
#define KAGGLE_LOGHINT_H

#include <stdbool.h>

#include "mem.h"

/*
 * Appends to out what to do about the first error of the table that is in data,
 * as UTF-8. False, and out unchanged, if there is none.
 */
bool log_hint(struct span data, struct buf *out);

#endif
