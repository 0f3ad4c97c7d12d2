/* SPDX-License-Identifier: MIT */
/*
 * logwriter - a .wandb file, written: runlog.h and leveldb.h the other way
 *
 * Records are numbered and framed in memory, and written together: one
 * write(2) for all that has come since the last. What is written is in the
 * kernel's hands and outlives the process, not a crash of the machine: nothing
 * is flushed to the disk.
 */
#ifndef WANDB_LOGWRITER_H
#define WANDB_LOGWRITER_H

#include <sys/types.h>

#include <jv.h>

#include "mem.h"
#include "wandb/bucket.h"
#include "wandb/runlog.h"
#include "wandb/tree.h"

/* What the header says of who wrote the file, before the version. */
#define LOGWRITER_PRODUCER "kwtools-wb-log"

struct logwriter;

/*
 * Creates the file, which must not be there, with its header record. Returns
 * NULL and sets *why to an error_value() (io) if that fails.
 */
struct logwriter *logwriter_new(const char *path, jv *why);
void logwriter_free(struct logwriter *writer);

/*
 * The next record: an empty buf that its message is put into, and then its end.
 * The buf is the writer's.
 */
struct buf *logwriter_message(struct logwriter *writer);
void logwriter_add(struct logwriter *writer, enum runlog_kind kind);

/* Bytes of records that were added and not written. */
size_t logwriter_waiting(const struct logwriter *writer);

/*
 * Writes them. Returns jv_null(); or an error_value() (io): then none of them
 * is in the file, and they are given up.
 */
jv logwriter_write(struct logwriter *writer);

/*
 * Adds the RunRecord: params, and config, whose keys are those at its top.
 * resume: it goes on with a run that may be there.
 */
void logwriter_run(struct logwriter *writer, const struct run_params *params,
    const struct tree *config, double start, bool resume);

/* How long the file is. */
off_t logwriter_size(const struct logwriter *writer);

/*
 * Cuts off a record at the end of a file that was not written whole, as a
 * writer leaves it that was killed meanwhile. Returns jv_null(), or an
 * error_value().
 */
jv logwriter_mend(const char *path);

/* Whether such a writer began the file. */
bool logwriter_wrote(const char *path);

#endif
