/* SPDX-License-Identifier: MIT */
/*
 * artifactfetch - files of an artifact into a folder, many at once
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nettle/base16.h>
#include <nettle/md5.h>

#include "progress.h"
#include "record.h"
#include "safepath.h"
#include "wandb/artifactfetch.h"
#include "wandb/artifactname.h"
#include "wandb/growing.h"
#include "wandb/storage.h"

enum {
	BATCH = 1000, /* addresses that are asked for at once */
	NAMES_MOST = 10,
	BEHIND = 8 << 20, /* bytes of which the disk is told at once */
	LARGE = 16 << 20, /* such a file's digest is another process's work */
	PART = sizeof(FETCH_OURS) + 2 * MD5_DIGEST_SIZE
};

/* A file on its way. */
struct slot {
	struct artifact_fetch *fetch;
	const struct contents_entry *entry;
	struct http_call call;
	bool busy, answered;

	char *path, *url;
	char part[PART];
	int fd;
	int64_t have;
	struct checksum sum; /* of what is here, or */
	struct growing growing;
	char *range;
	const char *headers[2];
	bool resumed; /* a part of it came with an earlier address or call */
	bool heard;   /* the head of this try's answer was looked at */
};

/* What is asked for together. */
struct batch {
	const struct contents_entry **at;
	size_t count;
	struct wandb_call call;
	bool asked;
	jv urls;  /* by path */
	jv error; /* why there are none; jv_null() */
	/* Those whose addresses were refused. */
	const struct contents_entry **expired;
	size_t expired_count;
};

/* ---- what is missing ---- */

/* Consumes why. */
static void
miss(struct artifact_fetch *fetch, const struct contents_entry *entry, jv why)
{
	if (fetch->missing++ < NAMES_MOST)
		buf_addf(&fetch->names, "%s%.*s",
		    fetch->names.len > 0 ? ", " : "", (int)entry->path.len,
		    entry->path.at);
	/* A passing reason is that of all only if no other is there. */
	if (jv_is_valid(fetch->why) ||
	    (error_is_temporary(fetch->why) && !error_is_temporary(why))) {
		jv_free(fetch->why);
		fetch->why = why;
	} else {
		jv_free(why);
	}
}

static void
miss_by_disk(struct artifact_fetch *fetch, const struct contents_entry *entry)
{
	int reason = errno;

	if (reason == ENOSPC || reason == EDQUOT || reason == EROFS ||
	    reason == EIO)
		fetch->disk_broken = true;
	miss(fetch, entry,
	    error_value("io", "%.*s: %s", (int)entry->path.len, entry->path.at,
		reason == ELOOP ? "a symbolic link is in its way"
				: strerror(reason)));
}

jv
artifact_fetch_verdict(const struct artifact_fetch *fetch)
{
	if (fetch->missing == 0)
		return jv_null();
	return error_value(error_code(fetch->why),
	    "%s; %lld file%s missing: %s%s", error_message(fetch->why),
	    fetch->missing, fetch->missing == 1 ? " is" : "s are",
	    fetch->names.at, fetch->missing > NAMES_MOST ? ", ..." : "");
}

void
artifact_fetch_release(struct artifact_fetch *fetch)
{
	buf_release(&fetch->names);
	jv_free(fetch->why);
	jv_free(fetch->nobody);
}

/* ---- what is here ---- */

static void
count(struct artifact_fetch *fetch, const struct contents_entry *entry)
{
	fetch->files++;
	fetch->bytes += entry->size;
	progress("%lld files, %lld bytes", fetch->files, fetch->bytes);
}

/* Whether the first size bytes have the digest that the entry has. */
static bool
has_digest(int fd, const struct contents_entry *entry)
{
	bool md5 = entry->kind == CHECKSUM_MD5;
	char text[CHECKSUM_TEXT];

	return checksum_file(fd, (off_t)entry->size, md5 ? text : NULL,
		   md5 ? NULL : text) &&
	    span_is(entry->digest, text);
}

