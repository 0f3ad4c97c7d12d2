/* SPDX-License-Identifier: MIT */
/*
 * git/commit - a commit of a tree, and the branch moved to it
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "git/commit.h"
#include "mem.h"
#include "record.h"

/* ---- people ---- */

/* GIT_AUTHOR_NAME, author.name, user.name: the caller's; NULL without. */
static char *
find_part(const struct worktree *worktree, const char *variable,
    const char *who, const char *part)
{
	const char *value = getenv(variable);
	char *name, *found;

	if (value != NULL && *value != '\0')
		return xstrdup(value);
	name = xasprintf("%s.%s", who, part);
	found = worktree_string(worktree, name);
	free(name);
	if (found != NULL && *found != '\0')
		return found;
	free(found);
	name = xasprintf("user.%s", part);
	found = worktree_string(worktree, name);
	free(name);
	return found;
}

/* Minutes east of UTC here, at a moment. */
static int
local_offset(double when)
{
	time_t second = (time_t)when;
	struct tm tm = { 0 };

	localtime_r(&second, &tm);
	return (int)(tm.tm_gmtoff / 60);
}

/* "1795240800 +0100", "@1795240800", or RFC 3339. */
static bool
parse_date(const char *text, double *when, int *offset)
{
	char sign = '+', *end;
	unsigned hours = 0, minutes = 0;
	int used = 0;

	*when = clock_parse(text);
	*offset = 0;
	if (!isnan(*when)) {
		end = strchr(text, '\0') - 6;
		if (strlen(text) > 6 &&
		    sscanf(end, "%c%2u:%2u%n", &sign, &hours, &minutes,
			&used) == 3 &&
		    used == 6 && (sign == '+' || sign == '-'))
			*offset = (int)(hours * 60 + minutes);
		*offset = sign == '-' ? -*offset : *offset;
		return true;
	}
	text += *text == '@';
	*when = (double)strtoull(text, &end, 10);
	if (end == text)
		return false;
	if (*end == '\0')
		return true;
	if (sscanf(end, " %c%2u%2u%n", &sign, &hours, &minutes, &used) != 3 ||
	    end[used] != '\0' || (sign != '+' && sign != '-'))
		return false;
	*offset = (int)(hours * 60 + minutes) * (sign == '-' ? -1 : 1);
	return true;
}

static jv
find_person(git_signature **person, const struct worktree *worktree,
    const char *variable, const char *who)
{
	char *names[3] = { xasprintf("GIT_%s_NAME", variable),
		xasprintf("GIT_%s_EMAIL", variable),
		xasprintf("GIT_%s_DATE", variable) };
	char *name = find_part(worktree, names[0], who, "name");
	char *email = find_part(worktree, names[1], who, "email");
	const char *date = getenv(names[2]);
	double when = clock_now();
	int offset = local_offset(when);
	jv why = jv_null();

	if (date != NULL && *date != '\0' && !parse_date(date, &when, &offset))
		why =
		    error_value("input", "%s: '%s' is no date", names[2], date);
	else if (name == NULL || email == NULL)
		why = error_value("input",
		    "%s: nobody to commit as: git config --global user.name "
		    "and user.email (or %s and %s)",
		    worktree->root, names[0], names[1]);
	else if (git_signature_new(
		     person, name, email, (git_time_t)when, offset) != 0)
		why = worktree_failure("input", "%s", names[0]);
	free(name);
	free(email);
	for (int i = 0; i < 3; i++)
		free(names[i]);
	return why;
}

jv
commit_people(struct commit_people *people, const struct worktree *worktree)
{
	jv why;

	memset(people, 0, sizeof *people);
	why = find_person(&people->author, worktree, "AUTHOR", "author");
	if (jv_is_valid(why))
		why = find_person(
		    &people->committer, worktree, "COMMITTER", "committer");
	return why;
}

void
commit_people_release(struct commit_people *people)
{
	git_signature_free(people->author);
	git_signature_free(people->committer);
	memset(people, 0, sizeof *people);
}

/* ---- the commit ---- */

jv
commit_make(const struct worktree *worktree, const struct commit_people *people,
    const char *message, const git_oid *tree_id, const git_oid *parent_id,
    git_oid *id)
{
	git_buf clean = GIT_BUF_INIT;
	git_commit *parent = NULL;
	const git_commit *parents[1];
	git_tree *tree = NULL;
	int error = git_tree_lookup(&tree, worktree->repo, tree_id);

	if (error == 0 && parent_id != NULL)
		error = git_commit_lookup(&parent, worktree->repo, parent_id);
	parents[0] = parent;
	if (error == 0)
		error = git_message_prettify(&clean, message, 0, '#');
	if (error == 0)
		error = git_commit_create(id, worktree->repo, NULL,
		    people->author, people->committer, NULL, clean.ptr, tree,
		    parent != NULL, parents);
	git_buf_dispose(&clean);
	git_commit_free(parent);
	git_tree_free(tree);
	return error == 0
	    ? jv_null()
	    : worktree_failure("io", "%s: the commit", worktree->root);
}

/* Whether HEAD is still the branch: only libgit2's own locks compare it. */
static bool
is_checked_out(const struct worktree *worktree, const char *branch)
{
	git_reference *head = NULL;
	bool same = false;

	if (git_reference_lookup(&head, worktree->repo, "HEAD") == 0) {
		const char *target = git_reference_symbolic_target(head);

		same = target != NULL && strcmp(target, branch) == 0;
	}
	git_reference_free(head);
	return same;
}

jv
commit_advance(const struct worktree *worktree,
    const struct commit_people *people, const char *message, const git_oid *id)
{
	char *branch = xasprintf("refs/heads/%s", worktree->branch);
	char *entry =
	    xasprintf("commit%s: %.*s", worktree->unborn ? " (initial)" : "",
		(int)strcspn(message, "\n"), message);
	git_reference *moved = NULL;
	int error = GIT_EMODIFIED;

	if (is_checked_out(worktree, branch)) {
		(void)git_repository_set_ident(worktree->repo,
		    people->committer->name, people->committer->email);
		error = worktree->unborn
		    ? git_reference_create(
			  &moved, worktree->repo, branch, id, 0, entry)
		    : git_reference_create_matching(&moved, worktree->repo,
			  branch, id, 1, &worktree->head, entry);
	}
	git_reference_free(moved);
	free(entry);
	free(branch);
	if (error == 0)
		return jv_null();
	if (error == GIT_EMODIFIED || error == GIT_EEXISTS)
		return error_temporary(
		    error_value("conflict", "%s: %s was moved meanwhile",
			worktree->root, worktree->branch));
	return worktree_failure(
	    "io", "%s: %s", worktree->root, worktree->branch);
}
