/* SPDX-License-Identifier: MIT */
/*
 * sync - a .wandb file brought to the server, whole, once, and verified
 *
 * The server is asked first what it has of the run. What is lacking is sent:
 * a run that fits into one post with one upsert, its files and that post; a
 * larger one as it is read, in bounded memory. Then the server is asked again;
 * only when it shows all of the file is that said, and the marker written.
 *
 * Files of one run id that are done one after the other, oldest first, by one
 * struct syncer go on where the one before them ended.
 */
#ifndef WANDB_SYNC_H
#define WANDB_SYNC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jv.h>

#include "wandb/bucket.h"
#include "wandb/selection.h"

/* How far a file is on the server, while it is followed. */
struct sync_news {
	off_t read;      /* bytes of it that were read */
	int64_t rows;    /* of it, that are confirmed */
	int64_t lines;   /* of the run, that are there */
	bool stopped;    /* somebody wants the run to stop */
	const char *run; /* "entity/project/run_id"; NULL if that is not */
	const char *url; /* known yet */
};

/* A file that is followed for the one who writes it. */
struct sync_feed {
	int batch;       /* rows of a post, at most */
	double interval; /* seconds between two posts */
	/* Waits until it has grown, for so many seconds at most. */
	void (*wait)(void *context, double seconds);
	void (*posted)(void *context, const struct sync_news *news);
	void *context;
};

struct sync_options {
	struct run_params instead;    /* overrides; tags are added */
	jv maps;                      /* staged.h: an array of [OLD, NEW] */
	bool dry_run;                 /* only read the file */
	bool again;                   /* do not trust the marker */
	bool no_mark;                 /* do not write it */
	bool follow;                  /* a file that is still written */
	const struct sync_feed *feed; /* then by the caller; or NULL */
	bool partial;                 /* also where earlier files are missing */
	bool verify;            /* only compare: nothing is sent or marked */
	bool accept_damage;     /* what can be read is all there is */
	struct selection leave; /* what stays here */
	void (*rest)(void); /* called when nothing is left but to wait: for */
			    /* the last answers, and until it is verified */
	double timeout;     /* seconds for one file */
};

struct syncer;

/* options must outlive it. */
struct syncer *syncer_new(
    struct wandb *wandb, const struct sync_options *options);
void syncer_free(struct syncer *syncer);

/*
 * Does one file and adds to rec, which is consumed, what came of it:
 * kw-records(5).
 */
jv syncer_do(struct syncer *syncer, const char *path, jv rec);

#endif
