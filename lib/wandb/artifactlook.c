/* SPDX-License-Identifier: MIT */
/*
 * artifactlook - whether what the server has of an artifact is what was logged
 */
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "json.h"
#include "record.h"
#include "wandb/artifactlook.h"
#include "wandb/storage.h"

enum { MANIFEST_MOST = 1 << 30 };

/* ---- entries ---- */

/* Whether a member of an object is this text; empty: it is not there. */
static bool
is_text(const struct json_members *object, const char *name, struct span text)
{
	const struct json_member *member = json_member(object, name);
	struct buf its = { 0 };
	bool same;

	if (member == NULL || member->value.type != JSON_STRING)
		return text.len == 0;
	json_decode(&its,
	    (struct span){
		member->value.text.at + 1, member->value.text.len - 2 });
	same = its.len == text.len &&
	    (text.len == 0 || memcmp(its.at, text.at, text.len) == 0);
	buf_release(&its);
	return same;
}

static bool
is_size(const struct json_members *object, int64_t size)
{
	const struct json_member *member = json_member(object, "size");
	char *text;
	bool same;

	if (member == NULL)
		return size == 0;
	text = xstrndup(member->value.text.at, member->value.text.len);
	same = member->value.type == JSON_NUMBER &&
	    strtoll(text, NULL, 10) == (long long)size;
	free(text);
	return same;
}

/*
 * A server that does not know XXH128 has the MD5 of a file; whether it is that
 * of the file here. What cannot be read sets *why.
 */
static bool
is_md5_of(const struct artifact *artifact, const struct artifact_entry *entry,
    const struct json_members *object, const struct artifact_context *context,
    jv *why)
{
	struct item item;
	bool same;

	if (!entry->xxh128 || entry->local.len == 0)
		return false;
	item_init(&item, entry, artifact->log.kind);
	item_check(&item, context);
	same = item.checked && is_text(object, "digest", span_of(item.md5));
	if (item.state == ITEM_LOST) {
		jv_free(*why);
		*why = jv_copy(item.why);
	}
	item_release(&item);
	return same;
}

/* Whether the entry called path, its name as UTF-8, is in the contents. */
static jv
compare_entry(const struct artifact *artifact,
    const struct artifact_entry *entry, const char *path,
    const struct json_members *contents, const struct artifact_context *context)
{
	const struct json_member *member = json_member(contents, path);
	struct json_members object = { 0 };
	struct json_fault fault;
	struct buf ref = { 0 };
	jv why = clientids_resolve(context->ids, entry->ref, &ref);
	bool same = jv_is_valid(why) && member != NULL &&
	    json_members(member->value.text, 0, &object, &fault) &&
	    is_size(&object, entry->size) &&
	    is_text(&object, "ref", (struct span){ ref.at, ref.len }) &&
	    (is_text(&object, "digest", entry->digest) ||
		is_md5_of(artifact, entry, &object, context, &why));

	if (!same && jv_is_valid(why)) {
		jv_free(why);
		why = error_value("conflict",
		    "the server has committed it without %s as it was logged",
		    path);
	}
	buf_release(&ref);
	json_members_release(&object);
	return why;
}

static jv
compare(struct artifact *artifact, struct span text,
    const struct artifact_context *context)
{
	struct json_members top = { 0 }, contents = { 0 };
	const struct json_member *member = NULL;
	struct artifact_entry entry;
	struct json_fault fault;
	jv why = jv_null(), path;

	if (json_members(text, 0, &top, &fault))
		member = json_member(&top, "contents");
	if (member == NULL ||
	    !json_members(member->value.text, 0, &contents, &fault)) {
		jv_free(why);
		why = error_value(
		    "conflict", "what the server has as its manifest is none");
	} else if (artifact_begin(artifact, context)) {
		while (jv_is_valid(why) &&
		    artifact_entries_next(&artifact->entries, &entry)) {
			path =
			    jv_string_sized(entry.path.at, (int)entry.path.len);
			checksum_entry(
			    &artifact->list, entry.path, entry.digest);
			jv_free(why);
			why = compare_entry(artifact, &entry,
			    jv_string_value(path), &contents, context);
			jv_free(path);
		}
		if (jv_is_valid(why))
			artifact_end(artifact);
	}
	json_members_release(&contents);
	json_members_release(&top);
	return why;
}

jv
artifactlook_part(struct artifact *artifact, const char *url,
    const struct artifact_context *context)
{
	char *address = storage_url(context->wandb, url);
	struct http_call call = { .method = "GET",
		.url = address,
		.safe = true,
		.deadline = context->deadline,
		.most = MANIFEST_MOST,
		.name = "wandb_manifest.json" };
	jv why;

	http_do(&call);
	why = jv_is_valid(call.error)
	    ? compare(artifact, (struct span){ call.answer, call.answer_size },
		  context)
	    : storage_error(context->wandb, &call, jv_copy(call.error));
	http_release(&call);
	free(address);
	return why;
}

void
artifactlook_list(
    struct artifact *artifact, const struct artifact_context *context)
{
	struct artifact_entry entry;

	if (artifact->log.entries_file.len > 0 || artifact->reading ||
	    !artifact_begin(artifact, context))
		return;
	while (artifact_entries_next(&artifact->entries, &entry))
		checksum_entry(&artifact->list, entry.path, entry.digest);
	artifact_end(artifact);
}

/* ---- by name and digest ---- */

