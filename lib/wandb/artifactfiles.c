/* SPDX-License-Identifier: MIT */
/*
 * artifactfiles - the files of artifacts sent, their manifests written
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "record.h"
#include "wandb/artifactfiles.h"

enum { BATCH_FIRST = 25, BATCH_MOST = 2000, NAMES_MOST = 10 };

static const char files_query[] =
    "mutation CreateArtifactFiles($input: CreateArtifactFilesInput!) {"
    " createArtifactFiles(input: $input) { files { edges { node {"
    " storagePath uploadUrl uploadHeaders"
    " uploadMultipartUrls { uploadID"
    " uploadUrlParts { partNumber uploadUrl } }"
    " artifact { id } } } } } }";

bool
artifact_init(struct artifact *artifact, struct span message)
{
	jv name;

	*artifact = (struct artifact){ .why = jv_null(), .upload = jv_null() };
	buf_add(&artifact->message, message.at, message.len);
	if (!artifact_record(
		(struct span){ artifact->message.at, artifact->message.len },
		&artifact->log))
		return false;
	name =
	    jv_string_sized(artifact->log.name.at, (int)artifact->log.name.len);
	artifact->name = xstrdup(jv_string_value(name));
	jv_free(name);
	artifact->kind = artifact->log.kind;
	(void)snprintf(artifact->hex, sizeof artifact->hex, "%.*s",
	    (int)artifact->log.digest.len,
	    artifact->log.digest.len > 0 ? artifact->log.digest.at
					 : ""); /* a longer one is none */
	return true;
}

static void
set_why(struct artifact *artifact, jv why)
{
	if (jv_is_valid(artifact->why)) {
		jv_free(artifact->why);
		artifact->why = why;
	} else {
		jv_free(why);
	}
}

/* Something is wrong with it here; consumes why. */
static void
fail_here(struct artifact *artifact, jv why)
{
	artifact->broken = true;
	set_why(artifact, why);
}

void
artifact_fail(struct artifact *artifact, jv why)
{
	artifact->refused = true;
	fail_here(artifact, why);
}

/* One of its files cannot be sent. */
static void
lose_file(struct artifact *artifact, const struct item *item)
{
	if (artifact->lost++ < NAMES_MOST)
		buf_addf(&artifact->names, "%s%s/%s",
		    artifact->names.len > 0 ? ", " : "", artifact->name,
		    item->path);
	artifact->refused |= !item->here;
	set_why(artifact, jv_copy(item->why));
}

/* ---- batches ---- */

static void
release_items(struct artifact *artifact)
{
	for (size_t i = 0; i < artifact->count; i++)
		item_release(&artifact->items[i]);
	artifact->count = 0;
}

static void
close_entries(struct artifact *artifact, char hex[CHECKSUM_HEX])
{
	artifact_entries_close(&artifact->entries);
	checksum_end(&artifact->list, hex);
	artifact->reading = false;
}

void
artifact_release(struct artifact *artifact)
{
	release_items(artifact);
	free(artifact->items);
	if (artifact->reading)
		close_entries(artifact, NULL);
	manifest_release(&artifact->manifest);
	free(artifact->name);
	free(artifact->id);
	free(artifact->state);
	free(artifact->base_id);
	free(artifact->manifest_id);
	buf_release(&artifact->names);
	buf_release(&artifact->message);
	jv_free(artifact->upload);
	jv_free(artifact->why);
}

bool
artifact_begin(
    struct artifact *artifact, const struct artifact_context *context)
{
	const struct artifact_record *log = &artifact->log;
	int fd = -1;
	jv why;

	if (log->entries_file.len > 0) {
		fd = staged_open(context->staged, log->entries_file, -1, &why);
		if (fd < 0) {
			fail_here(artifact, why);
			return false;
		}
		jv_free(why);
	}
	if (artifact->source != NULL)
		artifact_entries_from(
		    &artifact->entries, artifact->source, artifact->context);
	else
		artifact_entries_open(&artifact->entries, log, fd);
	checksum_begin(&artifact->list, log->kind);
	artifact->reading = true;
	return true;
}

