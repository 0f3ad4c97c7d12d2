/* SPDX-License-Identifier: MIT */
/*
 * artifactsteps - what is asked of the server to make artifacts
 */
#include <stdlib.h>
#include <string.h>

#include <nettle/base16.h>
#include <nettle/sha2.h>

#include "record.h"
#include "wandb/artifactlook.h"
#include "wandb/artifactsteps.h"
#include "wandb/puts.h"

/* ---- variables ---- */

static jv
text(struct span span)
{
	return jv_string_sized(span.at, (int)span.len);
}

static jv
text_or_null(struct span span)
{
	return span.len > 0 ? text(span) : jv_null();
}

static jv
set(jv object, const char *name, jv value)
{
	return jv_object_set(object, jv_string(name), value);
}

/* Whether the command line sends the artifacts elsewhere. */
static bool
is_elsewhere(const struct artifact_group *group)
{
	return group->run->instead->entity != NULL ||
	    group->run->instead->project != NULL;
}

/*
 * The client id, as the server is to know it. A client id stands for one
 * artifact: what goes to another place than the file says has one that is made
 * of both, always the same.
 */
static jv
client_id(const struct artifact_group *group, struct span recorded)
{
	const struct bucket *bucket = group->run->bucket;
	char hex[BASE16_ENCODE_LENGTH(SHA512_DIGEST_SIZE)];
	uint8_t sum[SHA512_DIGEST_SIZE];
	struct sha512_ctx ctx;
	char *place;

	if (!is_elsewhere(group) || recorded.len == 0)
		return text_or_null(recorded);
	place = xasprintf("\n%s/%s", bucket->entity, bucket->project);
	sha512_init(&ctx);
	sha512_update(&ctx, recorded.len, (const uint8_t *)recorded.at);
	sha512_update(&ctx, strlen(place), (const uint8_t *)place);
	sha512_digest(&ctx, sizeof sum, sum);
	base16_encode_update(hex, sizeof sum, sum);
	free(place);
	return jv_string_sized(hex, sizeof hex);
}

static jv
aliases_of(const struct artifact *artifact)
{
	struct wire state = { 0 };
	jv aliases = jv_array(), one;
	struct span alias;

	while (artifact_next_text(
	    &artifact->log, ARTIFACT_ALIAS, &state, &alias)) {
		one = record_set_str(
		    jv_object(), "artifactCollectionName", artifact->name);
		aliases =
		    jv_array_append(aliases, set(one, "alias", text(alias)));
	}
	return aliases;
}

static jv
tags_of(const struct artifact *artifact)
{
	struct wire state = { 0 };
	jv tags = jv_array(), one;
	struct span tag;

	while (artifact_next_text(&artifact->log, ARTIFACT_TAG, &state, &tag)) {
		one = set(jv_object(), "tagName", text(tag));
		one = set(one, "tagCategoryName", jv_null());
		tags = jv_array_append(tags, set(one, "attributes", jv_null()));
	}
	return tags;
}

/* The members that say where things are to go. */
static jv
place(const struct artifact_group *group)
{
	const struct bucket *bucket = group->run->bucket;

	return record_set_str(
	    record_set_str(jv_object(), "entityName", bucket->entity),
	    "projectName", bucket->project);
}

/* ---- the steps ---- */

struct step {
	const char *operation, *query;
	bool (*wanted)(const struct artifact_group *, const struct artifact *);
	jv (*variables)(const struct artifact_group *, const struct artifact *);
	/* Takes the data of the answer, which it borrows: jv_null(), or what
	 * is wrong with it. */
	jv (*take)(struct artifact_group *, struct artifact *, jv data);
};

/* All that want it at once. */
static void
take_step(struct artifact_group *group, const struct step *step)
{
	for (size_t i = 0; i < group->count; i++) {
		struct artifact *artifact = &group->at[i];

		artifact->asked =
		    jv_is_valid(artifact->why) && step->wanted(group, artifact);
		if (artifact->asked)
			wandb_start(group->context.wandb, &artifact->call,
			    step->operation, step->query,
			    step->variables(group, artifact), true,
			    group->context.deadline);
	}
	for (size_t i = 0; i < group->count; i++) {
		struct artifact *artifact = &group->at[i];
		jv data, wrong;

		if (!artifact->asked)
			continue;
		artifact->asked = false;
		data = wandb_take(&artifact->call, NULL);
		wrong = jv_is_valid(data) ? step->take(group, artifact, data)
					  : jv_copy(data);
		if (jv_is_valid(wrong))
			jv_free(wrong);
		else
			artifact_fail(artifact, wrong);
		jv_free(data);
	}
}

