/* SPDX-License-Identifier: MIT */
/*
 * rundir - the folders of runs and the names in them
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "wandb/rundir.h"

static enum rundir_kind
kind_of_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	if (strncmp(name, "offline-run-", 12) == 0)
		return RUNDIR_OFFLINE;
	return strncmp(name, "run-", 4) == 0 ? RUNDIR_ONLINE : RUNDIR_OTHER;
}

enum rundir_kind
rundir_kind(const char *path)
{
	char *real = realpath(path, NULL);
	enum rundir_kind kind = kind_of_name(real != NULL ? real : path);

	free(real);
	return kind;
}

bool
rundir_is_file(const char *name)
{
	size_t len = strlen(name);

	return len > 6 && strcmp(name + len - 6, ".wandb") == 0;
}

char *
rundir_of(const char *file)
{
	const char *slash = strrchr(file, '/');

	if (slash == NULL)
		return xstrdup(".");
	return xstrndup(file, slash == file ? 1 : (size_t)(slash - file));
}

char *
rundir_around(const char *folder)
{
	char *path = realpath(folder, NULL);

	while (path != NULL && kind_of_name(path) == RUNDIR_OTHER) {
		char *slash = strrchr(path, '/');

		if (slash == path) {
			free(path);
			return NULL;
		}
		*slash = '\0';
	}
	return path;
}
