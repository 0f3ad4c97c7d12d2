/* SPDX-License-Identifier: MIT */
/*
 * sandbox/server - HTTP on a loopback port for kw-sandbox's services
 *
 * libmicrohttpd is driven from server_run(): one loop, no thread, no lock.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "clock.h"
#include "file.h"
#include "mem.h"
#include "record.h"
#include "sandbox/exchange.h"

enum {
	CONNECTION_MEMORY = 128 * 1024,
	PEM_MOST = 1024 * 1024,
	SCRIPT_MOST = 64 << 20
};

struct server {
	struct MHD_Daemon *daemon;
	struct store *store;
	const struct service *const *services;
	struct faults *faults;
	struct exchange *waiting; /* suspended until due */
	double latency;
	const char *prefix; /* "" without one */
	unsigned port;
	char *url, *storage;
};

/* Not clock_ticks(): answers wait in true time, also on a faked clock. */
static double
ticks(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool
route_fits(const struct route *route, struct request *request)
{
	size_t len = strlen(route->path);
	bool whole = route->path[len - 1] != '/';

	if (route->method != NULL &&
	    strcmp(route->method, request->method) != 0 &&
	    !(strcmp(route->method, "GET") == 0 &&
		strcmp(request->method, "HEAD") == 0))
		return false;
	if (strncmp(route->path, request->path, len) != 0 ||
	    (whole && request->path[len] != '\0'))
		return false;
	request->rest = request->path + len;
	return true;
}

static void
answer_nothing(struct request *request)
{
	request_violation(request, "there is nothing at %s", request->path);
	reply_json(request, 404,
	    jv_object_set(jv_object(), jv_string("error"),
		jv_object_set(jv_object_set(jv_object(), jv_string("code"),
				  jv_number(404)),
		    jv_string("message"), jv_string("no such path"))));
}

static const struct route nothing = { NULL, "/", "unknown", NULL,
	answer_nothing, false };

/* The sandbox's own paths meet no fault and are not counted. */
static bool
is_ours(const struct request *request)
{
	return strncmp(request->path, "/sandbox/", 9) == 0;
}

/* Takes the prefix off the path, as a proxy does; false if it is not there. */
static bool
strip_prefix(const struct server *server, struct request *request)
{
	size_t len = strlen(server->prefix);

	if (is_ours(request))
		return true;
	if (strncmp(request->path, server->prefix, len) != 0 ||
	    request->path[len] != '/')
		return false;
	request->path += len;
	return true;
}

static const struct route *
find_route(struct server *server, struct request *request)
{
	if (!strip_prefix(server, request))
		return &nothing;
	for (size_t i = 0; server->services[i] != NULL; i++)
		for (const struct route *r = server->services[i]->routes;
		     r->path != NULL; r++)
			if (route_fits(r, request))
				return r;
	return &nothing;
}

static void
note_request(struct exchange *exchange, const struct fault *fault)
{
	struct request *request = &exchange->request;
	bool show = !request->route->secret && request->body.len <= 4096 &&
	    request->body.len > 0 && request->body.at[0] == '{';

	store_do(request->store,
	    "INSERT INTO request (method, path, operation, status, bytes,"
	    " authorization, range, body, fault)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    "sssiiists", request->method, request->path,
	    request_operation(request),
	    (long long)(exchange->close || exchange->silent ? 0
							    : exchange->status),
	    (long long)request->body.len,
	    (long long)(request_header(request, "Authorization") != NULL),
	    request_header(request, "Range"),
	    show ? request->body : (struct span){ "", 0 },
	    fault != NULL ? fault->spec : NULL);
}

static const struct fault *
meet_fault(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	const struct fault *fault;
	char *what;

	if (is_ours(request))
		return NULL;
	what = xasprintf("%s %s %s", request->method, request->path,
	    request_operation(request));
	fault = faults_meet(request->server->faults, what);
	free(what);
	return fault;
}

/* What a fault has others do before the request is worked on. */
static void
load_between(struct request *request, const char *path)
{
	struct buf text = { 0 };
	jv result = file_read(path, SCRIPT_MOST, &text);

	if (jv_is_valid(result)) {
		jv_free(result);
		result =
		    jv_parse_sized(text.len > 0 ? text.at : "", (int)text.len);
	}
	if (jv_is_valid(result))
		result = server_load(request->server, result);
	if (!jv_is_valid(result))
		request_violation(request, "load=%s: %s", path,
		    *error_code(result) != '\0' ? error_message(result)
						: "no JSON");
	jv_free(result);
	buf_release(&text);
}

/* Finds out who answers, and lets it, or the fault. */
static void
work(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	struct server *server = request->server;
	const struct fault *fault;

	store_begin(server->store);
	exchange_body(exchange);
	request->store = server->store;
	request->route = find_route(server, request);
	if (request->route->operation != NULL)
		request_name(request, request->route->operation);
	if (request->route->name != NULL)
		request->route->name(request);

	exchange->due = ticks() + server->latency;
	fault = meet_fault(exchange);
	if (fault != NULL) {
		exchange->cut = fault->cut;
		exchange->stall = fault->stall;
		exchange->due += fault->delay;
		exchange->close = fault->close;
		exchange->silent = fault->silence;
	}
	if (fault != NULL && fault->load != NULL)
		load_between(request, fault->load);
	if (fault == NULL || fault->after ||
	    (!fault->status && !fault->silence && !fault->close))
		request->route->answer(request);
	if (fault != NULL && fault->status != 0)
		reply_fault(request, fault);
	if (!is_ours(request))
		note_request(exchange, fault);
	store_commit(server->store);
	exchange->worked = true;
}

static enum MHD_Result
send_answer(struct exchange *exchange)
{
	if (exchange->close || exchange->response == NULL)
		return MHD_NO;
	return MHD_queue_response(exchange->connection,
	    (unsigned)exchange->status, exchange->response);
}

void
exchange_hold(struct exchange *exchange)
{
	struct server *server = exchange->request.server;

	MHD_suspend_connection(exchange->connection);
	exchange->next = server->waiting;
	server->waiting = exchange;
}

static enum MHD_Result
on_request(void *context, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *bytes, size_t *len,
    void **state)
{
	struct server *server = context;
	struct exchange *exchange = *state;

	(void)version;
	if (exchange == NULL) {
		*state = exchange_new(server, connection, url, method);
		return MHD_YES;
	}
	if (*len > 0) {
		exchange_take(exchange, bytes, *len);
		*len = 0;
		return MHD_YES;
	}
	if (!exchange->worked)
		work(exchange);
	if (!exchange->silent && exchange->due <= ticks())
		return send_answer(exchange);

	exchange_hold(exchange);
	return MHD_YES;
}

static void
on_completed(void *context, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *state;

	(void)context;
	(void)connection;
	(void)code;
	*state = NULL;
	if (exchange != NULL)
		exchange_free(exchange);
}

/* Header and body leave in two pieces: without this the second waits. */
static void
on_connection(void *context, struct MHD_Connection *connection, void **state,
    enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info;
	int one = 1;

	(void)context;
	(void)state;
	if (code != MHD_CONNECTION_NOTIFY_STARTED)
		return;
	info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info != NULL &&
	    setsockopt(info->connect_fd, IPPROTO_TCP, TCP_NODELAY, &one,
		sizeof one) != 0)
		warning("TCP_NODELAY: %s", strerror(errno));
}