static void
replace(char **to, const char *by)
{
	free(*to);
	*to = by != NULL ? xstrdup(by) : NULL;
}

static bool
is_committed(const struct artifact *artifact)
{
	return artifact->state != NULL &&
	    strcmp(artifact->state, "COMMITTED") == 0;
}

/* What is committed need not have the digest of a part of it. */
bool
artifact_is_part(const struct artifact *artifact)
{
	return artifact->log.incremental ||
	    artifact->log.distributed_id.len > 0;
}

static bool
is_pending(const struct artifact_group *group, const struct artifact *artifact)
{
	(void)group;
	return !is_committed(artifact);
}

static bool
has_client_id(
    const struct artifact_group *group, const struct artifact *artifact)
{
	return group->run->was_present && artifact->log.client_id.len > 0;
}

static jv
mapping_variables(
    const struct artifact_group *group, const struct artifact *artifact)
{
	return set(
	    jv_object(), "clientID", client_id(group, artifact->log.client_id));
}

static jv
take_mapping(struct artifact_group *group, struct artifact *artifact, jv data)
{
	jv mapping = record_get(data, "clientIDMapping");

	(void)group;
	replace(&artifact->id, record_str(mapping, "serverID"));
	jv_free(mapping);
	return jv_null();
}

static const struct step map_step = { "ClientIDMapping", clientids_query,
	has_client_id, mapping_variables, take_mapping };

static bool
has_id(const struct artifact_group *group, const struct artifact *artifact)
{
	(void)group;
	return artifact->id != NULL;
}

static jv
id_variables(
    const struct artifact_group *group, const struct artifact *artifact)
{
	(void)group;
	return record_set_str(jv_object(), "id", artifact->id);
}

/* Whatever is there of another content is not this artifact. */
static jv
take_state(struct artifact_group *group, struct artifact *artifact, jv data)
{
	jv found = record_get(data, "artifact");
	const char *digest = record_str(found, "digest");

	(void)group;
	if (digest != NULL &&
	    (artifact_is_part(artifact) || strcmp(digest, artifact->hex) == 0))
		replace(&artifact->state, record_str(found, "state"));
	jv_free(found);
	return jv_null();
}

static const char state_query[] = "query Artifact($id: ID!) {"
				  " artifact(id: $id) { id state digest } }";

static const struct step state_step = { "Artifact", state_query, has_id,
	id_variables, take_state };

static bool
is_whole_of_part(
    const struct artifact_group *group, const struct artifact *artifact)
{
	(void)group;
	return artifact_is_part(artifact) && is_committed(artifact) &&
	    !artifact->compared;
}

static jv
take_contents(struct artifact_group *group, struct artifact *artifact, jv data)
{
	jv found = record_get(data, "artifact");
	jv manifest = record_get(found, "currentManifest");
	jv file = record_get(manifest, "file");
	const char *url = record_str(file, "directUrl");
	jv wrong = url != NULL
	    ? artifactlook_part(artifact, url, &group->context)
	    : error_value("conflict", "the server does not show its manifest");

	artifact->compared = true;
	jv_free(file);
	jv_free(manifest);
	jv_free(found);
	return wrong;
}

static const struct step contents_step = { "ArtifactManifest",
	"query ArtifactManifest($id: ID!) { artifact(id: $id) {"
	" currentManifest { file { directUrl } } } }",
	is_whole_of_part, id_variables, take_contents };

/* Whether its digest may have to be another; what is not there is not read. */
static bool
may_be_rehashed(
    const struct artifact_group *group, const struct artifact *artifact)
{
	return is_pending(group, artifact) && artifact->kind != CHECKSUM_MD5 &&
	    (!group->run->only_look || artifact->id != NULL);
}

static bool
has_other_digests(
    const struct artifact_group *group, const struct artifact *artifact)
{
	return may_be_rehashed(group, artifact) && group->context.digests;
}

static jv
algorithm_variables(
    const struct artifact_group *group, const struct artifact *artifact)
{
	return set(
	    set(place(group), "artifactTypeName", text(artifact->log.type)),
	    "artifactCollectionName", text(artifact->log.name));
}

