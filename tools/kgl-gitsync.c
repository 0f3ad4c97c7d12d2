/* SPDX-License-Identifier: MIT */
/*
 * kgl-gitsync - stage, commit and push work trees
 *
 * in:  {"repo": "a work tree"}
 * out: the same record with "branch", "remote_url", "commit", "committed",
 *      "files_changed" and "pushed"
 *
 * The remote is asked first, and all is checked before anything is written;
 * "pushed" is true only if the remote's branch holds the commit, as it said
 * when it was asked.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jv.h>

#include "cli.h"
#include "clock.h"
#include "git/commit.h"
#include "git/remote.h"
#include "git/stage.h"
#include "git/worktree.h"
#include "mem.h"
#include "ndjson.h"
#include "record.h"

static const char help[] =
    "usage: kgl-gitsync [-hnVv] [-j N] [-m MESSAGE] [--max-file=SIZE]\n"
    "                   [--no-hooks] [--no-sign] [--remote=NAME]\n"
    "                   [--side=BRANCH] [--timeout=TIME] [--tracked]\n"
    "                   [repo ...]\n"
    "Stage, commit and push work trees.\n"
    "\n"
    "  -m, --message=MESSAGE  the commit's message (kgl-gitsync: N files)\n"
    "  -n, --dry-run          ask and check, but write nothing\n"
    "      --max-file=SIZE    refuse files that are larger (100M)\n"
    "      --no-hooks         leave hooks out, which only git runs\n"
    "      --no-sign          leave signing out, which only git does\n"
    "      --remote=NAME      push there, not to the branch's own remote\n"
    "      --side=BRANCH      commit to a branch of its own on the remote\n"
    "      --tracked          leave files out that git does not know\n";

enum {
	OPT_MAX_FILE = 256,
	OPT_NO_HOOKS,
	OPT_NO_SIGN,
	OPT_REMOTE,
	OPT_SIDE,
	OPT_TRACKED,
};

static const struct option longopts[] = {
	{ "message", required_argument, NULL, 'm' },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "max-file", required_argument, NULL, OPT_MAX_FILE },
	{ "no-hooks", no_argument, NULL, OPT_NO_HOOKS },
	{ "no-sign", no_argument, NULL, OPT_NO_SIGN },
	{ "remote", required_argument, NULL, OPT_REMOTE },
	{ "side", required_argument, NULL, OPT_SIDE },
	{ "tracked", no_argument, NULL, OPT_TRACKED },
	{ 0 },
};

static bool dry_run, tracked;
static struct worktree_leave leave;
static const char *message, *remote_name, *side;
static long long max_file = 100LL << 20; /* bytes */

/* One work tree. */
struct job {
	struct worktree tree;
	struct remote *remote;
	struct stage stage;
	struct commit_people people;
	struct deadline end;
	bool dry;
	bool found;            /* the remote has the branch, */
	git_oid theirs;        /* and it holds this */
	const git_oid *parent; /* of a new commit; NULL: none */
	git_oid made;
	const git_oid *commit; /* to be pushed; NULL: there is none yet */
	bool committed, pushed;
	struct worktree_leave leave;
	size_t files;
};

/* What the remote has, and what the commit is on top of. */
static jv
ask(struct job *job)
{
	char oid[REMOTE_OID];
	jv why = remote_ask(
	    job->remote, job->tree.target, &job->end, &job->found, oid);

	if (!jv_is_valid(why))
		return why;
	if (job->found && git_oid_fromstr(&job->theirs, oid) != 0)
		return error_value(
		    "unavailable", "%s: no answer", job->tree.remote);
	job->parent = job->tree.unborn ? NULL : &job->tree.head;
	if (job->found)
		why = worktree_compare(&job->tree, &job->theirs, side != NULL);
	if (job->found && side != NULL)
		job->parent = &job->theirs;
	return why;
}

static jv
scan(struct job *job)
{
	enum stage_mode mode = job->dry ? STAGE_DRY
	    : side != NULL              ? STAGE_SIDE
					: STAGE_INDEX;
	jv why = stage_open(&job->stage, &job->tree, mode, job->parent);

	if (jv_is_valid(why))
		why = stage_scan(&job->stage, tracked, max_file);
	if (jv_is_valid(why) && job->stage.count > 0)
		why = worktree_check_commit(&job->tree, &job->leave);
	/* Nothing is pushed where the remote has what is here. */
	if (jv_is_valid(why) &&
	    (job->stage.count > 0 || !job->found ||
		!git_oid_equal(job->parent, &job->theirs)))
		why = worktree_check_push(&job->tree, &job->leave);
	if (jv_is_valid(why) && job->stage.count > 0)
		why = commit_people(&job->people, &job->tree);
	return why;
}