static bool
is_here(const struct artifact_fetch *fetch, const struct contents_entry *entry,
    const char *path)
{
	const char *base;
	int parent = safepath_parent(fetch->folder, path, false, &base), fd;
	struct stat st;
	bool here;

	if (parent < 0)
		return false;
	fd = openat(
	    parent, base, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	close(parent);
	if (fd < 0)
		return false;
	here = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size == entry->size && has_digest(fd, entry);
	close(fd);
	return here;
}

/* ---- one file ---- */

static void
name_part(const struct contents_entry *entry, char part[PART])
{
	uint8_t sum[MD5_DIGEST_SIZE];
	struct md5_ctx ctx;

	md5_init(&ctx);
	md5_update(&ctx, entry->digest.len, (const uint8_t *)entry->digest.at);
	md5_update(&ctx, entry->path.len, (const uint8_t *)entry->path.at);
	md5_digest(&ctx, sizeof sum, sum);
	memcpy(part, FETCH_OURS, sizeof FETCH_OURS - 1);
	base16_encode_update(part + sizeof FETCH_OURS - 1, sizeof sum, sum);
	part[PART - 1] = '\0';
}

static bool
is_large(const struct slot *slot)
{
	return slot->entry->size >= LARGE;
}

static void
forget_sum(struct slot *slot)
{
	growing_drop(&slot->growing);
	checksum_text(&slot->sum, NULL);
}

/* Begins the digest anew, from a file of which slot->have bytes are here. */
static bool
begin_sum(struct slot *slot)
{
	checksum_begin_file(&slot->sum, slot->entry->kind);
	if (!is_large(slot))
		return checksum_add_file(&slot->sum, slot->fd, 0, slot->have);
	growing_begin(&slot->growing, slot->fd, slot->entry->kind);
	growing_reach(&slot->growing, slot->have);
	return true;
}

static void
release(struct slot *slot)
{
	http_release(&slot->call);
	forget_sum(slot);
	if (slot->fd >= 0)
		close(slot->fd);
	free(slot->path);
	free(slot->url);
	free(slot->range);
	*slot = (struct slot){
		.fetch = slot->fetch, .fd = -1, .call.error = jv_null()
	};
}

static bool
start_over(struct slot *slot)
{
	slot->have = 0;
	forget_sum(slot);
	return ftruncate(slot->fd, 0) == 0 && begin_sum(slot);
}

/* Whether what comes goes on where we are; sets the call's error if not. */
static bool
hear(struct slot *slot)
{
	const char *range = http_header(&slot->call, "Content-Range");
	long long first = -1;

	slot->heard = true;
	if (slot->call.status == 206 && slot->have > 0 && range != NULL &&
	    sscanf(range, "bytes %lld-", &first) == 1 && first == slot->have)
		return true;
	if (slot->call.status != 200) {
		slot->call.error = error_value("unavailable",
		    "%s: status %d does not fit what was asked for", slot->path,
		    slot->call.status);
		return false;
	}
	slot->resumed = false;
	if (slot->have == 0 || start_over(slot))
		return true;
	slot->call.error =
	    error_value("io", "%s: %s", slot->path, strerror(errno));
	return false;
}

/* Each try goes on where the one before it was cut. */
static bool
begin(struct http_call *call)
{
	struct slot *slot = call->context;

	slot->heard = false;
	free(slot->range);
	slot->range = NULL;
	if (slot->have > 0)
		slot->range =
		    xasprintf("Range: bytes=%lld-", (long long)slot->have);
	slot->headers[0] = slot->range;
	return true;
}

/* Has the disk begin; and the digest. */
static void
write_behind(struct slot *slot, size_t len)
{
	int64_t ends = slot->have / BEHIND * BEHIND;

	if (slot->have - (int64_t)len >= ends)
		return;
	/* A hint: syncfs(2) is what tells of failures. */
	(void)sync_file_range(
	    slot->fd, ends - BEHIND, BEHIND, SYNC_FILE_RANGE_WRITE);
	growing_reach(&slot->growing, (off_t)ends);
}

static bool
sink(struct http_call *call, const void *bytes, size_t len)
{
	struct slot *slot = call->context;
	const char *at = bytes;

	if (!slot->heard && !hear(slot))
		return false;
	if ((int64_t)len > slot->entry->size - slot->have) {
		call->error = error_value("damaged",
		    "%s: more came than its manifest says", slot->path);
		return false;
	}
	for (size_t done = 0; done < len;) {
		ssize_t n =
		    pwrite(slot->fd, at + done, len - done, (off_t)slot->have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			slot->fetch->disk_broken = true;
			call->error = error_value(
			    "io", "%s: %s", slot->path, strerror(errno));
			return false;
		}
		if (!is_large(slot))
			checksum_add(&slot->sum, at + done, (size_t)n);
		slot->have += n;
		done += (size_t)n;
	}
	write_behind(slot, len);
	return true;
}

static void
answered(struct http_call *call)
{
	struct slot *slot = call->context;

	slot->answered = true;
}

static void
ask(struct slot *slot)
{
	http_release(&slot->call);
	slot->answered = false;
	slot->call = (struct http_call){ .method = "GET",
		.url = slot->url,
		.headers = slot->headers,
		.safe = true,
		.transfer = true,
		.attempts = storage_is_inside(slot->fetch->wandb, slot->url)
		    ? STORAGE_TRIES
		    : 0,
		.deadline = slot->fetch->deadline,
		.name = slot->path,
		.begin = begin,
		.sink = sink,
		.done = answered,
		.context = slot,
		.error = jv_null() };
	http_start(&slot->call);
}

static void
remove_part(struct slot *slot)
{
	/* It may not be there. */
	(void)unlinkat(slot->fetch->folder, slot->part, 0);
}

/* Whether all that is here has the digest; uses the sum up. */
static bool
is_right(struct slot *slot)
{
	char text[CHECKSUM_TEXT];

	if (!is_large(slot)) {
		checksum_text(&slot->sum, text);
		checksum_begin_file(&slot->sum, slot->entry->kind);
		return span_is(slot->entry->digest, text);
	}
	if (growing_end(&slot->growing, (off_t)slot->have, text))
		return span_is(slot->entry->digest, text);
	return has_digest(slot->fd, slot->entry);
}

/* What is whole gets its name. */
static void
finish(struct slot *slot)
{
	struct artifact_fetch *fetch = slot->fetch;
	const char *base;
	int parent = safepath_parent(fetch->folder, slot->path, true, &base);

	if (parent < 0 ||
	    renameat(fetch->folder, slot->part, parent, base) != 0) {
		miss_by_disk(fetch, slot->entry);
		remove_part(slot);
	} else {
		count(fetch, slot->entry);
		fetch->fetched++;
	}
	if (parent >= 0)
		close(parent);
}

/* An address that was refused may just have expired. */
static bool
may_have_expired(int status)
{
	return status == 400 || status == 401 || status == 403 ||
	    status == 404 || status == 410;
}

/*
 * All of it came. Returns whether the slot is done with; else it was begun
 * anew, as a part of it is older than this call.
 */
static bool
judge_whole(struct slot *slot)
{
	if (slot->have == slot->entry->size && is_right(slot)) {
		finish(slot);
		return true;
	}
	if (slot->resumed && start_over(slot)) {
		slot->resumed = false;
		ask(slot);
		return false;
	}
	miss(slot->fetch, slot->entry,
	    slot->have != slot->entry->size
		? error_value("damaged",
		      "%s: %lld bytes came, its manifest says %lld", slot->path,
		      (long long)slot->have, (long long)slot->entry->size)
		: error_value("damaged",
		      "%s: what came has another digest than its manifest "
		      "says",
		      slot->path));
	remove_part(slot);
	return true;
}

/* Notes where nobody is, so that nobody is asked for there again. */
static void
miss_by_network(struct slot *slot)
{
	struct artifact_fetch *fetch = slot->fetch;
	const struct http_call *call = &slot->call;
	jv why = storage_error(fetch->wandb, call, jv_copy(call->error));

	if (call->status == 0 && !call->unsure && jv_is_valid(fetch->nobody) &&
	    storage_is_inside(fetch->wandb, slot->url))
		fetch->nobody = jv_copy(why);
	miss(fetch, slot->entry, why);
}

/* The same, whatever came. */
static bool
judge(struct slot *slot, struct batch *batch)
{
	struct http_call *call = &slot->call;

	if (jv_is_valid(call->error))
		return judge_whole(slot);
	if (slot->resumed &&
	    (call->status == 416 || call->status == 206 ||
		strcmp(error_code(call->error), "damaged") == 0)) {
		slot->resumed = false;
		if (start_over(slot)) {
			ask(slot);
			return false;
		}
	}
	if (slot->have == 0 || strcmp(error_code(call->error), "damaged") == 0)
		remove_part(slot);
	if (batch->expired != NULL && may_have_expired(call->status)) {
		batch->expired[batch->expired_count++] = slot->entry;
		return true;
	}
	miss_by_network(slot);
	return true;
}

/* Begins an entry. False if there is nothing to wait for. */
static bool
start(struct slot *slot, const struct contents_entry *entry, const char *url)
{
	struct artifact_fetch *fetch = slot->fetch;
	struct stat st;

	slot->entry = entry;
	slot->path = xstrndup(entry->path.at, entry->path.len);
	slot->url = url != NULL ? storage_url(fetch->wandb, url) : NULL;
	name_part(entry, slot->part);
	slot->fd = openat(fetch->folder, slot->part,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (slot->fd < 0 || fstat(slot->fd, &st) < 0) {
		miss_by_disk(fetch, entry);
		return false;
	}
	slot->have = st.st_size <= entry->size ? st.st_size : 0;
	slot->resumed = slot->have > 0;
	if ((slot->have < st.st_size && ftruncate(slot->fd, 0) != 0) ||
	    !begin_sum(slot)) {
		miss_by_disk(fetch, entry);
		return false;
	}
	if (slot->have == entry->size) { /* also an empty file */
		if (judge_whole(slot))
			return false;
	} else if (!jv_is_valid(fetch->nobody) &&
	    storage_is_inside(fetch->wandb, slot->url)) {
		miss(fetch, entry, jv_copy(fetch->nobody));
		return false;
	} else {
		ask(slot);
	}
	slot->busy = true;
	return true;
}

/* ---- a batch ---- */

static const char urls_query[] =
    "query ArtifactFileURLsByManifestEntries($id: ID!, "
    "$entries: [ArtifactManifestEntryInput!], $storageLayout: String!, "
    "$manifestVersion: String!, $storageRegion: String) {"
    " artifact(id: $id) { filesByManifestEntries(entries: $entries,"
    " storageLayout: $storageLayout, manifestVersion: $manifestVersion,"
    " storageRegion: $storageRegion) { pageInfo { hasNextPage endCursor }"
    " edges { node { name directUrl } } } } }";

static jv
text(struct span span)
{
	return jv_string_sized(span.at, (int)span.len);
}

static jv
entry_input(const struct contents_entry *entry)
{
	jv input =
	    jv_object_set(jv_object(), jv_string("name"), text(entry->path));

	input = jv_object_set(input, jv_string("digest"), text(entry->digest));
	input = jv_object_set(input, jv_string("birthArtifactID"),
	    entry->birth.len > 0 ? text(entry->birth) : jv_null());
	input = jv_object_set(input, jv_string("ref"), jv_null());
	return record_set_number(input, "size", (double)entry->size);
}

static bool
has_url(const struct batch *batch, const struct contents_entry *entry)
{
	return jv_object_has(jv_copy(batch->urls), text(entry->path)) != 0;
}

/* Asks for the addresses that it has not yet. */
static void
ask_urls(struct artifact_fetch *fetch, struct batch *batch)
{
	jv entries = jv_array(), v = jv_object();

	for (size_t i = 0; i < batch->count; i++)
		if (!has_url(batch, batch->at[i]))
			entries =
			    jv_array_append(entries, entry_input(batch->at[i]));
	v = record_set_str(v, "id", fetch->id);
	v = jv_object_set(v, jv_string("entries"), entries);
	v = record_set_str(v, "storageLayout", fetch->contents->layout);
	v = jv_object_set(v, jv_string("manifestVersion"),
	    jv_string_fmt("%lld", (long long)fetch->contents->version));
	v = jv_object_set(v, jv_string("storageRegion"), jv_null());
	wandb_start(fetch->wandb, &batch->call,
	    "ArtifactFileURLsByManifestEntries", urls_query, v, true,
	    fetch->deadline);
	batch->asked = true;
}

/* Takes the answer. Whether there was anything new, and there is more. */
static bool
take_urls(struct batch *batch)
{
	jv data = wandb_take(&batch->call, NULL), files, edges;
	bool more, news = false;

	batch->asked = false;
	if (!jv_is_valid(data)) {
		jv_free(batch->error);
		batch->error = data;
		return false;
	}
	files = artifact_member(data, "artifact.filesByManifestEntries");
	edges = record_get(files, "edges");
	for (int i = 0; jv_get_kind(edges) == JV_KIND_ARRAY &&
	     i < jv_array_length(jv_copy(edges));
	     i++) {
		jv edge = jv_array_get(jv_copy(edges), i);
		jv node = record_get(edge, "node");
		const char *url = record_str(node, "directUrl");
		const char *name = record_str(node, "name");

		if (url != NULL && name != NULL) {
			batch->urls = record_set_str(batch->urls, name, url);
			news = true;
		}
		jv_free(node);
		jv_free(edge);
	}
	jv_free(edges);
	edges = record_get(files, "pageInfo");
	more = news && record_true(edges, "hasNextPage");
	jv_free(edges);
	jv_free(files);
	jv_free(data);
	return more;
}

static void
wait_for_urls(struct artifact_fetch *fetch, struct batch *batch)
{
	if (batch->asked)
		while (take_urls(batch))
			ask_urls(fetch, batch);
}

/* Begins the entry in the slot; whether it is under way. */
static bool
start_next(struct slot *slot, struct batch *batch, size_t i)
{
	const struct contents_entry *entry = batch->at[i];
	jv url = jv_object_get(jv_copy(batch->urls), text(entry->path));
	bool started = false;

	if (jv_get_kind(url) == JV_KIND_STRING || entry->size == 0) {
		started = start(slot, entry,
		    jv_get_kind(url) == JV_KIND_STRING ? jv_string_value(url)
						       : NULL);
		if (!started)
			release(slot);
	} else {
		miss(slot->fetch, entry,
		    jv_is_valid(batch->error)
			? error_value("not_found",
			      "%.*s: the server gives no address for it",
			      (int)entry->path.len, entry->path.at)
			: jv_copy(batch->error));
	}
	jv_free(url);
	return started;
}

/* Fetches all of a batch whose addresses came. */
static void
fetch_batch(
    struct artifact_fetch *fetch, struct batch *batch, struct slot *slots)
{
	size_t next = 0, busy, count = (size_t)http_allowed();

	do {
		busy = 0;
		for (size_t i = 0; i < count; i++) {
			struct slot *slot = &slots[i];

			if (slot->busy && slot->answered && judge(slot, batch))
				release(slot);
			while (!slot->busy && next < batch->count &&
			    !fetch->disk_broken)
				(void)start_next(slot, batch, next++);
			busy += slot->busy;
		}
	} while (busy > 0 && http_drive());
}

static void
release_batch(struct batch *batch)
{
	free(batch->at);
	free(batch->expired);
	jv_free(batch->urls);
	jv_free(batch->error);
}

/* Begins anew with these, and asks for their addresses if there are any. */
static void
begin_batch(struct artifact_fetch *fetch, struct batch *batch,
    const struct contents_entry **at, size_t count)
{
	*batch = (struct batch){
		.count = count, .urls = jv_object(), .error = jv_null()
	};
	if (count == 0)
		return;
	batch->at = xcalloc(count, sizeof *at);
	memcpy(batch->at, at, count * sizeof *at);
	ask_urls(fetch, batch);
}

/* Those whose addresses were refused once more. */
static void
fetch_expired(
    struct artifact_fetch *fetch, struct batch *batch, struct slot *slots)
{
	struct batch again;

	if (fetch->disk_broken)
		batch->expired_count = 0;
	begin_batch(fetch, &again, batch->expired, batch->expired_count);
	wait_for_urls(fetch, &again);
	fetch_batch(fetch, &again, slots);
	release_batch(&again);
}

static void
fetch_all(struct artifact_fetch *fetch, const struct contents_entry **missing,
    size_t count)
{
	size_t allowed = (size_t)http_allowed();
	struct slot *slots = xcalloc(allowed, sizeof *slots);
	struct batch batches[2], *batch = &batches[0], *next = &batches[1];
	size_t at = count < BATCH ? count : BATCH, left;

	for (size_t i = 0; i < allowed; i++) {
		slots[i].fetch = fetch;
		slots[i].fd = -1;
		slots[i].call.error = jv_null();
	}
	begin_batch(fetch, batch, missing, at);
	while (batch->count > 0) {
		struct batch *done = batch;

		wait_for_urls(fetch, batch);
		left = fetch->disk_broken ? 0 : count - at;
		left = left < BATCH ? left : BATCH;
		begin_batch(fetch, next, missing + at, left);
		at += left;
		batch->expired = xcalloc(batch->count, sizeof *batch->expired);
		fetch_batch(fetch, batch, slots);
		fetch_expired(fetch, batch, slots);
		release_batch(batch);
		batch = next;
		next = done;
	}
	release_batch(batch);
	free(slots);
}

/* ---- all of them ---- */

static const char *
refuse(struct span path)
{
	const char *why = safepath_refuse(path.at, path.len);

	if (why == NULL && path.len >= sizeof FETCH_OURS - 1 &&
	    memcmp(path.at, FETCH_OURS, sizeof FETCH_OURS - 1) == 0)
		why = "names that begin with " FETCH_OURS " are ours";
	return why;
}

/* Whether the entry has to be fetched. */
static bool
lacks(struct artifact_fetch *fetch, const struct contents_entry *entry)
{
	const char *bad = refuse(entry->path);
	char *path = xstrndup(entry->path.at, entry->path.len);
	bool lacks = false;

	if (!fetch->wanted(path)) {
		free(path);
		return false;
	}
	if (entry->ref.len > 0)
		fetch->references++;
	else if (bad != NULL)
		miss(fetch, entry,
		    error_value("input",
			"\"%s\" cannot be the name of a file: %s", path, bad));
	else if (is_here(fetch, entry, path))
		count(fetch, entry);
	else
		lacks = true;
	free(path);
	return lacks;
}

void
artifact_fetch(struct artifact_fetch *fetch)
{
	const struct artifact_contents *contents = fetch->contents;
	const struct contents_entry **missing =
	    xcalloc(contents->count + 1, sizeof *missing);
	size_t lacking = 0;

	fetch->why = fetch->nobody = jv_null();
	for (size_t i = 0; i < contents->count; i++)
		if (lacks(fetch, &contents->at[i]))
			missing[lacking++] = &contents->at[i];
	fetch_all(fetch, missing, lacking);
	free(missing);
	progress_clear();
	if (fetch->fetched > 0 && syncfs(fetch->folder) != 0 &&
	    !fetch->disk_broken) {
		fetch->disk_broken = true;
		jv_free(fetch->why);
		fetch->why =
		    error_value("io", "the folder: %s", strerror(errno));
	}
}
