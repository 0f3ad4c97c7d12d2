/* SPDX-License-Identifier: MIT */
/*
 * bucket - a run as the server has it, asked for and changed
 *
 * The server's own word for what it keeps of a run. All of it is asked for at
 * once, before anything is sent: how many lines there are, the last of them,
 * the config, the summary, the state, and what the server can do.
 */
#ifndef WANDB_BUCKET_H
#define WANDB_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "mem.h"
#include "wandb/api.h"

/* Where the server puts a run without a project. */
#define BUCKET_NO_PROJECT "uncategorized"

/* What the file (and the command line) say about a run. Strings may be NULL. */
struct run_params {
	char *run_id, *entity, *project;
	char *group, *job_type, *display_name, *notes;
	char *sweep, *host, *repo, *commit;
	jv tags; /* an array of strings */
};

void run_params_init(struct run_params *params);
void run_params_release(struct run_params *params);

/* What tells a line of history or of system metrics from all others. */
struct row_key {
	bool known;       /* there is such a line */
	double timestamp; /* NAN without one */
	int64_t step;     /* -1 without one */
};

struct row_key row_key_of(struct span line);

/* All zero: nothing was asked yet. */
struct bucket {
	bool present; /* there is such a run */
	bool deleted; /* there was one: its id cannot be used again */
	char *id;     /* the server's own; NULL while it is not present */
	/* The names in use: what was asked for, then what the server says. */
	char *entity, *project, *run_id;
	char *state; /* "running", "finished", ... */
	int64_t rows, events, console;
	struct row_key last_row, last_event;
	char *config;  /* JSON: {"KEY": {"value": V}} */
	char *summary; /* JSON, perhaps with NaN */
	/* What the server can do. */
	bool structured_console, marks_files;
	bool digest_algorithms; /* of artifacts: others than MD5 */
	bool names_artifacts;   /* useArtifact wants to know whose one is */
};

void bucket_release(struct bucket *bucket);

/*
 * The n-th of the features that make a difference to us, as servers call them;
 * NULL behind the last.
 */
const char *bucket_feature(size_t n);

/*
 * Asks for the run that params name. Returns jv_null() and fills bucket, which
 * it releases first, or returns an error_value(). A run that is not there, or
 * not to be seen, is no error.
 */
jv bucket_ask(struct wandb *wandb, const struct run_params *params,
    const struct deadline *deadline, struct bucket *bucket);

/* Whether the run has ended: finished, failed, crashed or killed. */
bool bucket_ended(const struct bucket *bucket);

/*
 * Creates the run, or sets what params and config (JSON text) say; what is
 * NULL stays as it is. Sets present, id and the names in bucket. May be done
 * again. A run with rows that was not present before is a conflict; an id that
 * was used and deleted is "rejected".
 */
jv bucket_upsert(struct wandb *wandb, const struct run_params *params,
    const char *config, const struct deadline *deadline, struct bucket *bucket);

/*
 * The same, and asks for addresses of files, an array of names, in the same
 * question. Returns what createRunFiles answered, or an error_value(); after
 * "rejected" it may be that the server does not take two in one.
 */
jv bucket_upsert_files(struct wandb *wandb, const struct run_params *params,
    const char *config, jv files, const struct deadline *deadline,
    struct bucket *bucket);

/*
 * Asks for a row with from <= step < to; not known if there is none.
 */
jv bucket_row(struct wandb *wandb, const struct bucket *bucket, int64_t from,
    int64_t to, const struct deadline *deadline, struct row_key *row);

/*
 * Asks how many rows there are with from <= step < to: by their steps alone, at
 * most 10,000 in an answer.
 */
jv bucket_count(struct wandb *wandb, const struct bucket *bucket, int64_t from,
    int64_t to, const struct deadline *deadline, int64_t *rows);

/*
 * Takes all rows behind step away, and all events and console lines. May be
 * done again, as long as nothing was sent since.
 */
jv bucket_rewind(struct wandb *wandb, const struct bucket *bucket, double step,
    const struct deadline *deadline);

/* Tells an ended run of files that were sent; it stays ended. */
jv bucket_mark_uploaded(struct wandb *wandb, const struct bucket *bucket,
    jv names, const struct deadline *deadline);

/* Asks when the last line of the console was written; NAN without one. */
jv bucket_console_time(struct wandb *wandb, const struct bucket *bucket,
    const struct deadline *deadline, double *time);

#endif
