/* SPDX-License-Identifier: MIT */
/*
 * safepath - names that a server chose, kept inside a folder
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "safepath.h"

const char *
safepath_refuse(const char *name, size_t len)
{
	size_t at, end;

	if (len == 0)
		return "it is empty";
	if (memchr(name, '\0', len) != NULL)
		return "it holds a NUL";
	if (name[0] == '/')
		return "it is absolute";
	if (len >= PATH_MAX) /* later tools could not open it by its name */
		return "it is too long";
	for (at = 0; at <= len; at = end + 1) {
		struct span part = { name + at, 0 };

		for (end = at; end < len && name[end] != '/'; end++)
			part.len++;
		if (part.len == 0)
			return "a part of it is empty";
		if (span_is(part, ".") || span_is(part, ".."))
			return "a part of it is . or ..";
	}
	return NULL;
}

/* Opens one folder below at, without following a link. */
static int
open_part(int at, const char *part, bool make)
{
	struct stat st;
	int fd;

	if (make && mkdirat(at, part, 0777) != 0 && errno != EEXIST)
		return -1;
	fd = openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOTDIR) {
		/* Linux calls a link so, too: say which it is. */
		bool link = fstatat(at, part, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISLNK(st.st_mode);
		errno = link ? ELOOP : ENOTDIR;
	}
	return fd;
}

int
safepath_parent(int folder, const char *name, bool make, const char **base)
{
	int fd = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	const char *slash;

	for (; fd >= 0 && (slash = strchr(name, '/')) != NULL;
	     name = slash + 1) {
		char *part = xstrndup(name, (size_t)(slash - name));
		int next = open_part(fd, part, make);
		int why = errno;

		free(part);
		close(fd);
		fd = next;
		errno = why;
	}
	*base = name;
	return fd;
}