/* The certificate and the key of options->tls. */
static void
read_pem(const struct server_options *options, struct buf *pem)
{
	jv why = file_read(options->tls, PEM_MOST, pem);

	if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
		die(STATUS_USAGE, "this libmicrohttpd has no TLS");
	if (!jv_is_valid(why))
		die(STATUS_USAGE, "%s", error_message(why));
	jv_free(why);
	buf_addc(pem, '\0');
}

static void
listen_on(struct server *server, const struct server_options *options)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)options->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct buf pem = { 0 };
	struct MHD_OptionItem tls[] = { { MHD_OPTION_END, 0, NULL },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, NULL },
		{ MHD_OPTION_END, 0, NULL } };
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;

	if (options->tls != NULL) {
		read_pem(options, &pem);
		tls[0].option = MHD_OPTION_HTTPS_MEM_KEY;
		tls[0].ptr_value = tls[1].ptr_value = pem.at;
		flags |= MHD_USE_TLS;
	}
	errno = 0;
	server->daemon =
	    MHD_start_daemon(flags, (uint16_t)options->port, NULL, NULL,
		on_request, server, MHD_OPTION_ARRAY, tls, MHD_OPTION_SOCK_ADDR,
		(struct sockaddr *)&address, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
		NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_MEMORY, MHD_OPTION_END);
	if (pem.len > 0)
		explicit_bzero(pem.at, pem.len);
	buf_release(&pem);
	if (server->daemon == NULL && errno == 0)
		die(STATUS_USAGE, "%s: no certificate with its key",
		    options->tls);
	if (server->daemon == NULL)
		die(STATUS_USAGE, "127.0.0.1:%u: %s", options->port,
		    strerror(errno));
}

/* What it is called, now that it has a port. */
static void
name_server(struct server *server, const struct server_options *options)
{
	const char *scheme = options->tls != NULL ? "https" : "http";
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);

	server->port = info->port;
	server->url = xasprintf(
	    "%s://127.0.0.1:%u%s", scheme, server->port, server->prefix);
	server->storage = options->storage != NULL
	    ? xstrdup(options->storage)
	    : xasprintf(
		  "%s://localhost:%u%s", scheme, server->port, server->prefix);
}

struct server *
server_open(struct store *store, const struct service *const *services,
    const struct server_options *options)
{
	struct server *server = xcalloc(1, sizeof *server);

	server->store = store;
	server->services = services;
	server->faults = faults_new();
	server->prefix = options->prefix != NULL ? options->prefix : "";
	store_script(store,
	    "CREATE TABLE IF NOT EXISTS request (n INTEGER PRIMARY KEY,"
	    " method TEXT, path TEXT, operation TEXT, status INTEGER,"
	    " bytes INTEGER, authorization INTEGER, range TEXT, body TEXT,"
	    " fault TEXT);"
	    "CREATE TABLE IF NOT EXISTS violation (text TEXT);");
	for (size_t i = 0; services[i] != NULL; i++)
		if (services[i]->open != NULL)
			services[i]->open(store);
	listen_on(server, options);
	name_server(server, options);
	return server;
}

