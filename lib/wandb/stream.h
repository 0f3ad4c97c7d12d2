/* SPDX-License-Identifier: MIT */
/*
 * stream - the lines of a run, sent to its file_stream
 *
 * History, system metrics and console are lists of lines that grow; each post
 * carries lines with the number of the first, so that one that is repeated
 * changes nothing. Lines are put into one of two bodies while the other is
 * under way. A body is full at 4 MiB: memory does not grow with the run.
 *
 *	stream_row(stream, line);
 *	if (stream_full(stream))
 *		error = stream_send(stream);
 *	...
 *	error = stream_finish(stream, &end);
 *
 * A line is the server's only when the post that carried it was answered:
 * stream_confirmed() counts those.
 */
#ifndef WANDB_STREAM_H
#define WANDB_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include <jv.h>

#include "mem.h"
#include "wandb/api.h"

enum {
	/* What upstream takes for the server's limits, in bytes. */
	STREAM_MOST = 10 << 20,                      /* lines of one post */
	STREAM_MOST_LINE = STREAM_MOST - (100 << 10) /* one line */
};

/* What a run has to say at its end, beside its lines. */
struct stream_end {
	struct span summary; /* JSON; empty: none is sent */
	jv uploaded;         /* an array of names of run files, borrowed */
	bool preempting;
	bool complete; /* the run has ended, with */
	int exit_code;
	void (*sent)(void); /* called when all is under way; or NULL */
};

struct stream;

/* Lines will begin with these numbers. deadline must outlive the stream. */
struct stream *stream_new(struct wandb *wandb, const struct deadline *deadline,
    int64_t rows, int64_t events, int64_t console);
void stream_free(struct stream *stream);

/*
 * Of a run that goes on: a post has at most so many rows, one that is not
 * answered is given up after 10 s without a byte, and it is tried again after
 * 5 s at most.
 */
void stream_live(struct stream *stream, int rows);

/* Whether a line of so many bytes fits in what is not yet sent. */
bool stream_fits(const struct stream *stream, size_t bytes);

/* Whether enough has come together for a post. */
bool stream_full(const struct stream *stream);

/* Whether there are lines that were not sent. */
bool stream_has_lines(const struct stream *stream);

/*
 * Adds a line, which must have at most STREAM_MOST_LINE bytes and fit.
 */
void stream_row(struct stream *stream, struct span line);
void stream_event(struct stream *stream, struct span line);
void stream_console(struct stream *stream, struct span line);

/*
 * Adds a line that may still change: it is sent, and will be added again, as
 * the next one of its list.
 */
void stream_open_console(struct stream *stream, struct span line);

/*
 * Sends what has come together to url, when the post before was answered. It
 * is under way on return. Returns jv_null(), or the error_value() of the post
 * before.
 */
jv stream_send(struct stream *stream, const char *url);

/* Waits for the answer to the post that is under way, if there is one. */
jv stream_land(struct stream *stream);

/*
 * Sends the rest with end and waits for all answers; with nothing at all, a
 * sign of life. Lines may follow. Returns jv_null() or an error_value().
 */
jv stream_finish(
    struct stream *stream, const char *url, const struct stream_end *end);

/* Whether an answer said that somebody wants the run to stop. */
bool stream_stopped(const struct stream *stream);

/* How many rows the server has, as far as it said so. */
int64_t stream_confirmed(const struct stream *stream);

#endif
