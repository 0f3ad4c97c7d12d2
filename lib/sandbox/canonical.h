/* SPDX-License-Identifier: MIT */
/*
 * sandbox/canonical - one spelling for one JSON value
 *
 * What is compared by a digest must not depend on who printed it: keys are
 * sorted, there is no white space, all is ASCII, numbers are Python's: a whole
 * number below 2^53 without a fraction, an integer that needs more than 64 bits
 * as a double, a double with the fewest digits that read back. Words (NaN and
 * the infinities) stay.
 */
#ifndef SANDBOX_CANONICAL_H
#define SANDBOX_CANONICAL_H

#include "mem.h"

enum { CANONICAL_QUOTED = 1 }; /* words in quotes: then it is strict JSON */

/* Appends it; false, and nothing is appended, if json is no JSON. */
bool canonical(struct buf *out, struct span json, int flags);

#endif
