/* SPDX-License-Identifier: MIT */
/*
 * artifactscan - a file or a folder here, measured to become an artifact
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "record.h"
#include "wandb/artifactitem.h"
#include "wandb/artifactscan.h"

struct scanned {
	size_t path, len; /* in paths */
	int64_t size;
	struct artifact_stamp stamp;
	char digest[CHECKSUM_TEXT];
};

/* A folder that is being read, and those it is in. */
struct level {
	const struct level *above;
	dev_t device;
	ino_t inode;
};

struct walk {
	struct artifact_scan *scan;
	const struct globs *include, *exclude;
};

/* Where what follows "://" begins; NULL if text is no reference. */
static const char *
reference(const char *text)
{
	const char *sign = strstr(text, "://");

	return sign != NULL && sign > text ? sign + 3 : NULL;
}

char *
artifact_without_secret(const char *text)
{
	const char *host = reference(text);
	size_t len = host != NULL ? strcspn(host, "/?#") : 0;
	const char *at = len > 0 ? memrchr(host, '@', len) : NULL;

	/* A storage may have a container in that place. */
	if (at == NULL ||
	    (strncasecmp(text, "http", 4) != 0 &&
		memchr(host, ':', (size_t)(at - host)) == NULL))
		return NULL;
	return xasprintf("%.*s%s", (int)(host - text), text, at + 1);
}

static jv
io_error(const char *path)
{
	return error_value(errno == ENOENT ? "not_found" : "io", "%s: %s", path,
	    strerror(errno));
}

static void
add_path(struct artifact_scan *scan, const char *path)
{
	size_t len = strlen(path);

	if (scan->count == scan->room) {
		scan->room = scan->room * 2 + 16;
		scan->files =
		    xreallocarray(scan->files, scan->room, sizeof *scan->files);
	}
	scan->files[scan->count++] =
	    (struct scanned){ .path = scan->paths.len, .len = len };
	buf_add(&scan->paths, path, len);
}

/* ---- the files of a folder ---- */

static jv scan_folder(
    struct walk *walk, const char *path, const struct level *above);

/* Adds a name of the list of folders that are read when this one was. */
static void
add_name(struct buf *names, const char *name)
{
	buf_add(names, name, strlen(name) + 1);
}

/* What an entry of a folder is, links followed. */
static jv
kind_of(const char *path, const struct dirent *entry, mode_t *mode)
{
	struct stat st;

	if (entry->d_type == DT_REG) {
		*mode = S_IFREG;
	} else if (entry->d_type == DT_DIR) {
		*mode = S_IFDIR;
	} else if (stat(path, &st) < 0) {
		return io_error(path);
	} else {
		*mode = st.st_mode & S_IFMT;
	}
	return jv_null();
}

static jv
take_entry(struct walk *walk, const char *folder, const struct dirent *entry,
    struct buf *folders)
{
	struct artifact_scan *scan = walk->scan;
	char *path = file_join(folder, entry->d_name);
	const char *name = path + strlen(scan->root);
	mode_t mode = 0;
	jv why = kind_of(path, entry, &mode);

	while (*name == '/')
		name++;
	if (jv_is_valid(why) && S_ISDIR(mode)) {
		add_name(folders, entry->d_name);
	} else if ((walk->include->count > 0 &&
		       !globs_match(walk->include, name)) ||
	    globs_match(walk->exclude, name)) {
		jv_free(why);
		why = jv_null();
	} else if (jv_is_valid(why) && !S_ISREG(mode)) {
		jv_free(why);
		why = error_value("io", "%s: neither file nor folder", path);
	} else if (jv_is_valid(why) && !json_is_utf8(span_of(name))) {
		jv_free(why);
		why = error_value("input", "%s: its name is not UTF-8", path);
	} else if (jv_is_valid(why)) {
		add_path(scan, name);
	}
	free(path);
	return why;
}

/* Adds the files in a folder, and the names of the folders in it. */
static jv
read_folder(
    struct walk *walk, const char *path, DIR *folder, struct buf *folders)
{
	const struct dirent *entry;
	jv why = jv_null();

	for (;;) {
		errno = 0;
		entry = readdir(folder);
		if (entry == NULL)
			return errno == 0 ? why : io_error(path);
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		why = take_entry(walk, path, entry, folders);
		if (!jv_is_valid(why))
			return why;
	}
}

static bool
is_in(const struct level *level, const struct stat *st)
{
	for (; level != NULL; level = level->above)
		if (level->device == st->st_dev && level->inode == st->st_ino)
			return true;
	return false;
}

