/* SPDX-License-Identifier: MIT */
/*
 * storage - the addresses of files that a server hands out
 *
 * W&B's own servers name a storage beside them, with a signature. A server in a
 * container may answer with a path, which is below where the server itself was
 * found; or, if it was not told what it is called from outside (HOST), with
 * a name that means something in its container only.
 */
#ifndef WANDB_STORAGE_H
#define WANDB_STORAGE_H

#include <stdbool.h>

#include <jv.h>

#include "http.h"
#include "wandb/api.h"

/*
 * The address as it can be asked: a path is put behind the endpoint, or behind
 * its host if the path has the endpoint's own at its beginning. The caller's to
 * free.
 */
char *storage_url(const struct wandb *wandb, const char *url);

enum { STORAGE_TRIES = 5 }; /* where there may be nobody: see below */

/*
 * Whether the address is on another host than the endpoint, and on one that
 * others cannot see: localhost, or a name without a dot.
 */
bool storage_is_inside(const struct wandb *wandb, const char *url);

/*
 * What went wrong in a call there (consumed), with what to do about it if that
 * is that the server does not know its name: nobody answered, or it was this
 * machine.
 */
jv storage_error(
    const struct wandb *wandb, const struct http_call *call, jv error);

#endif
