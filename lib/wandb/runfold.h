/* SPDX-License-Identifier: MIT */
/*
 * runfold - the runs of a project, folded into counts and sums
 *
 * Takes one run after the other, as the server or as a record describes it,
 * and keeps none: a struct runfold is of one size whatever goes in, but for
 * the ids of five runs. What the sums mean is in runmetrics.h.
 *
 * By the rules of devops/datadog/collectors/wandb of Metta-AI/metta (commit
 * 50a20b5b2d), or by those with what it promises and does not do.
 */
#ifndef WANDB_RUNFOLD_H
#define WANDB_RUNFOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "json.h"
#include "mem.h"

/* The keys of a summary that hold a throughput. */
enum { RUNFOLD_KEYS = 5 };
extern const char *const runfold_keys[RUNFOLD_KEYS];

/* gpus_key: the server's own number, runInfo.gpuCount. */
#define RUNFOLD_GPUS_AUTO "auto"

struct runfold_rules {
	double window; /* whole seconds, up to now */
	double now;
	/*
	 * The original's, to the last digit: only runs created in the window
	 * are looked at, durations may be negative, a GPU hour is the hour of
	 * a run, the last run that has a throughput counts whatever it has.
	 */
	bool compat;
	const char *ci_prefix;  /* of the names of push-to-main runs */
	const char *sweep_mark; /* in those of sweeps; case does not count */
	double gpus;          /* that each run has, where gpus_key says none */
	const char *gpus_key; /* in the config, or RUNFOLD_GPUS_AUTO; NULL */
};

/* What is known of a run: spans, all of whose text must outlive them. */
enum run_fact {
	RUN_ID, /* in a record entity/project/run_id */
	RUN_NAME,
	RUN_STATE,
	RUN_CREATED,
	RUN_HEARTBEAT,
	RUN_SWEEP,
	RUN_SUMMARY,
	RUN_CONFIG,
	RUN_GPUS,
	RUN_PROJECT, /* of records only */
	RUN_ERROR,   /* likewise */
	RUN_FACTS,
};

/* The names that a run's members have. */
enum run_names { RUN_OF_SERVER, RUN_OF_RECORD };

struct run_facts {
	struct json_value at[RUN_FACTS]; /* text.at is NULL without one */
};

/* False if text is no JSON object. */
bool run_facts_read(
    struct run_facts *facts, struct span text, enum run_names names);

/* Whether it is there, and not null. */
bool run_facts_have(const struct run_facts *facts, enum run_fact which);

/* Appends a fact that is a string, decoded; false if it is none. */
bool run_facts_text(
    const struct run_facts *facts, enum run_fact which, struct buf *out);

struct runfold_group {
	long long total, completed, failed, active;
	double hours;    /* of those created in the window ... */
	long long timed; /* that have both times: so many */
};

/* Where a throughput came from. */
struct runfold_best {
	char *run; /* its id; NULL: there is none */
	int64_t created;
	bool finite; /* with compat it may be something else */
	double value;
};

struct runfold {
	struct runfold_rules rules; /* texts are borrowed */
	int64_t start, now;         /* of the window, in microseconds */
	struct runfold_group all, ci, sweep;
	double gpu_hours;
	long long gpu_timed; /* runs that have a share in them, 0 too */
	struct runfold_best best[RUNFOLD_KEYS];
	bool summaries; /* a push-to-main run had a summary, if an empty one */
	/* To be told: */
	long long unreadable;  /* summaries that are no JSON object */
	long long not_finite;  /* throughputs that are no finite number */
	long long no_gpus;     /* runs whose number of GPUs is not known */
	struct buf kept, text; /* the fold's own */
};

/* fold is all zero, or released. */
void runfold_begin(struct runfold *fold, const struct runfold_rules *rules);

/*
 * Takes a run. Returns NULL, or what is wrong with it, so that it cannot be
 * counted ("has no state").
 */
const char *runfold_add(struct runfold *fold, const struct run_facts *facts);

/* Says on standard error what of a project could not be read. */
void runfold_tell(const struct runfold *fold, const char *project);

void runfold_release(struct runfold *fold);

#endif