static jv
scan_folder(struct walk *walk, const char *path, const struct level *above)
{
	struct level level = { .above = above };
	DIR *folder = opendir(path);
	struct buf folders = { 0 };
	struct stat st;
	jv why;

	if (folder == NULL)
		return io_error(path);
	if (fstat(dirfd(folder), &st) < 0)
		why = io_error(path);
	else if (is_in(above, &st))
		why = error_value(
		    "input", "%s: a link to a folder that it is in", path);
	else
		why = read_folder(walk, path, folder, &folders);
	closedir(folder);
	level.device = st.st_dev;
	level.inode = st.st_ino;
	for (size_t at = 0; jv_is_valid(why) && at < folders.len;
	     at += strlen(folders.at + at) + 1) {
		char *below = file_join(path, folders.at + at);

		why = scan_folder(walk, below, &level);
		free(below);
	}
	buf_release(&folders);
	return why;
}

/* ---- sorted, and measured ---- */

static const char *sorting; /* qsort(3) has no context: paths.at */

static int
by_path(const void *a, const void *b)
{
	const struct scanned *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = memcmp(sorting + x->path, sorting + y->path, len);

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

static const char *
local_of(struct artifact_scan *scan, const struct scanned *file)
{
	if (scan->root == NULL)
		return scan->one;
	buf_clear(&scan->local);
	buf_adds(&scan->local, scan->root);
	if (scan->local.at[scan->local.len - 1] != '/')
		buf_addc(&scan->local, '/');
	buf_add(&scan->local, scan->paths.at + file->path, file->len);
	return scan->local.at;
}

static jv
measure(const char *path, struct scanned *file)
{
	/* A FIFO that took the file's place must not make us wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	jv why = jv_null();

	if (fd < 0)
		return io_error(path);
	if (!artifact_stamp(fd, &file->stamp, &file->size))
		why = io_error(path);
	else if (!checksum_file(fd, file->size, file->digest, NULL))
		why = errno == EIO
		    ? error_value("conflict",
			  "%s changed while it was read, or cannot be read",
			  path)
		    : io_error(path);
	else if (!artifact_stamp_is(&file->stamp, file->size, fd))
		why = error_value(
		    "conflict", "%s changed while it was read", path);
	close(fd);
	return why;
}

static jv
measure_all(struct artifact_scan *scan)
{
	struct checksum_list list;
	jv why = jv_null();

	sorting = scan->paths.at;
	qsort(scan->files, scan->count, sizeof *scan->files, by_path);
	checksum_begin(&list, CHECKSUM_MD5);
	for (size_t i = 0; jv_is_valid(why) && i < scan->count; i++) {
		struct scanned *file = &scan->files[i];

		why = measure(local_of(scan, file), file);
		scan->bytes += file->size;
		checksum_entry(&list,
		    (struct span){ scan->paths.at + file->path, file->len },
		    span_of(file->digest));
	}
	checksum_end(&list, scan->digest);
	return why;
}

/* ---- one thing ---- */

static const char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

static jv
scan_reference(struct artifact_scan *scan, const char *uri)
{
	struct checksum_list list;
	char *path = xstrdup(uri);

	for (size_t len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
	scan->reference = true;
	scan->one = uri;
	add_path(scan, last_part(path));
	checksum_begin(&list, CHECKSUM_MD5);
	checksum_entry(&list, span_of(last_part(path)), span_of(uri));
	checksum_end(&list, scan->digest);
	free(path);
	return jv_null();
}

jv
artifact_scan(struct artifact_scan *scan, const char *path,
    const struct globs *include, const struct globs *exclude)
{
	struct walk walk = { scan, include, exclude };
	struct stat st;
	jv why;

	*scan = (struct artifact_scan){ 0 };
	if (stat(path, &st) < 0)
		return reference(path) != NULL ? scan_reference(scan, path)
					       : io_error(path);
	if (S_ISDIR(st.st_mode)) {
		scan->root = xstrdup(path);
		why = scan_folder(&walk, path, NULL);
	} else if (!S_ISREG(st.st_mode)) {
		return error_value("io", "%s: neither file nor folder", path);
	} else if (!json_is_utf8(span_of(last_part(path)))) {
		return error_value("input", "%s: its name is not UTF-8", path);
	} else {
		scan->one = path;
		add_path(scan, last_part(path));
		why = jv_null();
	}
	if (!jv_is_valid(why))
		return why;
	if (scan->count == 0)
		return error_value("input", "%s: there is no file in it", path);
	return measure_all(scan);
}

bool
artifact_scan_next(void *context, struct artifact_entry *entry)
{
	static const struct span none = { "", 0 };
	struct artifact_scan *scan = context;
	const struct scanned *file = &scan->files[scan->next];

	if (scan->next == scan->count)
		return false;
	scan->next++;
	*entry = (struct artifact_entry){
		.path = { scan->paths.at + file->path, file->len },
		.digest = span_of(scan->reference ? scan->one : file->digest),
		.ref = scan->reference ? span_of(scan->one) : none,
		.birth = none,
		.local = scan->reference ? none : span_of(local_of(scan, file)),
		.size = file->size,
		.extra = none,
		.stamp = scan->reference ? NULL : &file->stamp,
	};
	return true;
}

void
artifact_scan_release(struct artifact_scan *scan)
{
	free(scan->files);
	free(scan->root);
	buf_release(&scan->paths);
	buf_release(&scan->local);
}
