/* SPDX-License-Identifier: MIT */
/*
 * runmetrics - the 20 metrics of a project's runs, from what runfold counted
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "record.h"
#include "wandb/runmetrics.h"

enum kind {
	ACTIVE,
	COMPLETED,
	FAILED,
	TOTAL,
	MEAN_HOURS,
	GPU_HOURS,
	SUCCESS,
	THROUGHPUT
};

enum group { ALL, CI, SWEEP };

struct runmetric {
	const char *name;
	bool windowed; /* the name ends in the window */
	enum kind kind;
	enum group group;
	int key; /* of a THROUGHPUT, in runfold_keys */
	const char *help;
};

#define WINDOWED true
#define SPEED(name, key)                                                      \
	{                                                                     \
		"wandb.push_to_main." name, false, THROUGHPUT, CI, key,       \
		    "Steps a second of the latest push-to-main run that has " \
		    "them."                                                   \
	}

static const struct runmetric metrics[RUNMETRICS] = {
	{ "wandb.runs.active", false, ACTIVE, ALL, 0, "Running runs." },
	{ "wandb.runs.completed", WINDOWED, COMPLETED, ALL, 0,
	    "Finished runs created in the window." },
	{ "wandb.runs.failed", WINDOWED, FAILED, ALL, 0,
	    "Failed and crashed runs created in the window." },
	{ "wandb.runs.total_recent", false, TOTAL, ALL, 0,
	    "Runs created in the window or running." },
	{ "wandb.training.avg_duration_hours", false, MEAN_HOURS, ALL, 0,
	    "Mean duration of the runs created in the window, in hours." },
	{ "wandb.training.total_gpu_hours", WINDOWED, GPU_HOURS, ALL, 0,
	    "GPU hours in the window." },
	{ "wandb.push_to_main.runs_completed", WINDOWED, COMPLETED, CI, 0,
	    "Finished push-to-main runs created in the window." },
	{ "wandb.push_to_main.runs_failed", WINDOWED, FAILED, CI, 0,
	    "Failed and crashed push-to-main runs created in the window." },
	{ "wandb.push_to_main.success_rate_pct", false, SUCCESS, CI, 0,
	    "Per cent of the ended push-to-main runs that finished." },
	{ "wandb.push_to_main.avg_duration_hours", false, MEAN_HOURS, CI, 0,
	    "Mean duration of the push-to-main runs, in hours." },
	SPEED("overview.steps_per_second", 0),
	SPEED("overview.epoch_steps_per_second", 1),
	SPEED("overview.sps", 2),
	SPEED("timing_cumulative.sps", 3),
	SPEED("timing_per_epoch.sps", 4),
	{ "wandb.sweep.runs_total", WINDOWED, TOTAL, SWEEP, 0,
	    "Runs of sweeps created in the window." },
	{ "wandb.sweep.runs_completed", WINDOWED, COMPLETED, SWEEP, 0,
	    "Finished runs of sweeps created in the window." },
	{ "wandb.sweep.runs_failed", WINDOWED, FAILED, SWEEP, 0,
	    "Failed and crashed runs of sweeps created in the window." },
	{ "wandb.sweep.runs_active", false, ACTIVE, SWEEP, 0,
	    "Running runs of sweeps." },
	{ "wandb.sweep.success_rate_pct", false, SUCCESS, SWEEP, 0,
	    "Per cent of the ended runs of sweeps that finished." },
};

/* ---- names ---- */