static const char outputs_query[] =
    "query RunOutputArtifacts($entityName: String!, $projectName: String!, "
    "$runName: String!, $after: String) {"
    " project(name: $projectName, entityName: $entityName) {"
    " run(name: $runName) { outputArtifacts(first: 100, after: $after) {"
    " edges { node { id state digest artifactSequence { name } } }"
    " pageInfo { endCursor hasNextPage } } } } }";

/* Takes id and state of an edge, which is consumed, if it is the artifact. */
static void
take_output(struct artifact *artifact, jv edge)
{
	jv node = record_get(edge, "node");
	jv sequence = record_get(node, "artifactSequence");
	const char *id = record_str(node, "id");
	const char *state = record_str(node, "state");
	const char *digest = record_str(node, "digest");
	const char *name = record_str(sequence, "name");

	if (id != NULL && state != NULL && digest != NULL && name != NULL &&
	    strcmp(name, artifact->name) == 0 &&
	    strcmp(digest, artifact->hex) == 0 &&
	    (artifact->state == NULL || strcmp(state, "COMMITTED") == 0)) {
		free(artifact->id);
		free(artifact->state);
		artifact->id = xstrdup(id);
		artifact->state = xstrdup(state);
	}
	jv_free(sequence);
	jv_free(node);
	jv_free(edge);
}

jv
artifactlook_output(struct artifact *artifact, const struct bucket *bucket,
    const struct artifact_context *context)
{
	jv after = jv_null(), data, project, run, outputs, page, edges, v;
	bool more;

	do {
		v = record_set_str(jv_object(), "entityName", bucket->entity);
		v = record_set_str(v, "projectName", bucket->project);
		v = record_set_str(v, "runName", bucket->run_id);
		v = jv_object_set(v, jv_string("after"), jv_copy(after));
		data = wandb_ask(context->wandb, "RunOutputArtifacts",
		    outputs_query, v, true, context->deadline);
		if (!jv_is_valid(data)) {
			jv_free(after);
			return data;
		}
		project = record_get(data, "project");
		run = record_get(project, "run");
		outputs = record_get(run, "outputArtifacts");
		page = record_get(outputs, "pageInfo");
		edges = record_get(outputs, "edges");
		for (int i = 0; jv_get_kind(edges) == JV_KIND_ARRAY &&
		     i < jv_array_length(jv_copy(edges));
		     i++)
			take_output(artifact, jv_array_get(jv_copy(edges), i));
		jv_free(after);
		after = record_get(page, "endCursor");
		more = record_true(page, "hasNextPage") &&
		    jv_get_kind(after) == JV_KIND_STRING;
		jv_free(edges);
		jv_free(page);
		jv_free(outputs);
		jv_free(run);
		jv_free(project);
		jv_free(data);
	} while (more);
	jv_free(after);
	return jv_null();
}

/* ---- aliases and tags ---- */

/* Whether one of objects has this text as name. */
static bool
has_text(jv objects, const char *name, jv text)
{
	bool has = false;

	for (int i = 0; jv_get_kind(objects) == JV_KIND_ARRAY && !has &&
	     i < jv_array_length(jv_copy(objects));
	     i++) {
		jv object = jv_array_get(jv_copy(objects), i);

		has = jv_equal(record_get(object, name), jv_copy(text));
		jv_free(object);
	}
	return has;
}

static const char alias_query[] =
    "query ArtifactAlias($entityName: String!, $projectName: String!, "
    "$name: String!) {"
    " project(name: $projectName, entityName: $entityName) {"
    " artifact(name: $name) { id } } }";

/* Whether another version has the alias. */
static jv
find_alias(const struct artifact *artifact, const char *alias,
    const struct bucket *bucket, const struct artifact_context *context)
{
	char *name = xasprintf("%s:%s", artifact->name, alias);
	jv v = record_set_str(jv_object(), "entityName", bucket->entity);
	jv data, project, found;

	v = record_set_str(v, "projectName", bucket->project);
	data = wandb_ask(context->wandb, "ArtifactAlias", alias_query,
	    record_set_str(v, "name", name), true, context->deadline);
	free(name);
	if (!jv_is_valid(data))
		return data;
	project = record_get(data, "project");
	found = record_get(project, "artifact");
	jv_free(project);
	jv_free(data);
	if (jv_get_kind(found) == JV_KIND_OBJECT) {
		jv_free(found);
		return jv_null();
	}
	jv_free(found);
	return error_value(
	    "conflict", "no version on the server has the alias %s", alias);
}

jv
artifactlook_names(const struct artifact *artifact, jv found,
    const struct bucket *bucket, const struct artifact_context *context)
{
	static const struct {
		enum artifact_text which;
		const char *list, *name;
	} kinds[] = { { ARTIFACT_TAG, "tags", "name" },
		{ ARTIFACT_ALIAS, "aliases", "alias" } };
	jv why = jv_null();

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		jv there = record_get(found, kinds[i].list);
		struct wire state = { 0 };
		struct span span;

		while (jv_is_valid(why) &&
		    artifact_next_text(
			&artifact->log, kinds[i].which, &state, &span)) {
			jv text = jv_string_sized(span.at, (int)span.len);

			if (!has_text(there, kinds[i].name, text)) {
				jv_free(why);
				why = kinds[i].which == ARTIFACT_ALIAS
				    ? find_alias(artifact,
					  jv_string_value(text), bucket,
					  context)
				    : error_value("conflict",
					  "the server does not show its tag %s",
					  jv_string_value(text));
			}
			jv_free(text);
		}
		jv_free(there);
	}
	return why;
}
