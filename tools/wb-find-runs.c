/* SPDX-License-Identifier: MIT */
/*
 * wb-find-runs - find W&B runs in a tree
 *
 * in:  {"output_dir": "a folder"}, or a .wandb file
 * out: for each .wandb file in it the same record with "run_dir", "wandb_file",
 *      "run_id", "state", "synced", "bytes", "fragment", "fragments" and what
 *      else the file tells of its run
 *
 * The files of one run are written together, so nothing is written before the
 * tree was walked: a few hundred bytes for each file are kept until then.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jv.h>

#include "cli.h"
#include "clock.h"
#include "mem.h"
#include "ndjson.h"
#include "record.h"
#include "walk.h"
#include "wandb/marker.h"
#include "wandb/rundir.h"
#include "wandb/runhead.h"
#include "wandb/runlist.h"
#include "wandb/runwhole.h"

static const char help[] =
    "usage: wb-find-runs [-hVv] [-j N] [--state=STATE,...] [--unsynced]\n"
    "                    [--project=PROJECT] [--since=TIME] [--summary]\n"
    "                    [--deps] [folder ...]\n"
    "Find W&B runs in a tree.\n"
    "\n"
    "      --state=STATE,...  only finished, failed, crashed or live runs\n"
    "      --unsynced         only files that no marker says are synced\n"
    "      --project=PROJECT  only runs of PROJECT, or ENTITY/PROJECT\n"
    "      --since=TIME       only runs that started since TIME, or in the\n"
    "                         last 30s, 5m, 2h\n"
    "      --summary          add the summary; reads files to their end\n"
    "      --deps             add the files that a sync needs; likewise\n";

enum {
	OPT_STATE = 256,
	OPT_UNSYNCED,
	OPT_PROJECT,
	OPT_SINCE,
	OPT_SUMMARY,
	OPT_DEPS
};

static const struct option longopts[] = {
	{ "state", required_argument, NULL, OPT_STATE },
	{ "unsynced", no_argument, NULL, OPT_UNSYNCED },
	{ "project", required_argument, NULL, OPT_PROJECT },
	{ "since", required_argument, NULL, OPT_SINCE },
	{ "summary", no_argument, NULL, OPT_SUMMARY },
	{ "deps", no_argument, NULL, OPT_DEPS },
	{ 0 },
};

static unsigned states; /* bits by enum runhead_state; 0: all */
static bool unsynced;
static const char *project;
static double since = -INFINITY;
static int whole; /* RUNWHOLE_SUMMARY, RUNWHOLE_DEPS */

/* What the walk through one record's folder gives. */
struct search {
	jv rec;
	struct runlist list;
	bool told; /* a trouble was written */
};

static jv
set_places(jv rec, const char *path)
{
	char *folder = rundir_of(path);

	rec = record_set_str(rec, "run_dir", folder);
	free(folder);
	return record_set_str(rec, "wandb_file", path);
}

static void
note_trouble(void *context, const char *path, jv why)
{
	struct search *search = context;
	jv rec = jv_copy(search->rec);

	if (rundir_is_file(path))
		rec = set_places(rec, path);
	ndjson_write(record_error(rec, why));
	search->told = true;
}

static void
note_run(void *context, const char *path)
{
	struct search *search = context;
	struct runhead head;
	jv name = jv_string(path);
	jv why;

	/* libjq puts U+FFFD where there is no UTF-8: another name. */
	if (strcmp(jv_string_value(name), path) != 0)
		why = error_value("input", "%s: the name is not UTF-8", path);
	else
		why = runhead_read(path, &head);
	jv_free(name);
	if (!jv_is_valid(why)) {
		note_trouble(search, path, why);
		return;
	}
	runlist_add(&search->list, path, &head);
}

static bool
is_in_project(const struct runhead *head)
{
	const char *slash = strchr(project, '/');

	if (slash == NULL)
		return strcmp(head->project, project) == 0;
	return strcmp(head->project, slash + 1) == 0 &&
	    strlen(head->entity) == (size_t)(slash - project) &&
	    strncmp(head->entity, project, strlen(head->entity)) == 0;
}

static bool
is_wanted(const struct runhead *head, bool synced)
{
	return (states == 0 || (states >> head->state & 1) != 0) &&
	    !(unsynced && synced) && (project == NULL || is_in_project(head)) &&
	    (isinf(since) || isgreaterequal(head->started, since));
}

/* A text that the file may leave open. */
static jv
set_text(jv rec, const char *field, const char *text)
{
	return record_set_str(rec, field, *text != '\0' ? text : NULL);
}

