/* SPDX-License-Identifier: MIT */
/*
 * staged - files of artifacts, looked for where they may be now
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "record.h"
#include "wandb/rundir.h"
#include "wandb/staged.h"

#define KAGGLE_WORKING "/kaggle/working"

/* The folder in which the client found or made wandb/; NULL if not known. */
static char *
root_here(const char *path)
{
	char *whole = realpath(path, NULL), *folder, *wandb, *root = NULL;
	const char *name;

	if (whole == NULL)
		return NULL;
	folder = rundir_of(whole);
	wandb = rundir_of(folder);
	name = strrchr(wandb, '/');
	if (name != NULL &&
	    (!strcmp(name, "/wandb") || !strcmp(name, "/.wandb")))
		root = rundir_of(wandb);
	free(whole);
	free(folder);
	free(wandb);
	return root;
}

/* Cuts what the ends of two paths have in common, but for the first part. */
static void
cut_common(char *a, char *b)
{
	for (;;) {
		char *x = strrchr(a, '/'), *y = strrchr(b, '/');

		if (x == NULL || y == NULL || x == a || y == b ||
		    strcmp(x, y) != 0)
			return;
		*x = *y = '\0';
	}
}

void
staged_init(struct staged *staged, jv maps, const char *output_dir,
    const char *path, struct span root)
{
	*staged = (struct staged){ .maps = maps };
	if (output_dir != NULL)
		staged->output_dir = xstrdup(output_dir);
	staged->here = root_here(path);
	if (root.len > 0 && root.at[0] == '/') {
		staged->root = xstrndup(root.at, root.len);
		for (size_t n = strlen(staged->root);
		     n > 1 && staged->root[n - 1] == '/'; n--)
			staged->root[n - 1] = '\0';
	} else if (staged->here != NULL) {
		staged->root = xstrdup(staged->here);
	}
	if (staged->root == NULL || staged->here == NULL)
		return;
	staged->there = xstrdup(staged->root);
	cut_common(staged->there, staged->here);
}

void
staged_release(struct staged *staged)
{
	free(staged->output_dir);
	free(staged->root);
	free(staged->there);
	free(staged->here);
}

/* path with the folder old at its beginning replaced; NULL if it is not. */
static char *
moved(const char *path, const char *old, const char *new)
{
	size_t len = old != NULL ? strlen(old) : 0;

	while (len > 0 && old[len - 1] == '/')
		len--;
	if (old == NULL || new == NULL || strncmp(path, old, len) != 0 ||
	    (path[len] != '/' && path[len] != '\0'))
		return NULL;
	return xasprintf("%s%s", new, path + len);
}

/* By the --map whose OLD is the longest. */
static char *
mapped(const struct staged *staged, const char *path)
{
	int count = jv_array_length(jv_copy(staged->maps));
	size_t longest = 0;
	char *found = NULL;

	for (int i = 0; i < count; i++) {
		jv map = jv_array_get(jv_copy(staged->maps), i);
		jv old = jv_array_get(jv_copy(map), 0);
		jv new = jv_array_get(map, 1);
		char *its =
		    moved(path, jv_string_value(old), jv_string_value(new));

		if (its != NULL && strlen(jv_string_value(old)) >= longest) {
			longest = strlen(jv_string_value(old));
			free(found);
			found = its;
		} else {
			free(its);
		}
		jv_free(old);
		jv_free(new);
	}
	return found;
}

/* The i-th place to look at; NULL if there is nothing to it. */
static char *
place(const struct staged *staged, const char *path, int i)
{
	switch (i) {
	case 0:
		return mapped(staged, path);
	case 1:
		return xstrdup(path);
	case 2:
		return moved(path, KAGGLE_WORKING, staged->output_dir);
	default:
		return moved(path, staged->there, staged->here);
	}
}

/* What is worth telling: a file that is not right, before none. */
static void
tell(jv *why, jv what)
{
	if (jv_is_valid(*why) || strcmp(error_code(*why), "not_found") == 0) {
		jv_free(*why);
		*why = what;
	} else {
		jv_free(what);
	}
}

static int
open_one(const char *path, int64_t size, jv *why)
{
	/* A FIFO must not make us wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		tell(why,
		    error_value(errno == ENOENT || errno == ENOTDIR
			    ? "not_found"
			    : "io",
			"%s: %s", path, strerror(errno)));
	} else if (!S_ISREG(st.st_mode)) {
		tell(why, error_value("io", "%s: no regular file", path));
	} else if (size >= 0 && st.st_size != size) {
		tell(why,
		    error_value("conflict",
			"%s is not what was logged: it has %lld bytes, not "
			"%lld",
			path, (long long)st.st_size, (long long)size));
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

int
staged_open(
    const struct staged *staged, struct span recorded, int64_t size, jv *why)
{
	char *text = xstrndup(recorded.at, recorded.len);
	char *path = file_join(staged->root != NULL ? staged->root : "", text);
	int fd = -1;

	*why = jv_null();
	for (int i = 0; i < 4 && fd < 0; i++) {
		char *candidate = place(staged, path, i);

		if (candidate != NULL)
			fd = open_one(candidate, size, why);
		free(candidate);
	}
	if (fd >= 0) {
		jv_free(*why);
		*why = jv_null();
	} else if (strcmp(error_code(*why), "not_found") == 0) {
		jv_free(*why);
		*why =
		    error_value("not_found", "%s: %s", path, strerror(ENOENT));
	}
	free(path);
	free(text);
	return fd;
}
