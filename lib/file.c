/* SPDX-License-Identifier: MIT */
/*
 * file - whole files, read and replaced
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "record.h"

/* The error that errno stands for. */
static jv
io_error(const char *path)
{
	return error_value(errno == ENOENT ? "not_found" : "io", "%s: %s", path,
	    strerror(errno));
}

jv
file_read(const char *path, size_t most, struct buf *out)
{
	/* A pipe would be waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t before = out->len, room;
	struct stat st = { 0 };
	jv why = jv_null();
	ssize_t got;

	if (fd < 0)
		return io_error(path);
	if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode)) {
		close(fd);
		return error_value("io", "%s: Not a regular file", path);
	}
	/* Its size, if it has one, spares copies: one byte more finds the end.
	 */
	if (st.st_size > 0 && (size_t)st.st_size <= most)
		buf_reserve(out, (size_t)st.st_size + 1);
	for (;;) {
		buf_reserve(out, 4096);
		room = out->room - out->len - 1;
		got = read(fd, out->at + out->len, room);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		out->len += (size_t)got;
		if (out->len - before > most)
			break;
	}
	if (got < 0)
		why = io_error(path);
	else if (got > 0)
		why =
		    error_value("io", "%s: larger than %zu bytes", path, most);
	if (!jv_is_valid(why))
		out->len = before;
	out->at[out->len] = '\0';
	close(fd);
	return why;
}

static bool
write_all(int fd, const char *bytes, size_t len)
{
	ssize_t put;

	while (len > 0) {
		put = write(fd, bytes, len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		bytes += put;
		len -= (size_t)put;
	}
	return true;
}

/* The rights of the file that is replaced, else those of a new one. */
static mode_t
rights(const char *path)
{
	struct stat st;
	mode_t mask;

	if (stat(path, &st) == 0)
		return st.st_mode & 0777;
	mask = umask(0);
	umask(mask);
	return 0666 & ~mask;
}

jv
file_replace(const char *path, const void *bytes, size_t len)
{
	char *temporary = xasprintf("%s.XXXXXX", path);
	int fd = mkostemp(temporary, O_CLOEXEC);
	jv why = jv_null();
	bool good;

	if (fd < 0) {
		why = error_value("io", "%s: %s", path, strerror(errno));
		free(temporary);
		return why;
	}
	good = write_all(fd, bytes, len) && fchmod(fd, rights(path)) == 0 &&
	    fsync(fd) == 0;
	if (close(fd) != 0)
		good = false;
	if (!good || rename(temporary, path) != 0) {
		why = error_value("io", "%s: %s", path, strerror(errno));
		unlink(temporary);
	}
	free(temporary);
	return why;
}

char *
file_join(const char *folder, const char *name)
{
	size_t len = strlen(folder);

	if (*name == '/' || len == 0 || strcmp(folder, ".") == 0)
		return xstrdup(name);
	return xasprintf(
	    "%s%s%s", folder, folder[len - 1] == '/' ? "" : "/", name);
}

bool
file_make_folders(const char *path)
{
	char *copy = xstrdup(path);
	char *at = copy;
	bool made;

	/* What goes wrong shows when the folder is opened. */
	while ((at = strchr(at + 1, '/')) != NULL) {
		*at = '\0';
		(void)mkdir(copy, 0777);
		*at = '/';
	}
	made = mkdir(copy, 0777) == 0;
	free(copy);
	return made;
}
