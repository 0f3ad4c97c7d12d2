/* SPDX-License-Identifier: MIT */
/*
 * upload - the files of a run: sent, and compared with what the server has
 *
 * A set of names, each with where its bytes are: a file below the run's
 * folder, memory, or a descriptor. Nothing is ever written to them.
 *
 * What the server has whole (same size, same MD5) is not sent. Addresses are
 * asked for in batches; the bytes go up many at a time. One that is refused is
 * tried once more with a new address, as they expire. One that cannot be sent
 * stops no other; uploads_verdict() names it.
 */
#ifndef WANDB_UPLOAD_H
#define WANDB_UPLOAD_H

#include <stdbool.h>
#include <sys/types.h>

#include <jv.h>

#include "mem.h"
#include "wandb/bucket.h"
#include "wandb/selection.h"

struct uploads;

/* folder is where names from the log are looked for. */
struct uploads *uploads_new(
    struct wandb *wandb, const char *folder, const struct deadline *deadline);
void uploads_free(struct uploads *uploads);

/*
 * What is left out, which must outlive the set; before files are added.
 * uploads_left_out(): a set of LEAVE_... with what it was that stayed here.
 */
void uploads_select(struct uploads *uploads, const struct selection *selection);
unsigned uploads_left_out(const struct uploads *uploads);

/*
 * Adds a file of the folder. A name that is there already is not added again;
 * one that leaves the folder is one that cannot be sent. WANDB_IGNORE_GLOBS
 * leaves out what it matches.
 */
void uploads_add(struct uploads *uploads, struct span name);

/*
 * Adds a file that is in memory, and takes the bytes; in place of one of that
 * name. derived: it is made of what the server has in other form, and its
 * bytes depend on who made it.
 */
void uploads_add_text(
    struct uploads *uploads, const char *name, struct buf *text, bool derived);

/* Adds a file that is behind a descriptor, which stays the caller's. */
void uploads_add_fd(
    struct uploads *uploads, const char *name, int fd, off_t size);

/* What it takes for a file to be there. */
enum uploads_mode {
	UPLOADS_BYTES, /* size and MD5 */
	UPLOADS_CLAIM, /* of derived files that this set did not send: the name
	                */
	UPLOADS_NAMES, /* the name */
};

/*
 * Compares with what the server has. Returns jv_null(), or an error_value() if
 * it could not be asked. uploads_ask() begins the first question; it is
 * optional, and lets another be under way beside it.
 */
void uploads_ask(struct uploads *uploads, const struct bucket *bucket);
jv uploads_compare(struct uploads *uploads, const struct bucket *bucket,
    enum uploads_mode mode);

/*
 * How many are not known to be on the server, by the last comparison; those
 * that cannot be sent are not counted.
 */
long uploads_lacking(const struct uploads *uploads);

/* An error_value() that names them. */
jv uploads_lacks(const struct uploads *uploads);

/*
 * What uploads_send() will ask addresses for: an array, the caller's; jv_null()
 * if that is nothing, or takes more than one question. Whoever asks for them
 * together with something else gives the answer here, which is consumed.
 */
jv uploads_wanted(struct uploads *uploads);
void uploads_addresses(struct uploads *uploads, jv created);

/* Sends what is lacking. */
void uploads_send(struct uploads *uploads, const struct bucket *bucket);

/* The names that were sent: an array, the caller's. */
jv uploads_sent(const struct uploads *uploads);

/* How many files can be sent or are there, and their bytes. */
long uploads_count(const struct uploads *uploads, long long *bytes);

/* jv_null(), or an error_value() that names what could not be sent. */
jv uploads_verdict(const struct uploads *uploads);

#endif
