/* SPDX-License-Identifier: MIT */
/*
 * git/stage - what git add would stage, checked, and made a tree
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <git2/sys/repository.h>

#include "file.h"
#include "git/cachetree.h"
#include "git/secret.h"
#include "git/stage.h"
#include "git/text.h"
#include "git/tracked.h"
#include "git/treediff.h"
#include "git/untracked.h"
#include "mem.h"
#include "record.h"

static const long long large = 50LL << 20; /* bytes; from here on a warning */

struct stage_change {
	char *path;
	bool stage; /* the index does not have it as it is */
	bool gone;  /* removed */
	bool raw;   /* without conversion */
	bool module;
	git_oid id;     /* of a submodule, what is checked out */
	struct stat st; /* when it was checked */
};

/* ---- the lock ---- */

/* What the handler removes; empty: nothing. */
static char pending[2][PATH_MAX];

static void
on_signal(int signal)
{
	int saved = errno;

	for (int i = 0; i < 2; i++)
		if (*pending[i] != '\0')
			unlink(pending[i]);
	errno = saved;
	/* The action was reset (SA_RESETHAND): it is delivered on return. */
	raise(signal);
}

static jv
failed(const char *path)
{
	return error_value("io", "%s: %s", path, strerror(errno));
}

/* Neither signal between a change of the lock and that of pending. */
static void
hold_signals(bool hold)
{
	sigset_t both;

	sigemptyset(&both);
	sigaddset(&both, SIGINT);
	sigaddset(&both, SIGTERM);
	sigprocmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &both, NULL);
}

static jv
lock_index(struct stage *stage, const char *path)
{
	char *lock = xasprintf("%s.lock", path);
	jv why = jv_null();
	int fd;

	hold_signals(true);
	fd = open(lock, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd >= 0) {
		close(fd);
		stage->lock = xstrdup(lock);
		stage->copy = xasprintf("%s.kgl-gitsync", path);
		(void)snprintf(pending[0], PATH_MAX, "%s", stage->lock);
		(void)snprintf(pending[1], PATH_MAX, "%s", stage->copy);
		diag_catch(on_signal);
	} else if (errno == EEXIST) {
		why = error_temporary(error_value("conflict",
		    "%s is there: another git is at work (if none is, remove "
		    "the file)",
		    lock));
	} else {
		why = failed(lock);
	}
	hold_signals(false);
	free(lock);
	return why;
}

/* installed: the lock is the index now, and no more ours to remove. */
static void
unlock_index(struct stage *stage, bool installed)
{
	if (stage->lock == NULL)
		return;
	unlink(stage->copy);
	if (!installed)
		unlink(stage->lock);
	*pending[0] = *pending[1] = '\0';
	diag_catch(SIG_DFL);
	free(stage->lock);
	free(stage->copy);
	stage->lock = stage->copy = NULL;
}

/*
 * A copy with the same time: by that libgit2 tells which files may have been
 * changed after their stat data was taken.
 */
static jv
copy_index(struct stage *stage, const char *path)
{
	char *stale = xasprintf("%s.lock", stage->copy);
	struct buf bytes = { 0 };
	struct timespec times[2];
	struct stat st = { 0 };
	FILE *file;
	jv why;

	/* What a killed one left: nobody else has the index's lock. */
	unlink(stale);
	unlink(stage->copy);
	free(stale);
	/* A link is as good: libgit2 writes another file in its place. */
	if (link(path, stage->copy) == 0)
		return jv_null();
	if (stat(path, &st) != 0)
		return errno == ENOENT ? jv_null() : failed(path);
	why = file_read(path, INT_MAX, &bytes);
	if (!jv_is_valid(why))
		return why;
	times[0] = times[1] = st.st_mtim;
	file = fopen(stage->copy, "wxe");
	if (file == NULL || fwrite(bytes.at, 1, bytes.len, file) != bytes.len ||
	    fflush(file) != 0 || futimens(fileno(file), times) != 0)
		why = failed(stage->copy);
	if (file != NULL)
		fclose(file);
	buf_release(&bytes);
	return why;
}

