/* SPDX-License-Identifier: MIT */
/*
 * walk - the files below a folder, each once, at any depth
 *
 * No recursion, and one folder open at a time: neither stack nor descriptors
 * limit the depth.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "mem.h"
#include "record.h"
#include "walk.h"

struct list {
	char **at;
	size_t count;
	size_t room;
};

struct id {
	dev_t device;
	ino_t inode; /* 0: a free place */
};

struct walk {
	const struct walker *walker;
	struct list folders; /* to be read, the next one last */
	struct list links;   /* to be followed, the next one first */
	struct id *seen;     /* by hash */
	size_t seen_count;
	size_t seen_room; /* a power of 2 */
};

static void
list_add(struct list *list, char *text)
{
	if (list->count == list->room) {
		list->room = list->room == 0 ? 16 : 2 * list->room;
		list->at =
		    xreallocarray(list->at, list->room, sizeof(*list->at));
	}
	list->at[list->count++] = text;
}

static void
list_release(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->at[i]);
	free(list->at);
	*list = (struct list){ 0 };
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
list_sort(struct list *list)
{
	if (list->count > 1)
		qsort(list->at, list->count, sizeof(*list->at), compare);
}

/* The place of id, which is free if it was not seen. */
static struct id *
place(const struct walk *walk, struct id id)
{
	uint64_t hash = ((uint64_t)id.inode ^ (uint64_t)id.device << 32) *
	    UINT64_C(0x9e3779b97f4a7c15);
	size_t at = (size_t)(hash >> 32);

	for (;; at++) {
		struct id *slot = &walk->seen[at & (walk->seen_room - 1)];

		if (slot->inode == 0 ||
		    (slot->inode == id.inode && slot->device == id.device))
			return slot;
	}
}

/* Whether this file or folder was there before; from now on it was. */
static bool
met(struct walk *walk, const struct stat *st)
{
	struct id id = { st->st_dev, st->st_ino }, *old = walk->seen, *slot;
	size_t room = walk->seen_room;

	if (2 * (walk->seen_count + 1) > room) {
		walk->seen_room = room == 0 ? 64 : 2 * room;
		walk->seen = xcalloc(walk->seen_room, sizeof(*walk->seen));
		for (size_t i = 0; i < room; i++)
			if (old[i].inode != 0)
				*place(walk, old[i]) = old[i];
		free(old);
	}
	slot = place(walk, id);
	if (slot->inode != 0)
		return true;
	*slot = id;
	walk->seen_count++;
	return false;
}

static jv
io_error(const char *path)
{
	bool missing = errno == ENOENT || errno == ENOTDIR;

	return error_value(
	    missing ? "not_found" : "io", "%s: %s", path, strerror(errno));
}

static void
trouble(struct walk *walk, const char *path)
{
	walk->walker->trouble(walk->walker->context, path, io_error(path));
}

/* A link: to be followed later if it leads to a folder or has the name. */
static void
note_link(struct walk *walk, char *path, const char *name)
{
	struct stat st;

	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode) ||
		    (S_ISREG(st.st_mode) && walk->walker->wants(name))) {
			list_add(&walk->links, path);
			return;
		}
	} else if (walk->walker->wants(name)) {
		trouble(walk, path);
	}
	free(path);
}

static mode_t
type_of(int fd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return DTTOIF(entry->d_type);
	if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return 0;
	return st.st_mode & S_IFMT;
}

/* Sorts what is in a folder into files, folders and links. */
static void
read_folder(struct walk *walk, DIR *dir, const char *path, struct list *files,
    struct list *folders)
{
	struct dirent *entry;

	while ((errno = 0, entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		switch (type_of(dirfd(dir), entry)) {
		case S_IFDIR:
			list_add(folders, file_join(path, name));
			break;
		case S_IFLNK:
			note_link(walk, file_join(path, name), name);
			break;
		case S_IFREG:
			if (walk->walker->wants(name))
				list_add(files, file_join(path, name));
			break;
		default:
			break;
		}
	}
	if (errno != 0)
		trouble(walk, path);
}

static void
take_file(struct walk *walk, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		trouble(walk, path);
	else if (!met(walk, &st))
		walk->walker->take(walk->walker->context, path);
}

static void
visit(struct walk *walk, const char *path)
{
	struct list files = { 0 }, folders = { 0 };
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct stat st;

	if (dir == NULL || fstat(fd, &st) != 0) {
		trouble(walk, path);
	} else if (!met(walk, &st)) {
		read_folder(walk, dir, path, &files, &folders);
	}
	if (dir != NULL)
		closedir(dir);
	else if (fd != -1)
		close(fd);
	list_sort(&files);
	for (size_t i = 0; i < files.count; i++)
		take_file(walk, files.at[i]);
	list_release(&files);
	list_sort(&folders);
	while (folders.count > 0)
		list_add(&walk->folders, folders.at[--folders.count]);
	list_release(&folders);
}

static void
visit_all(struct walk *walk, char *path)
{
	list_add(&walk->folders, path);
	while (walk->folders.count > 0) {
		path = walk->folders.at[--walk->folders.count];
		visit(walk, path);
		free(path);
	}
}

static void
follow(struct walk *walk, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		visit_all(walk, xstrdup(path));
	else
		take_file(walk, path);
}

jv
walk(const char *start, const struct walker *walker)
{
	struct walk walk = { .walker = walker };
	struct stat st;

	if (stat(start, &st) != 0)
		return io_error(start);
	if (!S_ISDIR(st.st_mode)) {
		walker->take(walker->context, start);
		return jv_null();
	}
	visit_all(&walk, xstrdup(start));
	for (size_t i = 0; i < walk.links.count; i++)
		follow(&walk, walk.links.at[i]);
	list_release(&walk.folders);
	list_release(&walk.links);
	free(walk.seen);
	return jv_null();
}
