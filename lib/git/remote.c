/* SPDX-License-Identifier: MIT */
/*
 * git/remote - what a remote's branch holds, and pushing to it
 *
 * The parent decides, the children talk: one asks, one pushes. A push counts
 * as done when a child that asked afterwards saw it, and for nothing else.
 */
#include <git2.h>
#include <stdlib.h>
#include <string.h>

#include "git/address.h"
#include "git/child.h"
#include "git/exchange.h"
#include "git/link.h"
#include "git/remote.h"
#include "git/remoteurl.h"
#include "git/settings.h"
#include "mem.h"
#include "record.h"

enum { TRIES = 3 }; /* to reach a remote by a program */

struct remote {
	git_repository *repository;
	char *name;
	struct address address;
	struct link_place place;
	char *strings[3]; /* what place borrows */
};

/* ---- opening ---- */

static jv
libgit2_error(const char *code, const char *what)
{
	const git_error *error = git_error_last();

	return error_value(code, "%s: %s", what,
	    error != NULL && error->message != NULL ? error->message
						    : "libgit2 failed");
}

/* Which remote, where, and how it is reached. */
static jv
configure(struct remote *remote, git_config *config, const char *name)
{
	struct link_place *place = &remote->place;
	char *url, *key;
	jv error;

	remote->name = name != NULL
	    ? xstrdup(name)
	    : remoteurl_name(remote->repository, config);
	error = remoteurl_find(config, remote->name, &url);
	if (!jv_is_valid(error))
		return error;
	jv_free(error);
	error = address_parse(&remote->address, url);
	free(url);
	if (!jv_is_valid(error))
		return error;
	remote->strings[0] = remoteurl_setting(config, "core.sshcommand");
	key = xasprintf("remote.%s.uploadpack", remote->name);
	remote->strings[1] = remoteurl_setting(config, key);
	free(key);
	key = xasprintf("remote.%s.receivepack", remote->name);
	remote->strings[2] = remoteurl_setting(config, key);
	free(key);
	place->address = &remote->address;
	place->git_dir = git_repository_path(remote->repository);
	place->folder = git_repository_workdir(remote->repository);
	if (place->folder == NULL)
		place->folder = place->git_dir;
	place->ssh = remote->strings[0];
	place->programs[LINK_UPLOAD_PACK] = remote->strings[1];
	place->programs[LINK_RECEIVE_PACK] = remote->strings[2];
	return error;
}

jv
remote_open(struct remote **remote, const char *repo, const char *name)
{
	struct remote *new = xcalloc(1, sizeof *new);
	git_config *config = NULL;
	jv error;

	*remote = NULL;
	git_libgit2_init();
	git_error_clear();
	if (git_repository_open(&new->repository, repo) != 0)
		error = libgit2_error("input", repo);
	else
		error = settings_take_environment(new->repository);
	if (jv_is_valid(error) &&
	    git_repository_config_snapshot(&config, new->repository) != 0)
		error = libgit2_error("input", repo);
	if (jv_is_valid(error))
		error = configure(new, config, name);
	git_config_free(config);
	if (jv_is_valid(error))
		*remote = new;
	else
		remote_close(new);
	return error;
}

void
remote_close(struct remote *remote)
{
	if (remote == NULL)
		return;
	for (int i = 0; i < 3; i++)
		free(remote->strings[i]);
	address_release(&remote->address);
	free(remote->name);
	git_repository_free(remote->repository);
	free(remote);
	git_libgit2_shutdown();
}

const char *
remote_url(const struct remote *remote)
{
	return remote->address.shown;
}

/* ---- what a child does ---- */

struct question {
	const struct remote *remote;
	const struct link_place *place;
	const char *ref;
	/* For a push. */
	git_oid old; /* all zero: it must not be there */
	git_oid new;
};

static jv
ask(struct child *child, void *context)
{
	const struct question *question = context;
	struct exchange_advert advert = { 0 };
	struct link *link;
	jv answer = link_open(&link, question->place, LINK_UPLOAD_PACK);
	char oid[REMOTE_OID];

	(void)child; /* asking changes nothing */
	if (jv_is_valid(answer)) {
		jv_free(answer);
		answer = exchange_advert(link, question->ref, NULL, &advert);
	}
	if (jv_is_valid(answer)) {
		exchange_leave(link);
		jv_free(answer);
		answer = jv_object();
		git_oid_tostr(oid, sizeof oid, &advert.oid);
		if (advert.found)
			answer = record_set_str(answer, "oid", oid);
	}
	exchange_advert_release(&advert);
	link_close(link);
	return answer;
}

