/* SPDX-License-Identifier: MIT */
/*
 * git/tracked - files that git knows and that may have changed
 *
 * Most of them are as they were, which their stat data tells: a thread begins
 * with that, and the caller lends a hand. Both only read the index.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "git/tracked.h"
#include "mem.h"
#include "record.h"

enum { BLOCK = 256 }; /* entries that are looked at in one go */

struct tracked {
	const struct worktree *worktree;
	git_index *index;
	size_t count;
	int root; /* the work tree */
	struct timespec written;
	bool trust_ctime, minimal;
	int caps;
	git_oid empty; /* of an empty file */
	pthread_t thread;
	bool has_thread;
	atomic_size_t next; /* block */
	bool *same;         /* of each entry: it is as it was */
};

/* A folder whose parts are known to be folders, or one that is not. */
struct folder {
	struct buf path;
	bool is_folder;
};

/* What is behind a symbolic link is not there, to git. */
static bool
has_folder(
    const struct tracked *tracked, struct folder *known, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash != NULL ? (size_t)(slash - path) : 0;
	struct stat st;

	if (len == 0)
		return true;
	if (len == known->path.len && memcmp(known->path.at, path, len) == 0)
		return known->is_folder;
	buf_clear(&known->path);
	known->is_folder = true;
	for (const char *at = path; known->is_folder && at <= slash; at++) {
		if (*at != '/')
			continue;
		buf_clear(&known->path);
		buf_add(&known->path, path, (size_t)(at - path));
		known->is_folder = fstatat(tracked->root, known->path.at, &st,
				       AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISDIR(st.st_mode);
	}
	buf_clear(&known->path);
	buf_add(&known->path, path, len);
	return known->is_folder;
}

static bool
is_same_kind(const struct tracked *tracked, const git_index_entry *entry,
    const struct stat *st)
{
	if (S_ISLNK(entry->mode))
		return S_ISLNK(st->st_mode) ||
		    (S_ISREG(st->st_mode) &&
			tracked->caps & GIT_INDEX_CAPABILITY_NO_SYMLINKS);
	return S_ISREG(st->st_mode) &&
	    (tracked->caps & GIT_INDEX_CAPABILITY_NO_FILEMODE ||
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
is_racy(const struct tracked *tracked, const git_index_entry *entry)
{
	int32_t second = (int32_t)tracked->written.tv_sec;

	if (entry->mtime.seconds != second)
		return entry->mtime.seconds > second;
	return entry->mtime.nanoseconds == 0 || tracked->written.tv_nsec == 0 ||
	    entry->mtime.nanoseconds >= (uint32_t)tracked->written.tv_nsec;
}

/* By git's rules: core.trustctime, core.checkStat, racy entries. */
static bool
is_unchanged(const struct tracked *tracked, const git_index_entry *entry,
    const struct stat *st)
{
	if (!is_same_kind(tracked, entry, st) ||
	    entry->file_size != (uint32_t)st->st_size ||
	    !is_same_time(&entry->mtime, &st->st_mtim))
		return false;
	if (tracked->trust_ctime && !tracked->minimal &&
	    !is_same_time(&entry->ctime, &st->st_ctim))
		return false;
	if (!tracked->minimal &&
	    (entry->ino != (uint32_t)st->st_ino || entry->uid != st->st_uid ||
		entry->gid != st->st_gid))
		return false;
	/* git writes the size 0 where it could not tell. */
	if (entry->file_size == 0 &&
	    !git_oid_equal(&entry->id, &tracked->empty))
		return false;
	return !is_racy(tracked, entry);
}

/* A folder with another commit in it; one without a commit stays as it is. */
static bool
is_module_moved(const struct tracked *tracked, const git_index_entry *entry)
{
	char *full = file_join(tracked->worktree->root, entry->path);
	git_repository *module = NULL;
	git_oid id;
	bool moved = git_repository_open(&module, full) == 0 &&
	    git_reference_name_to_id(&id, module, "HEAD") == 0 &&
	    !git_oid_equal(&id, &entry->id);

	git_repository_free(module);
	free(full);
	return moved;
}

/* Looks at what nobody has looked at yet. */
static void *
look(void *context)
{
	struct tracked *tracked = context;
	struct folder folder = { 0 };
	size_t at;
	struct stat st;

	while ((at = BLOCK * atomic_fetch_add(&tracked->next, 1)) <
	    tracked->count) {
		size_t end =
		    at + BLOCK < tracked->count ? at + BLOCK : tracked->count;

		for (; at < end; at++) {
			const git_index_entry *entry =
			    git_index_get_byindex(tracked->index, at);

			tracked->same[at] =
			    has_folder(tracked, &folder, entry->path) &&
			    fstatat(tracked->root, entry->path, &st,
				AT_SYMLINK_NOFOLLOW) == 0 &&
			    is_unchanged(tracked, entry, &st);
		}
	}
	buf_release(&folder.path);
	return NULL;
}

/* One that may have changed. */
static jv
look_at(const struct tracked *tracked, const git_index_entry *entry,
    tracked_take *take, void *context)
{
	struct folder folder = { 0 };
	bool there = has_folder(tracked, &folder, entry->path);
	struct stat st;

	buf_release(&folder.path);
	if (!there)
		return take(context, entry, NULL);
	if (fstatat(tracked->root, entry->path, &st, AT_SYMLINK_NOFOLLOW) !=
	    0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return take(context, entry, NULL);
		return error_value(
		    "io", "%s: %s", entry->path, strerror(errno));
	}
	if (entry->mode == GIT_FILEMODE_COMMIT && S_ISDIR(st.st_mode) &&
	    !is_module_moved(tracked, entry))
		return jv_null();
	return take(context, entry, &st);
}

jv
tracked_begin(struct tracked **begun, const struct worktree *worktree,
    git_index *index, struct timespec written)
{
	struct tracked *tracked;
	char *check;
	int root = open(worktree->root, O_RDONLY | O_CLOEXEC | O_DIRECTORY);

	*begun = NULL;
	if (root < 0)
		return error_value(
		    "io", "%s: %s", worktree->root, strerror(errno));
	*begun = tracked = xcalloc(1, sizeof *tracked);
	tracked->worktree = worktree;
	tracked->index = index;
	tracked->count = git_index_entrycount(index);
	tracked->root = root;
	tracked->written = written;
	check = worktree_string(worktree, "core.checkStat");
	tracked->minimal = check != NULL && strcmp(check, "minimal") == 0;
	free(check);
	tracked->trust_ctime =
	    worktree_setting(worktree, "core.trustctime", true);
	tracked->caps = git_index_caps(index);
	tracked->same = xcalloc(tracked->count + 1, sizeof *tracked->same);
	if (git_odb_hash(&tracked->empty, "", 0, GIT_OBJECT_BLOB) != 0)
		return worktree_failure("io", "%s", worktree->root);
	tracked->has_thread = tracked->count > BLOCK &&
	    pthread_create(&tracked->thread, NULL, look, tracked) == 0;
	return jv_null();
}

static void
wait_for_thread(struct tracked *tracked)
{
	if (tracked->has_thread)
		pthread_join(tracked->thread, NULL);
	tracked->has_thread = false;
}

jv
tracked_find(struct tracked *tracked, tracked_take *take, void *context)
{
	jv why = jv_null();

	look(tracked);
	wait_for_thread(tracked);
	for (size_t i = 0; i < tracked->count && jv_is_valid(why); i++) {
		const git_index_entry *entry =
		    git_index_get_byindex(tracked->index, i);

		if (!tracked->same[i] &&
		    !(entry->flags & GIT_INDEX_ENTRY_VALID))
			why = look_at(tracked, entry, take, context);
	}
	return why;
}

void
tracked_end(struct tracked *tracked)
{
	if (tracked == NULL)
		return;
	wait_for_thread(tracked);
	close(tracked->root);
	free(tracked->same);
	free(tracked);
}
