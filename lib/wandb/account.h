/* SPDX-License-Identifier: MIT */
/*
 * account - whose key it is, and which project or run a text means
 */
#ifndef WANDB_ACCOUNT_H
#define WANDB_ACCOUNT_H

#include <jv.h>

#include "clock.h"
#include "wandb/api.h"

/*
 * Adds to rec, which is consumed, who the credential is for: "user", "entity",
 * "teams", "server_version" (where the server tells), "server_lacks" (features
 * that make a difference to us, bucket.h), "credential" (where it was found),
 * "endpoint". Or "error".
 */
jv account_add(jv rec, struct wandb *wandb, const struct deadline *deadline);

struct account_place {
	char *entity, *project; /* the caller's to free */
	char *run_id;           /* NULL: the project */
};

void account_place_release(struct account_place *place);

/*
 * What "project", "entity/project" or "entity/project/run_id" means: without an
 * entity that of the settings, else the account's own, which is asked for once
 * and kept in *own, the caller's to free. Returns jv_null(), or an
 * error_value(): input, or why the account could not be asked; then place is
 * empty.
 */
jv account_place(struct wandb *wandb, const char *text, char **own,
    const struct deadline *deadline, struct account_place *place);

/* What "entity/project/run_id" means, which nobody is asked for. */
jv account_run(const char *text, struct account_place *place);

#endif
