/* SPDX-License-Identifier: MIT */
/*
 * wb-set - change, end or delete W&B runs
 *
 * in:  {"run": "entity/project/run_id"}
 * out: the same record with "updated", the names of what was changed, and
 *      "url"; with --state its "state"; with --delete "deleted" instead
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jv.h>

#include "cli.h"
#include "clock.h"
#include "json.h"
#include "mem.h"
#include "ndjson.h"
#include "record.h"
#include "wandb/account.h"
#include "wandb/keys.h"
#include "wandb/rundelete.h"
#include "wandb/runset.h"
#include "wandb/source.h"

static const char help[] =
    "usage: wb-set [-hnVv] [-j N] [--summary=KEY=VALUE] "
    "[--config=KEY=VALUE]\n"
    "              [--tag=TAG] [--notes=TEXT] [--name=NAME]\n"
    "              [--group=GROUP] [--state=STATE] [--timeout=TIME]\n"
    "              [run ...]\n"
    "       wb-set [-hnVv] [-j N] --delete [--with-artifacts] [--yes]\n"
    "              [--timeout=TIME] [run ...]\n"
    "Change, end or delete W&B runs.\n"
    "\n"
    "  -n, --dry-run            ask what would be changed, and change nothing\n"
    "      --summary=KEY=VALUE  set a key of the summary; -KEY: remove it\n"
    "      --config=KEY=VALUE   set a key of the config; -KEY: remove it\n"
    "      --tag=TAG            add a tag; -TAG: take it away\n"
    "      --notes=TEXT         the notes\n"
    "      --name=NAME          the name that people see\n"
    "      --group=GROUP        the group\n"
    "      --state=STATE        finished, failed, stopped or pending\n"
    "      --delete             delete the run and its marker here\n"
    "      --with-artifacts     and the artifacts that it made\n"
    "      --yes                do not ask\n";

enum {
	OPT_SUMMARY = 256,
	OPT_CONFIG,
	OPT_TAG,
	OPT_NOTES,
	OPT_NAME,
	OPT_GROUP,
	OPT_STATE,
	OPT_DELETE,
	OPT_WITH_ARTIFACTS,
	OPT_YES,
};

static const struct option longopts[] = {
	{ "dry-run", no_argument, NULL, 'n' },
	{ "summary", required_argument, NULL, OPT_SUMMARY },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "tag", required_argument, NULL, OPT_TAG },
	{ "notes", required_argument, NULL, OPT_NOTES },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "group", required_argument, NULL, OPT_GROUP },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "delete", no_argument, NULL, OPT_DELETE },
	{ "with-artifacts", no_argument, NULL, OPT_WITH_ARTIFACTS },
	{ "yes", no_argument, NULL, OPT_YES },
	{ 0 },
};

static struct wandb *wandb;
static struct runset changes;
static bool dry_run, deleting, with_artifacts, sure;
static bool was_dry;        /* the record that is worked on */
static struct keys deleted; /* runs that this process has deleted */

/* A run that an earlier tool would have made need not be there. */
static jv
refuse(jv rec, jv why)
{
	if (!was_dry || strcmp(error_code(why), "not_found") != 0)
		return record_error(rec, why);
	jv_free(why);
	return rec;
}

/* Several files may be fragments of one run, which is deleted once. */
static jv
delete_run(jv rec, const struct account_place *place, bool dry,
    const struct deadline *end)
{
	struct span run = span_of(record_str(rec, "run"));
	jv why = jv_null();

	if (dry || keys_find(&deleted, run) == deleted.count)
		why = rundelete_do(wandb, place, with_artifacts, dry, end);
	if (!jv_is_valid(why))
		return refuse(rec, why);
	if (dry)
		return rec;
	keys_add(&deleted, run);
	return source_forget(record_set_bool(rec, "deleted", true));
}

static jv
set_run(jv rec, const struct account_place *place, bool dry,
    const struct deadline *end)
{
	char *state = NULL, *url;
	jv updated;
	jv why = runset_do(&changes, wandb, place, dry, end, &updated, &state);

	if (!jv_is_valid(why)) {
		jv_free(updated);
		free(state);
		return refuse(rec, why);
	}
	url =
	    wandb_run_url(wandb, place->entity, place->project, place->run_id);
	rec = jv_object_set(rec, jv_string("updated"), updated);
	rec = record_set_str(rec, "url", url);
	if (changes.state != RUNEND_NONE)
		rec = record_set_str(rec, "state", state);
	free(url);
	free(state);
	return rec;
}