/* What a collection began with it goes on with. */
static jv
take_algorithm(struct artifact_group *group, struct artifact *artifact, jv data)
{
	jv project = record_get(data, "project");
	jv type = record_get(project, "artifactType");
	jv collection = record_get(type, "artifactCollection");
	const char *its = record_str(collection, "digestAlgorithm");

	if (its != NULL && strcmp(its, checksum_name(CHECKSUM_MD5)) == 0)
		artifact_rehash(artifact, &group->context);
	jv_free(collection);
	jv_free(type);
	jv_free(project);
	return jv_null();
}

static const struct step algorithm_step = { "FetchArtifactDigestAlgorithm",
	"query FetchArtifactDigestAlgorithm($entityName: String!, "
	"$projectName: String!, $artifactTypeName: String!, "
	"$artifactCollectionName: String!) {"
	" project(name: $projectName, entityName: $entityName) {"
	" artifactType(name: $artifactTypeName) {"
	" artifactCollection(name: $artifactCollectionName) {"
	" __typename ... on ArtifactSequence { digestAlgorithm } } } } }",
	has_other_digests, algorithm_variables, take_algorithm };

static jv
create_variables(
    const struct artifact_group *group, const struct artifact *artifact)
{
	static const char *const unused[] = { "historyStep", "labels",
		"clientMutationId", "artifactCollectionNames" };
	const struct artifact_record *log = &artifact->log;
	jv tags = tags_of(artifact), input = place(group);
	jv region = log->region.len > 0
	    ? jv_parse_sized(log->region.at, (int)log->region.len)
	    : jv_null();

	input = set(input, "artifactTypeName", text(log->type));
	input = set(input, "artifactCollectionName", text(log->name));
	input = set(input, "runName",
	    log->user_created ? jv_null()
			      : jv_string(group->run->bucket->run_id));
	input = record_set_str(input, "digest", artifact->hex);
	input = record_set_str(
	    input, "digestAlgorithm", checksum_name(artifact->kind));
	input = set(input, "description", text_or_null(log->description));
	input = set(input, "aliases", aliases_of(artifact));
	if (jv_array_length(jv_copy(tags)) > 0)
		input = set(input, "tags", jv_copy(tags));
	input = set(input, "metadata", text_or_null(log->metadata));
	input = set(input, "ttlDurationSeconds",
	    log->ttl != 0 ? jv_number((double)log->ttl) : jv_null());
	input = record_set_bool(input, "enableDigestDeduplication", true);
	input = set(input, "distributedID", text_or_null(log->distributed_id));
	input = set(input, "clientID", client_id(group, log->client_id));
	input = set(input, "sequenceClientID",
	    client_id(group, log->sequence_client_id));
	input = set(input, "storageRegion", jv_copy(region));
	for (size_t i = 0; i < sizeof unused / sizeof *unused; i++)
		input = set(input, unused[i], jv_null());
	jv_free(tags);
	jv_free(region);
	return set(jv_object(), "input", input);
}

static jv
take_created(struct artifact_group *group, struct artifact *artifact, jv data)
{
	jv created = record_get(data, "createArtifact");
	jv its = record_get(created, "artifact");
	jv sequence = record_get(its, "artifactSequence");
	jv latest = record_get(sequence, "latestArtifact");
	jv wrong = jv_null();

	replace(&artifact->id, record_str(its, "id"));
	replace(&artifact->state, record_str(its, "state"));
	if (artifact->log.base_id.len > 0)
		artifact->base_id = xstrndup(
		    artifact->log.base_id.at, artifact->log.base_id.len);
	else
		replace(&artifact->base_id, record_str(latest, "id"));
	/* DELETED is what old servers call a new one. */
	if (artifact->id == NULL || artifact->state == NULL ||
	    (!is_committed(artifact) &&
		strcmp(artifact->state, "PENDING") != 0 &&
		strcmp(artifact->state, "DELETED") != 0))
		wrong = error_value("unavailable",
		    "CreateArtifact: the answer names no artifact that could "
		    "be filled");
	else if (artifact->log.client_id.len > 0)
		clientids_learn(
		    &group->ids, artifact->log.client_id, artifact->id);
	jv_free(latest);
	jv_free(sequence);
	jv_free(its);
	jv_free(created);
	return wrong;
}

static const struct step create_step = { "CreateArtifact",
	"mutation CreateArtifact($input: CreateArtifactInput!) {"
	" createArtifact(input: $input) { artifact { id state"
	" artifactSequence { latestArtifact { id } } } } }",
	is_pending, create_variables, take_created };