/* "alg" is said of what is no MD5 only. */
static void
drop_algorithm(struct span extra, struct buf *out)
{
	struct json_member member;
	struct json_walk walk;

	json_walk(&walk, extra, 0);
	while (json_next(&walk, &member)) {
		if (span_is(member.key, "alg"))
			continue;
		buf_adds(out, out->len > 0 ? ",\"" : "{\"");
		buf_add(out, member.key.at, member.key.len);
		buf_adds(out, "\":");
		buf_add(out, member.value.text.at, member.value.text.len);
	}
	if (out->len > 0)
		buf_addc(out, '}');
}

static void
add_item(struct artifact *artifact, const struct artifact_entry *entry,
    const struct artifact_context *context)
{
	struct item *item = &artifact->items[artifact->count++];
	struct artifact_entry changed = *entry;
	struct buf extra = { 0 };
	jv why;

	item_init(item, entry, artifact->kind);
	if (item_needs_check(item))
		item_check(item, context);
	if (item->state == ITEM_LOST)
		return;
	if (artifact->kind == CHECKSUM_MD5 && item->xxh128) {
		drop_algorithm(entry->extra, &extra);
		changed.digest = span_of(item->md5);
		changed.extra = (struct span){ extra.at, extra.len };
	}
	why = manifest_member(&changed, context->ids, &item->member);
	buf_release(&extra);
	if (!jv_is_valid(why))
		item_lose(item, why);
	else
		jv_free(why);
}

/* What is not sent: references, and files of earlier versions. */
static void
write_entry(struct artifact *artifact, const struct artifact_entry *entry,
    const struct artifact_context *context)
{
	struct buf member = { 0 };
	jv why = manifest_member(entry, context->ids, &member);

	if (jv_is_valid(why)) {
		jv_free(why);
		manifest_add(&artifact->manifest, &member, entry->birth);
	} else {
		artifact_fail(artifact, why);
	}
	buf_release(&member);
}

void
artifact_end(struct artifact *artifact)
{
	const struct artifact_record *log = &artifact->log;
	bool sorted = artifact->list.sorted;
	char hex[CHECKSUM_HEX];

	if (!jv_is_valid(artifact->entries.why))
		fail_here(artifact, jv_copy(artifact->entries.why));
	close_entries(artifact, hex);
	/* Those of a file need not come in order, and are not kept. */
	if (sorted && !span_is(log->digest, hex))
		fail_here(artifact,
		    error_value("damaged",
			"its list of files is not what its digest is of"));
}

/* Fills the batch; at the end of the entries it may stay empty. */
static void
fill(struct artifact *artifact, const struct artifact_context *context)
{
	struct artifact_entry entry;

	artifact->items = xreallocarray(
	    artifact->items, artifact->most, sizeof *artifact->items);
	while (artifact->count < artifact->most) {
		if (!artifact_entries_next(&artifact->entries, &entry)) {
			artifact_end(artifact);
			return;
		}
		checksum_entry(&artifact->list, entry.path, entry.digest);
		if (entry.local.len > 0)
			add_item(artifact, &entry, context);
		else
			write_entry(artifact, &entry, context);
	}
}

/* ---- addresses ---- */

static void
ask(struct artifact *artifact, const struct artifact_context *context)
{
	jv specs = jv_array(), input = jv_object();

	for (size_t i = 0; i < artifact->count; i++)
		if (artifact->items[i].state == ITEM_ASK)
			specs = jv_array_append(specs,
			    item_spec(&artifact->items[i], artifact->id,
				artifact->manifest_id, context->digests));
	if (jv_array_length(jv_copy(specs)) == 0) {
		jv_free(specs);
		jv_free(input);
		return;
	}
	input = jv_object_set(input, jv_string("artifactFiles"), specs);
	input = record_set_str(input, "storageLayout", "V2");
	input = jv_object_set(input, jv_string("clientMutationId"), jv_null());
	input = jv_object_set(input, jv_string("cloudRegionID"), jv_null());
	if (context->digests)
		input = record_set_str(
		    input, "digestAlgorithm", checksum_name(artifact->kind));
	wandb_start(context->wandb, &artifact->call, "CreateArtifactFiles",
	    files_query, jv_object_set(jv_object(), jv_string("input"), input),
	    true, context->deadline);
	artifact->asked = true;
}

