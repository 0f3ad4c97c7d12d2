/* SPDX-License-Identifier: MIT */
/*
 * bed - a run, a sandbox and wb-sync: what the tests of faults share
 *
 * The test's shell has started kw-sandbox (tests/lib.sh) and left
 * WANDB_BASE_URL, KW_CLOCK and a folder of its own, work. Nothing here returns
 * an error: what must work without faults ends the program if it does not.
 */
#ifndef BED_H
#define BED_H

#include <stdbool.h>
#include <stdint.h>

#include <jv.h>

#include "mem.h"

/* ---- TAP ---- */

/* Says whether name holds; the rest of a line of why, if it does not. */
void tap(bool holds, const char *name, const char *why);
void tap_note(const char *format, ...) DIAG_PRINTF(1, 2);
int tap_done(void); /* the plan; the exit status */

/*
 * What failed in a case; begins as {0}. Only the first complaint of a case is
 * kept, since the others follow from it.
 */
struct verdict {
	char *why;
};
void complain(struct verdict *verdict, const char *format, ...)
    DIAG_PRINTF(2, 3);

/* Cases that failed are printed up to a number, and counted. */
struct tally {
	long cases, calls, failed;
	long lost_alerts; /* the calls said so */
	double began;
};
void tally_begin(struct tally *tally);
void tally_add(
    struct tally *tally, const char *name, int calls, struct verdict *verdict);
void tally_end(struct tally *tally, const char *name);

/*
 * Counts an operation, or each one of an array, in counts, an object, which is
 * consumed as they are; and says how often there was which, consuming it.
 */
jv count_operation(jv counts, jv operation);
jv count_operations(jv counts, jv operations);
void tap_note_counts(const char *what, jv counts);

/* Seconds, whatever KW_CLOCK says. */
double true_time(void);

/* ---- a seeded sequence: splitmix64 ---- */

extern uint64_t seed;
uint64_t any(uint64_t below);

/* The number in a variable of the environment. */
long number_of(const char *variable, long otherwise);

/* Runs a program to its end, out and err being files; its status. */
int call_program(const char *const *argv, const char *out, const char *err);
int status_of(int status);          /* of waitpid(2), as a shell has it */
void must(const char *const *argv); /* it ends with 0, or this program ends */

/* ---- the run ---- */

struct bed {
	char *kind;
	char *pristine; /* the folder, which is not touched */
	char *folder;   /* the copy that is synced */
	char **files;   /* the .wandb files in it */
	int count;
	jv failed;   /* what a sync without faults cannot send, each file's */
	jv want;     /* what it leaves */
	jv requests; /* its requests' operations, in their order */
	double seconds; /* it took */
};

void bed_init(const char *work, const char *data);

/* kind is a folder of tests/data/runs, or a path. Syncs it without faults. */
struct bed *bed_open(const char *kind);
void bed_close(struct bed *bed);
void bed_fresh(struct bed *bed);  /* a new copy */
void bed_unmark(struct bed *bed); /* no marker */

/* Complains if there is anything in the copy that was not there before. */
void bed_check_folder(struct bed *bed, struct verdict *verdict);

/* Several, by names with commas between them, and any one of them, fresh. */
struct beds *beds_open(const char *kinds);
struct bed *beds_any(struct beds *beds);
jv beds_requests(struct beds *beds); /* how many of which they make */
void beds_close(struct beds *beds);

/* ---- the sandbox ---- */

void sandbox_reset(void);
void sandbox_fault(const char *spec);
void sandbox_clear(void);
char *sandbox_faults(void); /* what is left, as JSON */
bool sandbox_has_faults(void);
jv sandbox_state(void);
jv sandbox_operations(void);            /* what was asked for, an array */
char *sandbox_history(const char *run); /* the lines of "e/p/r" */
jv read_records(const char *path);      /* an array */

/* ---- wb-sync ---- */

/* How it is called; {0} is in this process, without a kill. */
struct way {
	bool workers;       /* -j as by default, else -j1 */
	double kill_after;  /* seconds; 0: never */
	bool kill_at_fault; /* when the fault that was ordered is met */
	bool whole_group;   /* kills the workers as well */
};

struct call {
	int status; /* as a shell has it; 128 + 9 if killed */
	bool killed;
	bool done; /* all is there that can be */
	jv records;
	char *said;
};

/*
 * Calls it, and complains of what is never right: a crash, a hang, a status,
 * record or marker that contradicts another.
 */
void call_sync(struct bed *bed, const struct way *way, struct call *call,
    struct verdict *verdict);
void call_release(struct call *call);

/* Complains of markers of what the server does not hold. */
void check_markers(struct bed *bed, struct verdict *verdict);

/* Calls until it is done, and then compares; how many calls that took. */
struct until {
	const struct way *way;
	int most;
	bool fresh;  /* from a new copy each time */
	bool clear;  /* no more faults after the first call */
	bool untrue; /* the server lied: what we sent then may be wrong */
	const char *before; /* what earlier calls said; may be NULL */
	bool lost_alert;    /* out: an alert is not there, which was said */
};
int call_until_done(
    struct bed *bed, struct until *until, struct verdict *verdict);

/* ---- the parts: each is a run of cases ---- */

void requests(const char *kind);
void requests_once(const char *kind);
void schedules(const char *kinds);
void kills(const char *kinds);
void damage(const char *kind);

#endif
