/* SPDX-License-Identifier: MIT */
/*
 * damage - what of a .wandb file could not be read, counted
 *
 * Fed with all that runlog_next() returns. Bytes and blocks are those between
 * the last record before a damaged place and the first one behind it. How many
 * records were there is told by the numbers of those two (Record.num), how
 * many rows by the steps around it: they rise with each row, so no more rows
 * are missing than steps, nor than records. Of what a file has lost at its end
 * neither is known.
 */
#ifndef WANDB_DAMAGE_H
#define WANDB_DAMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <jv.h>

#include "wandb/runlog.h"

struct damage {
	jv first; /* the error_value() of the first; jv_null() without */
	long places;
	int64_t bytes, blocks, records, rows;

	/* What it is counted from. */
	bool open;      /* no record came since the last damage, which is at */
	off_t start;    /* this place */
	bool gap;       /* nor one with a number */
	int64_t num;    /* the last number */
	struct buf row; /* the last row */
	int64_t lost;   /* records since that row */
};

void damage_init(struct damage *damage);
void damage_release(struct damage *damage);

/* Takes what runlog_next() returned of the file at path. */
void damage_take(struct damage *damage, const char *path,
    enum leveldb_event event, const struct runlog_entry *entry);

/* Whether something is damaged. */
bool damage_found(const struct damage *damage);

/* {"bytes", "blocks", "records", "rows"}. */
jv damage_counts(const struct damage *damage);

/* jv_null(), or the "damaged" that says where the first is and what is lost. */
jv damage_verdict(const struct damage *damage);

#endif
