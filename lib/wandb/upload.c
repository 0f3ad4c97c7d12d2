/* SPDX-License-Identifier: MIT */
/*
 * upload - the files of a run: sent, and compared with what the server has
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "record.h"
#include "safepath.h"
#include "wandb/puts.h"
#include "wandb/upload.h"

enum {
	BATCH = 100,    /* names in one question */
	LARGE = 1 << 20 /* bytes; such files are measured while they are sent */
};

enum state {
	NEW,     /* nothing is known */
	LACKING, /* the server does not have it whole */
	THERE,   /* it does */
	FAILED   /* it cannot be sent; why says why */
};

struct item {
	char *name;      /* as the server has it */
	char *path;      /* below the folder; NULL if it is elsewhere */
	struct buf text; /* its bytes, if path is NULL and fd is -1 */
	int fd;
	off_t size;
	char md5[DIGEST_MD5_TEXT];
	bool measured;           /* size and md5 are known */
	struct digest_task task; /* that finds out the md5 */
	bool derived;
	bool sent;  /* by this set */
	bool put;   /* an address was there to try */
	bool again; /* its address was asked for a second time */
	enum state state;
	jv why;
};

struct uploads {
	struct wandb *wandb;
	const struct deadline *deadline;
	char *folder;
	struct item *items;
	size_t count;
	jv places;             /* name -> index in items */
	struct wandb_call ask; /* uploads_ask()'s */
	size_t asked;          /* how many names it asks for; 0: none */
	const struct selection *selection; /* NULL: nothing stays here */
	unsigned left_out;
	jv created; /* addresses that were asked for elsewhere, or null */
};

static const char files_query[] =
    "query RunFiles($project: String!, $entity: String!, $name: String!, "
    "$fileCursor: String, $fileLimit: Int = 50, "
    "$fileNames: [String] = []) {"
    " project(name: $project, entityName: $entity) { run(name: $name) {"
    " files(names: $fileNames, after: $fileCursor, first: $fileLimit) {"
    " edges { node { name sizeBytes md5 } }"
    " pageInfo { endCursor hasNextPage } } } } }";

static const char create_query[] =
    "mutation CreateRunFiles($entity: String!, $project: String!, "
    "$run: String!, $files: [String!]!) {"
    " createRunFiles(input: {entityName: $entity, projectName: $project,"
    " runName: $run, files: $files}) {"
    " runID uploadHeaders files { name uploadUrl } } }";

struct uploads *
uploads_new(
    struct wandb *wandb, const char *folder, const struct deadline *deadline)
{
	struct uploads *uploads = xcalloc(1, sizeof *uploads);

	uploads->wandb = wandb;
	uploads->deadline = deadline;
	uploads->folder = xstrdup(folder);
	uploads->places = jv_object();
	uploads->created = jv_null();
	return uploads;
}

void
uploads_free(struct uploads *uploads)
{
	if (uploads == NULL)
		return;
	if (uploads->asked > 0)
		jv_free(wandb_take(&uploads->ask, NULL));
	for (size_t i = 0; i < uploads->count; i++) {
		free(uploads->items[i].name);
		free(uploads->items[i].path);
		buf_release(&uploads->items[i].text);
		jv_free(uploads->items[i].why);
	}
	free(uploads->items);
	jv_free(uploads->places);
	jv_free(uploads->created);
	free(uploads->folder);
	free(uploads);
}

static struct item *
find(const struct uploads *uploads, jv name)
{
	jv place = jv_object_get(jv_copy(uploads->places), name);
	struct item *item = NULL;

	if (jv_get_kind(place) == JV_KIND_NUMBER)
		item = &uploads->items[(size_t)jv_number_value(place)];
	jv_free(place);
	return item;
}

