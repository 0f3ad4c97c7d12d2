/* SPDX-License-Identifier: MIT */
/*
 * git/untracked - files of a work tree that git does not know
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git/ignore.h"
#include "git/untracked.h"
#include "mem.h"
#include "record.h"

struct search {
	git_index *index;
	int root; /* the work tree */
	struct ignore ignore;
	void (*take)(void *context, const char *path);
	void *context;
	struct buf path; /* of the folder, "" or with a slash at its end */
};

/* Names of folders that are still to be looked into. */
struct folders {
	char **names;
	size_t count, room;
};

static jv
failed(const char *path)
{
	return error_value(errno == ENAMETOOLONG ? "input" : "io", "%s: %s",
	    *path != '\0' ? path : ".", strerror(errno));
}

/* ".git" by another name, on some system: git refuses to add it. */
static bool
is_git_folder(const char *name)
{
	static const char *const names[] = { ".git", "git~1" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t len = strlen(names[i]);

		if (strncasecmp(name, names[i], len) != 0)
			continue;
		len += strspn(name + len, ". ");
		if (name[len] == '\0' || name[len] == ':' || name[len] == '\\')
			return true;
	}
	return false;
}

static mode_t
kind_of(const struct search *search, const struct dirent *entry)
{
	struct stat st;

	switch (entry->d_type) {
	case DT_REG:
		return S_IFREG;
	case DT_LNK:
		return S_IFLNK;
	case DT_DIR:
		return S_IFDIR;
	case DT_UNKNOWN:
		return fstatat(search->root, search->path.at, &st,
			   AT_SYMLINK_NOFOLLOW) == 0
		    ? st.st_mode & S_IFMT
		    : 0;
	default:
		return 0;
	}
}

static void
keep(struct folders *folders, const char *name)
{
	if (folders->count == folders->room) {
		folders->room = 2 * folders->room + 16;
		folders->names = xreallocarray(
		    folders->names, folders->room, sizeof *folders->names);
	}
	folders->names[folders->count++] = xstrdup(name);
}

/* One name in the folder; search->path ends with it. */
static jv
take_name(
    struct search *search, struct folders *folders, const struct dirent *entry)
{
	const char *path = search->path.at;
	const git_index_entry *known =
	    git_index_get_bypath(search->index, path, 0);
	mode_t kind = kind_of(search, entry);

	if (kind == 0 ||
	    (known != NULL &&
		(kind != S_IFDIR || known->mode == GIT_FILEMODE_COMMIT)))
		return jv_null();
	if (ignore_matches(&search->ignore, path, kind == S_IFDIR))
		return jv_null();
	if (is_git_folder(entry->d_name))
		return error_value("input",
		    "%s: git add refuses this name: put it into .gitignore",
		    path);
	if (kind == S_IFDIR)
		keep(folders, entry->d_name);
	else
		search->take(search->context, path);
	return jv_null();
}

static jv
read_folder(struct search *search, DIR *folder, struct folders *folders)
{
	size_t len = search->path.len;
	struct dirent *entry;
	jv why = jv_null();

	while (
	    jv_is_valid(why) && (errno = 0, entry = readdir(folder)) != NULL) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (strcmp(name, ".git") == 0 && len > 0)
			return error_value("input",
			    "%s: a repository of its own, whose files git "
			    "would not commit: git submodule add makes it a "
			    "submodule, .gitignore leaves it out",
			    search->path.at);
		if (strcmp(name, ".git") == 0)
			continue;
		buf_adds(&search->path, name);
		why = take_name(search, folders, entry);
		buf_cut(&search->path, len);
	}
	return jv_is_valid(why) && errno != 0 ? failed(search->path.at) : why;
}

/* The names are read before the folders among them: one is open at a time. */
static jv
look_into(struct search *search)
{
	size_t len = search->path.len, mark;
	struct folders folders = { 0 };
	int fd = openat(search->root, len > 0 ? search->path.at : ".",
	    O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	jv why;

	if (folder == NULL) {
		why = failed(search->path.at);
		if (fd >= 0)
			close(fd);
		return why;
	}
	why = ignore_enter(&search->ignore, fd, search->path.at, &mark);
	if (jv_is_valid(why))
		why = read_folder(search, folder, &folders);
	closedir(folder);
	for (size_t i = 0; i < folders.count; i++) {
		if (jv_is_valid(why)) {
			buf_adds(&search->path, folders.names[i]);
			buf_addc(&search->path, '/');
			why = look_into(search);
			buf_cut(&search->path, len);
		}
		free(folders.names[i]);
	}
	free(folders.names);
	ignore_leave(&search->ignore, mark);
	return why;
}

jv
untracked_find(const struct worktree *worktree, git_index *index,
    void (*take)(void *context, const char *path), void *context)
{
	struct search search = {
		.index = index, .take = take, .context = context
	};
	jv why;

	search.root = open(worktree->root, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	if (search.root < 0)
		return failed(worktree->root);
	ignore_init(&search.ignore, worktree);
	buf_adds(&search.path, "");
	why = look_into(&search);
	ignore_release(&search.ignore);
	buf_release(&search.path);
	close(search.root);
	return why;
}
