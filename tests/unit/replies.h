/* SPDX-License-Identifier: MIT */
/*
 * replies - a server for one test, which says what it is told to say
 *
 * It is a child that listens on a port of 127.0.0.1 and answers each request
 * with the next reply of a list, byte by byte as given. What it was asked is
 * in memory that both share.
 */
#ifndef REPLIES_H
#define REPLIES_H

#include <stddef.h>
#include <sys/types.h>

/* What happens behind the bytes of a reply. */
enum reply_end {
	REPLY_KEEP, /* the connection is kept */
	REPLY_CLOSE,
	REPLY_RESET,
};

struct reply {
	const char *text; /* "" says nothing */
	enum reply_end end;
	size_t len;   /* of text; 0: its strlen() */
	size_t after; /* said when so much of the body has come; 0: all */
	int gate;     /* said when so many requests have come */
};

enum { ASKED_MOST = 64 };

struct asked {
	char head[4096]; /* the request line and the headers */
	char body[64];   /* its beginning */
	size_t body_size;
	char md5[25]; /* of the body */
};

struct server {
	int port;
	int requests;
	int connections;
	struct asked asked[ASKED_MOST];
	pid_t pid;
};

/* Starts one with count replies; after the last one, that one is repeated. */
struct server *server_start(const struct reply *replies, size_t count);

void server_stop(struct server *server);

#endif
