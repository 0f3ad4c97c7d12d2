/* SPDX-License-Identifier: MIT */
/*
 * artifactput - a file, a folder or a reference made an artifact's version
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <sys/random.h>

#include <nettle/base16.h>
#include <nettle/sha2.h>

#include "mem.h"
#include "record.h"
#include "wandb/artifactname.h"
#include "wandb/artifactput.h"
#include "wandb/artifactscan.h"
#include "wandb/artifactsteps.h"
#include "wandb/stream.h"

enum { CLIENT_ID = 128, RUN_ID = 8, ALIAS_FIELD = 11 << 3 | 2 };

#define VERIFY_WITHIN 60 /* seconds until the server has to show it */

/* One thing on its way. */
struct job {
	struct wandb *wandb;
	const struct artifact_put *put;
	const struct deadline *deadline;
	struct artifact_scan scan;
	char *name, *entity;
	struct bucket run;
	bool run_made; /* here: so it is ended here */
	char *id;      /* of the artifact, on the server */
	bool unchanged;
	jv node; /* what the server says of it at last */
};

/* ---- the name ---- */

static char *
name_of(const char *path)
{
	size_t len = strlen(path), start;

	while (len > 1 && path[len - 1] == '/')
		len--;
	for (start = len; start > 0 && path[start - 1] != '/'; start--)
		;
	return xstrndup(path + start, len - start);
}

/* ---- what is there ---- */

static const char latest_query[] =
    "query LatestArtifact($entityName: String, $projectName: String!, "
    "$name: String!) { viewer { entity }"
    " project(name: $projectName, entityName: $entityName) {"
    " entity { name } artifact(name: $name) {" ARTIFACT_FIELDS " } } }";

/* Whether one of the texts is this; consumes text. */
static bool
has_text(jv texts, jv text)
{
	bool has = false;

	for (int i = 0; !has && i < jv_array_length(jv_copy(texts)); i++)
		has = jv_equal(jv_array_get(jv_copy(texts), i), jv_copy(text));
	jv_free(text);
	return has;
}

/* Whether it has all aliases that are wanted. */
static bool
has_aliases(jv node, jv wanted)
{
	jv there = artifact_describe(jv_object(), node);
	jv aliases = record_get(there, "aliases");
	bool all = true;

	for (int i = 0; all && i < jv_array_length(jv_copy(wanted)); i++)
		all = has_text(aliases, jv_array_get(jv_copy(wanted), i));
	jv_free(aliases);
	jv_free(there);
	return all;
}

static bool
text_is(jv from, const char *path, const char *text)
{
	jv value = artifact_member(from, path);
	bool is = jv_get_kind(value) == JV_KIND_STRING &&
	    strcmp(jv_string_value(value), text) == 0;

	jv_free(value);
	return is;
}

/* Takes the version in node as what was put, if it is that. */
static bool
take_if_same(struct job *job, jv node)
{
	if (!text_is(node, "digest", job->scan.digest) ||
	    !text_is(node, "state", "COMMITTED") ||
	    !text_is(node, "artifactType.name", job->put->type) ||
	    !has_aliases(node, job->put->aliases))
		return false;
	jv_free(job->node);
	job->node = jv_copy(node);
	return true;
}

/* Asks for the latest version, and whose the project is. */
static jv
look(struct job *job)
{
	jv v = record_set_str(jv_object(), "entityName", job->put->entity);
	jv data, node, whose;

	v = record_set_str(v, "projectName", job->put->project);
	v = jv_object_set(
	    v, jv_string("name"), jv_string_fmt("%s:latest", job->name));
	data = wandb_ask(
	    job->wandb, "LatestArtifact", latest_query, v, true, job->deadline);
	if (!jv_is_valid(data))
		return data;
	node = artifact_member(data, "project.artifact");
	job->unchanged = take_if_same(job, node);
	jv_free(node);
	whose = artifact_member(data, "project.entity.name");
	if (jv_get_kind(whose) != JV_KIND_STRING && job->put->entity != NULL) {
		jv_free(whose);
		whose = jv_string(job->put->entity);
	} else if (jv_get_kind(whose) != JV_KIND_STRING) {
		jv_free(whose);
		whose = artifact_member(data, "viewer.entity");
	}
	jv_free(data);
	if (jv_get_kind(whose) != JV_KIND_STRING) {
		jv_free(whose);
		return error_value("input",
		    "the account has no entity of its own: give one with -e or "
		    "WANDB_ENTITY");
	}
	job->entity = xstrdup(jv_string_value(whose));
	jv_free(whose);
	return jv_null();
}