static jv
open_index(struct stage *stage)
{
	git_repository *repo = stage->worktree->repo;
	char *path = file_join(git_repository_path(repo), "index");
	struct stat st;
	jv why = jv_null();
	int error = 0;

	if (stage->mode == STAGE_INDEX)
		why = lock_index(stage, path);
	/* Before it is read: by that files count as changed, if in doubt. */
	if (stat(path, &st) == 0)
		stage->written = st.st_mtim;
	if (stage->mode == STAGE_INDEX) {
		if (jv_is_valid(why))
			why = copy_index(stage, path);
		if (jv_is_valid(why) &&
		    (error = git_index_open(&stage->index, stage->copy)) == 0)
			error = git_repository_set_index(repo, stage->index);
		if (jv_is_valid(why) && error == 0)
			error = git_index_set_caps(
			    stage->index, GIT_INDEX_CAPABILITY_FROM_OWNER);
	} else {
		error = git_repository_index(&stage->index, repo);
	}
	if (error != 0)
		why = worktree_failure("input",
		    "%s: only git can read it (git update-index "
		    "--no-split-index, git sparse-checkout disable)",
		    path);
	free(path);
	return why;
}

static jv
open_base(struct stage *stage, const git_oid *base)
{
	git_commit *commit = NULL;
	int error;

	if (base == NULL)
		return jv_null();
	error = git_commit_lookup(&commit, stage->worktree->repo, base);
	if (error == 0)
		error = git_commit_tree(&stage->base, commit);
	git_commit_free(commit);
	return error == 0
	    ? jv_null()
	    : worktree_failure("damaged", "%s: the commit that is checked out",
		  stage->worktree->root);
}

jv
stage_open(struct stage *stage, const struct worktree *worktree,
    enum stage_mode mode, const git_oid *base)
{
	jv why;

	memset(stage, 0, sizeof *stage);
	stage->worktree = worktree;
	stage->mode = mode;
	/* A dry run names blobs that are nowhere. */
	git_libgit2_opts(
	    GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, (int)(mode != STAGE_DRY));
	why = open_index(stage);
	if (jv_is_valid(why))
		why = open_base(stage, base);
	return why;
}

void
stage_close(struct stage *stage)
{
	unlock_index(stage, false);
	for (size_t i = 0; i < stage->count; i++)
		free(stage->changes[i].path);
	free(stage->changes);
	text_rules_release(&stage->rules);
	git_tree_free(stage->base);
	git_index_free(stage->index);
	memset(stage, 0, sizeof *stage);
}

/* ---- finding ---- */

static struct stage_change *
add_change(struct stage *stage, const char *path)
{
	if (stage->count == stage->room) {
		stage->room = 2 * stage->room + 16;
		stage->changes = xreallocarray(
		    stage->changes, stage->room, sizeof *stage->changes);
	}
	memset(&stage->changes[stage->count], 0, sizeof *stage->changes);
	stage->changes[stage->count].path = xstrdup(path);
	return &stage->changes[stage->count++];
}

static int
by_path(const void *left, const void *right)
{
	return strcmp(((const struct stage_change *)left)->path,
	    ((const struct stage_change *)right)->path);
}

/* Each path once. */
static void
merge_changes(struct stage *stage)
{
	struct stage_change *last = NULL;
	size_t count = 0;

	if (stage->count > 0)
		qsort(stage->changes, stage->count, sizeof *stage->changes,
		    by_path);
	for (size_t i = 0; i < stage->count; i++) {
		struct stage_change *change = &stage->changes[i];

		if (last != NULL && strcmp(last->path, change->path) == 0) {
			/* The work tree is newer than what was staged. */
			if (last->stage == change->stage)
				last->gone |= change->gone;
			else if (change->stage)
				last->gone = change->gone;
			last->stage |= change->stage;
			free(change->path);
			continue;
		}
		last = &stage->changes[count++];
		*last = *change;
	}
	stage->count = count;
}

