/* SPDX-License-Identifier: MIT */
/*
 * git/pick - the commit that a record names, and where it can be cloned
 */
#include "git/pick.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "record.h"

/* A variable of the environment; NULL if it is not set, or empty. */
static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

jv
git_pick_clean(jv rec)
{
	const char *url = record_str(rec, "remote_url");
	char *clean;

	if (url == NULL || strchr(url, '@') == NULL)
		return rec;
	clean = git_clone_url(url);
	rec = record_set_str(rec, "remote_url", clean);
	free(clean);
	return rec;
}

/* jv_null(), or what is wrong with the types of the fields. */
static jv
check_fields(jv rec)
{
	static const char *const names[] = { "repo", "remote_url", "branch",
		"commit" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		jv value = record_get(rec, names[i]);
		bool wrong =
		    jv_is_valid(value) && record_str(rec, names[i]) == NULL;

		jv_free(value);
		if (wrong)
			return error_value("input", "%s: not a text", names[i]);
	}
	return jv_null();
}

static bool
is_commit(const char *text)
{
	size_t len = strspn(text, "0123456789abcdef");

	return text[len] == '\0' && (len == 40 || len == 64);
}

/* That the upstream holds HEAD. */
static jv
check_held(const struct git_pick *pick, const struct git_head *head,
    const char *repo, const char *url, bool is_upstream)
{
	enum git_held held = is_upstream
	    ? (head->held ? GIT_HELD : GIT_NOT_HELD)
	    : git_source_held(pick->source, url, pick->branch, pick->commit);

	if (held == GIT_NOT_HELD)
		return error_value("conflict",
		    "%s: branch %s of its remote does not hold HEAD, %.10s: "
		    "kgl-gitsync or git push brings it there",
		    repo, pick->branch, pick->commit);
	if (held == GIT_HELD_UNKNOWN)
		warning("%s: no remote has the URL in REPO_URL: whether it "
			"holds %.10s is not known here",
		    repo, pick->commit);
	return jv_null();
}

/* What repo's HEAD says; *url is as it was found. */
static jv
take_head(struct git_pick *pick, const char *repo, bool must_clone, char **url)
{
	const char *env_url = variable("REPO_URL");
	const char *env_branch = variable("GIT_BRANCH");
	struct git_head head;
	jv why = git_source_head(pick->source, &head);
	const char *branch = env_branch != NULL ? env_branch : head.branch;
	const char *from = env_url != NULL ? env_url : head.remote_url;

	if (jv_is_valid(why)) {
		pick->commit = xstrdup(head.commit);
		pick->branch = xstrdup(branch != NULL ? branch : "");
		*url = xstrdup(from != NULL ? from : "");
	}
	if (jv_is_valid(why) && must_clone && (branch == NULL || from == NULL))
		why = error_value("conflict",
		    "%s: %s: git push -u gives it one; what kgl-gitsync "
		    "writes, or REPO_URL and GIT_BRANCH, stand in for it",
		    repo,
		    head.branch == NULL ? "HEAD is on no branch, so without "
					  "upstream"
					: "the branch has no upstream");
	else if (jv_is_valid(why) && must_clone)
		why = check_held(pick, &head, repo, from,
		    env_url == NULL && env_branch == NULL);
	git_head_release(&head);
	return why;
}

/* That HEAD is the commit that the record names, if it names one. */
static jv
check_named(const struct git_pick *pick, const char *repo, jv rec)
{
	const char *commit = record_str(rec, "commit");

	if (commit != NULL && strcmp(commit, pick->commit) != 0)
		return error_value("conflict",
		    "%s: HEAD is %.10s, not the record's commit %.10s: git "
		    "checkout it, or name its branch and remote_url as well",
		    repo, pick->commit, commit);
	return jv_null();
}

/* The same from the record's own fields. */
static jv
take_fields(struct git_pick *pick, jv rec, bool must_clone, char **url)
{
	const char *from = record_str(rec, "remote_url");
	const char *branch = record_str(rec, "branch");
	const char *commit = record_str(rec, "commit");

	from = from != NULL ? from : variable("REPO_URL");
	branch = branch != NULL ? branch : variable("GIT_BRANCH");
	if (commit == NULL || (must_clone && from == NULL))
		return error_value("input",
		    "the record has neither repo nor remote_url, branch and "
		    "commit");
	if (!is_commit(commit))
		return error_value(
		    "input", "commit: \"%s\" is not 40 hex digits", commit);
	pick->commit = xstrdup(commit);
	pick->branch = xstrdup(branch != NULL ? branch : "");
	*url = xstrdup(from != NULL ? from : "");
	return jv_null();
}

jv
git_pick(struct git_pick *pick, jv rec, bool must_clone)
{
	const char *repo = record_str(rec, "repo");
	bool whole = record_str(rec, "commit") != NULL &&
	    record_str(rec, "branch") != NULL &&
	    record_str(rec, "remote_url") != NULL;
	char *url = NULL;
	jv why = check_fields(rec);

	*pick = (struct git_pick){ 0 };
	if (jv_is_valid(why) && repo != NULL)
		why = git_source_open(&pick->source, repo);
	if (jv_is_valid(why))
		why = repo == NULL || whole
		    ? take_fields(pick, rec, must_clone, &url)
		    : take_head(pick, repo, must_clone, &url);
	if (jv_is_valid(why) && repo != NULL && !whole)
		why = check_named(pick, repo, rec);
	if (jv_is_valid(why)) {
		pick->remote_url =
		    url[0] == '\0' ? xstrdup("") : git_clone_url(url);
		if (pick->remote_url == NULL)
			why = error_value(
			    "input", "remote_url: not the URL of a repository");
	}
	free(url);
	return why;
}

static jv
check_file(const struct git_pick *pick, const char *name)
{
	if (git_source_find(pick->source, pick->commit, name) == GIT_NOT_FOUND)
		return error_value(
		    "input", "commit %.10s has no file %s", pick->commit, name);
	return jv_null();
}

jv
git_pick_check(const struct git_pick *pick, const char *script, jv files)
{
	jv why;

	if (pick->source == NULL)
		return jv_null();
	why = check_file(pick, script);
	jv_array_foreach(files, i, name)
	{
		if (jv_is_valid(why))
			why = check_file(pick, jv_string_value(name));
		jv_free(name);
	}
	if (git_source_is_changed(pick->source, script))
		warning("%s: what has changed since the last commit is no "
			"part of the kernel",
		    script);
	if (git_source_find(pick->source, pick->commit, ".gitmodules") ==
	    GIT_FOUND)
		warning("commit %.10s has submodules, which the kernel does "
			"not get",
		    pick->commit);
	return why;
}

jv
git_pick_add(const struct git_pick *pick, jv rec)
{
	const char *url = record_str(rec, "remote_url");
	char *clone = url != NULL ? git_clone_url(url) : NULL;

	rec = record_set_str(rec, "commit", pick->commit);
	if (pick->branch[0] != '\0')
		rec = record_set_str(rec, "branch", pick->branch);
	if (pick->remote_url[0] != '\0' &&
	    (clone == NULL || strcmp(clone, pick->remote_url) != 0))
		rec = record_set_str(rec, "remote_url", pick->remote_url);
	free(clone);
	return rec;
}

void
git_pick_release(struct git_pick *pick)
{
	git_source_close(pick->source);
	free(pick->commit);
	free(pick->branch);
	free(pick->remote_url);
	*pick = (struct git_pick){ 0 };
}