/* Edges come in the order of what was asked for. */
static void
take(struct artifact *artifact)
{
	jv data, created, files, edges;
	int next = 0, wanted = 0;
	bool good;

	if (!artifact->asked)
		return;
	artifact->asked = false;
	for (size_t i = 0; i < artifact->count; i++)
		wanted += artifact->items[i].state == ITEM_ASK;
	data = wandb_take(&artifact->call, NULL);
	if (!jv_is_valid(data)) {
		artifact_fail(artifact, data);
		return;
	}
	created = record_get(data, "createArtifactFiles");
	files = record_get(created, "files");
	edges = record_get(files, "edges");
	good = jv_get_kind(edges) == JV_KIND_ARRAY &&
	    jv_array_length(jv_copy(edges)) == wanted;
	if (!good)
		artifact_fail(artifact,
		    error_value("unavailable",
			"CreateArtifactFiles: the answer has not one address "
			"for each of %d files",
			wanted));
	for (size_t i = 0; good && i < artifact->count; i++)
		if (artifact->items[i].state == ITEM_ASK)
			item_take(&artifact->items[i],
			    jv_array_get(jv_copy(edges), next++));
	jv_free(edges);
	jv_free(files);
	jv_free(created);
	jv_free(data);
}

/* What is done with a file that the server wants. */
typedef void action(struct item *item, struct puts *puts,
    const struct artifact_context *context);

static void
check(struct item *item, struct puts *puts,
    const struct artifact_context *context)
{
	(void)puts;
	if (!item->checked)
		item_check(item, context);
}

/* Those that were put whole are not wanted any more. */
static void
complete(struct item *item, struct puts *puts,
    const struct artifact_context *context)
{
	(void)puts;
	item_complete(item, context);
}

static void
for_wanted(struct artifact *artifacts, size_t count, action *act,
    struct puts *puts, const struct artifact_context *context)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < artifacts[i].count; k++)
			if (artifacts[i].items[k].state == ITEM_SEND)
				act(&artifacts[i].items[k], puts, context);
}

/* Asks for the addresses of those that are to be asked for, and sends them. */
static void
send_round(struct artifact *artifacts, size_t count,
    const struct artifact_context *context)
{
	struct puts *puts = puts_new(context->wandb, context->deadline);

	for (size_t i = 0; i < count; i++)
		ask(&artifacts[i], context);
	for (size_t i = 0; i < count; i++)
		take(&artifacts[i]);
	/* All are read before any is sent: a transfer must not have to wait. */
	for_wanted(artifacts, count, check, puts, context);
	for_wanted(artifacts, count, item_start, puts, context);
	puts_wait(puts);
	for_wanted(artifacts, count, complete, puts, context);
	puts_free(puts);
}

/* Whether some are to be tried once more. */
static bool
try_again(struct artifact *artifact)
{
	bool again = false;

	for (size_t i = 0; i < artifact->count; i++) {
		struct item *item = &artifact->items[i];

		if (item->state != ITEM_LOST || item->again ||
		    jv_get_kind(item->node) != JV_KIND_OBJECT ||
		    !puts_may_have_expired(item->why))
			continue;
		item->again = again = true;
		item->state = ITEM_ASK;
	}
	return again;
}

/* What became of a batch. */
static void
settle(struct artifact *artifact)
{
	for (size_t i = 0; i < artifact->count; i++) {
		struct item *item = &artifact->items[i];
		jv birth = record_get(item->node, "artifact");
		const char *id = record_str(birth, "id");

		if (item->state == ITEM_THERE)
			manifest_add(&artifact->manifest, &item->member,
			    span_of(id != NULL ? id : artifact->id));
		else if (item->state == ITEM_LOST)
			lose_file(artifact, item);
		jv_free(birth);
	}
	release_items(artifact);
	artifact->most *= 4;
	if (artifact->most > BATCH_MOST)
		artifact->most = BATCH_MOST;
}

