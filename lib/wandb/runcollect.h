/* SPDX-License-Identifier: MIT */
/*
 * runcollect - the runs of a project that its metrics are about, from the
 * server
 */
#ifndef WANDB_RUNCOLLECT_H
#define WANDB_RUNCOLLECT_H

#include <jv.h>

#include "wandb/runfold.h"
#include "wandb/runs.h"

/*
 * Sets *project, the caller's to free, to the entity/project that text means:
 * account_place() says how, and "/" is that of the environment or a settings
 * file. Returns jv_null(), or an error_value().
 */
jv runcollect_project(struct wandb *wandb, const char *text,
    const struct deadline *deadline, char **project);

/*
 * Asks for the runs of entity/project that were created in the window of the
 * fold's rules, and for those that are running (not with compat), and gives
 * them to fold. One stream of requests, and no more of each run than the fold
 * looks at. Returns jv_null() if all were taken, or an error_value() of
 * runs_list().
 */
jv runcollect(struct wandb *wandb, const char *project, struct runfold *fold,
    const struct deadline *deadline);

#endif
