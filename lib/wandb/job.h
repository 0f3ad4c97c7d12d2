/* SPDX-License-Identifier: MIT */
/*
 * job - one file that is being synced: what the parts of sync share
 */
#ifndef WANDB_JOB_H
#define WANDB_JOB_H

#include "clock.h"
#include "wandb/damage.h"
#include "wandb/replay.h"
#include "wandb/sync.h"
#include "wandb/writer.h"

struct syncer {
	struct wandb *wandb;
	const struct sync_options *options;
	char *last;         /* entity/project/run_id of the file before */
	int number;         /* which file of the run that was, as in a job */
	double started;     /* when its program was */
	struct reach reach; /* how far it reached */
	bool one_by_one;    /* the server does not take two mutations in one */
	jv broken; /* jv_null(); if it was not done, what the next one says */
};

/* A file that is still written, as follow.c knows it. */
struct follow {
	struct writer_watch watch;
	double posted;   /* in clock_ticks() */
	bool news;       /* something came since the last post */
	const char *end; /* "exit", "gone": why it is over; NULL: it is not */
};

/* One file. */
struct job {
	struct syncer *syncer;
	struct wandb *wandb;
	const struct sync_options *options;
	const char *path;
	const char *output_dir; /* where it was downloaded to; NULL */
	struct deadline deadline;
	struct runlog *log;
	off_t size;
	off_t read;   /* so much of it */
	char *name;   /* entity/project/run_id as the file has it */
	int number;   /* which file of the run it is, from 1; 0: not known */
	bool follows; /* the one before it was done by this syncer */
	struct bucket bucket;
	struct place place;
	struct replay replay;
	struct stream *stream;
	struct uploads *uploads;
	struct artifacts *artifacts;
	char *url, *stream_url;     /* known after the upsert */
	struct buf config, summary; /* as they were sent */
	struct follow follow;
	bool upserted;
	bool made;        /* all files are known */
	bool preempted;   /* it was said */
	bool was_present; /* the run was on the server when we came, and */
	bool was_ended;   /* had ended */
	bool settled;     /* so had all lines: only files are lacking */
	bool landed;      /* all was sent; it was not verified yet */
	jv marker;        /* that fits: nothing is to be done */
	struct damage damage;
	jv alert; /* what became of alerts; jv_null() */
};

/*
 * Creates the run, or tells the server what has changed since. Returns
 * jv_null(), or an error_value().
 */
jv job_upsert(struct job *job);

/* Tells the one who feeds the file, if there is one, how far it is. */
void job_tell(const struct job *job);

/*
 * What became of a file, put into its record, which is consumed.
 *
 * done: all that could be sent is confirmed. gave_up: it could not; error is
 * consumed. skipped: its marker fits. dry: it was only read.
 */
jv outcome_done(struct job *job, jv rec);
jv outcome_gave_up(struct job *job, jv rec, jv error);
jv outcome_skipped(struct job *job, jv rec);
jv outcome_dry(struct job *job, jv rec);

#endif
