/* SPDX-License-Identifier: MIT */
/*
 * artifactcontents - what an artifact holds: its manifest, as the server has it
 */
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "json.h"
#include "record.h"
#include "wandb/artifactcontents.h"
#include "wandb/artifactname.h"
#include "wandb/storage.h"

enum { MANIFEST_MOST = 1 << 30 };

static const struct span nothing = { "", 0 };

/*
 * A string as the characters it stands for, which are never more than what it
 * was written with: they take its place.
 */
static struct span
decode(struct artifact_contents *contents, struct span between, bool escaped)
{
	struct buf plain = { 0 };
	char *to = contents->text + (between.at - contents->text);

	if (!escaped || between.len == 0)
		return between;
	json_decode(&plain, between);
	memcpy(to, plain.at, plain.len);
	between.len = plain.len;
	buf_release(&plain);
	return between;
}

static struct span
text_of(struct artifact_contents *contents, const struct json_value *value)
{
	if (value->type != JSON_STRING)
		return nothing;
	return decode(contents,
	    (struct span){ value->text.at + 1, value->text.len - 2 },
	    value->escaped);
}

static int64_t
number_of(const struct json_value *value)
{
	char text[32];

	if (value->type != JSON_NUMBER || value->text.len >= sizeof text)
		return 0;
	memcpy(text, value->text.at, value->text.len);
	text[value->text.len] = '\0';
	return strtoll(text, NULL, 10);
}

static bool
says_xxh128(struct span extra)
{
	struct json_member member;
	struct json_walk walk;

	json_walk(&walk, extra, JSON_WORDS);
	while (json_next(&walk, &member))
		if (span_is(member.key, "alg"))
			return span_is(member.value.text, "\"XXH128\"");
	return false;
}

static void
take_entry(struct artifact_contents *contents, const struct json_member *from,
    struct contents_entry *entry)
{
	struct json_member member;
	struct json_walk walk;

	*entry = (struct contents_entry){ .path = decode(contents, from->key,
					      from->key_escaped),
		.digest = nothing,
		.ref = nothing,
		.birth = nothing };
	json_walk(&walk, from->value.text, JSON_WORDS);
	while (json_next(&walk, &member)) {
		if (span_is(member.key, "digest"))
			entry->digest = text_of(contents, &member.value);
		else if (span_is(member.key, "ref"))
			entry->ref = text_of(contents, &member.value);
		else if (span_is(member.key, "birthArtifactID"))
			entry->birth = text_of(contents, &member.value);
		else if (span_is(member.key, "size"))
			entry->size = number_of(&member.value);
		else if (span_is(member.key, "extra") &&
		    member.value.type == JSON_OBJECT &&
		    says_xxh128(member.value.text))
			entry->kind = CHECKSUM_XXH128;
	}
}

static bool
take_contents(struct artifact_contents *contents, struct span text)
{
	struct json_member member;
	struct json_walk walk;
	size_t room = 0;

	json_walk(&walk, text, JSON_WORDS);
	while (json_next(&walk, &member)) {
		if (member.value.type != JSON_OBJECT)
			return false;
		if (contents->count == room) {
			room = room * 2 + 64;
			contents->at = xreallocarray(
			    contents->at, room, sizeof *contents->at);
		}
		take_entry(contents, &member, &contents->at[contents->count++]);
	}
	return walk.fault.why == NULL;
}

static void
take_policy(struct artifact_contents *contents, struct span text)
{
	struct json_member member;
	struct json_walk walk;

	json_walk(&walk, text, JSON_WORDS);
	while (json_next(&walk, &member)) {
		if (!span_is(member.key, "storageLayout") ||
		    member.value.type != JSON_STRING)
			continue;
		free(contents->layout);
		contents->layout = xstrndup(
		    member.value.text.at + 1, member.value.text.len - 2);
	}
}

static bool
take_manifest(struct artifact_contents *contents, size_t len)
{
	struct json_member member;
	struct json_walk walk;
	bool found = false;

	json_walk(&walk, (struct span){ contents->text, len }, JSON_WORDS);
	while (json_next(&walk, &member)) {
		if (span_is(member.key, "version")) {
			contents->version = number_of(&member.value);
		} else if (span_is(member.key, "storagePolicyConfig") &&
		    member.value.type == JSON_OBJECT) {
			take_policy(contents, member.value.text);
		} else if (span_is(member.key, "contents")) {
			if (found || member.value.type != JSON_OBJECT ||
			    !take_contents(contents, member.value.text))
				return false;
			found = true;
		}
	}
	return found && walk.fault.why == NULL;
}

static int
by_path(const void *a, const void *b)
{
	const struct contents_entry *x = a, *y = b;
	size_t len = x->path.len < y->path.len ? x->path.len : y->path.len;
	int order = memcmp(x->path.at, y->path.at, len);

	return order != 0
	    ? order
	    : (x->path.len > y->path.len) - (x->path.len < y->path.len);
}

/* Sorts them, and computes their digest. */
static jv
settle(struct artifact_contents *contents)
{
	struct checksum_list list;
	enum checksum_kind kind = CHECKSUM_MD5;

	if (contents->count > 0)
		qsort(contents->at, contents->count, sizeof *contents->at,
		    by_path);
	for (size_t i = 0; i < contents->count; i++) {
		if (contents->at[i].kind == CHECKSUM_XXH128)
			kind = CHECKSUM_XXH128;
		if (i > 0 &&
		    by_path(&contents->at[i - 1], &contents->at[i]) == 0)
			return error_value("damaged",
			    "its manifest lists %.*s twice",
			    (int)contents->at[i].path.len,
			    contents->at[i].path.at);
	}
	checksum_begin(&list, kind);
	for (size_t i = 0; i < contents->count; i++)
		checksum_entry(
		    &list, contents->at[i].path, contents->at[i].digest);
	checksum_end(&list, contents->digest);
	return jv_null();
}

jv
artifact_contents(const struct wandb *wandb, struct artifact_contents *contents,
    jv node, const struct deadline *deadline)
{
	jv file = artifact_member(node, "currentManifest.file");
	const char *given = record_str(file, "directUrl");
	char *url = given != NULL ? storage_url(wandb, given) : NULL;
	struct http_call call = { .method = "GET",
		.url = url,
		.safe = true,
		.transfer = true,
		.deadline = deadline,
		.most = MANIFEST_MOST,
		.name = "wandb_manifest.json" };
	jv why;

	*contents = (struct artifact_contents){ .version = 1 };
	if (call.url == NULL) {
		jv_free(file);
		return error_value(
		    "conflict", "the server does not show its manifest");
	}
	http_do(&call);
	if (jv_is_valid(call.error)) {
		contents->text = call.answer;
		call.answer = NULL;
		why = contents->text != NULL &&
			take_manifest(contents, call.answer_size)
		    ? settle(contents)
		    : error_value("damaged",
			  "what the server has as its manifest is none");
	} else {
		why = storage_error(wandb, &call, jv_copy(call.error));
	}
	if (contents->layout == NULL)
		contents->layout = xstrdup("V1");
	http_release(&call);
	free(url);
	jv_free(file);
	return why;
}

void
artifact_contents_release(struct artifact_contents *contents)
{
	free(contents->at);
	free(contents->layout);
	free(contents->text);
	*contents = (struct artifact_contents){ 0 };
}
