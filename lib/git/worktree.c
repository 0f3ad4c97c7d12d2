/* SPDX-License-Identifier: MIT */
/*
 * git/worktree - a work tree that can be committed, or why it cannot
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "git/settings.h"
#include "git/worktree.h"
#include "mem.h"
#include "record.h"

static const char heads[] = "refs/heads/";

jv
worktree_failure(const char *code, const char *format, ...)
{
	const git_error *error = git_error_last();
	char text[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return error_value(code, "%s: %s", text,
	    error != NULL ? error->message : "libgit2 gives no reason");
}

/* A new reference, as the setting may change. NULL if it cannot be read. */
static git_config *
settings_of(const struct worktree *worktree)
{
	git_config *config = NULL;

	if (git_repository_config_snapshot(&config, worktree->repo) != 0)
		return NULL;
	return config;
}

bool
worktree_setting(
    const struct worktree *worktree, const char *name, bool otherwise)
{
	git_config *config = settings_of(worktree);
	int value;

	if (config == NULL || git_config_get_bool(&value, config, name) != 0)
		value = otherwise;
	git_config_free(config);
	return value != 0;
}

char *
worktree_string(const struct worktree *worktree, const char *name)
{
	git_config *config = settings_of(worktree);
	const char *value;
	char *copy = NULL;

	if (config != NULL && git_config_get_string(&value, config, name) == 0)
		copy = xstrdup(value);
	git_config_free(config);
	return copy;
}

char *
worktree_path(const struct worktree *worktree, const char *name)
{
	git_config *config = settings_of(worktree);
	git_buf set = GIT_BUF_INIT;
	char *path = NULL;

	if (config != NULL && git_config_get_path(&set, config, name) == 0)
		path = file_join(worktree->root, set.ptr);
	git_buf_dispose(&set);
	git_config_free(config);
	return path;
}

static char *
branch_string(const struct worktree *worktree, const char *what)
{
	char *name = xasprintf("branch.%s.%s", worktree->branch, what);
	char *value = worktree_string(worktree, name);

	free(name);
	return value;
}

/* ---- opening ---- */

static jv
open_repository(struct worktree *worktree, const char *path)
{
	/* What is known besides: take_own_settings(). */
	static const char *extensions[] = { "worktreeconfig" };
	git_buf found = GIT_BUF_INIT;
	int error;
	jv why;

	git_libgit2_init(); /* undone by worktree_release() */
	git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions,
	    sizeof extensions / sizeof *extensions);
	error = git_repository_open_ext(&worktree->repo, path, 0, NULL);
	/* The owner is compared after it was found; what is said of it varies.
	 */
	if (error == GIT_ENOTFOUND &&
	    git_repository_discover(&found, path, 0, NULL) == 0)
		error = GIT_EOWNER;
	git_buf_dispose(&found);
	if (error == GIT_ENOTFOUND)
		return error_value("not_found",
		    "%s: no git repository: git init, or git clone", path);
	if (error == GIT_EOWNER)
		return error_value("input",
		    "%s: the repository is another user's: git config --global "
		    "--add safe.directory with its path trusts it",
		    path);
	if (error != 0)
		return worktree_failure(
		    "input", "%s: only git can commit and push here", path);
	worktree->root = git_repository_workdir(worktree->repo);
	if (git_repository_is_bare(worktree->repo) || worktree->root == NULL)
		return error_value("input",
		    "%s: a bare repository, which has no work tree", path);
	why = settings_take_environment(worktree->repo);
	return jv_is_valid(why) ? settings_take_own(worktree->repo) : why;
}

/* ---- what must not be under way ---- */

/* Some of several commits are still to be picked; libgit2 sees no state. */
static jv
check_sequencer(const struct worktree *worktree)
{
	char *path =
	    file_join(git_repository_path(worktree->repo), "sequencer/todo");
	bool found = access(path, F_OK) == 0;

	free(path);
	return found ? error_value("conflict",
			   "%s: a cherry-pick or revert of several commits is "
			   "under way: git cherry-pick --continue (or git "
			   "revert --continue), or --abort, ends it",
			   worktree->root)
		     : jv_null();
}