static jv
manifest_variables(
    const struct artifact_group *group, const struct artifact *artifact)
{
	const struct artifact_record *log = &artifact->log;
	bool patch = log->distributed_id.len > 0;
	jv v = place(group);
	v = record_set_str(v, "artifactID", artifact->id);
	v = set(v, "baseArtifactID",
	    artifact->base_id != NULL ? jv_string(artifact->base_id)
				      : jv_null());
	v = record_set_str(v, "name",
	    log->incremental ? "wandb_manifest.incremental.json"
		: patch      ? "wandb_manifest.patch.json"
			     : "wandb_manifest.json");
	v = record_set_str(v, "manifestType",
	    log->incremental ? "INCREMENTAL"
		: patch      ? "PATCH"
			     : "FULL");
	v = record_set_str(v, "digest", artifact->manifest.md5);
	v = record_set_str(v, "runName", group->run->bucket->run_id);
	return record_set_bool(
	    v, "includeUpload", artifact->manifest.md5[0] != '\0');
}

/* The answer of either mutation below; with a place to put it or without. */
static jv
take_manifest(struct artifact_group *group, struct artifact *artifact, jv data)
{
	jv outer = record_get(data, "createArtifactManifest"), manifest;
	const char *id;

	(void)group;
	if (!jv_is_valid(outer)) {
		jv_free(outer);
		outer = record_get(data, "updateArtifactManifest");
	}
	manifest = record_get(outer, "artifactManifest");
	id = record_str(manifest, "id");
	replace(&artifact->manifest_id, id);
	jv_free(artifact->upload);
	artifact->upload = record_get(manifest, "file");
	jv_free(manifest);
	jv_free(outer);
	if (artifact->manifest_id == NULL)
		return error_value("unavailable",
		    "CreateArtifactManifest: the answer names none");
	if (artifact->manifest.file != NULL &&
	    record_str(artifact->upload, "uploadUrl") == NULL)
		return error_value(
		    "rejected", "its manifest was given no address");
	return jv_null();
}

#define MANIFEST_FIELDS                           \
	" { artifactManifest { id file { id"      \
	" uploadUrl @include(if: $includeUpload)" \
	" uploadHeaders @include(if: $includeUpload) } } } }"

static const char manifest_query[] =
    "mutation CreateArtifactManifest($artifactID: ID!, $baseArtifactID: ID, "
    "$name: String!, $digest: String!, $entityName: String!, "
    "$projectName: String!, $runName: String!, "
    "$manifestType: ArtifactManifestType!, $includeUpload: Boolean!) {"
    " createArtifactManifest(input: {artifactID: $artifactID,"
    " baseArtifactID: $baseArtifactID, name: $name, digest: $digest,"
    " entityName: $entityName, projectName: $projectName,"
    " runName: $runName, type: $manifestType})" MANIFEST_FIELDS;

static const struct step manifest_step = { "CreateArtifactManifest",
	manifest_query, is_pending, manifest_variables, take_manifest };

static bool
is_full(const struct artifact_group *group, const struct artifact *artifact)
{
	return is_pending(group, artifact) && !artifact_is_part(artifact);
}

static const struct step full_step = { "CreateArtifactManifest", manifest_query,
	is_full, manifest_variables, take_manifest };

static bool
is_part(const struct artifact_group *group, const struct artifact *artifact)
{
	return is_pending(group, artifact) && artifact_is_part(artifact);
}

static jv
update_variables(
    const struct artifact_group *group, const struct artifact *artifact)
{
	jv v = record_set_str(
	    jv_object(), "artifactManifestID", artifact->manifest_id);

	(void)group;
	v = record_set_str(v, "digest", artifact->manifest.md5);
	v = set(v, "baseArtifactID", jv_null());
	return record_set_bool(v, "includeUpload", true);
}

static const struct step update_step = { "UpdateArtifactManifest",
	"mutation UpdateArtifactManifest($artifactManifestID: ID!, "
	"$digest: String, $baseArtifactID: ID, $includeUpload: Boolean!) {"
	" updateArtifactManifest(input: {"
	"artifactManifestID: $artifactManifestID, digest: $digest,"
	" baseArtifactID: $baseArtifactID})" MANIFEST_FIELDS,
	is_part, update_variables, take_manifest };

static bool
is_final(const struct artifact_group *group, const struct artifact *artifact)
{
	return is_pending(group, artifact) && artifact->log.finalize;
}

