/* SPDX-License-Identifier: MIT */
/*
 * sandbox/server - HTTP on a loopback port for kw-sandbox's services; the only
 * place that knows libmicrohttpd
 *
 * One thread does all: a service needs no locks. A request is read whole (a
 * large body into a temporary file that is mapped), gets its operation's name,
 * meets its fault if one was ordered, and is answered, all in one transaction
 * of the store. Answers wait (--latency, delay=) without holding up others.
 *
 * A service is a table of routes and a few functions. Its state is in the
 * store, and only there:
 *
 *	static const struct route routes[] = {
 *		{ "POST", "/graphql", NULL, name_query, answer_query, false },
 *		{ "PUT", "/storage/", "upload", NULL, answer_put, false },
 *		{ 0 },
 *	};
 */
#ifndef SANDBOX_SERVER_H
#define SANDBOX_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include <jv.h>

#include "mem.h"
#include "sandbox/store.h"

struct faults;
struct server;
struct route;

/* What a route's functions see. All of it lives until the answer is sent. */
struct request {
	const char *method;
	const char *path; /* decoded; no scheme, host or query */
	const char *rest; /* path behind the route's */
	struct span body; /* whole */
	const struct route *route;
	struct server *server;
	struct store *store;
};

struct route {
	const char *method; /* NULL: any */
	const char *path;   /* all of it; with '/' at the end, its beginning */
	/* What faults, counts and /sandbox/requests call it; or name is set. */
	const char *operation;
	/* Calls request_name(), from what is in the body. */
	void (*name)(struct request *request);
	/* Calls one reply_...() function, once. */
	void (*answer)(struct request *request);
	bool secret; /* the body holds a credential: never shown */
};

struct service {
	const struct route *routes; /* the first that fits is taken */
	/* Makes the tables that are not there. */
	void (*open)(struct store *store);
	/*
	 * Takes its part of the JSON of --load and POST /sandbox/load (an
	 * object, consumed). jv_null(), or an error_value().
	 */
	jv (*load)(struct store *store, jv script);
	const char *const *parts; /* the members of it that are its, NULL */
	/* Adds its part to the object of /sandbox/state. */
	jv (*state)(struct store *store, jv state);
	/*
	 * In the child that becomes COMMAND: sets the variables that lead our
	 * tools, with peers the official clients too, to url.
	 */
	void (*environment)(struct store *store, const char *url, bool peers);
};

struct server_options {
	unsigned port;      /* 0: any free one */
	const char *prefix; /* "/PATH" before all paths but /sandbox/; NULL */
	const char *tls;    /* a PEM file, certificate and key; NULL: http */
	/* Where files go and are had, before "/storage/"; NULL: localhost. */
	const char *storage;
};

/*
 * Listens on 127.0.0.1. services ends with NULL. Ends the program with status 2
 * if it cannot.
 */
struct server *server_open(struct store *store,
    const struct service *const *services,
    const struct server_options *options);
void server_close(struct server *server);

/* "http://127.0.0.1:PORT", of the server, and its prefix. */
const char *server_url(const struct server *server);

/* What addresses of files begin with: "http://localhost:PORT". */
const char *server_storage(const struct server *server);

unsigned server_port(const struct server *server);

/* Every answer comes this much later. */
void server_latency(struct server *server, double seconds);

/* What shall go wrong; see sandbox/faults.h. */
struct faults *server_faults(struct server *server);

/*
 * Gives script to all services; consumes it. jv_null() or an error_value(),
 * also if it is no object or has a member that is no service's.
 */
jv server_load(struct server *server, jv script);

/*
 * Whether thing (borrowed) is an object without other members than those: what
 * is misspelt must not be passed over. jv_null(), or an error_value() that
 * calls it where.
 */
jv script_check(jv thing, const char *where, const char *const *members);

/* What /sandbox/state says. */
jv server_state(struct server *server);

/* Serves until the descriptor can be read. */
void server_run(struct server *server, int until_fd);

/* ---- the request ---- */

/* A header without regard to case, NULL without it. */
const char *request_header(struct request *request, const char *name);

/* A parameter of the query, decoded, NULL without it. */
const char *request_query(struct request *request, const char *name);

/* The body as JSON: an object, or an invalid jv with a message. */
jv request_json(struct request *request);

/* Notes the operation's name; copied. */
void request_name(struct request *request, const char *operation);
const char *request_operation(const struct request *request);

/*
 * The client broke the protocol: a line in "violations" of /sandbox/state. No
 * secret may be passed.
 */
void request_violation(struct request *request, const char *format, ...)
    DIAG_PRINTF(2, 3);

/* ---- the answer ---- */

/* Adds a header to the answer that follows; copied. */
void reply_header(struct request *request, const char *name, const char *value);

/* Consumes value. */
void reply_json(struct request *request, int status, jv value);

/* Copies body. */
void reply_text(
    struct request *request, int status, const char *type, struct span body);

/* Bytes that are read piece by piece when they are sent. */
struct content {
	long long size; /* -1: not known, sent in chunks */
	const char *type;
	const char *etag;     /* with its quotes, or NULL */
	const char *modified; /* an HTTP date, or NULL */
	bool ranges;          /* Range, If-Range and If-None-Match are obeyed */
	bool stall;           /* behind its end the connection stays open */
	/* Fills bytes from at on; how many, 0 at the end, -1: it failed. */
	long (*read)(void *context, long long at, void *bytes, size_t len);
	void (*close)(void *context); /* may be NULL */
	void *context;
};

/*
 * Answers with 200, or 206, 304 or 416 as the request's headers ask. The
 * strings are copied; content->context is closed when all is sent.
 */
void reply_content(struct request *request, const struct content *content);

#endif