static jv
change_run(jv rec)
{
	static const char *const own[] = { "updated", "deleted", NULL };
	struct deadline end = deadline_in(cli_timeout(INFINITY));
	struct account_place place;
	jv why = account_run(record_str(rec, "run"), &place);
	bool dry;

	was_dry = record_true(rec, "dry_run");
	dry = dry_run || was_dry;
	rec = record_forget(rec, own);
	if (dry)
		rec = record_set_bool(rec, "dry_run", true);
	if (!jv_is_valid(why))
		rec = record_error(rec, why);
	else if (deleting)
		rec = delete_run(rec, &place, dry, &end);
	else
		rec = set_run(rec, &place, dry, &end);
	account_place_release(&place);
	return rec;
}

/* The files of a run are worked on by one worker: it is deleted once. */
static void
group(jv rec, struct ndjson_group *its)
{
	const char *run = record_str(rec, "run");

	its->members = (int)record_int(rec, "fragments", 1);
	if (run != NULL && its->members > 1)
		its->name = xstrdup(run);
}

/* ---- options ---- */

static const char *
text_of(const char *option, bool may_be_empty)
{
	if (!json_is_utf8(span_of(optarg)))
		cli_wrong("%s: no UTF-8", option);
	if (*optarg == '\0' && !may_be_empty)
		cli_wrong("%s: an empty text", option);
	return optarg;
}

static void
add_key(const char *option, bool config)
{
	if (!runset_key(&changes, text_of(option, false), config))
		cli_wrong("%s: %s: neither KEY=VALUE nor -KEY, or W&B's own",
		    option, optarg);
}

static void
add_tag(void)
{
	bool remove = *text_of("--tag", false) == '-';

	optarg += remove || *optarg == '+';
	runset_tag(&changes, text_of("--tag", false), remove);
}

static void
take_option(int opt)
{
	switch (opt) {
	case 'n':
		dry_run = true;
		break;
	case OPT_SUMMARY:
		add_key("--summary", false);
		break;
	case OPT_CONFIG:
		add_key("--config", true);
		break;
	case OPT_TAG:
		add_tag();
		break;
	case OPT_NOTES:
		changes.notes = text_of("--notes", true);
		break;
	case OPT_NAME:
		changes.display_name = text_of("--name", false);
		break;
	case OPT_GROUP:
		changes.group = text_of("--group", true);
		break;
	case OPT_STATE:
		changes.state = runend_of(optarg);
		if (changes.state == RUNEND_NONE)
			cli_wrong("--state: %s is none of finished, failed, "
				  "stopped, pending: W&B sets no other by hand",
			    optarg);
		break;
	case OPT_DELETE:
		deleting = true;
		break;
	case OPT_WITH_ARTIFACTS:
		with_artifacts = true;
		break;
	case OPT_YES:
		sure = true;
		break;
	}
}

/* On a terminal the runs are operands: they can be shown. */
static void
make_sure(char **operands)
{
	char answer[8] = "";

	if (sure || dry_run)
		return;
	if (!isatty(STDIN_FILENO))
		cli_wrong("--delete: nobody can be asked here: --yes says "
			  "that it is meant");
	if (*operands == NULL)
		return; /* the loop says what is wrong */
	fprintf(stderr, "%s: delete", diag_name());
	for (; *operands != NULL; operands++)
		fprintf(stderr, " %s", *operands);
	fprintf(stderr, "%s, for good? [y/N] ",
	    with_artifacts ? " and their artifacts" : "");
	if (fgets(answer, sizeof answer, stdin) == NULL ||
	    strcspn(answer, "yY") != 0)
		cli_wrong("nothing was deleted");
}

int
main(int argc, char *argv[])
{
	struct ndjson_tool tool = { .key = "run", .work = change_run };
	int opt, status;

	cli_init(argv[0], help);
	while ((opt = cli_getopt(argc, argv, "n", longopts)) != -1)
		take_option(opt);
	if (deleting && !runset_is_empty(&changes))
		cli_wrong("--delete: there is nothing else to change then");
	if (!deleting && (with_artifacts || sure))
		cli_wrong("%s: only with --delete",
		    sure ? "--yes" : "--with-artifacts");
	if (deleting)
		tool.group = group;

	wandb = wandb_open();
	if (deleting)
		make_sure(argv + optind);
	status = ndjson_run(&tool, argv + optind);
	wandb_close(wandb);
	runset_release(&changes);
	keys_release(&deleted);
	return status;
}
