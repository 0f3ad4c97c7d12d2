/* SPDX-License-Identifier: MIT */
/*
 * manifest - a folder that holds one kernel's output, and what is known of it
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nettle/sha2.h>

#include "file.h"
#include "kaggle/manifest.h"
#include "mem.h"
#include "record.h"
#include "safepath.h"

#define FILE_NAME MANIFEST_OURS "output.json"
#define NEW_NAME MANIFEST_OURS "output.new"

enum { KEY = 16 };

/* A name: by its digest, as it may be long, and there may be many. */
struct slot {
	unsigned char key[KEY];
	off_t at;     /* where its line is; the head is at 0, so 0 is none */
	uint32_t len; /* of the line */
	bool used;
	bool seen;
	bool whole;
	bool had;
};

struct manifest {
	char *path;
	char *kernel;
	int folder;
	int file; /* opened for appending; -1: there is none */
	off_t size;
	bool torn;         /* the last line has no end */
	bool made;         /* the folder is new */
	struct slot *slot; /* open addressing, by the key's first bytes */
	size_t room;       /* a power of two */
	size_t used;
};

static jv
io_error(const struct manifest *manifest, const char *what)
{
	return error_value(
	    "io", "%s/%s: %s", manifest->path, what, strerror(errno));
}

static void
key_of(const char *name, unsigned char key[KEY])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, strlen(name), (const uint8_t *)name);
	sha256_digest(&ctx, KEY, key);
}

void
manifest_part(const char *name, char part[MANIFEST_PART])
{
	unsigned char key[KEY];
	uint64_t head = 0;
	int i;

	key_of(name, key);
	for (i = 0; i < 8; i++)
		head = head << 8 | key[i];
	(void)snprintf(part, MANIFEST_PART, MANIFEST_OURS "%016llx.part",
	    (unsigned long long)head); /* fits: 4 + 16 + 5 */
}

/* The slot of key, or the free one where it belongs. */
static struct slot *
probe(const struct manifest *manifest, const unsigned char key[KEY])
{
	size_t at;

	memcpy(&at, key, sizeof(at));
	for (;; at++) {
		struct slot *slot = &manifest->slot[at & (manifest->room - 1)];

		if (!slot->used || memcmp(slot->key, key, KEY) == 0)
			return slot;
	}
}

static struct slot *
slot_of(struct manifest *manifest, const char *name)
{
	unsigned char key[KEY];

	key_of(name, key);
	return probe(manifest, key);
}

/* The same, and the slot is used from now on. */
static struct slot *
take_slot(struct manifest *manifest, const char *name)
{
	struct slot *slot;

	if (manifest->used * 2 >= manifest->room) {
		struct slot *old = manifest->slot;
		size_t i, room = manifest->room;

		manifest->room = room ? room * 2 : 1024;
		manifest->slot = xcalloc(manifest->room, sizeof(*old));
		for (i = 0; i < room; i++) {
			if (old[i].used)
				*probe(manifest, old[i].key) = old[i];
		}
		free(old);
	}
	slot = slot_of(manifest, name);
	if (!slot->used) {
		key_of(name, slot->key);
		slot->used = true;
		manifest->used++;
	}
	return slot;
}

/* Notes a line that was read; one that makes no sense is as good as none. */
static void
note_line(struct manifest *manifest, const char *line, size_t len, off_t at)
{
	jv said = jv_parse_sized(line, (int)len);
	const char *name = record_str(said, "name");

	if (name != NULL) {
		struct slot *slot = take_slot(manifest, name);

		slot->at = at;
		slot->len = (uint32_t)len;
		slot->whole = record_str(said, "sha256") != NULL &&
		    !record_true(said, "part");
	}
	jv_free(said);
}

/* Compares the first line, which says whose output this is. */
static jv
check_head(const struct manifest *manifest, const char *line, size_t len)
{
	jv said = jv_parse_sized(line, (int)len);
	const char *kernel = record_str(said, "kernel");
	jv why = jv_null();

	if (kernel == NULL)
		why = error_value("damaged",
		    "%s/" FILE_NAME " is not what "
		    "kgl-output wrote; remove it to fetch all again",
		    manifest->path);
	else if (strcasecmp(kernel, manifest->kernel) != 0)
		why = error_value("conflict", "%s holds the output of %s",
		    manifest->path, kernel);
	jv_free(said);
	return why;
}

static jv
read_lines(struct manifest *manifest, FILE *in)
{
	jv why = jv_null();
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while (jv_is_valid(why) && (len = getline(&line, &room, in)) > 0) {
		if (manifest->size == 0)
			why = check_head(manifest, line, (size_t)len);
		else if (len < INT32_MAX)
			note_line(manifest, line, (size_t)len, manifest->size);
		manifest->size += len;
		manifest->torn = line[len - 1] != '\n';
	}
	free(line);
	if (jv_is_valid(why) && ferror(in))
		why = io_error(manifest, FILE_NAME);
	return why;
}