/* What the index says by itself. */
static jv
scan_entries(struct stage *stage)
{
	size_t count = git_index_entrycount(stage->index);

	for (size_t i = 0; i < count; i++) {
		const git_index_entry *entry =
		    git_index_get_byindex(stage->index, i);

		if (git_index_entry_stage(entry) != 0)
			return error_value("conflict",
			    "%s is unmerged: settle it, then git add and git "
			    "commit",
			    entry->path);
		if (entry->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE)
			return error_value("input",
			    "%s is not checked out (skip-worktree): git "
			    "sparse-checkout disable, or git update-index "
			    "--no-skip-worktree",
			    entry->path);
		if (entry->flags_extended & GIT_INDEX_ENTRY_INTENT_TO_ADD)
			add_change(stage, entry->path)->stage = true;
	}
	return jv_null();
}

/* What has been staged already. */
static jv
scan_staged(struct stage *stage)
{
	git_diff_options options;
	git_diff *diff = NULL;
	git_oid root;

	/* With the lock the copy is the index, also while this goes on. */
	if (stage->base != NULL && stage->copy != NULL &&
	    cachetree_root(stage->copy, &root) &&
	    git_oid_equal(&root, git_tree_id(stage->base)))
		return jv_null();
	git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	options.flags =
	    GIT_DIFF_INCLUDE_TYPECHANGE | GIT_DIFF_SKIP_BINARY_CHECK;
	if (git_diff_tree_to_index(&diff, stage->worktree->repo, stage->base,
		stage->index, &options) != 0)
		return worktree_failure(
		    "io", "%s: what is staged", stage->worktree->root);
	for (size_t i = 0; i < git_diff_num_deltas(diff); i++) {
		const git_diff_delta *delta = git_diff_get_delta(diff, i);
		struct stage_change *change =
		    add_change(stage, delta->new_file.path);

		change->gone = delta->status == GIT_DELTA_DELETED;
	}
	git_diff_free(diff);
	return jv_null();
}

/* ---- checking ---- */

static jv
check_secret(const struct stage_change *change, int fd)
{
	size_t line;
	int error;
	const char *what = secret_by_content(fd, &line, &error);

	if (error != 0)
		return error_value(
		    "io", "%s: %s", change->path, strerror(error));
	if (what == NULL)
		return jv_null();
	return error_value("input",
	    "%s:%zu: %s: git must not have it; if it is none, git add and git "
	    "commit the file",
	    change->path, line, what);
}

static jv
check_size(const struct stage *stage, const struct stage_change *change)
{
	long long size = (long long)change->st.st_size;

	if (size > stage->max_file)
		return error_value("input",
		    "%s: has %lld bytes, and --max-file is %lld: put it into "
		    ".gitignore, or allow more",
		    change->path, size, stage->max_file);
	if (size >= large)
		warning("%s: %lld MiB: git keeps them for ever", change->path,
		    size >> 20);
	return jv_null();
}

static jv
check_file(struct stage *stage, struct stage_change *change, const char *full)
{
	const char *what = secret_by_name(change->path);
	jv why;
	int fd;

	if (what != NULL)
		return error_value("input",
		    "%s: %s: git must not have it: put it into .gitignore (git "
		    "rm --cached, if git has it)",
		    change->path, what);
	why = check_size(stage, change);
	if (!jv_is_valid(why))
		return why;
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return failed(full);
	why = check_secret(change, fd);
	if (jv_is_valid(why) && change->stage)
		why = text_check(stage->worktree, &stage->rules, stage->index,
		    change->path, fd, &change->raw);
	close(fd);
	return why;
}

/* A folder: a submodule, or what has taken the place of a file. */
static jv
check_folder(struct stage *stage, struct stage_change *change, const char *full)
{
	const git_index_entry *entry =
	    git_index_get_bypath(stage->index, change->path, 0);
	git_repository *module = NULL;
	char *inside;
	bool is_repository;

	if (entry != NULL && entry->mode == GIT_FILEMODE_COMMIT) {
		change->module = true;
		/* One that is not checked out stays as it is. */
		if (git_repository_open(&module, full) != 0 ||
		    git_reference_name_to_id(&change->id, module, "HEAD") != 0)
			change->stage = false;
		git_repository_free(module);
		return jv_null();
	}
	inside = file_join(full, ".git");
	is_repository = access(inside, F_OK) == 0;
	free(inside);
	if (is_repository)
		return error_value("input",
		    "%s: a repository of its own is in the place of a file: "
		    "git add decides on it",
		    change->path);
	change->gone = true;
	return jv_null();
}

