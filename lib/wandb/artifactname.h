/* SPDX-License-Identifier: MIT */
/*
 * artifactname - an artifact by its name: entity/project/name:alias
 *
 * What a name lacks at its front comes from elsewhere: an entity may be left to
 * the server, which takes the account's own. Without an alias it is the one
 * that is "latest".
 */
#ifndef WANDB_ARTIFACTNAME_H
#define WANDB_ARTIFACTNAME_H

#include "wandb/api.h"

struct artifact_name {
	char *entity;  /* NULL: the account's own */
	char *project; /* never NULL after artifact_name_parse() */
	char *name;    /* NULL: a project is meant */
	char *alias;   /* NULL: all versions are meant */
};

/*
 * Takes text apart; entity and project fill what it lacks and may be NULL.
 * parts: how many it has at most; with 2 the last may be a project. Returns
 * jv_null(), or an error_value(): input.
 */
jv artifact_name_parse(struct artifact_name *name, const char *text,
    const char *entity, const char *project);
/* The same for PROJECT or ENTITY/PROJECT, which name no artifact. */
jv artifact_name_parse_project(
    struct artifact_name *name, const char *text, const char *entity);
void artifact_name_release(struct artifact_name *name);

/* What is wrong with the name of an artifact to be made, or NULL. */
const char *artifact_name_refuse(const char *name);

/*
 * What is asked of an artifact: members of an Artifact in GraphQL, and a record
 * with them: artifact, version, digest, type, state, aliases, files, bytes,
 * created_at. Borrows node.
 */
#define ARTIFACT_FIELDS                                                      \
	" id state digest versionIndex size fileCount createdAt description" \
	" artifactType { name } aliases { alias }"                           \
	" artifactSequence { name project { name entity { name } } }"
jv artifact_describe(jv rec, jv node);

/*
 * Looks for the version that name means (alias NULL: latest). Returns its node,
 * with ARTIFACT_FIELDS and currentManifest { file { directUrl } }, or an
 * error_value(): not_found.
 */
jv artifact_find(struct wandb *wandb, const struct artifact_name *name,
    const struct deadline *deadline);

/* A value below others: path is names joined by dots. Borrows from. */
jv artifact_member(jv from, const char *path);

#endif
