/* SPDX-License-Identifier: MIT */
/*
 * sandbox/faults - what shall go wrong, and when
 *
 * A SPEC is words, separated by spaces; a value may be in '...' or "...".
 *
 *	match=TEXT	a part of "METHOD path operation"; default: any request
 *	nth=N		from the N-th match from now on (1)
 *	times=M|always	that many times (1)
 *
 * and what happens, of which some go together:
 *
 *	status=N	this status instead of the answer; nothing was done
 *	retry-after=S	its Retry-After: seconds or a date
 *	header=NAME:VALUE  a header more; repeatable
 *	body=TEXT	its body, instead of an error in JSON
 *	delay=TIME	the answer comes that much later
 *	silence		no answer, the connection stays; nothing was done
 *	close=before	the connection is closed; nothing was done
 *	close=after	the connection is closed; the work was done
 *	cut=N		the connection is closed after N bytes of the answer's
 *			body, which was announced whole; the work was done
 *	stall=N		as cut, but the connection stays, and nothing comes
 *	after		with status or silence: the work was done
 *	load=FILE	the script in FILE is loaded right before: somebody else
 *			does something in between
 */
#ifndef SANDBOX_FAULTS_H
#define SANDBOX_FAULTS_H

#include <stdbool.h>

#include <jv.h>

struct fault {
	char *spec;
	char *match;
	long nth;   /* matches until its turn comes */
	long times; /* how often it is left; -1: always */
	int status; /* 0: none */
	char *retry_after;
	char **headers; /* NAME:VALUE ..., NULL; or NULL */
	char *body;
	char *load;
	double delay; /* seconds */
	bool silence;
	bool close;
	bool after;    /* the work is done all the same */
	long long cut; /* -1: none */
	bool stall;    /* there the answer stops instead */
};

struct faults;

struct faults *faults_new(void);
void faults_free(struct faults *faults);

/* Orders a fault. jv_null(), or an error_value(): usage. */
jv faults_add(struct faults *faults, const char *spec);

void faults_clear(struct faults *faults);

/*
 * The fault that a request meets, or NULL: the first one ordered whose turn it
 * is. All those that match count it. What is returned lives until
 * faults_clear().
 */
const struct fault *faults_meet(struct faults *faults, const char *request);

/* An array: {"spec", "nth", "times"} of those that are left. */
jv faults_list(const struct faults *faults);

#endif
