/* SPDX-License-Identifier: MIT */
/*
 * wb-sync - upload W&B runs from .wandb files
 *
 * in:  {"wandb_file": "..."} or {"run_dir": "..."}, as wb-find-runs(1) writes
 * out: the same record with what is now, verified, on the server
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jv.h>

#include "cli.h"
#include "mem.h"
#include "ndjson.h"
#include "record.h"
#include "wandb/runargs.h"
#include "wandb/source.h"
#include "wandb/sync.h"

static const char help[] =
    "usage: wb-sync [-fhnVv] [-j N] [--timeout=TIME] [-e ENTITY] [-p PROJECT]\n"
    "               [--id=ID] [--name=NAME] [--tag=TAG] [--group=GROUP]\n"
    "               [--job-type=TYPE] [--skip=KIND,...] [--exclude=GLOB]\n"
    "               [--map=OLD=NEW] [--partial] [--accept-damage]\n"
    "               [--again | --verify] [--no-mark] [run ...]\n"
    "Upload W&B runs from .wandb files; verified, and nothing twice.\n"
    "\n"
    "  -n, --dry-run          only read the files\n"
    "  -f, --follow           upload runs that go on, until they end\n"
    "  -e, --entity=ENTITY    the entity, whatever the file says\n"
    "  -p, --project=PROJECT  the project, likewise\n"
    "      --id=ID            the run id\n"
    "      --name=NAME        the display name\n"
    "      --tag=TAG          a tag more; may be repeated\n"
    "      --group=GROUP      the group\n"
    "      --job-type=TYPE    the job type\n"
    "      --map=OLD=NEW      artifacts' files below OLD are below NEW here;\n"
    "                         may be repeated\n"
    "      --partial          also where an earlier file of the run is "
    "missing\n"
    "      --skip=KIND,...    leave out console, files, media, artifacts,\n"
    "                         stats, code; may be repeated\n"
    "      --exclude=GLOB     leave out files of such a name; likewise\n"
    "      --accept-damage    what can be read of a damaged file is all of it\n"
    "      --again            ask the server even if the file is marked\n"
    "      --verify           likewise, but send nothing and mark nothing\n"
    "      --no-mark          do not mark the file\n";

enum {
	OPT_ID = 256,
	OPT_NAME,
	OPT_TAG,
	OPT_GROUP,
	OPT_JOB_TYPE,
	OPT_MAP,
	OPT_PARTIAL,
	OPT_SKIP,
	OPT_EXCLUDE,
	OPT_ACCEPT_DAMAGE,
	OPT_AGAIN,
	OPT_VERIFY,
	OPT_NO_MARK
};

static const struct option longopts[] = {
	{ "dry-run", no_argument, NULL, 'n' },
	{ "follow", no_argument, NULL, 'f' },
	{ "entity", required_argument, NULL, 'e' },
	{ "project", required_argument, NULL, 'p' },
	{ "id", required_argument, NULL, OPT_ID },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "tag", required_argument, NULL, OPT_TAG },
	{ "group", required_argument, NULL, OPT_GROUP },
	{ "job-type", required_argument, NULL, OPT_JOB_TYPE },
	{ "map", required_argument, NULL, OPT_MAP },
	{ "partial", no_argument, NULL, OPT_PARTIAL },
	{ "skip", required_argument, NULL, OPT_SKIP },
	{ "exclude", required_argument, NULL, OPT_EXCLUDE },
	{ "accept-damage", no_argument, NULL, OPT_ACCEPT_DAMAGE },
	{ "again", no_argument, NULL, OPT_AGAIN },
	{ "verify", no_argument, NULL, OPT_VERIFY },
	{ "no-mark", no_argument, NULL, OPT_NO_MARK },
	{ 0 },
};

static struct sync_options options;
static struct syncer *syncer, *dry_syncer;

static void
add_map(const char *text)
{
	const char *sign = strchr(text, '=');
	jv map;

	if (sign == NULL || sign == text || sign[1] == '\0')
		cli_wrong("--map: \"%s\": give OLD=NEW", text);
	map = jv_array_append(
	    jv_array(), jv_string_sized(text, (int)(sign - text)));
	options.maps = jv_array_append(
	    options.maps, jv_array_append(map, jv_string(sign + 1)));
}

static void
skip(const char *list)
{
	size_t taken = selection_skip(&options.leave, list);

	if (list[taken] != '\0' || taken == 0)
		cli_wrong("--skip: \"%s\" is none of console, files, media, "
			  "artifacts, stats, code",
		    list + taken);
}

static void
take_option(int opt)
{
	struct run_params *instead = &options.instead;

	switch (opt) {
	case 'f':
		options.follow = true;
		break;
	case 'n':
		options.dry_run = true;
		break;
	case 'e':
		run_arg_part(&instead->entity, "--entity", optarg);
		break;
	case 'p':
		run_arg_part(&instead->project, "--project", optarg);
		break;
	case OPT_ID:
		run_arg_id(&instead->run_id, optarg);
		break;
	case OPT_NAME:
		run_arg(&instead->display_name, "--name", optarg);
		break;
	case OPT_TAG:
		run_arg_tag(instead, optarg);
		break;
	case OPT_GROUP:
		run_arg(&instead->group, "--group", optarg);
		break;
	case OPT_JOB_TYPE:
		run_arg(&instead->job_type, "--job-type", optarg);
		break;
	case OPT_MAP:
		add_map(optarg);
		break;
	case OPT_PARTIAL:
		options.partial = true;
		break;
	case OPT_SKIP:
		skip(optarg);
		break;
	case OPT_EXCLUDE:
		globs_add(&options.leave.exclude, optarg);
		break;
	case OPT_ACCEPT_DAMAGE:
		options.accept_damage = true;
		break;
	case OPT_AGAIN:
		options.again = true;
		break;
	case OPT_VERIFY:
		options.verify = true;
		break;
	case OPT_NO_MARK:
		options.no_mark = true;
		break;
	}
}

/*
 * The files of one run id are done in order, by one worker. Records of
 * wb-find-runs say which they are and how many; else the file does.
 */
