/* SPDX-License-Identifier: MIT */
/*
 * session - wb-log under a clock that the test moves
 *
 * wb-log runs with KW_WAITS (heldclock.h): its processes say when they wait,
 * and the time is moved on when all do. Nothing else takes time, so that a plan
 * (which line comes when, what goes wrong when) happens the same way each time
 * it is gone through, and takes milliseconds.
 *
 * A story is a run over all calls of wb-log. At any moment it is checked that
 * no line is late: each is on the server 30 s after it came, or 30 s after the
 * server could be reached again.
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <sys/types.h>

#include "bed.h"

/* A line comes in a piece, or in two. */
struct piece {
	double at; /* seconds since the plan began */
	int line;
	enum { WHOLE, FIRST, SECOND } part;
};

struct trouble {
	double at;
	char *spec;      /* of a fault; NULL: all is well again */
	bool lasting;    /* until all is well again */
	double patience; /* the server wants to be left alone for so long */
};

struct plan {
	struct piece *pieces; /* by their time */
	int piece_count;
	struct trouble *troubles;
	int trouble_count;
	double end;          /* of the input */
	bool by_signal;      /* SIGTERM comes instead */
	double timeout;      /* 0: as by default */
	char *options[4];    /* more of wb-log's; NULL at the end */
	bool may_fail;       /* what goes wrong is not to be got over */
	bool unsettled;      /* when the server can be reached is not known */
	int kill_wait;       /* kill -9 when it waits for this time; 0: never */
	double kill_seconds; /* so much true time after it went on */
	bool kill_at_fault;  /* when the fault that was ordered is met */
	bool kill_child;     /* not wb-log, but the process that it has */
};

/* In the order of time; the input ends with the last one, or later. */
void plan_line(struct plan *plan, double at, int line);
void plan_halves(struct plan *plan, double at, double rest_at, int line);
void plan_trouble(struct plan *plan, struct trouble trouble);
void plan_release(struct plan *plan);

struct story {
	char *run;    /* "e/p/r" */
	double begun; /* the plan, by the clock */
	double now;
	double *arrived; /* by line: when it was in the pipe, whole */
	int lines;       /* that have arrived */
	int there;       /* of which so many are on the server, as was seen */
	int safe;        /* so many were taken when it waited last */
	int taken;       /* so many were taken */
	int calls;
	bool known;       /* the server has the run */
	bool lied_to;     /* the server did not do what it said: no violation */
	bool synced;      /* by wb-sync, which keeps no summary of before */
	double reachable; /* the server, since then; INFINITY: it is not */
	double busy;      /* the most true seconds between two waits */
	struct verdict *verdict;
};

/* Before bed_init(), which takes the limits on the network from us. */
void session_init(const char *work);

/* From now on wb-log has so many times the limits on the network. */
void session_limits(double factor);

/* On an empty server, at the same time always; number names the run. */
void story_begin(struct story *story, uint64_t number, struct verdict *verdict);
void story_end(struct story *story);

/* The line of this number, with its line end, appended to out. */
void story_line(struct buf *out, int line);

/*
 * Calls wb-log and goes through the plan. Returns its status, 128 + 9 if it was
 * killed as planned. What it said is judged by that.
 */
int session(struct story *story, const struct plan *plan);

/* So many rows are on the server; they are the first ones, once, in order. */
int story_on_server(struct story *story);

/* The first row that no longer is in the spool, and how many files it has. */
int story_in_spool(struct story *story, int *files);

/*
 * Calls wb-sync for the spool, which wb-sync leaves where it is: remove does
 * what a user would do then.
 */
void story_sync(struct story *story, bool remove);

/* Complains unless all that has come is on the server, and no spool is left. */
void story_is_whole(struct story *story, const char *state);

#endif
