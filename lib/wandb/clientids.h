/* SPDX-License-Identifier: MIT */
/*
 * clientids - references to artifacts that had no id yet when they were logged
 *
 * A run without a server gives its artifacts ids of its own, and a reference
 * is wandb-client-artifact://CLIENTID/PATH. What the server has is
 * wandb-artifact://ID/PATH, where ID is its own id in hex.
 */
#ifndef WANDB_CLIENTIDS_H
#define WANDB_CLIENTIDS_H

#include "mem.h"
#include "wandb/api.h"

struct clientids {
	struct wandb *wandb;
	const struct deadline *deadline;
	jv known; /* client id -> the server's */
};

void clientids_init(struct clientids *ids, struct wandb *wandb,
    const struct deadline *deadline);
void clientids_release(struct clientids *ids);

/* The server's id of an artifact; what is known is not asked for. */
void clientids_learn(
    struct clientids *ids, struct span client_id, const char *id);

/*
 * Appends a reference as the server is to have it; others stay as they are.
 * Returns jv_null(), or an error_value() if the artifact is not known.
 */
jv clientids_resolve(struct clientids *ids, struct span ref, struct buf *out);

extern const char clientids_query[]; /* ClientIDMapping */

#endif