static void
group(jv rec, struct ndjson_group *its)
{
	jv path = source_path(rec);

	if (jv_is_valid(path)) {
		its->name = source_run(
		    jv_string_value(path), &options.instead, &its->order);
		if (options.instead.run_id == NULL)
			its->members = (int)record_int(rec, "fragments", 0);
	}
	if (isnan(its->order))
		its->order = 0;
	jv_free(path);
}

static jv
sync_run(jv rec)
{
	static const char *const own[] = { "history_lines", "last_step",
		"verified", "verified_at", "skipped", "damage", "left_out",
		"ended_by", NULL };
	bool dry = options.dry_run || record_true(rec, "dry_run");
	jv path = source_path(rec);

	/* What was not done has left no file. */
	if (!jv_is_valid(path)) {
		if (!record_true(rec, "dry_run")) {
			/* wb-find-runs may have seen a marker. */
			rec = record_set_bool(
			    record_forget(rec, own), "synced", false);
			return record_error(rec, path);
		}
		jv_free(path);
		return rec;
	}
	rec = record_forget(rec, own);
	rec = syncer_do(dry ? dry_syncer : syncer, jv_string_value(path), rec);
	jv_free(path);
	return rec;
}

int
main(int argc, char *argv[])
{
	struct ndjson_tool tool = { .key = "wandb_file",
		.work = sync_run,
		.jobs = 16,
		.any_key = true,
		.group = group };
	struct sync_options dry;
	struct wandb *wandb;
	int opt, status;

	run_params_init(&options.instead);
	options.maps = jv_array();
	cli_init(argv[0], help);
	while ((opt = cli_getopt(argc, argv, "fne:p:", longopts)) != -1)
		take_option(opt);
	if (options.again && options.verify)
		cli_wrong("--verify sends nothing: not with --again");
	if (options.follow && options.verify)
		cli_wrong("--verify sends nothing: not with --follow");
	options.rest = ndjson_rest;
	options.timeout = cli_timeout(INFINITY);

	wandb = wandb_open();
	dry = options;
	dry.dry_run = true;
	syncer = syncer_new(wandb, &options);
	dry_syncer = syncer_new(wandb, &dry);
	status = ndjson_run(&tool, argv + optind);
	syncer_free(syncer);
	syncer_free(dry_syncer);
	wandb_close(wandb);
	run_params_release(&options.instead);
	globs_release(&options.leave.exclude);
	jv_free(options.maps);
	return status;
}