/* The largest unit that divides the window, but a day is 24h. */
static void
window_text(double window, char text[24])
{
	static const struct {
		double seconds;
		char letter;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t i = window == 86400;

	while (fmod(window, units[i].seconds) != 0)
		i++;
	(void)snprintf(
	    text, 24, "%.0f%c", window / units[i].seconds, units[i].letter);
}

char *
runmetric_name(int i, double window, char name[RUNMETRIC_NAME])
{
	char text[24];

	window_text(window, text);
	(void)snprintf(name, RUNMETRIC_NAME, "%s%s%s", metrics[i].name,
	    metrics[i].windowed ? "_" : "", metrics[i].windowed ? text : "");
	return name;
}

int
runmetric_find(const char *name, double window)
{
	char own[RUNMETRIC_NAME];

	for (int i = 0; i < RUNMETRICS; i++)
		if (strcmp(runmetric_name(i, window, own), name) == 0)
			return i;
	return -1;
}

const char *
runmetric_help(int i)
{
	return metrics[i].help;
}

bool
runmetric_counts(int i)
{
	return metrics[i].kind <= TOTAL;
}

static const char *
unit_of(const struct runmetric *metric)
{
	switch (metric->kind) {
	case MEAN_HOURS:
	case GPU_HOURS:
		return "hour";
	case SUCCESS:
		return "percent";
	case THROUGHPUT:
		return "step/second";
	default:
		return "run";
	}
}

/* ---- values ---- */

static const struct runfold_group *
group_of(const struct runfold *fold, const struct runmetric *metric)
{
	return metric->group == CI   ? &fold->ci
	    : metric->group == SWEEP ? &fold->sweep
				     : &fold->all;
}

static const char *
words_for(const struct runmetric *metric)
{
	return metric->group == CI   ? "push-to-main run"
	    : metric->group == SWEEP ? "run of a sweep"
				     : "run";
}

/* A value that is not known, and why. */
static jv
unknown(jv rec, char *reason)
{
	rec = jv_object_set(rec, jv_string("value"), jv_null());
	rec = record_set_str(rec, "reason", reason);
	free(reason);
	return rec;
}

static jv
set_mean(
    jv rec, const struct runmetric *metric, const struct runfold_group *group)
{
	if (group->timed == 0)
		return unknown(rec,
		    xasprintf("no %s created in the window has both times",
			words_for(metric)));
	return record_set_number(
	    rec, "value", group->hours / (double)group->timed);
}

static jv
set_gpu_hours(jv rec, const struct runfold *fold)
{
	if (!fold->rules.compat && fold->gpu_timed == 0 && fold->all.total > 0)
		return unknown(rec, xstrdup("no run has both times"));
	return record_set_number(rec, "value", fold->gpu_hours);
}

static jv
set_success(
    jv rec, const struct runmetric *metric, const struct runfold_group *group)
{
	long long ended = group->completed + group->failed;

	if (ended == 0)
		return unknown(rec,
		    xasprintf("no %s created in the window has ended",
			words_for(metric)));
	/* In this order: 100.0 * 1 / 3 has another last digit. */
	return record_set_number(
	    rec, "value", (double)group->completed / (double)ended * 100);
}

static jv
set_throughput(jv rec, const struct runmetric *metric,
    const struct runfold *fold, const char *project)
{
	const struct runfold_best *best = &fold->best[metric->key];
	char *run;

	if (best->run == NULL && !fold->summaries &&
	    fold->ci.completed + fold->ci.failed > 0)
		return unknown(
		    rec, xstrdup("no summary of a push-to-main run is known"));
	if (best->run == NULL)
		return unknown(rec,
		    xasprintf("no finished or crashed push-to-main run has %s",
			runfold_keys[metric->key]));
	run = xasprintf("%s/%s", project, best->run);
	rec = record_set_str(rec, "run", run);
	free(run);
	if (!best->finite)
		return unknown(rec,
		    xasprintf("%s of the run is no finite number",
			runfold_keys[metric->key]));
	return record_set_number(rec, "value", best->value);
}

static jv
set_value(jv rec, const struct runmetric *metric, const struct runfold *fold,
    const char *project)
{
	const struct runfold_group *group = group_of(fold, metric);

	switch (metric->kind) {
	case ACTIVE:
		return record_set_number(rec, "value", (double)group->active);
	case COMPLETED:
		return record_set_number(
		    rec, "value", (double)group->completed);
	case FAILED:
		return record_set_number(rec, "value", (double)group->failed);
	case TOTAL:
		return record_set_number(rec, "value", (double)group->total);
	case MEAN_HOURS:
		return set_mean(rec, metric, group);
	case GPU_HOURS:
		return set_gpu_hours(rec, fold);
	case SUCCESS:
		return set_success(rec, metric, group);
	case THROUGHPUT:
		break;
	}
	return set_throughput(rec, metric, fold, project);
}

static jv
tags_of(const char *project)
{
	const char *slash = strchr(project, '/');
	jv entity = jv_string_sized(project, (int)(slash - project));
	jv tags = jv_object_set(jv_object(), jv_string("entity"), entity);

	return record_set_str(tags, "project", slash + 1);
}

jv
runmetric_record(const struct runfold *fold, int i, const char *project)
{
	const struct runmetric *metric = &metrics[i];
	char name[RUNMETRIC_NAME], at[CLOCK_TEXT];
	jv rec = jv_object();

	/* The order of the fields is that in which they are set first. */
	rec = record_set_str(
	    rec, "metric", runmetric_name(i, fold->rules.window, name));
	rec = jv_object_set(rec, jv_string("value"), jv_null());
	rec = record_set_str(rec, "unit", unit_of(metric));
	rec = record_set_str(rec, "at", clock_format(fold->rules.now, at));
	rec = record_set_number(rec, "window_seconds", fold->rules.window);
	rec = jv_object_set(rec, jv_string("tags"), tags_of(project));
	rec = record_set_str(rec, "type", "gauge");
	rec = record_set_str(rec, "project", project);
	return set_value(rec, metric, fold, project);
}