/* ---- the run that the server wants it to come from ---- */

/* The same for the same content in the same place. */
static void
run_id_of(const struct job *job, char id[RUN_ID + 1])
{
	char hex[BASE16_ENCODE_LENGTH(SHA256_DIGEST_SIZE)];
	uint8_t sum[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;
	char *text = xasprintf("%s/%s/%s:%s", job->entity, job->put->project,
	    job->name, job->scan.digest);

	sha256_init(&ctx);
	sha256_update(&ctx, strlen(text), (const uint8_t *)text);
	sha256_digest(&ctx, sizeof sum, sum);
	base16_encode_update(hex, sizeof sum, sum);
	memcpy(id, hex, RUN_ID);
	id[RUN_ID] = '\0';
	free(text);
}

/* Letters and digits that nobody else has. */
static void
random_text(char *text, size_t len)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
	unsigned char bytes[CLIENT_ID];

	if (getrandom(bytes, len, 0) != (ssize_t)len)
		die(STATUS_STREAM, "the system has no random numbers");
	for (size_t i = 0; i < len; i++)
		text[i] = digits[bytes[i] % 32];
	text[len] = '\0';
}

/* The run that the artifact is to come from, as far as it is known. */
static void
name_run(struct job *job, const char *id)
{
	bucket_release(&job->run);
	job->run = (struct bucket){ .entity = xstrdup(job->entity),
		.project = xstrdup(job->put->project),
		.run_id = xstrdup(id) };
}

static jv
upsert_run(struct job *job, const char *id)
{
	struct run_params params;
	jv why;

	name_run(job, id);
	run_params_init(&params);
	params.run_id = xstrdup(id);
	params.entity = xstrdup(job->entity);
	params.project = xstrdup(job->put->project);
	params.job_type = xstrdup("cli_put");
	why =
	    bucket_upsert(job->wandb, &params, NULL, job->deadline, &job->run);
	run_params_release(&params);
	return why;
}

static jv
make_run(struct job *job)
{
	char id[RUN_ID + 1];
	jv why;

	if (job->put->run != NULL) {
		name_run(job, job->put->run);
		return jv_null();
	}
	run_id_of(job, id);
	why = upsert_run(job, id);
	/* An id is used up when its run was deleted. */
	if (!jv_is_valid(why) && job->run.deleted) {
		jv_free(why);
		random_text(id, RUN_ID);
		why = upsert_run(job, id);
	}
	job->run_made = jv_is_valid(why);
	return why;
}

static jv
end_run(struct job *job, bool good)
{
	struct stream_end end = { .uploaded = jv_array(),
		.complete = true,
		.exit_code = good ? 0 : 1 };
	struct stream *stream;
	char *url;
	jv why;

	stream = stream_new(job->wandb, job->deadline, 0, 0, 0);
	url = wandb_stream_url(
	    job->wandb, job->run.entity, job->run.project, job->run.run_id);
	why = stream_finish(stream, url, &end);
	stream_free(stream);
	jv_free(end.uploaded);
	free(url);
	return why;
}

/* ---- the version ---- */

