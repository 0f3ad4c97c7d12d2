/* SPDX-License-Identifier: MIT */
/*
 * writer - whether a program still writes a file
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "mem.h"
#include "wandb/writer.h"

/* Whether /proc/PID/fdinfo/FD says that it is open for writing. */
static bool
writes(const char *pid, const char *fd)
{
	char *path = xasprintf("/proc/%s/fdinfo/%s", pid, fd);
	FILE *info = fopen(path, "re");
	char line[128];
	unsigned long flags = 0;

	while (info != NULL && fgets(line, sizeof line, info) != NULL)
		if (strncmp(line, "flags:", 6) == 0)
			flags = strtoul(line + 6, NULL, 8);
	if (info != NULL)
		(void)fclose(info); /* it was read only */
	free(path);
	return (flags & O_ACCMODE) != O_RDONLY;
}

static bool
process_writes(const char *pid, const struct stat *file)
{
	char *path = xasprintf("/proc/%s/fd", pid);
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st;
	bool found = false;

	while (dir != NULL && !found && (entry = readdir(dir)) != NULL)
		found = entry->d_name[0] != '.' &&
		    fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 &&
		    st.st_dev == file->st_dev && st.st_ino == file->st_ino &&
		    writes(pid, entry->d_name);
	if (dir != NULL)
		closedir(dir);
	free(path);
	return found;
}

/* The long way: all descriptors of all processes that can be seen. */
static bool
search(int fd)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	struct stat st;
	bool found = false;

	if (proc != NULL && fstat(fd, &st) == 0)
		while (!found && (entry = readdir(proc)) != NULL)
			found = entry->d_name[0] >= '1' &&
			    entry->d_name[0] <= '9' &&
			    process_writes(entry->d_name, &st);
	if (proc != NULL)
		closedir(proc);
	return found;
}

bool
writer_is_alive(int fd)
{
	/*
	 * A read lease is refused while anyone has the file open for writing:
	 * one call instead of a search, where the file is ours. Should someone
	 * open it meanwhile, that is signalled by what is ignored by default.
	 */
	if (fcntl(fd, F_SETSIG, SIGURG) == 0 &&
	    fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
		(void)fcntl(fd, F_SETLEASE, F_UNLCK); /* it was just set */
		return false;
	}
	return errno == EAGAIN || search(fd);
}

void
writer_watch(struct writer_watch *watch, int fd, off_t size)
{
	struct stat st;

	*watch = (struct writer_watch){
		.size = size,
		.grown = clock_now(),
		.looked = -INFINITY,
	};
	if (fstat(fd, &st) == 0)
		watch->grown = fmin(watch->grown, (double)st.st_mtime);
}

bool
writer_has_grown(struct writer_watch *watch, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size == watch->size)
		return false;
	watch->size = st.st_size;
	watch->grown = clock_now();
	return true;
}

const char *
writer_changed(int fd, const char *path, off_t read)
{
	struct stat st, named;

	if (fstat(fd, &st) < 0)
		return NULL;
	if (stat(path, &named) == 0 &&
	    (named.st_dev != st.st_dev || named.st_ino != st.st_ino))
		return "was replaced";
	return st.st_size < read ? "was cut" : NULL;
}

bool
writer_is_gone(struct writer_watch *watch, int fd)
{
	/* The look at all processes may be a long one. */
	if (clock_now() - watch->grown < WRITER_PATIENCE ||
	    clock_ticks() - watch->looked < 10 * WRITER_LOOK)
		return false;
	watch->looked = clock_ticks();
	if (writer_is_alive(fd))
		return false;
	/* It may have written its last just before it went. */
	return !writer_has_grown(watch, fd);
}
