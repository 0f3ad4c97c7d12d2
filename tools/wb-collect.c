/* SPDX-License-Identifier: MIT */
/*
 * wb-collect - fold the runs of W&B projects into monitoring metrics
 *
 * in:  {"project": "entity/project"}, or the records of runs
 * out: 20 records for each project: "metric", "value", "unit", "at" ...; or
 *      the same for Prometheus, OpenMetrics, InfluxDB or Datadog
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jv.h>

#include "aws/secret.h"
#include "cli.h"
#include "clock.h"
#include "metrics/threshold.h"
#include "ndjson.h"
#include "record.h"
#include "wandb/api.h"
#include "wandb/runcollect.h"
#include "wandb/runexposition.h"
#include "wandb/runfold.h"
#include "wandb/runfolders.h"
#include "wandb/runmetrics.h"

static const char help[] =
    "usage: wb-collect [-hVv] [-j N] [--window=TIME] [--format=NAME]\n"
    "                  [--compat] [--gpus=KEY|N] [--ci-prefix=TEXT]\n"
    "                  [--sweep-mark=TEXT] [--threshold=FILE]\n"
    "                  [--aws-secret=NAME] [--timeout=TIME] [project ...]\n"
    "Fold the runs of W&B projects into monitoring metrics.\n"
    "\n"
    "      --window=TIME      runs created in so long (24h)\n"
    "      --format=NAME      ndjson, prometheus, openmetrics, influx,\n"
    "                         datadog\n"
    "      --compat           count as the original collector does\n"
    "      --gpus=KEY|N       GPUs of a run: a key of its config, auto (what\n"
    "                         the server knows), or a number (1)\n"
    "      --ci-prefix=TEXT   names of push-to-main runs (github.sky.)\n"
    "      --sweep-mark=TEXT  in the names of sweeps (.sweep)\n"
    "      --threshold=FILE   judge the values by the limits in FILE\n"
    "      --aws-secret=NAME  what AWS Secrets Manager has instead of variables\n"
    "                         that are not set\n";

enum {
	OPT_WINDOW = 256,
	OPT_FORMAT,
	OPT_COMPAT,
	OPT_GPUS,
	OPT_CI_PREFIX,
	OPT_SWEEP_MARK,
	OPT_THRESHOLD,
	OPT_AWS_SECRET,
};

static const struct option longopts[] = {
	{ "window", required_argument, NULL, OPT_WINDOW },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "compat", no_argument, NULL, OPT_COMPAT },
	{ "gpus", required_argument, NULL, OPT_GPUS },
	{ "ci-prefix", required_argument, NULL, OPT_CI_PREFIX },
	{ "sweep-mark", required_argument, NULL, OPT_SWEEP_MARK },
	{ "threshold", required_argument, NULL, OPT_THRESHOLD },
	{ "aws-secret", required_argument, NULL, OPT_AWS_SECRET },
	{ 0 },
};

static struct runfold_rules rules = {
	.window = 86400,
	.ci_prefix = "github.sky.",
	.sweep_mark = ".sweep",
	.gpus = 1,
};
static const char *limits_file, *secret; /* --threshold, --aws-secret */
static jv limits; /* of --threshold; an object, empty without */
static struct exposition exposition;
static double started;           /* in clock_ticks() */
static struct deadline deadline; /* of all that is asked */
static struct ndjson_tool tool = { .key = "project" };

/* ---- metrics out ---- */

/* Writes the metrics of entity/project, and says what they leave out. */
static void
write_metrics(const struct runfold *fold, const char *project)
{
	char *said;

	runfold_tell(fold, project);
	for (int i = 0; i < RUNMETRICS; i++) {
		jv rec = runmetric_record(fold, i, project);

		rec = threshold_judge(limits, rec, &said);
		/* A failed one is said by the loop. */
		if (said != NULL && tool.sink != NULL &&
		    strcmp(record_str(rec, "verdict"), "fail") != 0)
			warning("%s: %s", project, said);
		free(said);
		ndjson_write(rec);
	}
}

/* ---- a project of the server ---- */

static struct wandb *
server(void)
{
	static struct wandb *wandb;

	/* Not before it is needed: runs from records need no credential. */
	if (wandb == NULL)
		wandb = wandb_open();
	return wandb;
}

static jv
collect(jv rec)
{
	struct runfold_rules own = rules;
	struct runfold fold = { 0 };
	char *project = NULL;
	jv why = runcollect_project(
	    server(), record_str(rec, "project"), &deadline, &project);

	own.now = clock_now();
	runfold_begin(&fold, &own);
	if (jv_is_valid(why))
		why = runcollect(server(), project, &fold, &deadline);
	if (jv_is_valid(why)) {
		write_metrics(&fold, project);
		jv_free(rec);
		rec = jv_invalid(); /* nothing more to write */
	} else {
		rec = record_error(rec, why);
	}
	runfold_release(&fold);
	free(project);
	return rec;
}

