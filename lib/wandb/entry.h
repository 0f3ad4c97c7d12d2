/* SPDX-License-Identifier: MIT */
/*
 * entry - a record of a .wandb file as members of a JSON object
 *
 *	"kind":"history","offset":1234,"num":7,"logged_at":"...","values":{...}
 *
 * What follows num depends on the kind; wb-cat(1) describes it. It is always
 * strict JSON: what is no UTF-8 becomes U+FFFD.
 */
#ifndef WANDB_ENTRY_H
#define WANDB_ENTRY_H

#include "wandb/runlog.h"

struct entry_writer;

/* With keys: only these values, as in values.h. */
struct entry_writer *entry_writer_new(const struct span *keys, size_t count);
void entry_writer_free(struct entry_writer *writer);

enum entry_result {
	ENTRY_WRITTEN,
	ENTRY_LEFT_OUT, /* it holds none of the keys */
	ENTRY_BROKEN,   /* something in it is no protobuf */
};

/* Appends an entry; nothing unless it is WRITTEN. */
enum entry_result entry_write(struct entry_writer *writer,
    const struct runlog_entry *entry, struct buf *out);

#endif