static jv
check(struct stage *stage, struct stage_change *change)
{
	const git_index_entry *entry =
	    git_index_get_bypath(stage->index, change->path, 0);
	char *full;
	jv why = jv_null();

	if (entry != NULL && entry->flags & GIT_INDEX_ENTRY_VALID)
		change->stage = false; /* git add passes it over, too */
	full = file_join(stage->worktree->root, change->path);
	if (lstat(full, &change->st) != 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			change->gone = true;
		else
			why = failed(full);
	} else if (S_ISDIR(change->st.st_mode)) {
		why = check_folder(stage, change, full);
	} else if (!S_ISREG(change->st.st_mode) &&
	    !S_ISLNK(change->st.st_mode)) {
		why = error_value("input",
		    "%s: neither a file nor a link: git add refuses it",
		    change->path);
	} else if (!change->gone && S_ISREG(change->st.st_mode)) {
		why = check_file(stage, change, full);
	}
	free(full);
	return why;
}

/* ---- making ---- */

static int
make_link(const struct stage *stage, const struct stage_change *change,
    bool dry, git_oid *id)
{
	char *full = file_join(stage->worktree->root, change->path);
	char target[PATH_MAX];
	ssize_t len = readlink(full, target, sizeof target);

	free(full);
	if (len < 0 || (size_t)len == sizeof target)
		return -1;
	if (dry)
		return git_odb_hash(id, target, (size_t)len, GIT_OBJECT_BLOB);
	return git_blob_create_from_buffer(
	    id, stage->worktree->repo, target, (size_t)len);
}

/* The file's bytes as they are. */
static int
make_raw(const struct stage *stage, const struct stage_change *change, bool dry,
    git_oid *id)
{
	char *full = file_join(stage->worktree->root, change->path);
	struct buf bytes = { 0 };
	jv why = jv_null();
	int error;

	if (dry) {
		error = git_odb_hashfile(id, full, GIT_OBJECT_BLOB);
	} else {
		/* A text, and no larger than max_file. */
		why = file_read(full, INT_MAX, &bytes);
		error = jv_is_valid(why)
		    ? git_blob_create_from_buffer(
			  id, stage->worktree->repo, bytes.at, bytes.len)
		    : -1;
	}
	jv_free(why);
	buf_release(&bytes);
	free(full);
	return error;
}

static int
make_blob(const struct stage *stage, const struct stage_change *change,
    bool dry, git_oid *id)
{
	if (S_ISLNK(change->st.st_mode))
		return make_link(stage, change, dry, id);
	if (change->raw)
		return make_raw(stage, change, dry, id);
	if (dry)
		return git_repository_hashfile(id, stage->worktree->repo,
		    change->path, GIT_OBJECT_BLOB, NULL);
	return git_blob_create_from_workdir(
	    id, stage->worktree->repo, change->path);
}

/* git's ce_mode_from_stat(). */
static uint32_t
mode_of(const struct stage *stage, const struct stage_change *change)
{
	int caps = git_index_caps(stage->index);
	const git_index_entry *entry =
	    git_index_get_bypath(stage->index, change->path, 0);

	if (change->module)
		return GIT_FILEMODE_COMMIT;
	if (S_ISLNK(change->st.st_mode))
		return GIT_FILEMODE_LINK;
	if (caps & GIT_INDEX_CAPABILITY_NO_SYMLINKS && entry != NULL &&
	    entry->mode == GIT_FILEMODE_LINK)
		return GIT_FILEMODE_LINK;
	if (caps & GIT_INDEX_CAPABILITY_NO_FILEMODE)
		return entry != NULL && S_ISREG(entry->mode)
		    ? entry->mode
		    : GIT_FILEMODE_BLOB;
	return change->st.st_mode & S_IXUSR ? GIT_FILEMODE_BLOB_EXECUTABLE
					    : GIT_FILEMODE_BLOB;
}