/* While it is suspended nobody reads from its connection. */
static bool
client_left(const struct exchange *exchange)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	char byte;

	return info != NULL &&
	    recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/*
 * Lets those go on whose time has come, or all, without an answer. Those whose
 * client has left are ended, or they would use up all connections.
 */
static void
wake(struct server *server, bool all)
{
	struct exchange **at = &server->waiting;
	double now = ticks();

	while (*at != NULL) {
		struct exchange *exchange = *at;
		bool over = all || client_left(exchange);

		if (!over && (exchange->silent || exchange->due > now)) {
			at = &exchange->next;
			continue;
		}
		*at = exchange->next;
		exchange->close = exchange->close || over;
		exchange->silent = false;
		exchange->due = now;
		MHD_resume_connection(exchange->connection);
	}
}

/* How long nothing will happen by itself, in milliseconds. */
static int
quiet(const struct server *server)
{
	double left = 1000000, now = ticks();
	MHD_UNSIGNED_LONG_LONG most;

	if (MHD_get_timeout(server->daemon, &most) == MHD_YES &&
	    (double)most < left)
		left = (double)most;
	for (const struct exchange *e = server->waiting; e != NULL; e = e->next)
		if (!e->silent && (e->due - now) * 1000 < left)
			left = (e->due - now) * 1000;
	return left > 0 ? (int)ceil(left) : 0;
}

void
server_run(struct server *server, int until_fd)
{
	struct pollfd fds[2] = { { .events = POLLIN },
		{ .fd = until_fd, .events = POLLIN } };

	fds[0].fd =
	    MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)
		->epoll_fd;
	while (fds[1].revents == 0) {
		wake(server, false);
		MHD_run(server->daemon);
		if (poll(fds, 2, quiet(server)) < 0 && errno != EINTR)
			die(STATUS_STREAM, "poll: %s", strerror(errno));
	}
}

void
server_close(struct server *server)
{
	wake(server, true);
	MHD_run(server->daemon);
	MHD_stop_daemon(server->daemon);
	faults_free(server->faults);
	free(server->url);
	free(server->storage);
	free(server);
}

const char *
server_url(const struct server *server)
{
	return server->url;
}

const char *
server_storage(const struct server *server)
{
	return server->storage;
}

unsigned
server_port(const struct server *server)
{
	return server->port;
}

void
server_latency(struct server *server, double seconds)
{
	server->latency = seconds;
}

struct faults *
server_faults(struct server *server)
{
	return server->faults;
}

static bool
is_one_of(const char *name, const char *const *names)
{
	while (*names != NULL && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

jv
script_check(jv thing, const char *where, const char *const *members)
{
	jv why = jv_null();

	if (jv_get_kind(thing) != JV_KIND_OBJECT)
		return error_value("input", "%s is no object", where);
	jv_object_foreach(thing, name, value)
	{
		if (jv_is_valid(why) &&
		    !is_one_of(jv_string_value(name), members)) {
			jv_free(why);
			why = error_value("input", "%s: \"%s\" is not known",
			    where, jv_string_value(name));
		}
		jv_free(name);
		jv_free(value);
	}
	return why;
}

/* The same for a whole script, whose members are the services'. */
static jv
check_parts(const struct server *server, jv script)
{
	const char **all = NULL;
	size_t count = 0;
	jv result;

	for (size_t i = 0; server->services[i] != NULL; i++)
		for (const char *const *part = server->services[i]->parts;
		     part != NULL && *part != NULL; part++) {
			all = xreallocarray(all, count + 2, sizeof *all);
			all[count++] = *part;
			all[count] = NULL;
		}
	result = script_check(script, "the script", all);
	free(all);
	return result;
}

jv
server_load(struct server *server, jv script)
{
	jv result = check_parts(server, script);

	for (size_t i = 0; server->services[i] != NULL && jv_is_valid(result);
	     i++) {
		if (server->services[i]->load == NULL)
			continue;
		jv_free(result);
		result =
		    server->services[i]->load(server->store, jv_copy(script));
	}
	jv_free(script);
	return result;
}

jv
server_state(struct server *server)
{
	jv counts = jv_object(), violations = jv_array(), state = jv_object();
	sqlite3_stmt *row = store_query(server->store,
	    "SELECT operation, count(*) FROM request GROUP BY operation", "");

	while (store_row(row))
		counts = jv_object_set(counts, store_string(row, 0),
		    jv_number((double)sqlite3_column_int64(row, 1)));
	row = store_query(server->store, "SELECT text FROM violation", "");
	while (store_row(row))
		violations = jv_array_append(violations, store_string(row, 0));
	for (size_t i = 0; server->services[i] != NULL; i++)
		if (server->services[i]->state != NULL)
			state =
			    server->services[i]->state(server->store, state);
	state = jv_object_set(state, jv_string("requests"), counts);
	return jv_object_set(state, jv_string("violations"), violations);
}