/* The item of that name, new or as it was. */
static struct item *
place(struct uploads *uploads, jv name)
{
	struct item *item = find(uploads, jv_copy(name));

	if (item != NULL) {
		jv_free(name);
		return item;
	}
	if ((uploads->count & (uploads->count - 1)) == 0)
		uploads->items = xreallocarray(uploads->items,
		    uploads->count * 2 + 1, sizeof *uploads->items);
	item = &uploads->items[uploads->count];
	*item = (struct item){ .fd = -1,
		.why = jv_null(),
		.name = xstrdup(jv_string_value(name)) };
	uploads->places = jv_object_set(
	    uploads->places, name, jv_number((double)uploads->count));
	uploads->count++;
	return item;
}

static void
fail(struct item *item, jv why)
{
	jv_free(item->why);
	item->why = why;
	item->state = FAILED;
}

void
uploads_select(struct uploads *uploads, const struct selection *selection)
{
	uploads->selection = selection;
}

unsigned
uploads_left_out(const struct uploads *uploads)
{
	return uploads->left_out;
}

/* Whether the file is to stay here. */
static bool
leaves(struct uploads *uploads, const char *name)
{
	unsigned kind = uploads->selection != NULL
	    ? selection_leaves(uploads->selection, name)
	    : 0;

	uploads->left_out |= kind;
	return kind != 0;
}

/* WANDB_IGNORE_GLOBS: patterns with commas between them. */
static bool
ignored(const char *name)
{
	const char *globs = getenv("WANDB_IGNORE_GLOBS");
	bool found = false;

	while (globs != NULL && *globs != '\0' && !found) {
		size_t len = strcspn(globs, ",");
		char *glob = xstrndup(globs, len);

		found = fnmatch(glob, name, FNM_PATHNAME) == 0;
		free(glob);
		globs += len + (globs[len] == ',');
	}
	return found;
}

void
uploads_add(struct uploads *uploads, struct span name)
{
	jv text = jv_string_sized(name.at, (int)name.len);
	const char *refused = safepath_refuse(name.at, name.len);
	struct item *item;

	if (ignored(jv_string_value(text)) ||
	    leaves(uploads, jv_string_value(text))) {
		jv_free(text);
		return;
	}
	item = place(uploads, text);
	if (item->path != NULL || item->state == FAILED || item->text.len > 0)
		return;
	if (refused != NULL)
		fail(item, error_value("input", "%s", refused));
	else
		item->path = xstrndup(name.at, name.len);
}

void
uploads_add_text(
    struct uploads *uploads, const char *name, struct buf *text, bool derived)
{
	struct item *item;

	if (leaves(uploads, name)) {
		buf_release(text);
		return;
	}
	item = place(uploads, jv_string(name));
	free(item->path);
	buf_release(&item->text);
	item->path = NULL;
	item->text = *text;
	item->derived = derived;
	item->state = NEW;
	*text = (struct buf){ 0 };
}

void
uploads_add_fd(struct uploads *uploads, const char *name, int fd, off_t size)
{
	struct item *item;

	if (leaves(uploads, name))
		return;
	item = place(uploads, jv_string(name));
	free(item->path);
	item->path = NULL;
	item->fd = fd;
	item->size = size;
	item->state = NEW;
}