static jv
set_identity(jv rec, const struct runhead *head)
{
	bool known = *head->entity != '\0' && *head->project != '\0';
	char *run =
	    xasprintf("%s/%s/%s", head->entity, head->project, head->run_id);
	char time[CLOCK_TEXT];

	rec = record_set_str(rec, "run", known ? run : NULL);
	rec = record_set_str(rec, "run_id", head->run_id);
	rec = set_text(rec, "entity", head->entity);
	rec = set_text(rec, "project", head->project);
	rec = set_text(rec, "display_name", head->display_name);
	rec = record_set_str(rec, "started_at",
	    isnan(head->started) ? NULL : clock_format(head->started, time));
	free(run);
	return rec;
}

/* Only the folder's name tells whether the run was logged offline. */
static jv
set_offline(jv rec)
{
	enum rundir_kind kind = rundir_kind(record_str(rec, "run_dir"));

	if (kind == RUNDIR_OTHER)
		return record_drop(rec, "offline");
	return record_set_bool(rec, "offline", kind == RUNDIR_OFFLINE);
}

static void
write_run(jv rec, const struct runfile *file)
{
	const struct runhead *head = &file->head;
	bool synced = marker_claims(file->path, head->bytes);

	if (!is_wanted(head, synced)) {
		jv_free(rec);
		return;
	}
	rec = set_places(rec, file->path);
	rec = set_identity(rec, head);
	rec = record_set_str(rec, "state", runhead_state_name(head->state));
	rec = set_offline(rec);
	rec = record_set_bool(rec, "synced", synced);
	rec = record_set_number(rec, "bytes", (double)head->bytes);
	rec = record_set_number(rec, "fragment", file->fragment);
	rec = record_set_number(rec, "fragments", file->fragments);
	if (whole != 0)
		rec = runwhole_add(rec, whole);
	ndjson_write(rec);
}

static jv
find_runs(jv rec)
{
	static const char *const own[] = { "run_dir", "wandb_file", "run",
		"run_id", "entity", "project", "display_name", "started_at",
		"state", "offline", "synced", "fragment", "fragments",
		"summary", "deps", "deps_missing", NULL };
	struct search search = { .rec = record_forget(rec, own) };
	const char *folder = record_str(search.rec, "output_dir");
	struct walker walker = {
		.wants = rundir_is_file,
		.take = note_run,
		.trouble = note_trouble,
		.context = &search,
	};
	jv why = walk(folder, &walker);
	char *around = NULL;

	if (jv_is_valid(why) && search.list.count == 0 && !search.told) {
		/* In files/ of a run, say. */
		around = rundir_around(folder);
		if (around != NULL)
			why = walk(around, &walker);
	}
	free(around);
	if (jv_is_valid(why) && search.list.count == 0 && !search.told)
		why = error_value("not_found", "no .wandb file there");
	runlist_sort(&search.list);
	for (size_t i = 0; i < search.list.count; i++)
		write_run(jv_copy(search.rec), &search.list.at[i]);
	runlist_release(&search.list);
	if (!jv_is_valid(why))
		return record_error(search.rec, why);
	jv_free(search.rec);
	return jv_invalid(); /* nothing more to write */
}

static unsigned
state_bit(struct span name)
{
	for (unsigned i = RUNHEAD_FINISHED; i <= RUNHEAD_LIVE; i++)
		if (span_is(name, runhead_state_name((enum runhead_state)i)))
			return 1u << i;
	cli_wrong("--state: '%.*s' is not finished, failed, crashed or live",
	    (int)name.len, name.at);
}

/* STATE,...: adds to states. */
static void
read_states(const char *text)
{
	do {
		size_t len = strcspn(text, ",");

		states |= state_bit((struct span){ text, len });
		text += len + (text[len] == ',');
	} while (*text != '\0');
}

/* A time, or how long ago it is. */
static double
read_since(const char *text)
{
	double time = clock_parse(text);

	return isnan(time) ? clock_now() - cli_seconds("--since", text) : time;
}

int
main(int argc, char *argv[])
{
	int opt;

	cli_init(argv[0], help);
	while ((opt = cli_getopt(argc, argv, "", longopts)) != -1) {
		switch (opt) {
		case OPT_STATE:
			read_states(optarg);
			break;
		case OPT_UNSYNCED:
			unsynced = true;
			break;
		case OPT_PROJECT:
			project = optarg;
			if (*project == '\0')
				cli_wrong("--project is empty");
			break;
		case OPT_SINCE:
			since = read_since(optarg);
			break;
		case OPT_SUMMARY:
			whole |= RUNWHOLE_SUMMARY;
			break;
		case OPT_DEPS:
			whole |= RUNWHOLE_DEPS;
			break;
		}
	}
	return ndjson_filter(argv + optind, "output_dir", find_runs);
}
