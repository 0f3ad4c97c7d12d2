/* SPDX-License-Identifier: MIT */
/*
 * puts - bytes sent to addresses in the storage, many at a time
 *
 * Such an address is signed and needs no credential; with it come headers that
 * must be sent.
 */
#ifndef WANDB_PUTS_H
#define WANDB_PUTS_H

#include <stdbool.h>
#include <sys/types.h>

#include <jv.h>

#include "http.h"
#include "wandb/api.h"

struct put {
	const char *url; /* as the server gave it */
	jv headers; /* an array of "Name: value"; the caller's, as all is */
	const char *name;
	const void *bytes; /* in memory, if not NULL; else */
	int fd;            /* in a file, beginning at */
	off_t at;
	off_t size;
	bool close; /* fd, when it is done */
	/* Called when it is done: error is jv_null() if the bytes are there. */
	void (*done)(const struct put *put, jv error, const char *etag);
	void *context;
	int part;
};

struct puts;

struct puts *puts_new(
    const struct wandb *wandb, const struct deadline *deadline);

/* Waits for all of them. */
void puts_free(struct puts *puts);

/*
 * Begins one, after waiting for one to end if there are as many as
 * http.h allows. What put points
 * to is copied, but for bytes and context.
 */
void puts_start(struct puts *puts, const struct put *put);

/* Waits for all that were begun. */
void puts_wait(struct puts *puts);

/*
 * Whether an address that was refused may just have expired: the same bytes
 * may be taken at a new one.
 */
bool puts_may_have_expired(jv error);

#endif
