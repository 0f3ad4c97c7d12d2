/* SPDX-License-Identifier: MIT */
/*
 * runargs - what options say of a run
 *
 * For tools that take --entity, --project, --id and the like. What is wrong
 * ends the program (cli_wrong()). what names the option.
 */
#ifndef WANDB_RUNARGS_H
#define WANDB_RUNARGS_H

#include "wandb/bucket.h"
#include "wandb/tree.h"

/* Sets a text, which is not empty. */
void run_arg(char **field, const char *what, const char *text);

/* A part of entity/project/run_id: without a slash. */
void run_arg_part(char **field, const char *what, const char *text);

/*
 * --id, by upstream's rule; the server refuses others in words of its own, and
 * it is in the name of a folder.
 */
void run_arg_id(char **field, const char *text);

/* --tag, one more. */
void run_arg_tag(struct run_params *params, const char *text);

/*
 * --config: KEY=VALUE, where VALUE is JSON or else a string, or @FILE, an
 * object of them. Puts the values at their keys, an object as a whole.
 */
void run_arg_config(struct tree *config, const char *text);

#endif