/* All of its files are there: so is what the manifest lists. */
static void
end(struct artifact *artifact)
{
	jv why;

	if (artifact->manifest.file == NULL && artifact->manifest.error == 0)
		return;
	why = manifest_end(&artifact->manifest);
	if (jv_is_valid(why))
		jv_free(why);
	else
		fail_here(artifact, why);
}

/* Whether its entries go on: lost files stop no others. */
static bool
goes_on(const struct artifact *artifact)
{
	return artifact->reading && !artifact->broken;
}

void
artifactfiles_send(struct artifact *artifacts, size_t count,
    const struct artifact_context *context)
{
	bool more = false, again;

	for (size_t i = 0; i < count; i++) {
		struct artifact *artifact = &artifacts[i];

		if (!jv_is_valid(artifact->why) ||
		    artifact->manifest_id == NULL ||
		    !artifact_begin(artifact, context))
			continue;
		manifest_begin(&artifact->manifest, &artifact->log);
		artifact->most =
		    artifact->source != NULL ? BATCH_MOST : BATCH_FIRST;
		more = true;
	}
	while (more) {
		again = more = false;
		for (size_t i = 0; i < count; i++)
			if (goes_on(&artifacts[i]))
				fill(&artifacts[i], context);
		send_round(artifacts, count, context);
		for (size_t i = 0; i < count; i++)
			again |= try_again(&artifacts[i]);
		if (again)
			send_round(artifacts, count, context);
		for (size_t i = 0; i < count; i++) {
			settle(&artifacts[i]);
			more |= goes_on(&artifacts[i]);
		}
	}
	for (size_t i = 0; i < count; i++)
		if (jv_is_valid(artifacts[i].why))
			end(&artifacts[i]);
}

/* ---- another algorithm ---- */

struct line {
	char *path, *digest;
};

static int
by_path(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* The digest that an entry has as MD5; NULL, and the artifact is not whole. */
static char *
md5_of(struct artifact *artifact, const struct artifact_entry *entry,
    const struct artifact_context *context)
{
	char *digest = NULL;
	struct item item;

	if (entry->local.len == 0 || !entry->xxh128)
		return xstrndup(entry->digest.at, entry->digest.len);
	item_init(&item, entry, artifact->kind);
	item_check(&item, context);
	if (item.state == ITEM_LOST)
		lose_file(artifact, &item);
	else
		digest = xstrdup(item.md5);
	item_release(&item);
	return digest;
}

void
artifact_rehash(
    struct artifact *artifact, const struct artifact_context *context)
{
	struct artifact_entry entry;
	struct line *lines = NULL;
	size_t count = 0;

	if (!artifact_begin(artifact, context))
		return;
	while (artifact_entries_next(&artifact->entries, &entry)) {
		char *digest = md5_of(artifact, &entry, context);

		if (digest == NULL)
			continue;
		if ((count & (count - 1)) == 0)
			lines =
			    xreallocarray(lines, count * 2 + 1, sizeof *lines);
		lines[count++] =
		    (struct line){ xstrndup(entry.path.at, entry.path.len),
			    digest };
	}
	if (!jv_is_valid(artifact->entries.why))
		fail_here(artifact, jv_copy(artifact->entries.why));
	close_entries(artifact, NULL);
	if (count > 0)
		qsort(lines, count, sizeof *lines, by_path);
	artifact->kind = CHECKSUM_MD5;
	checksum_begin(&artifact->list, CHECKSUM_MD5);
	for (size_t i = 0; i < count; i++) {
		checksum_entry(&artifact->list, span_of(lines[i].path),
		    span_of(lines[i].digest));
		free(lines[i].path);
		free(lines[i].digest);
	}
	checksum_end(&artifact->list, artifact->hex);
	free(lines);
}