/* Opens a file of the folder; -1 with the item failed. */
static int
open_path(const struct uploads *uploads, struct item *item)
{
	char *path = xasprintf("%s/%s", uploads->folder, item->path);
	/* A FIFO must not make us wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	free(path);
	if (fd < 0 || fstat(fd, &st) < 0) {
		fail(item,
		    error_value(errno == ENOENT ? "not_found" : "io", "%s",
			strerror(errno)));
	} else if (!S_ISREG(st.st_mode)) {
		fail(item, error_value("input", "no regular file"));
	} else {
		if (st.st_size != item->size)
			item->measured = false;
		item->size = st.st_size;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Finds size and digest; false if it cannot be read. */
static bool
measure(struct item *item, int fd)
{
	struct md5_ctx md5;

	if (item->measured)
		return true;
	if (fd < 0) {
		item->size = (off_t)item->text.len;
		md5_init(&md5);
		md5_update(&md5, item->text.len,
		    (const uint8_t *)(item->text.len > 0 ? item->text.at : ""));
		digest_md5_text(&md5, item->md5);
	} else if (!digest_file(fd, item->size, item->md5, NULL)) {
		fail(item, error_value("io", "%s", strerror(errno)));
		return false;
	}
	item->measured = true;
	return true;
}

/* What the server says of one file. */
static void
compare(struct uploads *uploads, jv node, enum uploads_mode mode)
{
	const char *name = record_str(node, "name");
	const char *md5 = record_str(node, "md5");
	const char *text = record_str(node, "sizeBytes");
	long long size = text != NULL ? strtoll(text, NULL, 10)
				      : record_int(node, "sizeBytes", -1);
	struct item *item =
	    name != NULL ? find(uploads, jv_string(name)) : NULL;
	int fd = -1;

	if (item == NULL || item->state != LACKING)
		return;
	if (mode == UPLOADS_NAMES ||
	    (mode == UPLOADS_CLAIM && item->derived && !item->sent)) {
		item->state = THERE;
		return;
	}
	if (item->path != NULL && (fd = open_path(uploads, item)) < 0)
		return;
	if ((item->path == NULL && item->fd < 0) || item->size == size) {
		if (measure(item, fd >= 0 ? fd : item->fd) &&
		    item->size == size &&
		    (md5 == NULL || *md5 == '\0' ||
			strcmp(md5, item->md5) == 0))
			item->state = THERE;
	}
	if (fd >= 0)
		close(fd);
}

/* Begins the question for names from at on; returns where the next begins. */
static size_t
ask_from(struct uploads *uploads, const struct bucket *bucket, size_t at)
{
	jv names = jv_array(), v = jv_object();

	for (; at < uploads->count && jv_array_length(jv_copy(names)) < BATCH;
	     at++) {
		struct item *item = &uploads->items[at];

		if (item->state == FAILED)
			continue;
		item->state = LACKING;
		names = jv_array_append(names, jv_string(item->name));
	}
	v = jv_object_set(v, jv_string("project"), jv_string(bucket->project));
	v = jv_object_set(v, jv_string("entity"), jv_string(bucket->entity));
	v = jv_object_set(v, jv_string("name"), jv_string(bucket->run_id));
	v = jv_object_set(v, jv_string("fileCursor"), jv_null());
	v = jv_object_set(v, jv_string("fileLimit"), jv_number(BATCH));
	v = jv_object_set(v, jv_string("fileNames"), names);
	wandb_start(uploads->wandb, &uploads->ask, "RunFiles", files_query, v,
	    true, uploads->deadline);
	uploads->asked = at;
	return at;
}

void
uploads_ask(struct uploads *uploads, const struct bucket *bucket)
{
	if (uploads->count > 0 && uploads->asked == 0)
		ask_from(uploads, bucket, 0);
}

static void
compare_all(struct uploads *uploads, jv data, enum uploads_mode mode)
{
	jv project = record_get(data, "project");
	jv run = record_get(project, "run");
	jv files = record_get(run, "files");
	jv edges = record_get(files, "edges");

	if (jv_get_kind(edges) == JV_KIND_ARRAY) {
		jv_array_foreach(edges, i, edge)
		{
			jv node = record_get(edge, "node");

			compare(uploads, node, mode);
			jv_free(node);
			jv_free(edge);
		}
	}
	jv_free(edges);
	jv_free(files);
	jv_free(run);
	jv_free(project);
}

jv
uploads_compare(struct uploads *uploads, const struct bucket *bucket,
    enum uploads_mode mode)
{
	size_t at;
	jv data;

	for (at = uploads->asked; at < uploads->count || uploads->asked > 0;) {
		if (uploads->asked == 0)
			at = ask_from(uploads, bucket, at);
		data = wandb_take(&uploads->ask, NULL);
		uploads->asked = 0;
		if (!jv_is_valid(data))
			return data;
		compare_all(uploads, data, mode);
		jv_free(data);
	}
	return jv_null();
}

long
uploads_lacking(const struct uploads *uploads)
{
	long lacking = 0;

	for (size_t i = 0; i < uploads->count; i++)
		lacking += uploads->items[i].state == NEW ||
		    uploads->items[i].state == LACKING;
	return lacking;
}

/* Adds a name to a list of which ten are told. */
static void
tell(struct buf *names, long count, const char *name)
{
	if (count < 10)
		buf_addf(names, "%s%s", count > 0 ? ", " : "", name);
	else if (count == 10)
		buf_adds(names, ", ...");
}

jv
uploads_lacks(const struct uploads *uploads)
{
	struct buf names = { 0 };
	long lacking = 0;
	jv why;

	for (size_t i = 0; i < uploads->count; i++)
		if (uploads->items[i].state == NEW ||
		    uploads->items[i].state == LACKING)
			tell(&names, lacking++, uploads->items[i].name);
	why = error_value("conflict",
	    "the server lacks %ld file%s, or has others of that name (%s)",
	    lacking, lacking == 1 ? "" : "s", names.len > 0 ? names.at : "");
	buf_release(&names);
	return why;
}

/* ---- sending ---- */

static void
put_done(const struct put *put, jv error, const char *etag)
{
	struct item *item = put->context;

	(void)etag;
	if (digest_finish(&item->task, item->md5))
		item->measured = true;
	if (jv_is_valid(error)) {
		item->state = THERE;
		item->sent = true;
	} else {
		fail(item, jv_copy(error));
	}
}

/* Begins to send item to url. */
static void
send_item(struct uploads *uploads, struct puts *puts, struct item *item,
    const char *url, jv headers)
{
	bool on_disk = item->path != NULL;
	struct put put = { .url = url,
		.headers = headers,
		.name = item->name,
		.fd = on_disk ? open_path(uploads, item) : item->fd,
		.close = on_disk,
		.done = put_done,
		.context = item };

	item->put = true;
	if (on_disk && put.fd < 0)
		return;
	if (on_disk && item->size >= LARGE && !item->measured) {
		digest_start(&item->task, put.fd, item->size);
	} else if (!measure(item, put.fd)) {
		if (on_disk)
			close(put.fd);
		return;
	}
	put.size = item->size;
	if (put.fd < 0)
		put.bytes = item->text.len > 0 ? item->text.at : "";
	puts_start(puts, &put);
}

/* Sends the files that the answer has addresses for. */
static void
send_files(struct uploads *uploads, jv created)
{
	struct puts *puts = puts_new(uploads->wandb, uploads->deadline);
	jv files = record_get(created, "files");
	jv headers = record_get(created, "uploadHeaders");

	if (jv_get_kind(files) == JV_KIND_ARRAY) {
		jv_array_foreach(files, i, file)
		{
			const char *name = record_str(file, "name");
			const char *url = record_str(file, "uploadUrl");
			struct item *item = name != NULL
			    ? find(uploads, jv_string(name))
			    : NULL;

			if (item != NULL && url != NULL &&
			    item->state == LACKING)
				send_item(uploads, puts, item, url, headers);
			jv_free(file);
		}
	}
	puts_free(puts);
	jv_free(headers);
	jv_free(files);
}

/* Whether item is to be sent; notices that a file is not there. */
static bool
wanted(struct uploads *uploads, struct item *item)
{
	int fd;

	if (item->state == THERE || item->state == FAILED)
		return false;
	if (item->path != NULL) {
		fd = open_path(uploads, item);
		if (fd < 0)
			return false;
		close(fd);
	}
	item->state = LACKING;
	return true;
}

/* Asks for addresses, unless somebody else did. */
static jv
create_files(struct uploads *uploads, const struct bucket *bucket, jv names)
{
	jv v = jv_object(), data, created = uploads->created;

	uploads->created = jv_null();
	if (jv_get_kind(created) == JV_KIND_OBJECT) {
		jv_free(names);
		jv_free(v);
		return created;
	}
	jv_free(created);
	v = jv_object_set(v, jv_string("entity"), jv_string(bucket->entity));
	v = jv_object_set(v, jv_string("project"), jv_string(bucket->project));
	v = jv_object_set(v, jv_string("run"), jv_string(bucket->run_id));
	v = jv_object_set(v, jv_string("files"), names);
	data = wandb_ask(uploads->wandb, "CreateRunFiles", create_query, v,
	    true, uploads->deadline);
	if (!jv_is_valid(data))
		return data;
	created = record_get(data, "createRunFiles");
	jv_free(data);
	return created;
}

/* Sends files to their addresses; what is left over has failed. */
static void
send_batch(struct uploads *uploads, const struct bucket *bucket, jv names)
{
	jv created = create_files(uploads, bucket, jv_copy(names));

	if (jv_is_valid(created))
		send_files(uploads, created);
	jv_array_foreach(names, i, name)
	{
		struct item *item = find(uploads, name);

		if (item->state == LACKING)
			fail(item,
			    jv_is_valid(created)
				? error_value(
				      "rejected", "the server gave no address")
				: jv_copy(created));
	}
	jv_free(names);
	jv_free(created);
}

jv
uploads_wanted(struct uploads *uploads)
{
	jv names = jv_array();
	int count = 0;

	for (size_t i = 0; i < uploads->count; i++) {
		if (!wanted(uploads, &uploads->items[i]))
			continue;
		names =
		    jv_array_append(names, jv_string(uploads->items[i].name));
		count++;
	}
	if (count > 0 && count <= BATCH)
		return names;
	jv_free(names);
	return jv_null();
}

void
uploads_addresses(struct uploads *uploads, jv created)
{
	jv_free(uploads->created);
	uploads->created = created;
}

static void
send_round(struct uploads *uploads, const struct bucket *bucket)
{
	jv names = jv_array();

	for (size_t i = 0; i < uploads->count; i++) {
		if (wanted(uploads, &uploads->items[i]))
			names = jv_array_append(
			    names, jv_string(uploads->items[i].name));
		if (jv_array_length(jv_copy(names)) == BATCH) {
			send_batch(uploads, bucket, names);
			names = jv_array();
		}
	}
	if (jv_array_length(jv_copy(names)) > 0)
		send_batch(uploads, bucket, names);
	else
		jv_free(names);
}

/* Whether an address that was refused may just have expired. */
static bool
may_have_expired(const struct item *item)
{
	return item->state == FAILED && item->put && !item->again &&
	    puts_may_have_expired(item->why);
}

void
uploads_send(struct uploads *uploads, const struct bucket *bucket)
{
	bool again = false;

	send_round(uploads, bucket);
	for (size_t i = 0; i < uploads->count; i++) {
		struct item *item = &uploads->items[i];

		if (may_have_expired(item)) {
			item->again = again = true;
			item->state = LACKING;
		}
	}
	if (again)
		send_round(uploads, bucket);
}

jv
uploads_sent(const struct uploads *uploads)
{
	jv names = jv_array();

	for (size_t i = 0; i < uploads->count; i++)
		if (uploads->items[i].sent)
			names = jv_array_append(
			    names, jv_string(uploads->items[i].name));
	return names;
}

long
uploads_count(const struct uploads *uploads, long long *bytes)
{
	long count = 0;

	*bytes = 0;
	for (size_t i = 0; i < uploads->count; i++) {
		const struct item *item = &uploads->items[i];

		if (item->state == FAILED)
			continue;
		count++;
		*bytes += item->path == NULL && item->fd < 0
		    ? (long long)item->text.len
		    : (long long)item->size;
	}
	return count;
}

jv
uploads_verdict(const struct uploads *uploads)
{
	struct buf names = { 0 };
	const struct item *first = NULL;
	long failed = 0;
	jv why;

	for (size_t i = 0; i < uploads->count; i++) {
		const struct item *item = &uploads->items[i];

		if (item->state != FAILED)
			continue;
		if (first == NULL)
			first = item;
		tell(&names, failed++, item->name);
	}
	if (first == NULL)
		return jv_null();
	why = error_value(error_code(first->why),
	    "%ld file%s not uploaded (%s): %s", failed,
	    failed > 1 ? "s were" : " was", names.at,
	    error_message(first->why));
	buf_release(&names);
	return why;
}
