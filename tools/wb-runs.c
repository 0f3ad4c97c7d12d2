/* SPDX-License-Identifier: MIT */
/*
 * wb-runs - list the runs of W&B projects as records
 *
 * in:  {"project": "entity/project"}, or {"run": "entity/project/run_id"}
 * out: for each run the same record with "run", "run_id", "state" and what else
 *      is asked for; with --history a record for each of its rows instead
 */
#include <limits.h>
#include <math.h>
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
#include "wandb/runfields.h"
#include "wandb/runfilter.h"
#include "wandb/runlisting.h"
#include "wandb/runs.h"

static const char help[] =
    "usage: wb-runs [-hVv] [-j N] [--filter=JSON] [--state=STATE,...]\n"
    "               [--since=TIME] [--order=KEY] [--limit=N]\n"
    "               [--fields=FIELD,...] [--history=KEY,...] [--count]\n"
    "               [--whoami] [--timeout=TIME] [project | run ...]\n"
    "List the runs of W&B projects as records.\n"
    "\n"
    "      --filter=JSON       only runs that match, as with MongoDB\n"
    "      --state=STATE,...   only running, finished, failed ... runs\n"
    "      --since=TIME        only runs created since, or in the last 24h\n"
    "      --order=KEY         by created_at, summary.KEY ...; -KEY: down\n"
    "      --limit=N           at most N runs of a project\n"
    "      --fields=FIELD,...  only these; also summary, config,\n"
    "                          summary.KEY, config.KEY\n"
    "      --history=KEY,...   a record for each row that has all KEYs\n"
    "      --count             how many runs there are\n"
    "      --whoami            write a record about the account, read none\n";

enum {
	OPT_FILTER = 256,
	OPT_STATE,
	OPT_SINCE,
	OPT_ORDER,
	OPT_LIMIT,
	OPT_FIELDS,
	OPT_HISTORY,
	OPT_COUNT,
	OPT_WHOAMI,
};

static const struct option longopts[] = {
	{ "filter", required_argument, NULL, OPT_FILTER },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "since", required_argument, NULL, OPT_SINCE },
	{ "order", required_argument, NULL, OPT_ORDER },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "fields", required_argument, NULL, OPT_FIELDS },
	{ "history", required_argument, NULL, OPT_HISTORY },
	{ "count", no_argument, NULL, OPT_COUNT },
	{ "whoami", no_argument, NULL, OPT_WHOAMI },
	{ 0 },
};

static struct wandb *wandb;
static struct runfields fields;
static struct runlisting what = { .fields = &fields };
static bool counting, asked_who;
static char *own; /* the account's entity, once it was asked for */

/* Adds how many runs there are. */
static jv
count(jv rec, const struct account_place *place, const struct deadline *end)
{
	struct runs_query query = { .entity = place->entity,
		.project = place->project,
		.filter = what.filter };
	long long number = 0;
	jv why;

	if (place->run_id != NULL)
		return record_error(
		    rec, error_value("input", "--count: a run is no project"));
	why = runs_count(wandb, &query, end, &number);
	if (!jv_is_valid(why))
		return record_error(rec, why);
	return record_set_number(rec, "count", (double)number);
}

/* Finds what a record means: jv_null(), or an error_value(). */
static jv
find_place(struct account_place *place, jv rec, const struct deadline *end)
{
	const char *run = record_str(rec, "run");
	const char *text = run != NULL ? run : record_str(rec, "project");
	jv why;

	*place = (struct account_place){ 0 };
	if (text == NULL)
		return error_value(
		    "input", "the record has no run and no project");
	why = account_place(wandb, text, &own, end, place);
	if (!jv_is_valid(why) || run == NULL || place->run_id != NULL)
		return why;
	return error_value("input", "%s: no entity/project/run_id", text);
}

/* The record with what it names in full. */
static jv
name_place(jv rec, const struct account_place *place)
{
	char *name = xasprintf("%s/%s", place->entity, place->project);

	rec = record_set_str(rec, "project", name);
	free(name);
	if (place->run_id == NULL)
		return rec;
	name =
	    xasprintf("%s/%s/%s", place->entity, place->project, place->run_id);
	rec = record_set_str(rec, "run", name);
	free(name);
	return rec;
}