/* Without an id. */
static git_index_entry
entry_of(const struct stage_change *change, uint32_t mode)
{
	const struct stat *st = &change->st;

	return (git_index_entry){
		.ctime = { (int32_t)st->st_ctim.tv_sec,
		    (uint32_t)st->st_ctim.tv_nsec },
		.mtime = { (int32_t)st->st_mtim.tv_sec,
		    (uint32_t)st->st_mtim.tv_nsec },
		.dev = (uint32_t)st->st_dev,
		.ino = (uint32_t)st->st_ino,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.file_size = (uint32_t)st->st_size,
		.mode = mode,
		.path = change->path,
	};
}

/* ---- comparing ---- */

/* A file whose bytes and mode are those of the index has only been touched. */
static jv
compare(struct stage *stage, const git_index_entry *entry,
    struct stage_change *probe, bool *same)
{
	char *full = file_join(stage->worktree->root, entry->path);
	git_oid id;
	jv why = jv_null();
	int fd = -1;

	*same = false;
	if (S_ISREG(probe->st.st_mode)) {
		fd = open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		why = fd < 0 ? failed(full)
			     : text_check(stage->worktree, &stage->rules,
				   stage->index, entry->path, fd, &probe->raw);
	}
	if (fd >= 0)
		close(fd);
	free(full);
	if (!jv_is_valid(why))
		return why;
	if (make_blob(stage, probe, true, &id) != 0)
		return worktree_failure("io", "%s", entry->path);
	*same = git_oid_equal(&id, &entry->id);
	return why;
}

static bool
has_stat_of(const git_index_entry *left, const git_index_entry *right)
{
	return left->mtime.seconds == right->mtime.seconds &&
	    left->mtime.nanoseconds == right->mtime.nanoseconds &&
	    left->ctime.seconds == right->ctime.seconds &&
	    left->ctime.nanoseconds == right->ctime.nanoseconds &&
	    left->ino == right->ino && left->uid == right->uid &&
	    left->gid == right->gid && left->file_size == right->file_size;
}

static jv
take_tracked(void *context, const git_index_entry *entry, const struct stat *st)
{
	struct stage *stage = context;
	struct stage_change probe = { 0 };
	git_index_entry touched;
	bool same = false;
	jv why = jv_null();

	if (st != NULL && (S_ISREG(st->st_mode) || S_ISLNK(st->st_mode)) &&
	    !(entry->flags_extended & GIT_INDEX_ENTRY_INTENT_TO_ADD)) {
		probe.path = xstrdup(entry->path);
		probe.st = *st;
		if (mode_of(stage, &probe) == entry->mode)
			why = compare(stage, entry, &probe, &same);
	}
	if (!same && jv_is_valid(why))
		add_change(stage, entry->path)->stage = true;
	if (same && stage->mode == STAGE_INDEX) {
		touched = entry_of(&probe, entry->mode);
		touched.id = entry->id;
		stage->refreshed = true;
		/* Where only the second was in doubt a newer index is enough.
		 */
		if (!has_stat_of(entry, &touched) &&
		    git_index_add(stage->index, &touched) != 0)
			why = worktree_failure("io", "%s", probe.path);
	}
	free(probe.path);
	return why;
}

static void
take_untracked(void *context, const char *path)
{
	add_change(context, path)->stage = true;
}

/* What the work tree has otherwise than the index. */
static jv
scan_worktree(struct stage *stage)
{
	struct tracked *tracked;
	jv why = tracked_begin(
	    &tracked, stage->worktree, stage->index, stage->written);

	if (jv_is_valid(why) && !stage->tracked)
		why = untracked_find(
		    stage->worktree, stage->index, take_untracked, stage);
	if (jv_is_valid(why))
		why = tracked_find(tracked, take_tracked, stage);
	tracked_end(tracked);
	return why;
}

jv
stage_scan(struct stage *stage, bool tracked, long long max_file)
{
	jv why;

	stage->tracked = tracked;
	stage->max_file = max_file;
	text_rules_read(&stage->rules, stage->worktree);
	why = scan_entries(stage);
	if (jv_is_valid(why))
		why = scan_staged(stage);
	if (jv_is_valid(why))
		why = scan_worktree(stage);
	merge_changes(stage);
	for (size_t i = 0; i < stage->count && jv_is_valid(why); i++)
		why = check(stage, &stage->changes[i]);
	return why;
}

/* ---- staging ---- */