/* Aliases as an ArtifactRecord has them. */
static void
encode_aliases(jv aliases, struct buf *out)
{
	for (int i = 0; i < jv_array_length(jv_copy(aliases)); i++) {
		jv alias = jv_array_get(jv_copy(aliases), i);
		size_t len = strlen(jv_string_value(alias)), left;

		buf_addc(out, ALIAS_FIELD);
		for (left = len; left > 127; left >>= 7)
			buf_addc(out, (char)(left | 128));
		buf_addc(out, (char)left);
		buf_add(out, jv_string_value(alias), len);
		jv_free(alias);
	}
}

static struct span
span_or_none(const char *text)
{
	return span_of(text != NULL ? text : "");
}

/* What is wrong with it, and with which files. */
static jv
verdict_of(const struct artifact *artifact)
{
	if (jv_is_valid(artifact->why))
		return jv_null();
	if (artifact->lost == 0)
		return jv_copy(artifact->why);
	return error_value(error_code(artifact->why),
	    "%s; so nothing was committed: %ld of its files could not be sent: "
	    "%s%s",
	    error_message(artifact->why), artifact->lost, artifact->names.at,
	    artifact->lost > 10 ? ", ..." : "");
}

static jv
send(struct job *job)
{
	struct run_params instead;
	struct staged staged = { .maps = jv_array() };
	struct artifact_run run = { .wandb = job->wandb,
		.staged = &staged,
		.bucket = &job->run,
		.instead = &instead,
		.deadline = job->deadline };
	struct artifact_group *group = xcalloc(1, sizeof *group);
	struct artifact *artifact = &group->at[0];
	char client[CLIENT_ID + 1], sequence[CLIENT_ID + 1];
	struct buf aliases = { 0 };
	jv why;

	random_text(client, CLIENT_ID);
	random_text(sequence, CLIENT_ID);
	encode_aliases(job->put->aliases, &aliases);
	run_params_init(&instead);
	group->run = &run;
	group->count = 1;
	group->context = (struct artifact_context){ job->wandb, job->deadline,
		&staged, &group->ids, false };
	clientids_init(&group->ids, job->wandb, job->deadline);
	*artifact = (struct artifact){ .why = jv_null(),
		.upload = jv_null(),
		.name = xstrdup(job->name),
		.kind = CHECKSUM_MD5,
		.source = artifact_scan_next,
		.context = &job->scan,
		.log = { .type = span_of(job->put->type),
		    .name = span_of(job->name),
		    .description = span_or_none(job->put->description),
		    .metadata = span_or_none(job->put->metadata),
		    .digest = span_of(job->scan.digest),
		    .client_id = span_of(client),
		    .sequence_client_id = span_of(sequence),
		    .finalize = true,
		    .aliases_and_tags = { aliases.at, aliases.len },
		    .version = 1,
		    .policy = span_of("wandb-storage-policy-v1") } };
	memcpy(artifact->hex, job->scan.digest, CHECKSUM_HEX);
	artifactsteps_send(group);
	why = verdict_of(artifact);
	/* It was committed when it was created: somebody had put it before. */
	job->unchanged = artifact->manifest_id == NULL;
	if (artifact->id != NULL)
		job->id = xstrdup(artifact->id);
	artifact_release(artifact);
	clientids_release(&group->ids);
	run_params_release(&instead);
	jv_free(staged.maps);
	buf_release(&aliases);
	free(group);
	return why;
}

static const char version_query[] =
    "query Artifact($id: ID!) { artifact(id: $id) {" ARTIFACT_FIELDS " } }";

static void
ask_version(struct job *job, struct wandb_call *call)
{
	wandb_start(job->wandb, call, "Artifact", version_query,
	    record_set_str(jv_object(), "id", job->id), true, job->deadline);
}

/*
 * Asks until the server shows it, whole, with its digest and its aliases; call
 * is the first question, under way.
 */
