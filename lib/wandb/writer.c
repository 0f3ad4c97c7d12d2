/* SPDX-License-Identifier: MIT */
/*
 * writer - whether a program still writes a file
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "wandb/writer.h"

enum { LOOK_SECONDS = 1, GONE_SECONDS = 30 };

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

/* Whether the file has another size than when it was looked at last. */
static bool
has_changed(struct writer_watch *watch, int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || st.st_size == watch->size)
		return false;
	watch->size = st.st_size;
	watch->idle = 0;
	return true;
}

enum writer_news
writer_wait(struct writer_watch *watch, int fd, const struct deadline *deadline)
{
	if (!deadline_sleep(deadline, LOOK_SECONDS))
		return WRITER_LATE;
	if (has_changed(watch, fd))
		return WRITER_MORE;
	watch->idle += LOOK_SECONDS;
	if (watch->idle < GONE_SECONDS || writer_is_alive(fd))
		return WRITER_MORE;
	/* It may have written its last just before it went. */
	return has_changed(watch, fd) ? WRITER_MORE : WRITER_GONE;
}
