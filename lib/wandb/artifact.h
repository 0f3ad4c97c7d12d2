/* SPDX-License-Identifier: MIT */
/*
 * artifact - the artifacts of a .wandb file brought to the server
 *
 * Those that the server has, by the client id that the file gives them, are
 * left alone. Others are created, their files and manifests sent
 * (artifactfiles.h), and committed: until then an artifact is PENDING, and
 * nobody uses it. Each step may be done again, as an artifact is known by its
 * client id and its digest; a later call goes on where this one ended.
 *
 * Artifacts are done in the order of the file. Up to 16 different names that
 * stand one behind the other, 8 MiB of records, take each step together; one
 * that is larger is done alone. So memory is what such a group takes, its
 * records included (200 bytes for each entry of an artifact; above 100,000
 * entries the client lists them in a file, which is streamed), and some 300
 * bytes for each artifact of the file.
 */
#ifndef WANDB_ARTIFACT_H
#define WANDB_ARTIFACT_H

#include <stdbool.h>
#include <sys/types.h>

#include "wandb/bucket.h"
#include "wandb/runlog.h"
#include "wandb/staged.h"

struct artifacts;

struct artifacts *artifacts_new(void);
void artifacts_free(struct artifacts *artifacts);

/* Adds one: where its record begins. */
void artifacts_add(struct artifacts *artifacts, off_t start);

/* What artifacts_send() needs beside them. */
struct artifact_run {
	struct wandb *wandb;
	struct runlog *log;
	const struct staged *staged;
	const struct bucket *bucket;      /* the run, which is there */
	const struct run_params *instead; /* overrides */
	bool was_present; /* it was there before: so may they be */
	bool only_look;   /* send nothing: those that are not there fail */
	const struct deadline *deadline;
};

/* Sends what is lacking. */
void artifacts_send(
    struct artifacts *artifacts, const struct artifact_run *run);

/*
 * Asks the server for those that were sent. Returns jv_null() if it shows each
 * of them committed, with its digest; else an error_value(): conflict, or why
 * it could not be asked.
 */
jv artifacts_check(struct artifacts *artifacts, struct wandb *wandb,
    const struct deadline *deadline);

/* How many are there, whole. */
long artifacts_count(const struct artifacts *artifacts);

/* jv_null(), or an error_value() that names what could not be sent. */
jv artifacts_verdict(const struct artifacts *artifacts);

#endif
