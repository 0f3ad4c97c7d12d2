/* SPDX-License-Identifier: MIT */
/*
 * progress - one line on a terminal for long transfers and waits
 *
 * Nothing is drawn unless standard error is a terminal, and no more than ten
 * times a second. The line is removed before anything else is said.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "diag.h"

/* Draws text in place of the line that is there. */
void progress(const char *format, ...) DIAG_PRINTF(1, 2);

/* Removes the line, if there is one. diag calls it. */
void progress_clear(void);

#endif