/* Whether the branch is what the push is to begin with. */
static jv
compare(const struct question *question, const struct exchange_advert *advert)
{
	char has[REMOTE_OID];

	if (!advert->reports)
		return error_value(
		    "input", "the remote does not report what it does");
	if (advert->found ? git_oid_equal(&advert->oid, &question->old)
			  : git_oid_is_zero(&question->old))
		return jv_null();
	git_oid_tostr(has, sizeof has, &advert->oid);
	return error_value("conflict",
	    "the remote has moved on: its %s %s%s; git fetch, then merge or "
	    "rebase",
	    question->ref, advert->found ? "holds " : "is not there any more",
	    advert->found ? has : "");
}

static jv
push(struct child *child, void *context)
{
	const struct question *question = context;
	const struct remote *remote = question->remote;
	struct exchange_advert advert = { 0 };
	struct link *link;
	jv error = link_open(&link, question->place, LINK_RECEIVE_PACK);
	bool there;

	if (jv_is_valid(error)) {
		jv_free(error);
		error = exchange_advert(
		    link, question->ref, remote->repository, &advert);
	}
	there = advert.found && git_oid_equal(&advert.oid, &question->new);
	if (jv_is_valid(error) && !there) {
		jv_free(error);
		error = compare(question, &advert);
	}
	if (jv_is_valid(error) && !there) {
		jv_free(error);
		child_note(child);
		error = exchange_push(link, question->ref, remote->repository,
		    &advert, &question->old, &question->new);
	} else if (link != NULL) {
		exchange_leave(link);
	}
	exchange_advert_release(&advert);
	link_close(link);
	return error;
}

/* ---- what the parent does ---- */

/* The error with where it happened; consumes it. */
static jv
with_place(const struct remote *remote, jv error)
{
	jv fuller;

	if (jv_is_valid(error))
		return error;
	fuller = error_value(error_code(error), "%s: %s", remote_url(remote),
	    error_message(error));
	jv_free(error);
	return fuller;
}

/* Whether the error leaves open what the remote did. */
static bool
is_open(jv error)
{
	const char *code = error_code(error);

	return strcmp(code, "unavailable") == 0 || strcmp(code, "timeout") == 0;
}

/*
 * Has a child do it, again after passing errors if nothing was sent; lib/http
 * does that by itself.
 */
static jv
have_done(struct question *question,
    jv (*work)(struct child *child, void *context),
    const struct deadline *deadline, bool *sent)
{
	const struct remote *remote = question->remote;
	struct link_place place = remote->place;
	jv value;

	place.deadline = *deadline;
	question->place = &place;
	for (int tries = 1;; tries++) {
		value = child_work(work, question, deadline, sent);
		if (jv_is_valid(value) || *sent || tries == TRIES ||
		    remote->address.kind == ADDRESS_HTTP ||
		    strcmp(error_code(value), "unavailable") != 0 ||
		    !deadline_sleep(deadline, 1 << (tries - 1)))
			return with_place(remote, value);
		verbose("%s: %s; trying again", remote_url(remote),
		    error_message(value));
		jv_free(value);
	}
}

/* refs/heads/BRANCH; NULL if that is no name. The caller's to free. */
static char *
ref_of(const char *branch)
{
	char *ref = xasprintf("refs/heads/%s", branch);

	if (git_reference_is_valid_name(ref))
		return ref;
	free(ref);
	return NULL;
}

static jv
no_branch(const char *branch)
{
	return error_value("input", "%s: not the name of a branch", branch);
}

jv
remote_ask(struct remote *remote, const char *branch,
    const struct deadline *deadline, bool *found, char oid[REMOTE_OID])
{
	struct question question = { .remote = remote };
	char *ref = ref_of(branch);
	const char *holds;
	bool sent;
	jv answer;

	*found = false;
	*oid = '\0';
	if (ref == NULL)
		return no_branch(branch);
	question.ref = ref;
	answer = have_done(&question, ask, deadline, &sent);
	free(ref);
	if (!jv_is_valid(answer))
		return answer;
	holds = record_str(answer, "oid");
	*found = holds != NULL && strlen(holds) == REMOTE_OID - 1;
	if (*found)
		memcpy(oid, holds, REMOTE_OID);
	jv_free(answer);
	return jv_null();
}

/* Whether a push from old to new throws nothing away. */
static jv
check_line(const struct remote *remote, const char *commit,
    const char *expected, const git_oid *old, const git_oid *new)
{
	git_commit *found = NULL;
	int descends;

	git_error_clear();
	if (git_commit_lookup(&found, remote->repository, new) != 0)
		return libgit2_error("input", commit);
	git_commit_free(found);
	if (expected == NULL || git_oid_equal(old, new))
		return jv_null();
	descends = git_graph_descendant_of(remote->repository, new, old);
	if (descends == 1)
		return jv_null();
	return error_value("conflict",
	    "%s: the remote has moved on: it holds %s, which is %s; git fetch, "
	    "then merge or rebase",
	    remote_url(remote), expected,
	    descends == 0 ? "no ancestor of what is to be pushed" : "not here");
}