static jv
list_runs(jv rec)
{
	struct deadline end = deadline_in(cli_timeout(INFINITY));
	struct account_place place;
	jv why;

	if (record_true(rec, "dry_run")) /* nothing is there */
		return rec;
	why = find_place(&place, rec, &end);
	if (jv_is_valid(why)) {
		rec = name_place(rec, &place);
		if (!counting)
			why = runlisting_write(&what, &place, rec, &end);
	}
	if (!jv_is_valid(why)) {
		rec = record_error(rec, why);
	} else if (counting) {
		rec = count(rec, &place, &end);
	} else {
		jv_free(rec);
		rec = jv_invalid(); /* all is written */
	}
	free(place.entity);
	free(place.project);
	free(place.run_id);
	return rec;
}

static jv
whoami(jv rec)
{
	struct deadline end = deadline_in(cli_timeout(60));

	return account_add(rec, wandb, &end);
}

/* ---- options ---- */

static void
add_filter(struct runfilter *terms, const char *text)
{
	struct json_value value;
	struct json_fault fault;

	if (!json_value(span_of(text), 0, &value, &fault))
		cli_wrong("--filter: %s at byte %zu", fault.why, fault.at);
	if (value.type != JSON_OBJECT)
		cli_wrong("--filter: no JSON object at byte 0");
	runfilter_add(terms, value.text);
}

/* bad: where in a list a word is that is none of known; NULL: nowhere. */
static void
check_words(const char *option, const char *bad, const char *known)
{
	if (bad != NULL)
		cli_wrong("%s: %.*s is none of %s", option,
		    (int)strcspn(bad, ","), bad, known);
}

static void
add_since(struct runfilter *terms, const char *text)
{
	double time = clock_parse(text);

	runfilter_since(terms,
	    isnan(time) ? clock_now() - cli_seconds("--since", text) : time);
}

static void
add_history(const char *list)
{
	if (!jv_is_valid(what.history))
		what.history = jv_array();
	for (const char *at = list;; at++) {
		size_t len = strcspn(at, ",");

		if (len == 0)
			cli_wrong("--history: %s: an empty key", list);
		what.history = jv_array_append(
		    what.history, jv_string_sized(at, (int)len));
		at += len;
		if (*at == '\0')
			break;
	}
}

static void
read_options(int argc, char *argv[])
{
	struct runfilter terms = { 0 };
	int opt;

	while ((opt = cli_getopt(argc, argv, "", longopts)) != -1) {
		switch (opt) {
		case OPT_FILTER:
			add_filter(&terms, optarg);
			break;
		case OPT_STATE:
			check_words("--state", runfilter_states(&terms, optarg),
			    runfilter_known);
			break;
		case OPT_SINCE:
			add_since(&terms, optarg);
			break;
		case OPT_ORDER:
			what.order = runfilter_order(optarg);
			check_words("--order",
			    what.order == NULL ? optarg : NULL,
			    runfilter_orders);
			break;
		case OPT_LIMIT:
			what.limit = cli_number("--limit", optarg, 1, LONG_MAX);
			break;
		case OPT_FIELDS:
			check_words("--fields", runfields_add(&fields, optarg),
			    runfields_names());
			break;
		case OPT_HISTORY:
			add_history(optarg);
			break;
		case OPT_COUNT:
			counting = true;
			break;
		case OPT_WHOAMI:
			asked_who = true;
			break;
		}
	}
	if (fields.count == 0 && !jv_is_valid(what.history))
		runfields_usual(&fields);
	what.filter = runfilter_text(&terms);
}

int
main(int argc, char *argv[])
{
	struct ndjson_tool tool = {
		.key = "project", .work = list_runs, .any_key = true
	};
	char *usual[] = { NULL, NULL };
	char **operands, nobody[] = "{}";
	int status;

	cli_init(argv[0], help);
	read_options(argc, argv);
	operands = argv + optind;
	what.wandb = wandb = wandb_open();
	if (asked_who) {
		if (*operands != NULL)
			cli_wrong("--whoami takes no project");
		usual[0] = nobody;
		operands = usual;
		tool.work = whoami;
	} else if (*operands == NULL && isatty(STDIN_FILENO) &&
	    wandb_config_of(wandb)->project != NULL) {
		usual[0] = wandb_config_of(wandb)->project;
		operands = usual;
	}
	status = ndjson_run(&tool, operands);
	wandb_close(wandb);
	runfields_release(&fields);
	jv_free(what.history);
	free(what.filter);
	free(what.order);
	free(own);
	return status;
}