static jv
write_all(const struct manifest *manifest, int fd, const char *name,
    const struct buf *text)
{
	size_t at = 0;

	while (at < text->len) {
		ssize_t n = write(fd, text->at + at, text->len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return io_error(manifest, name);
		at += (size_t)n;
	}
	return jv_null();
}

static void
add_head(struct buf *text, const char *kernel)
{
	jv head = record_set_str(jv_object(), "kernel", kernel);

	head = jv_dump_string(head, 0);
	buf_adds(text, jv_string_value(head));
	buf_addc(text, '\n');
	jv_free(head);
}

/* Opens and reads the file, if there is one. */
static jv
open_file(struct manifest *manifest)
{
	int copy;
	FILE *in;
	jv why;

	manifest->file = openat(manifest->folder, FILE_NAME,
	    O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (manifest->file < 0 && errno == ENOENT)
		return jv_null();
	copy = fcntl(manifest->file, F_DUPFD_CLOEXEC, 0);
	in = copy < 0 ? NULL : fdopen(copy, "r");
	if (in == NULL)
		return io_error(manifest, FILE_NAME);
	why = read_lines(manifest, in);
	(void)fclose(in); /* was only read */
	return why;
}

jv
manifest_open(struct manifest **opened, const char *path, const char *kernel)
{
	struct manifest *manifest = xcalloc(1, sizeof(*manifest));
	jv why;

	*opened = NULL;
	manifest->file = -1;
	manifest->path = xstrdup(path);
	manifest->kernel = xstrdup(kernel);
	manifest->made = file_make_folders(path);
	manifest->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (manifest->folder < 0)
		why = error_value("io", "%s: %s", path, strerror(errno));
	else if (flock(manifest->folder, LOCK_EX | LOCK_NB) == 0)
		why = open_file(manifest);
	else if (errno == EWOULDBLOCK)
		why = error_temporary(error_value(
		    "conflict", "another kgl-output is at work in %s", path));
	else
		why = error_value("io", "%s: %s", path, strerror(errno));

	if (jv_is_valid(why))
		*opened = manifest;
	else
		manifest_close(manifest);
	return why;
}

void
manifest_close(struct manifest *manifest)
{
	if (manifest == NULL)
		return;
	if (manifest->file >= 0)
		close(manifest->file);
	else if (manifest->made)
		(void)rmdir(manifest->path); /* only if it is empty */
	if (manifest->folder >= 0)
		close(manifest->folder);
	free(manifest->slot);
	free(manifest->kernel);
	free(manifest->path);
	free(manifest);
}

int
manifest_folder(const struct manifest *manifest)
{
	return manifest->folder;
}

const char *
manifest_path(const struct manifest *manifest)
{
	return manifest->path;
}

void
manifest_entry_release(struct manifest_entry *entry)
{
	free(entry->sha256);
	free(entry->etag);
	free(entry->last_modified);
	*entry = (struct manifest_entry){ .bytes = -1 };
}

/* The line of slot as it was read; an invalid jv if it cannot be. */
static jv
line_of(const struct manifest *manifest, const struct slot *slot)
{
	char *text = xcalloc(slot->len + 1, 1);
	ssize_t n = pread(manifest->file, text, slot->len, slot->at);
	jv line = n == (ssize_t)slot->len ? jv_parse_sized(text, (int)n)
					  : jv_invalid();

	free(text);
	return line;
}

static char *
copy_of(jv line, const char *field)
{
	const char *text = record_str(line, field);

	return text ? xstrdup(text) : NULL;
}

bool
manifest_find(
    struct manifest *manifest, const char *name, struct manifest_entry *entry)
{
	const struct slot *slot =
	    manifest->used ? slot_of(manifest, name) : NULL;
	jv line;

	*entry = (struct manifest_entry){ .bytes = -1 };
	if (slot == NULL || slot->at == 0)
		return false;
	line = line_of(manifest, slot);
	if (!jv_is_valid(line)) {
		jv_free(line);
		return false;
	}
	entry->whole = slot->whole;
	entry->version = record_int(line, "version", 0);
	entry->bytes = record_int(line, "bytes", -1);
	entry->sha256 = copy_of(line, "sha256");
	entry->etag = copy_of(line, "etag");
	entry->last_modified = copy_of(line, "last_modified");
	jv_free(line);
	return true;
}

static jv
create_file(struct manifest *manifest)
{
	manifest->file = openat(manifest->folder, FILE_NAME,
	    O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	return manifest->file < 0 ? io_error(manifest, FILE_NAME) : jv_null();
}

jv
manifest_put(struct manifest *manifest, const char *name,
    const struct manifest_entry *entry)
{
	jv line = record_set_str(jv_object(), "name", name);
	struct buf text = { 0 };
	struct slot *slot;
	size_t before;
	jv why = jv_null();

	if (entry->version > 0)
		line =
		    record_set_number(line, "version", (double)entry->version);
	if (entry->bytes >= 0)
		line = record_set_number(line, "bytes", (double)entry->bytes);
	if (entry->whole)
		line = record_set_str(line, "sha256", entry->sha256);
	else
		line = record_set_bool(line, "part", true);
	line = record_set_str(line, "etag", entry->etag);
	line = record_set_str(line, "last_modified", entry->last_modified);
	line = jv_dump_string(line, 0);
	if (manifest->file < 0)
		why = create_file(manifest);
	if (manifest->size == 0)
		add_head(&text, manifest->kernel);
	else if (manifest->torn)
		buf_addc(&text, '\n');
	before = text.len;
	buf_adds(&text, jv_string_value(line));
	buf_addc(&text, '\n');
	jv_free(line);

	if (jv_is_valid(why))
		why = write_all(manifest, manifest->file, FILE_NAME, &text);
	/* After a failure nobody knows what came to be there. */
	manifest->torn = !jv_is_valid(why);
	if (jv_is_valid(why)) {
		manifest->size = lseek(manifest->file, 0, SEEK_CUR);
		slot = take_slot(manifest, name);
		slot->len = (uint32_t)(text.len - before);
		slot->at = manifest->size - slot->len;
		slot->whole = entry->whole;
		slot->had = slot->had && entry->whole;
	}
	buf_release(&text);
	return why;
}

bool
manifest_see(struct manifest *manifest, const char *name)
{
	struct slot *slot = take_slot(manifest, name);
	bool first = !slot->seen;

	slot->seen = true;
	return first;
}

/* The slot of name, or one that says nothing. */
static const struct slot *
known_slot(const struct manifest *manifest, const char *name)
{
	static const struct slot none;
	unsigned char key[KEY];

	if (manifest->used == 0)
		return &none;
	key_of(name, key);
	return probe(manifest, key);
}

bool
manifest_lists(struct manifest *manifest, const char *name)
{
	return known_slot(manifest, name)->seen;
}

void
manifest_have(struct manifest *manifest, const char *name)
{
	take_slot(manifest, name)->had = true;
}

bool
manifest_is_had(struct manifest *manifest, const char *name)
{
	return known_slot(manifest, name)->had;
}

bool
manifest_has(struct manifest *manifest, const char *name)
{
	const struct slot *slot = known_slot(manifest, name);

	return slot->seen || slot->whole;
}

/* Whether the file is there, a regular one. */
static bool
is_there(const struct manifest *manifest, const char *name)
{
	const char *base;
	int fd = safepath_refuse(name, strlen(name))
	    ? -1
	    : safepath_parent(manifest->folder, name, false, &base);
	struct stat st;
	bool there;

	if (fd < 0)
		return false;
	there = fstatat(fd, base, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode);
	close(fd);
	return there;
}

/* Whether line is worth keeping; borrows it. What is not seen is tidied. */
static bool
keep(const struct manifest *manifest, const struct slot *slot, jv line,
    long long *stale)
{
	const char *name = record_str(line, "name");
	char part[MANIFEST_PART];

	if (name == NULL)
		return false;
	if (slot->seen)
		return true;
	if (slot->whole && is_there(manifest, name)) {
		++*stale;
		return true;
	}
	if (!slot->whole) {
		manifest_part(name, part);
		/* There may be none. */
		(void)unlinkat(manifest->folder, part, 0);
	}
	return false;
}

/* Writes the lines that are kept to fd and counts the stale ones. */
static jv
copy_lines(struct manifest *manifest, int fd, long long *stale)
{
	struct buf text = { 0 };
	jv why = jv_null();
	size_t i;

	add_head(&text, manifest->kernel);
	for (i = 0; i < manifest->room && jv_is_valid(why); i++) {
		const struct slot *slot = &manifest->slot[i];
		jv line;

		if (!slot->used || slot->at == 0)
			continue;
		line = line_of(manifest, slot);
		if (jv_is_valid(line) && keep(manifest, slot, line, stale)) {
			jv dump = jv_dump_string(jv_copy(line), 0);

			buf_adds(&text, jv_string_value(dump));
			buf_addc(&text, '\n');
			jv_free(dump);
		}
		jv_free(line);
		if (text.len > 64 * 1024) {
			why = write_all(manifest, fd, NEW_NAME, &text);
			buf_clear(&text);
		}
	}
	if (jv_is_valid(why))
		why = write_all(manifest, fd, NEW_NAME, &text);
	buf_release(&text);
	return why;
}

jv
manifest_settle(struct manifest *manifest, long long *stale)
{
	int fd;
	jv why;

	*stale = 0;
	fd = openat(manifest->folder, NEW_NAME,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return io_error(manifest, NEW_NAME);
	why = copy_lines(manifest, fd, stale);
	if (jv_is_valid(why) && fsync(fd) != 0)
		why = io_error(manifest, NEW_NAME);
	if (close(fd) != 0 && jv_is_valid(why))
		why = io_error(manifest, NEW_NAME);
	if (jv_is_valid(why) &&
	    renameat(manifest->folder, NEW_NAME, manifest->folder, FILE_NAME) !=
		0)
		why = io_error(manifest, FILE_NAME);
	if (!jv_is_valid(why))
		(void)unlinkat(manifest->folder, NEW_NAME, 0);
	return why;
}
