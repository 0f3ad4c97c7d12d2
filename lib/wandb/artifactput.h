/* SPDX-License-Identifier: MIT */
/*
 * artifactput - a file, a folder or a reference made an artifact's version
 *
 * What is asked, in this order; files go up 32 at a time:
 *
 *	LatestArtifact			the latest version has the content: done
 *	UpsertBucket			only without a run: one to hold it
 *	CreateArtifact ... CommitArtifact	artifactsteps.h
 *	file_stream			that run has ended
 *	Artifact			what the server has is what was measured
 *
 * Each may be done again: the run's id is made of what is put where, and an
 * artifact is known by its digest.
 */
#ifndef WANDB_ARTIFACTPUT_H
#define WANDB_ARTIFACTPUT_H

#include "globs.h"
#include "wandb/api.h"

struct artifact_put {
	const char *entity, *project; /* entity NULL: the account's own */
	const char *name;             /* NULL: the last part of the path */
	const char *type;
	const char *description, *metadata; /* NULL: none; metadata is JSON */
	jv aliases;                         /* an array of strings */
	const char *run;                    /* a run's id; NULL: one is made */
	const struct globs *include, *exclude;
	bool dry_run; /* measures, and asks for the latest version only */
};

/*
 * Puts path. Consumes rec, and returns it with what the server says of the
 * version, "unchanged" if that was there before, or with "error". A reference
 * with a secret in it is refused, and its "path" shown without.
 */
jv artifact_put(struct wandb *wandb, const struct artifact_put *put,
    const char *path, const struct deadline *deadline, jv rec);

#endif
