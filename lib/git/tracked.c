/* SPDX-License-Identifier: MIT */
/*
 * git/tracked - files that git knows and that may have changed
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "git/tracked.h"
#include "mem.h"
#include "record.h"

struct search {
	const struct worktree *worktree;
	int root; /* the work tree */
	struct timespec written;
	bool trust_ctime, minimal;
	int caps;
	git_oid empty; /* of an empty file */
	/* A folder whose parts are known to be folders, or one that is not. */
	struct buf folder;
	bool is_folder;
};

/* What is behind a symbolic link is not there, to git. */
static bool
has_folder(struct search *search, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash != NULL ? (size_t)(slash - path) : 0;
	struct stat st;

	if (len == 0)
		return true;
	if (len == search->folder.len &&
	    memcmp(search->folder.at, path, len) == 0)
		return search->is_folder;
	buf_clear(&search->folder);
	search->is_folder = true;
	for (const char *at = path; search->is_folder && at <= slash; at++) {
		if (*at != '/')
			continue;
		buf_clear(&search->folder);
		buf_add(&search->folder, path, (size_t)(at - path));
		search->is_folder = fstatat(search->root, search->folder.at,
					&st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISDIR(st.st_mode);
	}
	buf_clear(&search->folder);
	buf_add(&search->folder, path, len);
	return search->is_folder;
}

static bool
is_same_kind(const struct search *search, const git_index_entry *entry,
    const struct stat *st)
{
	if (S_ISLNK(entry->mode))
		return S_ISLNK(st->st_mode) ||
		    (S_ISREG(st->st_mode) &&
			search->caps & GIT_INDEX_CAPABILITY_NO_SYMLINKS);
	return S_ISREG(st->st_mode) &&
	    (search->caps & GIT_INDEX_CAPABILITY_NO_FILEMODE ||
		!(entry->mode & S_IXUSR) == !(st->st_mode & S_IXUSR));
}

/* Whoever wrote the index may have left the nanoseconds out. */
static bool
is_same_time(const git_index_time *time, const struct timespec *now)
{
	return time->seconds == (int32_t)now->tv_sec &&
	    (time->nanoseconds == 0 || now->tv_nsec == 0 ||
		time->nanoseconds == (uint32_t)now->tv_nsec);
}

/*
 * Whether it may have been changed after its stat data was taken. As in
 * libgit2 the nanoseconds count, where there are any.
 */
static bool
is_racy(const struct search *search, const git_index_entry *entry)
{
	int32_t second = (int32_t)search->written.tv_sec;

	if (entry->mtime.seconds != second)
		return entry->mtime.seconds > second;
	return entry->mtime.nanoseconds == 0 || search->written.tv_nsec == 0 ||
	    entry->mtime.nanoseconds >= (uint32_t)search->written.tv_nsec;
}

/* By git's rules: core.trustctime, core.checkStat, racy entries. */
static bool
is_unchanged(const struct search *search, const git_index_entry *entry,
    const struct stat *st)
{
	if (!is_same_kind(search, entry, st) ||
	    entry->file_size != (uint32_t)st->st_size ||
	    !is_same_time(&entry->mtime, &st->st_mtim))
		return false;
	if (search->trust_ctime && !search->minimal &&
	    !is_same_time(&entry->ctime, &st->st_ctim))
		return false;
	if (!search->minimal &&
	    (entry->ino != (uint32_t)st->st_ino || entry->uid != st->st_uid ||
		entry->gid != st->st_gid))
		return false;
	/* git writes the size 0 where it could not tell. */
	if (entry->file_size == 0 && !git_oid_equal(&entry->id, &search->empty))
		return false;
	return !is_racy(search, entry);
}

/* A folder with another commit in it; one without a commit stays as it is. */
static bool
is_module_moved(const struct search *search, const git_index_entry *entry)
{
	char *full = file_join(search->worktree->root, entry->path);
	git_repository *module = NULL;
	git_oid id;
	bool moved = git_repository_open(&module, full) == 0 &&
	    git_reference_name_to_id(&id, module, "HEAD") == 0 &&
	    !git_oid_equal(&id, &entry->id);

	git_repository_free(module);
	free(full);
	return moved;
}

static jv
look_at(struct search *search, const git_index_entry *entry, tracked_take *take,
    void *context)
{
	struct stat st;

	if (entry->flags & GIT_INDEX_ENTRY_VALID)
		return jv_null();
	if (!has_folder(search, entry->path))
		return take(context, entry, NULL);
	if (fstatat(search->root, entry->path, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return take(context, entry, NULL);
		return error_value(
		    "io", "%s: %s", entry->path, strerror(errno));
	}
	if (entry->mode == GIT_FILEMODE_COMMIT && S_ISDIR(st.st_mode))
		return is_module_moved(search, entry)
		    ? take(context, entry, &st)
		    : jv_null();
	return is_unchanged(search, entry, &st) ? jv_null()
						: take(context, entry, &st);
}

jv
tracked_find(const struct worktree *worktree, git_index *index,
    struct timespec written, tracked_take *take, void *context)
{
	struct search search = { .worktree = worktree, .written = written };
	char *check = worktree_string(worktree, "core.checkStat");
	size_t count = git_index_entrycount(index);
	jv why = jv_null();

	search.minimal = check != NULL && strcmp(check, "minimal") == 0;
	free(check);
	search.trust_ctime =
	    worktree_setting(worktree, "core.trustctime", true);
	search.caps = git_index_caps(index);
	if (git_odb_hash(&search.empty, "", 0, GIT_OBJECT_BLOB) != 0)
		return worktree_failure("io", "%s", worktree->root);
	search.root = open(worktree->root, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	if (search.root < 0)
		return error_value(
		    "io", "%s: %s", worktree->root, strerror(errno));
	for (size_t i = 0; i < count && jv_is_valid(why); i++)
		why = look_at(
		    &search, git_index_get_byindex(index, i), take, context);
	close(search.root);
	buf_release(&search.folder);
	return why;
}