static jv
commit_variables(
    const struct artifact_group *group, const struct artifact *artifact)
{
	(void)group;
	return record_set_str(jv_object(), "artifactID", artifact->id);
}

static jv
take_commit(struct artifact_group *group, struct artifact *artifact, jv data)
{
	jv outer = record_get(data, "commitArtifact");
	jv its = record_get(outer, "artifact");
	bool good = record_str(its, "id") != NULL;

	(void)group;
	jv_free(its);
	jv_free(outer);
	if (!good)
		return error_value("unavailable",
		    "CommitArtifact: the answer names no artifact");
	replace(&artifact->state, "COMMITTED");
	return jv_null();
}

static const struct step commit_step = { "CommitArtifact",
	"mutation CommitArtifact($artifactID: ID!) {"
	" commitArtifact(input: {artifactID: $artifactID}) {"
	" artifact { id digest } } }",
	is_final, commit_variables, take_commit };

static bool
is_used(const struct artifact_group *group, const struct artifact *artifact)
{
	(void)group;
	return is_committed(artifact) && artifact->log.use_after_commit;
}

static jv
use_variables(
    const struct artifact_group *group, const struct artifact *artifact)
{
	const struct bucket *bucket = group->run->bucket;
	jv input = place(group);

	input = record_set_str(input, "artifactID", artifact->id);
	input = record_set_str(input, "runName", bucket->run_id);
	input = set(input, "usedAs", jv_null());
	if (bucket->names_artifacts) {
		input =
		    record_set_str(input, "artifactEntityName", bucket->entity);
		input = record_set_str(
		    input, "artifactProjectName", bucket->project);
	}
	return set(jv_object(), "input", input);
}

static jv
take_use(struct artifact_group *group, struct artifact *artifact, jv data)
{
	jv used = record_get(data, "useArtifact");
	bool good = jv_get_kind(used) == JV_KIND_OBJECT;

	(void)group;
	(void)artifact;
	jv_free(used);
	return good
	    ? jv_null()
	    : error_value("unavailable", "UseArtifact: the answer is none");
}

static const struct step use_step = { "UseArtifact",
	"mutation UseArtifact($input: UseArtifactInput!) {"
	" useArtifact(input: $input) { artifact { id } } }",
	is_used, use_variables, take_use };

/* ---- a group ---- */

static void
manifest_done(const struct put *put, jv error, const char *etag)
{
	struct artifact *artifact = put->context;

	(void)etag;
	if (!jv_is_valid(error))
		artifact_fail(artifact, jv_copy(error));
}

static void
send_manifests(struct artifact_group *group)
{
	struct puts *puts =
	    puts_new(group->context.wandb, group->context.deadline);

	for (size_t i = 0; i < group->count; i++) {
		struct artifact *artifact = &group->at[i];
		struct put put = { .name = "wandb_manifest.json",
			.size = artifact->manifest.size,
			.done = manifest_done,
			.context = artifact };

		if (!jv_is_valid(artifact->why) ||
		    artifact->manifest.file == NULL)
			continue;
		put.url = record_str(artifact->upload, "uploadUrl");
		put.headers = record_get(artifact->upload, "uploadHeaders");
		put.fd = fileno(artifact->manifest.file);
		puts_start(puts, &put);
		jv_free(put.headers);
	}
	puts_free(puts);
}

static bool
is_doubtful(const struct artifact_group *group, const struct artifact *artifact)
{
	(void)group;
	return artifact->doubtful;
}

static const struct step doubt_step = { "Artifact", state_query, is_doubtful,
	id_variables, take_state };

/*
 * A commit may have been done although its answer was lost, and a second one
 * may be refused: what counts is what the server has.
 */
static void
commit(struct artifact_group *group)
{
	jv whys[ARTIFACT_GROUP];

	for (size_t i = 0; i < group->count; i++)
		group->at[i].doubtful = jv_is_valid(group->at[i].why);
	take_step(group, &commit_step);
	for (size_t i = 0; i < group->count; i++) {
		struct artifact *artifact = &group->at[i];

		artifact->doubtful &= !jv_is_valid(artifact->why);
		if (artifact->doubtful) {
			whys[i] = artifact->why;
			artifact->why = jv_null();
		}
	}
	take_step(group, &doubt_step);
	for (size_t i = 0; i < group->count; i++) {
		struct artifact *artifact = &group->at[i];

		if (artifact->doubtful && !is_committed(artifact))
			artifact_fail(artifact, whys[i]);
		else if (artifact->doubtful)
			jv_free(whys[i]);
	}
}

