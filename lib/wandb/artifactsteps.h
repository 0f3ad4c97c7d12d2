/* SPDX-License-Identifier: MIT */
/*
 * artifactsteps - what is asked of the server to make artifacts
 *
 *	ClientIDMapping, Artifact	is it there? (only if it may be)
 *	ArtifactManifest		is a part in the whole? (artifactlook.h)
 *	CreateArtifact			the server has the content: done
 *	CreateArtifactManifest		files are asked for under its id
 *	CreateArtifactFiles ...		artifactfiles.h
 *	CreateArtifactManifest, or UpdateArtifactManifest for a part
 *	CommitArtifact, UseArtifact
 *
 * Several artifacts take each step together.
 */
#ifndef WANDB_ARTIFACTSTEPS_H
#define WANDB_ARTIFACTSTEPS_H

#include "wandb/artifact.h"
#include "wandb/artifactfiles.h"

enum { ARTIFACT_GROUP = 16 };

struct artifact_group {
	const struct artifact_run *run;
	struct artifact_context context;
	struct clientids ids;
	struct artifact at[ARTIFACT_GROUP];
	size_t count;
	size_t bytes; /* of their records */
};

/*
 * Takes all steps. Those with a why are not whole. was_there says which had
 * been committed before.
 */
void artifactsteps_send(struct artifact_group *group);

/*
 * For parts that were sent and have an id: fails those without which their
 * whole was committed.
 */
void artifactsteps_check_parts(struct artifact_group *group);

/* Whether it is put together with others: its digest is not the whole's. */
bool artifact_is_part(const struct artifact *artifact);

#endif