/* What a push came to, after it was looked up; consumes both. */
static jv
outcome(const struct remote *remote, const char *branch, jv error, jv asked)
{
	jv unknown;

	/* A refusal in the remote's own words needs no second witness. */
	if (!jv_is_valid(error) && !is_open(error)) {
		jv_free(asked);
		return error;
	}
	unknown = error_value("unknown_outcome",
	    "%s: the push was sent, but what it did could not be asked (%s): "
	    "git ls-remote %s refs/heads/%s",
	    remote_url(remote), error_message(asked), remote_url(remote),
	    branch);
	jv_free(error);
	jv_free(asked);
	return unknown;
}

/* It does not hold commit; consumes error. */
static jv
moved_on(const struct remote *remote, jv error, const char *holds)
{
	jv moved = error_value("conflict",
	    "%s: the remote has moved on meanwhile: it holds %s; git fetch, "
	    "then merge or rebase%s%s",
	    remote_url(remote), holds, jv_is_valid(error) ? "" : "; ",
	    jv_is_valid(error) ? "" : error_message(error));

	jv_free(error);
	return moved;
}

/* As remote_push(), for a question that was checked. */
static jv
push_and_ask(struct remote *remote, const char *branch,
    struct question *question, const struct deadline *deadline)
{
	char commit[REMOTE_OID], expected[REMOTE_OID], holds[REMOTE_OID];
	bool sent, found, same;
	jv error, asked;

	git_oid_tostr(commit, sizeof commit, &question->new);
	git_oid_tostr(expected, sizeof expected, &question->old);
	for (int tries = 1;; tries++) {
		error = have_done(question, push, deadline, &sent);
		if (!jv_is_valid(error) && !sent && tries == 1)
			return error; /* nothing to look up */
		asked = remote_ask(remote, branch, deadline, &found, holds);
		if (!jv_is_valid(asked))
			return outcome(remote, branch, error, asked);
		jv_free(asked);
		if (found && strcmp(holds, commit) == 0) {
			jv_free(error);
			return jv_null();
		}
		same = found ? strcmp(holds, expected) == 0
			     : git_oid_is_zero(&question->old);
		if (!same)
			return moved_on(
			    remote, error, found ? holds : "no such branch");
		if (jv_is_valid(error))
			return error_value("rejected",
			    "%s: the remote said that it took the push, but "
			    "its %s does not hold it",
			    remote_url(remote), question->ref);
		if (!is_open(error) || tries == 2 ||
		    !deadline_sleep(deadline, 1))
			return error;
		verbose("%s; the push has not arrived: once more",
		    error_message(error));
		jv_free(error);
	}
}

/* What stands here for a branch of the remote. */
struct tracking {
	const struct remote *remote;
	const char *ref;
	const git_oid *oid;
};

/* For one refspec of the remote. */
static int
move_tracking(const git_config_entry *entry, void *context)
{
	const struct tracking *tracking = context;
	git_refspec *spec = NULL;
	git_buf name = { 0 };
	git_reference *made = NULL;

	/* It is a note of what was seen: nothing depends on it. */
	if (entry->value != NULL &&
	    git_refspec_parse(&spec, entry->value, true) == 0 &&
	    git_refspec_src_matches(spec, tracking->ref) &&
	    git_refspec_transform(&name, spec, tracking->ref) == 0 &&
	    git_reference_create(&made, tracking->remote->repository, name.ptr,
		tracking->oid, true, "update by push") != 0)
		verbose("%s is not moved", name.ptr);
	git_reference_free(made);
	git_buf_dispose(&name);
	git_refspec_free(spec);
	return 0;
}

/*
 * Moves the branch that stands for the remote's here, as git push does.
 * (git_remote_lookup() of libgit2 1.5.1, which knows the refspecs, leaks.)
 */
static void
note_tracking(const struct remote *remote, const char *ref, const git_oid *oid)
{
	struct tracking tracking = { remote, ref, oid };
	char *key = xasprintf("remote.%s.fetch", remote->name);
	git_config *config = NULL;

	if (git_repository_config_snapshot(&config, remote->repository) == 0)
		(void)git_config_get_multivar_foreach(
		    config, key, NULL, move_tracking, &tracking);
	git_config_free(config);
	free(key);
}

jv
remote_push(struct remote *remote, const char *branch, const char *commit,
    const char *expected, const struct deadline *deadline)
{
	struct question question = { .remote = remote };
	char *ref = ref_of(branch);
	jv error;

	if (ref == NULL)
		return no_branch(branch);
	question.ref = ref;
	if (git_oid_fromstr(&question.new, commit) != 0 ||
	    (expected != NULL && git_oid_fromstr(&question.old, expected) != 0))
		error = error_value("input", "%s: no commit's name", commit);
	else
		error = check_line(
		    remote, commit, expected, &question.old, &question.new);
	if (jv_is_valid(error)) {
		jv_free(error);
		error = push_and_ask(remote, branch, &question, deadline);
	}
	if (jv_is_valid(error))
		note_tracking(remote, ref, &question.new);
	free(ref);
	return error;
}
