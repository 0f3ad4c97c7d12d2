/* SPDX-License-Identifier: MIT */
/*
 * sandbox/exchange - a request and its answer as the server sees them;
 * for server.c, request.c and reply.c only
 */
#ifndef SANDBOX_EXCHANGE_H
#define SANDBOX_EXCHANGE_H

#include <microhttpd.h>

#include "sandbox/faults.h"
#include "sandbox/server.h"

struct header {
	struct header *next;
	char *name;
	char *value;
};

struct exchange {
	struct request request; /* first: services hold a pointer to it */
	struct MHD_Connection *connection;
	char *method;
	char *path;
	char *operation;

	/* The body: in memory while it is small, else in a file. */
	struct buf small;
	int fd; /* -1: in memory */
	size_t size;
	void *map;

	/* The answer. */
	struct header *headers;
	struct MHD_Response *response;
	int status;
	bool close;    /* the connection is closed instead */
	bool silent;   /* nothing is said, for ever */
	long long cut; /* the body ends behind this byte; -1: at its end */
	bool stall;    /* there it stops instead, for ever */

	bool worked;           /* the answer is there */
	double due;            /* when it may be sent, by CLOCK_MONOTONIC */
	struct exchange *next; /* of those that wait */
};

struct exchange *exchange_new(struct server *server,
    struct MHD_Connection *connection, const char *url, const char *method);
void exchange_free(struct exchange *exchange);

/* Takes a piece of the body. */
void exchange_take(struct exchange *exchange, const void *bytes, size_t len);

/* The body is whole: request.body shows it. */
void exchange_body(struct exchange *exchange);

/* Suspends the exchange until it is due, or for ever if it is silent. */
void exchange_hold(struct exchange *exchange);

/* The answer that a fault orders. */
void reply_fault(struct request *request, const struct fault *fault);

#endif
