/* SPDX-License-Identifier: MIT */
/*
 * bucketdir - a bucket's folder on the disk of MinIO
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "minio/bucketdir.h"
#include "safepath.h"

char *
bucketdir_name(const char *path)
{
	size_t end = strlen(path), start;

	while (end > 0 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/';)
		start--;
	if (safepath_refuse(path + start, end - start) != NULL)
		return NULL;
	return xstrndup(path + start, end - start);
}

/* Whether errno says that there is no such thing. */
static int
absent(void)
{
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ||
		errno == ENAMETOOLONG
	    ? 0
	    : -1;
}

/* What there is below folder, without following a link. */
static int
look(int folder, const char *name, struct stat *st)
{
	return fstatat(folder, name, st, AT_SYMLINK_NOFOLLOW) == 0 ? 1
								   : absent();
}

int
bucketdir_has(int folder, struct span key)
{
	char *name = xstrndup(key.at, key.len);
	const char *base;
	struct stat st;
	int parent = safepath_parent(folder, name, false, &base);
	int has = parent < 0 ? absent() : look(parent, base, &st);
	char *meta;

	if (has == 1 && S_ISDIR(st.st_mode)) {
		meta = xasprintf("%s/xl.meta", base);
		has = look(parent, meta, &st);
		free(meta);
	}
	if (has == 1 && !S_ISREG(st.st_mode))
		has = 0;
	free(name);
	if (parent >= 0)
		close(parent);
	return has;
}