/* ---- runs from records ---- */

static struct runfolders folders = { .rules = &rules };

static bool
take_run(struct span text)
{
	jv why;

	if (!runfolders_take(&folders, text, &why))
		return false;
	if (!jv_is_valid(why))
		ndjson_write(
		    record_error(jv_parse_sized(text.at, (int)text.len), why));
	return true;
}

/* The metrics of the projects whose runs came as records. */
static void
write_folders(void)
{
	for (size_t i = 0; i < folders.names.count; i++) {
		struct span name = keys_at(&folders.names, i);
		char *project = xstrndup(name.at, name.len);

		if (runfolders_is_whole(&folders, i))
			write_metrics(&folders.at[i].fold, project);
		else
			warning("%s: not all runs came: no metrics", project);
		free(project);
	}
	runfolders_release(&folders);
}

/* ---- other formats ---- */

/* Keeps what is a metric; errors were said on standard error. */
static void
keep_line(struct span line)
{
	runexposition_add(&exposition, line, rules.window);
}

/* All was read: what came of it. */
static void
finish(void)
{
	struct buf out = { 0 };

	write_folders();
	if (tool.sink == NULL)
		return;
	runexposition_end(&exposition, clock_ticks() - started, &out);
	tool.sink = NULL;
	ndjson_write_lines(out.at, out.len);
	buf_release(&out);
}

/* ---- options ---- */

static void
set_gpus(const char *text)
{
	char *end;
	double number = strtod(text, &end);

	rules.gpus_key = *end != '\0' ? text : NULL;
	rules.gpus = *end == '\0' ? number : 1;
	if (*text == '\0' || !isfinite(rules.gpus) || rules.gpus < 0)
		cli_wrong("--gpus: %s is no key and no number", text);
}

static bool
is_metric(const char *name)
{
	return runmetric_find(name, rules.window) >= 0;
}

static void
read_options(int argc, char *argv[])
{
	int opt;

	while ((opt = cli_getopt(argc, argv, "", longopts)) != -1) {
		switch (opt) {
		case OPT_WINDOW:
			rules.window = cli_seconds("--window", optarg);
			if (rules.window < 1 || rules.window > 1e9 ||
			    rules.window != floor(rules.window))
				cli_wrong("--window: whole seconds, from 1 on");
			break;
		case OPT_FORMAT:
			tool.sink = exposition_named(optarg, &exposition.form)
			    ? keep_line
			    : NULL;
			if (tool.sink == NULL && strcmp(optarg, "ndjson") != 0)
				cli_wrong("--format: there is no %s", optarg);
			break;
		case OPT_COMPAT:
			rules.compat = true;
			break;
		case OPT_GPUS:
			set_gpus(optarg);
			break;
		case OPT_CI_PREFIX:
			rules.ci_prefix = optarg;
			break;
		case OPT_SWEEP_MARK:
			rules.sweep_mark = optarg;
			break;
		case OPT_THRESHOLD:
			limits_file = optarg;
			break;
		case OPT_AWS_SECRET:
			secret = optarg;
			break;
		}
	}
	if (*rules.ci_prefix == '\0' || *rules.sweep_mark == '\0')
		cli_wrong("--ci-prefix, --sweep-mark: not empty");
	if (rules.compat && (rules.gpus_key != NULL || rules.gpus != 1))
		cli_wrong("--gpus: not with --compat, which counts one each");
}

static void
use_secret(const char *name)
{
	static const char *const wanted[] = { "WANDB_API_KEY", "WANDB_ENTITY",
		"WANDB_PROJECT", NULL };
	jv why = aws_secret_provide(name, wanted, &deadline);

	if (!jv_is_valid(why))
		die(STATUS_USAGE, "%s", error_message(why));
}

int
main(int argc, char *argv[])
{
	int status;

	cli_init(argv[0], help);
	started = clock_ticks();
	rules.now = clock_now();
	read_options(argc, argv);
	deadline = deadline_in(cli_timeout(120));
	limits = limits_file != NULL ? threshold_read(limits_file, is_metric)
				     : jv_object();
	if (!jv_is_valid(limits))
		die(STATUS_USAGE, "--threshold: %s", error_message(limits));
	if (secret != NULL)
		use_secret(secret);
	tool.work = collect;
	tool.take = take_run;
	tool.end = finish;
	status = ndjson_run(&tool, argv + optind);
	jv_free(limits);
	return status;
}