/* Whether the file is still the one that was checked. */
static bool
is_same(const struct stage *stage, const struct stage_change *change)
{
	char *full = file_join(stage->worktree->root, change->path);
	const struct stat *then = &change->st;
	struct stat now;
	bool same = lstat(full, &now) == 0 && now.st_ino == then->st_ino &&
	    now.st_size == then->st_size && now.st_mode == then->st_mode &&
	    now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == then->st_mtim.tv_nsec;

	free(full);
	return same;
}

static jv
put(struct stage *stage, const struct stage_change *change)
{
	git_index_entry entry = entry_of(change, mode_of(stage, change));

	if (change->module) {
		entry.id = change->id;
	} else {
		if (make_blob(stage, change, stage->mode == STAGE_DRY,
			&entry.id) != 0)
			return worktree_failure("io", "%s", change->path);
		if (!is_same(stage, change))
			return error_temporary(error_value("conflict",
			    "%s: was changed while it was read", change->path));
	}
	if (git_index_add(stage->index, &entry) != 0)
		return worktree_failure(
		    "input", "%s: cannot be staged (git add)", change->path);
	return jv_null();
}

static int
count_entry(
    void *context, const git_tree_entry *left, const git_tree_entry *right)
{
	size_t *files = context;
	const git_tree_entry *entry = right != NULL ? right : left;

	*files += git_tree_entry_type(entry) != GIT_OBJECT_TREE;
	return 0;
}

static jv
count_files(struct stage *stage, const git_oid *made, size_t *files)
{
	git_diff_options options;
	git_repository *repo = stage->worktree->repo;
	git_diff *diff = NULL;
	int error;

	*files = 0;
	if (stage->mode == STAGE_DRY) {
		git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
		options.flags =
		    GIT_DIFF_INCLUDE_TYPECHANGE | GIT_DIFF_SKIP_BINARY_CHECK;
		error = git_diff_tree_to_index(
		    &diff, repo, stage->base, stage->index, &options);
		*files = error == 0 ? git_diff_num_deltas(diff) : 0;
		git_diff_free(diff);
	} else {
		error = treediff(repo,
		    stage->base != NULL ? git_tree_id(stage->base) : NULL, made,
		    count_entry, files);
	}
	return error == 0
	    ? jv_null()
	    : worktree_failure("io", "%s: the new tree", stage->worktree->root);
}

jv
stage_build(struct stage *stage, git_oid *tree, size_t *files)
{
	jv why = jv_null();

	/* A file may take the place of a folder, so what is gone goes first. */
	for (size_t i = 0; i < stage->count; i++) {
		const struct stage_change *change = &stage->changes[i];

		if (change->stage && change->gone)
			(void)git_index_remove(stage->index, change->path, 0);
	}
	for (size_t i = 0; i < stage->count && jv_is_valid(why); i++) {
		const struct stage_change *change = &stage->changes[i];

		if (change->stage && !change->gone)
			why = put(stage, change);
	}
	if (!jv_is_valid(why))
		return why;
	/* Each tree that it reads would be hashed again, which git does not. */
	git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
	if (stage->mode != STAGE_DRY &&
	    git_index_write_tree_to(
		tree, stage->index, stage->worktree->repo) != 0)
		return worktree_failure(
		    "io", "%s: the new tree", stage->worktree->root);
	return count_files(stage, tree, files);
}

/* ---- the new index ---- */

jv
stage_prepare(struct stage *stage)
{
	if (stage->count == 0 && !stage->refreshed)
		return jv_null();
	if (git_index_write(stage->index) != 0)
		return worktree_failure("io", "%s", stage->copy);
	if (rename(stage->copy, stage->lock) != 0)
		return failed(stage->lock);
	stage->ready = true;
	return jv_null();
}

jv
stage_install(struct stage *stage)
{
	char *path;
	jv why = jv_null();

	if (!stage->ready)
		return why;
	path = xstrndup(stage->lock, strlen(stage->lock) - strlen(".lock"));
	hold_signals(true);
	if (rename(stage->lock, path) != 0)
		why = failed(path);
	unlock_index(stage, jv_is_valid(why));
	hold_signals(false);
	free(path);
	return why;
}