/* Those that have a digest which the server does not know get another. */
static void
rehash(struct artifact_group *group)
{
	take_step(group, &algorithm_step);
	for (size_t i = 0; i < group->count && !group->context.digests; i++)
		if (may_be_rehashed(group, &group->at[i]) &&
		    jv_is_valid(group->at[i].why))
			artifact_rehash(&group->at[i], &group->context);
}

/* ---- what is there ---- */

static bool
was_rehashed(
    const struct artifact_group *group, const struct artifact *artifact)
{
	return is_pending(group, artifact) && artifact->id != NULL &&
	    artifact->kind != artifact->log.kind;
}

static const struct step rehashed_step = { "Artifact", state_query,
	was_rehashed, id_variables, take_state };

static jv
not_there(const struct artifact *artifact)
{
	if (artifact->state == NULL)
		return error_value(
		    "conflict", "the server does not show it with its digest");
	return error_value("conflict", "on the server it is %s, not COMMITTED",
	    artifact->state);
}

static bool
has(const struct artifact *artifact, enum artifact_text which)
{
	struct wire state = { 0 };
	struct span text;

	return artifact_next_text(&artifact->log, which, &state, &text);
}

static bool
has_names(const struct artifact_group *group, const struct artifact *artifact)
{
	(void)group;
	return has(artifact, ARTIFACT_ALIAS) || has(artifact, ARTIFACT_TAG);
}

static jv
names_variables(
    const struct artifact_group *group, const struct artifact *artifact)
{
	return record_set_bool(
	    id_variables(group, artifact), "tags", has(artifact, ARTIFACT_TAG));
}

static jv
take_names(struct artifact_group *group, struct artifact *artifact, jv data)
{
	jv found = record_get(data, "artifact"), wrong;

	wrong = artifactlook_names(
	    artifact, found, group->run->bucket, &group->context);
	jv_free(found);
	return wrong;
}

static const struct step names_step = { "ArtifactNames",
	"query ArtifactNames($id: ID!, $tags: Boolean!) {"
	" artifact(id: $id) { aliases { alias }"
	" tags @include(if: $tags) { name } } }",
	has_names, names_variables, take_names };

/* Those whose client id leads to nothing, or to another content. */
static void
look_for_others(struct artifact_group *group)
{
	for (size_t i = 0; i < group->count; i++) {
		struct artifact *artifact = &group->at[i];
		jv why;

		if (artifact->state != NULL || artifact_is_part(artifact) ||
		    !jv_is_valid(artifact->why))
			continue;
		why = artifactlook_output(
		    artifact, group->run->bucket, &group->context);
		if (jv_is_valid(why))
			jv_free(why);
		else
			artifact_fail(artifact, why);
	}
}

/* Sends nothing: whatever of an artifact is not there fails it. */
static void
look(struct artifact_group *group)
{
	rehash(group);
	take_step(group, &rehashed_step);
	look_for_others(group);
	for (size_t i = 0; i < group->count; i++) {
		struct artifact *artifact = &group->at[i];

		artifactlook_list(artifact, &group->context);
		artifact->was_there = is_committed(artifact);
		if (!artifact->was_there)
			artifact_fail(artifact, not_there(artifact));
	}
	take_step(group, &names_step);
}

void
artifactsteps_send(struct artifact_group *group)
{
	if (group->run->was_present) {
		take_step(group, &map_step);
		take_step(group, &state_step);
		take_step(group, &contents_step);
	}
	for (size_t i = 0; i < group->count; i++) {
		group->at[i].was_there = is_committed(&group->at[i]);
		if (group->at[i].was_there)
			clientids_learn(&group->ids, group->at[i].log.client_id,
			    group->at[i].id);
	}
	if (group->run->only_look) {
		look(group);
		return;
	}
	rehash(group);
	take_step(group, &create_step);
	/* The whole of a part may have been committed without it. */
	take_step(group, &contents_step);
	take_step(group, &manifest_step);
	artifactfiles_send(group->at, group->count, &group->context);
	take_step(group, &full_step);
	take_step(group, &update_step);
	send_manifests(group);
	commit(group);
	take_step(group, &use_step);
}

void
artifactsteps_check_parts(struct artifact_group *group)
{
	take_step(group, &state_step);
	take_step(group, &contents_step);
}