/* Makes the commit, and moves the branch and the index unless on a side. */
static jv
commit(struct job *job, const git_oid *tree)
{
	char *text = message != NULL
	    ? xstrdup(message)
	    : xasprintf("kgl-gitsync: %zu file%s", job->files,
		  job->files == 1 ? "" : "s");
	jv why = commit_make(
	    &job->tree, &job->people, text, tree, job->parent, &job->made);

	if (jv_is_valid(why) && side == NULL) {
		why = stage_prepare(&job->stage);
		if (jv_is_valid(why))
			why = commit_advance(
			    &job->tree, &job->people, text, &job->made);
	}
	free(text);
	if (!jv_is_valid(why))
		return why;
	job->committed = true;
	job->commit = &job->made;
	return side == NULL ? stage_install(&job->stage) : why;
}

static jv
change(struct job *job)
{
	git_oid tree;
	jv why = scan(job);

	if (jv_is_valid(why) && job->stage.count > 0)
		why = stage_build(&job->stage, &tree, &job->files);
	if (jv_is_valid(why) && job->files > 0 && !job->dry)
		return commit(job, &tree);
	if (!jv_is_valid(why) || job->files > 0)
		return why;
	if (job->parent == NULL)
		return error_value("input",
		    "%s: no commit is here, and no file to make one of",
		    job->tree.root);
	job->commit = job->parent;
	if (job->stage.mode != STAGE_INDEX)
		return why;
	why = stage_prepare(&job->stage);
	return jv_is_valid(why) ? stage_install(&job->stage) : why;
}

static jv
send(struct job *job)
{
	char commit_oid[REMOTE_OID], expected[REMOTE_OID];
	jv why;

	if (job->commit == NULL)
		return jv_null();
	job->pushed = job->found && git_oid_equal(job->commit, &job->theirs);
	if (job->pushed && !job->committed)
		warning("%s: nothing to do: %s has all of it", job->tree.root,
		    job->tree.remote);
	if (job->pushed || job->dry)
		return jv_null();
	git_oid_tostr(commit_oid, sizeof commit_oid, job->commit);
	git_oid_tostr(expected, sizeof expected, &job->theirs);
	diag_on_signal("%s: a push was under way: run it again, it asks %s "
		       "first",
	    job->tree.root, job->tree.remote);
	why = remote_push(job->remote, job->tree.target, commit_oid,
	    job->found ? expected : NULL, &job->end);
	diag_on_signal(NULL);
	job->pushed = jv_is_valid(why);
	return why;
}

/* What is known, also where it ended with an error. */
static jv
add(jv rec, const struct job *job)
{
	char oid[REMOTE_OID];

	rec = record_set_str(rec, "branch", job->tree.target);
	if (job->remote != NULL)
		rec =
		    record_set_str(rec, "remote_url", remote_url(job->remote));
	if (job->commit == NULL && !(job->dry && job->files > 0))
		return rec;
	if (job->commit != NULL)
		rec = record_set_str(
		    rec, "commit", git_oid_tostr(oid, sizeof oid, job->commit));
	rec = record_set_bool(rec, "committed", job->committed);
	rec = record_set_number(rec, "files_changed", (double)job->files);
	if (job->leave.hooks)
		rec = record_set_bool(rec, "no_hooks", true);
	if (job->leave.sign)
		rec = record_set_bool(rec, "no_sign", true);
	return record_set_bool(rec, "pushed", job->pushed);
}

static jv
sync(jv rec)
{
	static const char *const own[] = { "branch", "commit", "remote_url",
		"committed", "pushed", "files_changed", "no_hooks", "no_sign",
		NULL };
	struct job job = { .end = deadline_in(cli_timeout(INFINITY)),
		.leave = leave };
	jv why;

	rec = record_forget(rec, own);
	job.dry = dry_run || record_true(rec, "dry_run");
	why = worktree_open(
	    &job.tree, record_str(rec, "repo"), remote_name, side);
	if (jv_is_valid(why))
		why = remote_open(&job.remote, job.tree.root, job.tree.remote);
	if (jv_is_valid(why))
		why = ask(&job);
	if (jv_is_valid(why))
		why = change(&job);
	stage_close(&job.stage);
	if (jv_is_valid(why))
		why = send(&job);
	rec = add(rec, &job);
	if (job.dry)
		rec = record_set_bool(rec, "dry_run", true);
	rec = jv_is_valid(why) ? rec : record_error(rec, why);
	commit_people_release(&job.people);
	remote_close(job.remote);
	worktree_release(&job.tree);
	return rec;
}

int
main(int argc, char *argv[])
{
	int opt;

	cli_init(argv[0], help);
	while ((opt = cli_getopt(argc, argv, "m:n", longopts)) != -1) {
		switch (opt) {
		case 'm':
			message = optarg;
			if (strspn(message, " \t\r\n") == strlen(message))
				cli_wrong("-m: an empty message");
			break;
		case 'n':
			dry_run = true;
			break;
		case OPT_MAX_FILE:
			max_file = cli_bytes("--max-file", optarg);
			break;
		case OPT_NO_HOOKS:
			leave.no_hooks = true;
			break;
		case OPT_NO_SIGN:
			leave.no_sign = true;
			break;
		case OPT_REMOTE:
			remote_name = optarg;
			break;
		case OPT_SIDE:
			side = optarg;
			break;
		case OPT_TRACKED:
			tracked = true;
			break;
		}
	}
	return ndjson_filter(argv + optind, "repo", sync);
}