static jv
check_state(const struct worktree *worktree)
{
	static const struct {
		int state;
		const char *what, *command;
	} states[] = {
		{ GIT_REPOSITORY_STATE_MERGE, "a merge", "git merge" },
		{ GIT_REPOSITORY_STATE_REVERT, "a revert", "git revert" },
		{ GIT_REPOSITORY_STATE_REVERT_SEQUENCE, "a revert",
		    "git revert" },
		{ GIT_REPOSITORY_STATE_CHERRYPICK, "a cherry-pick",
		    "git cherry-pick" },
		{ GIT_REPOSITORY_STATE_CHERRYPICK_SEQUENCE, "a cherry-pick",
		    "git cherry-pick" },
		{ GIT_REPOSITORY_STATE_REBASE, "a rebase", "git rebase" },
		{ GIT_REPOSITORY_STATE_REBASE_INTERACTIVE, "a rebase",
		    "git rebase" },
		{ GIT_REPOSITORY_STATE_REBASE_MERGE, "a rebase", "git rebase" },
		{ GIT_REPOSITORY_STATE_APPLY_MAILBOX, "applying patches",
		    "git am" },
		{ GIT_REPOSITORY_STATE_APPLY_MAILBOX_OR_REBASE,
		    "applying patches or a rebase", "git am" },
	};
	int state = git_repository_state(worktree->repo);

	if (state == GIT_REPOSITORY_STATE_NONE)
		return check_sequencer(worktree);
	if (state == GIT_REPOSITORY_STATE_BISECT)
		return error_value("conflict",
		    "%s: a bisection is under way: git bisect reset ends it",
		    worktree->root);
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		if (states[i].state == state)
			return error_value("conflict",
			    "%s: %s is under way: %s --continue or %s --abort "
			    "ends it",
			    worktree->root, states[i].what, states[i].command,
			    states[i].command);
	return error_value("conflict",
	    "%s: something is under way: git status says what", worktree->root);
}

static jv
check_kind(const struct worktree *worktree)
{
	if (git_repository_is_shallow(worktree->repo))
		return error_value("input",
		    "%s: a shallow clone cannot be pushed from here: git fetch "
		    "--unshallow makes it whole",
		    worktree->root);
	if (worktree_setting(worktree, "core.sparseCheckout", false))
		return error_value("input",
		    "%s: a sparse checkout: git sparse-checkout disable, or "
		    "commit and push with git",
		    worktree->root);
	return check_state(worktree);
}

/* ---- branch and remote ---- */

static jv
read_head(struct worktree *worktree, bool may_be_detached)
{
	git_reference *head = NULL, *tip = NULL;
	const char *name;
	int error;

	if (git_reference_lookup(&head, worktree->repo, "HEAD") != 0)
		return worktree_failure("damaged", "%s: HEAD", worktree->root);
	name = git_reference_symbolic_target(head);
	if (name != NULL && strncmp(name, heads, sizeof heads - 1) == 0)
		worktree->branch = xstrdup(name + sizeof heads - 1);
	error = git_reference_resolve(&tip, head);
	git_reference_free(head);
	worktree->unborn = error == GIT_ENOTFOUND && worktree->branch != NULL;
	if (error == 0)
		worktree->head = *git_reference_target(tip);
	git_reference_free(tip);
	if (error != 0 && !worktree->unborn)
		return worktree_failure("damaged", "%s: HEAD", worktree->root);
	if (worktree->branch == NULL && !may_be_detached)
		return error_value("conflict",
		    "%s: HEAD is detached, so there is no branch to push: git "
		    "switch -c with a name makes one, or use --side",
		    worktree->root);
	return jv_null();
}

/* Where git push pushes the branch; "." is this repository itself. */
static char *
remote_of_branch(const struct worktree *worktree)
{
	char *name = NULL;

	if (worktree->branch != NULL)
		name = branch_string(worktree, "pushRemote");
	if (name == NULL)
		name = worktree_string(worktree, "remote.pushDefault");
	if (name == NULL && worktree->branch != NULL)
		name = branch_string(worktree, "remote");
	if (name == NULL || *name == '\0' || strcmp(name, ".") == 0) {
		free(name);
		name = xstrdup("origin");
	}
	return name;
}

/* The upstream's branch if it is the remote's, else the branch's own name. */
static char *
target_of_branch(const struct worktree *worktree)
{
	char *remote = branch_string(worktree, "remote");
	char *merge = branch_string(worktree, "merge");
	char *target = NULL;

	if (remote != NULL && merge != NULL &&
	    strcmp(remote, worktree->remote) == 0 &&
	    strncmp(merge, heads, sizeof heads - 1) == 0)
		target = xstrdup(merge + sizeof heads - 1);
	free(remote);
	free(merge);
	return target != NULL ? target : xstrdup(worktree->branch);
}

static jv
check_side(const struct worktree *worktree, const char *side)
{
	int valid = 0;

	if (git_branch_name_is_valid(&valid, side) != 0 || !valid)
		return error_value("input",
		    "--side: '%s' is no name for a branch: git check-ref-format "
		    "--branch says so, too",
		    side);
	if (worktree->branch != NULL && strcmp(side, worktree->branch) == 0)
		return error_value("input",
		    "--side: %s is the branch that is checked out, which "
		    "--side leaves as it is",
		    side);
	return jv_null();
}

