/* SPDX-License-Identifier: MIT */
/*
 * console - what a terminal would show: the lines of output.log
 *
 * Two emulated terminals, for standard output and standard error, that share
 * one list of lines (upstream: core/internal/terminalemulator,
 * core/internal/runconsolelogs). A line can be changed while it is among the
 * newest 32 of the list; then it is final and leaves memory through the
 * caller's function. Memory does not grow with the log.
 */
#ifndef WANDB_CONSOLE_H
#define WANDB_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "mem.h"

struct console_line {
	int64_t number;   /* from 0 */
	bool error;       /* standard error */
	double time;      /* when it was first written to; NAN if not known */
	struct span text; /* without a line end; UTF-8 */
};

/* Takes a line that cannot change any more. Lines come in order of number. */
typedef void console_take(void *context, const struct console_line *line);

struct console;

struct console *console_new(console_take *take, void *context);
void console_free(struct console *console);

/*
 * A piece of raw output: any text, also half a character or an escape. A time
 * of NAN is the latest that was given, here or below; without any text this
 * just sets it.
 */
void console_raw(
    struct console *console, bool error, double time, struct span text);

/* Text that a program logged line by line: not emulated, and not cut. */
void console_logged(struct console *console, double time, struct span text);

/* The end: all lines that are left are final. */
void console_finish(struct console *console);

/*
 * Gives all lines that can still change to take, as they are now. They will
 * come again.
 */
void console_show(
    const struct console *console, console_take *take, void *context);

/* How many lines there are so far. */
int64_t console_lines(const struct console *console);

/*
 * Appends the line as file_stream wants it:
 * "[ERROR ]2026-11-21T06:30:50.123456 text", or with structured (server feature
 * STRUCTURED_CONSOLE_LOGS) {"level":"error","ts":...,"content":...}. A time
 * that is not known is 1970.
 */
void console_line_text(
    const struct console_line *line, bool structured, struct buf *out);

#endif