static jv
verify(struct job *job, struct wandb_call *call)
{
	struct deadline end = deadline_in(VERIFY_WITHIN);
	jv data, node;

	for (;; ask_version(job, call)) {
		data = wandb_take(call, NULL);
		if (!jv_is_valid(data))
			return data;
		node = record_get(data, "artifact");
		jv_free(data);
		if (take_if_same(job, node)) {
			jv_free(node);
			return jv_null();
		}
		jv_free(node);
		if ((job->deadline != NULL &&
			deadline_left(job->deadline) < 1) ||
		    !deadline_sleep(&end, 1))
			return error_value("conflict",
			    "the server does not show %s committed, with its "
			    "digest and aliases",
			    job->name);
	}
}

static jv
put_new(struct job *job)
{
	jv why = make_run(job), ended;
	struct wandb_call call;
	bool sent;

	if (!jv_is_valid(why))
		return why;
	jv_free(why);
	why = send(job);
	sent = jv_is_valid(why);
	if (sent)
		ask_version(job, &call);
	ended = job->run_made ? end_run(job, sent) : jv_null();
	if (sent) {
		jv_free(why);
		why = verify(job, &call);
	}
	if (!jv_is_valid(why)) {
		jv_free(ended);
		return why;
	}
	jv_free(why);
	return ended;
}

/* ---- the whole ---- */

static jv
describe(const struct job *job, jv rec)
{
	if (jv_get_kind(job->node) == JV_KIND_OBJECT) {
		rec = artifact_describe(rec, job->node);
	} else {
		rec = jv_object_set(rec, jv_string("artifact"),
		    jv_string_fmt(
			"%s/%s/%s", job->entity, job->put->project, job->name));
		rec = record_set_str(rec, "type", job->put->type);
		rec = record_set_str(rec, "digest", job->scan.digest);
	}
	rec = record_set_number(rec, "files", (double)job->scan.count);
	rec = record_set_number(rec, "bytes", (double)job->scan.bytes);
	if (job->run.run_id != NULL)
		rec = jv_object_set(rec, jv_string("run"),
		    jv_string_fmt("%s/%s/%s", job->run.entity, job->run.project,
			job->run.run_id));
	if (job->unchanged)
		rec = record_set_bool(rec, "unchanged", true);
	return job->put->dry_run ? record_set_bool(rec, "dry_run", true) : rec;
}

/* Whoever sees the artifact would see it; nor is it shown here. */
static jv
refuse_secret(jv rec, char *bare)
{
	rec = record_set_str(rec, "path", bare);
	free(bare);
	return record_error(rec,
	    error_value("input",
		"a reference is kept as it is written, and this one has a user "
		"or a password in it"));
}

jv
artifact_put(struct wandb *wandb, const struct artifact_put *put,
    const char *path, const struct deadline *deadline, jv rec)
{
	struct job job = { .wandb = wandb,
		.put = put,
		.deadline = deadline,
		.name = put->name != NULL ? xstrdup(put->name) : name_of(path),
		.node = jv_null() };
	const char *bad = artifact_name_refuse(job.name);
	char *bare = artifact_without_secret(path);
	jv why;

	if (bare != NULL) {
		free(job.name);
		return refuse_secret(rec, bare);
	}
	if (bad != NULL)
		why = error_value("input",
		    "\"%s\" cannot be the name of an artifact: %s; give one "
		    "with --name",
		    job.name, bad);
	else
		why =
		    artifact_scan(&job.scan, path, put->include, put->exclude);
	if (jv_is_valid(why)) {
		jv_free(why);
		why = look(&job);
	}
	if (jv_is_valid(why) && !job.unchanged && !put->dry_run) {
		jv_free(why);
		why = put_new(&job);
	}
	if (job.unchanged &&
	    (put->metadata != NULL || put->description != NULL))
		warning("%s: unchanged: its metadata and description stay as "
			"they were",
		    job.name);
	rec = jv_is_valid(why) ? describe(&job, rec) : record_error(rec, why);
	artifact_scan_release(&job.scan);
	bucket_release(&job.run);
	free(job.name);
	free(job.entity);
	free(job.id);
	jv_free(job.node);
	return rec;
}