jv
worktree_open(struct worktree *worktree, const char *path, const char *remote,
    const char *side)
{
	jv why;

	memset(worktree, 0, sizeof *worktree);
	why = open_repository(worktree, path);
	if (jv_is_valid(why))
		why = check_kind(worktree);
	if (jv_is_valid(why))
		why = read_head(worktree, side != NULL);
	if (jv_is_valid(why) && side != NULL)
		why = check_side(worktree, side);
	if (!jv_is_valid(why))
		return why;
	worktree->remote =
	    remote != NULL ? xstrdup(remote) : remote_of_branch(worktree);
	worktree->target =
	    side != NULL ? xstrdup(side) : target_of_branch(worktree);
	return jv_null();
}

void
worktree_release(struct worktree *worktree)
{
	git_repository_free(worktree->repo);
	free(worktree->branch);
	free(worktree->remote);
	free(worktree->target);
	git_libgit2_shutdown();
	memset(worktree, 0, sizeof *worktree);
}

/* ---- the remote ---- */

/* A branch of its own goes on where the remote's is. */
static jv
compare_side(const struct worktree *worktree, const git_oid *theirs)
{
	git_commit *commit = NULL;
	int error = git_commit_lookup(&commit, worktree->repo, theirs);

	git_commit_free(commit);
	if (error == 0)
		return jv_null();
	return error_value("conflict",
	    "%s: %s holds commits that are not here: git fetch %s %s",
	    worktree->root, worktree->target, worktree->remote,
	    worktree->target);
}

jv
worktree_compare(
    const struct worktree *worktree, const git_oid *theirs, bool side)
{
	size_t ahead, behind;

	if (side)
		return compare_side(worktree, theirs);
	if (!worktree->unborn && git_oid_equal(theirs, &worktree->head))
		return jv_null();
	if (worktree->unborn ||
	    git_graph_ahead_behind(
		&ahead, &behind, worktree->repo, &worktree->head, theirs) != 0)
		return error_value("conflict",
		    "%s: the remote's %s has moved on by commits that are not "
		    "here: git pull --rebase --autostash %s %s",
		    worktree->root, worktree->target, worktree->remote,
		    worktree->target);
	if (behind == 0)
		return jv_null();
	return error_value("conflict",
	    "%s: the remote's %s has moved on by %zu commit%s (%zu here are "
	    "not there): git pull --rebase --autostash %s %s",
	    worktree->root, worktree->target, behind, behind == 1 ? "" : "s",
	    ahead, worktree->remote, worktree->target);
}

/* ---- hooks and signing ---- */

/* The first of these that git would run. */
static char *
find_hook(const struct worktree *worktree, const char *const names[])
{
	/* A relative core.hooksPath is relative to where hooks are run. */
	char *folder = worktree_path(worktree, "core.hooksPath"), *found = NULL;

	if (folder == NULL)
		folder = file_join(
		    git_repository_commondir(worktree->repo), "hooks");
	for (; found == NULL && *names != NULL; names++) {
		char *path = file_join(folder, *names);

		if (access(path, X_OK) == 0)
			found = xstrdup(*names);
		free(path);
	}
	free(folder);
	return found;
}

static jv
leave_out(const struct worktree *worktree, struct worktree_leave *leave,
    const char *const hooks[], const char *sign, const char *command)
{
	bool signs = worktree_setting(worktree, sign, false);
	char *hook = find_hook(worktree, hooks);
	jv why = jv_null();

	if (hook != NULL && !leave->no_hooks)
		why = error_value("input",
		    "%s: there is a hook, %s, which only git runs: %s, or "
		    "leave it out with --no-hooks",
		    worktree->root, hook, command);
	else if (signs && !leave->no_sign)
		why = error_value("input",
		    "%s: %s is set, and only git signs: %s, or leave it out "
		    "with --no-sign",
		    worktree->root, sign, command);
	leave->hooks |= hook != NULL;
	leave->sign |= signs;
	free(hook);
	return why;
}

jv
worktree_check_commit(
    const struct worktree *worktree, struct worktree_leave *leave)
{
	static const char *const hooks[] = { "pre-commit", "prepare-commit-msg",
		"commit-msg", "post-commit", "reference-transaction", NULL };

	return leave_out(worktree, leave, hooks, "commit.gpgSign",
	    "git add -A and git commit");
}

jv
worktree_check_push(
    const struct worktree *worktree, struct worktree_leave *leave)
{
	static const char *const hooks[] = { "pre-push", NULL };

	return leave_out(worktree, leave, hooks, "push.gpgSign", "git push");
}
