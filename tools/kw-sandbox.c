/* SPDX-License-Identifier: MIT */
/*
 * kw-sandbox - play Kaggle, W&B and Datadog on a loopback port
 *
 * out: without COMMAND one record, {"url": "http://127.0.0.1:PORT"}, when it
 *      listens
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "file.h"
#include "record.h"
#include "sandbox/control.h"
#include "sandbox/datadog.h"
#include "sandbox/faults.h"
#include "sandbox/kaggle.h"
#include "sandbox/server.h"
#include "sandbox/store.h"
#include "sandbox/wandb.h"

static const char help[] =
    "usage: kw-sandbox [-hVv] [--port=N] [--port-file=FILE] [--store=FILE]\n"
    "                  [--fault=SPEC] [--latency=TIME] [--load=FILE]\n"
    "                  [--prefix=PATH] [--tls=FILE] [--storage=URL]\n"
    "                  [--peers] [-- COMMAND [ARG ...]]\n"
    "Play Kaggle, W&B and Datadog on a loopback port.\n"
    "\n"
    "      --port=N          listen on port N of 127.0.0.1 (any free one)\n"
    "      --port-file=FILE  write the port to FILE when listening\n"
    "      --store=FILE      keep what is held in FILE\n"
    "      --fault=SPEC      something goes wrong; may be repeated\n"
    "      --latency=TIME    every answer comes TIME later\n"
    "      --load=FILE       begin with what the JSON in FILE says\n"
    "      --prefix=PATH     behind a proxy: all is below PATH\n"
    "      --tls=FILE        https, with the certificate and key in FILE\n"
    "      --storage=URL     where W&B's addresses of files point to\n"
    "      --peers           lead the official clients in COMMAND here too\n"
    "\n"
    "COMMAND runs with our tools' environment pointed at the sandbox, which\n"
    "ends with it, with its status.\n";

enum {
	OPT_PORT = 256,
	OPT_PORT_FILE,
	OPT_STORE,
	OPT_FAULT,
	OPT_LATENCY,
	OPT_LOAD,
	OPT_PREFIX,
	OPT_TLS,
	OPT_STORAGE,
	OPT_PEERS,
};

static const struct option longopts[] = {
	{ "port", required_argument, NULL, OPT_PORT },
	{ "port-file", required_argument, NULL, OPT_PORT_FILE },
	{ "store", required_argument, NULL, OPT_STORE },
	{ "fault", required_argument, NULL, OPT_FAULT },
	{ "latency", required_argument, NULL, OPT_LATENCY },
	{ "load", required_argument, NULL, OPT_LOAD },
	{ "prefix", required_argument, NULL, OPT_PREFIX },
	{ "tls", required_argument, NULL, OPT_TLS },
	{ "storage", required_argument, NULL, OPT_STORAGE },
	{ "peers", no_argument, NULL, OPT_PEERS },
	{ 0 },
};

static const struct service *const services[] = {
	&control_service,
	&kaggle_service,
	&wandb_service,
	&datadog_service,
	NULL,
};

static struct server_options listening;
static const char *port_file;
static const char *store_file;
static double latency;
static const char *load_file;
static bool peers;

/* Those that were ordered, until there is a server to give them to. */
static const char **orders;
static size_t order_count;

/* Says why the call is wrong; consumes why. */
static _Noreturn void
wrong(const char *option, jv why)
{
	char text[1024];

	(void)snprintf(text, sizeof text, "%s", error_message(why));
	jv_free(why);
	cli_wrong("%s: %s", option, text);
}

static void
load(struct server *server, struct store *store)
{
	struct buf text = { 0 };
	jv result = file_read(load_file, 1024 * 1024 * 1024, &text);

	if (jv_is_valid(result)) {
		jv_free(result);
		result = jv_parse_sized(text.at ? text.at : "", (int)text.len);
		if (jv_get_kind(result) != JV_KIND_OBJECT)
			cli_wrong("--load: %s: not a JSON object", load_file);
		store_begin(store);
		result = server_load(server, result);
		store_commit(store);
	}
	if (!jv_is_valid(result))
		wrong("--load", result);
	jv_free(result);
	buf_release(&text);
}

static void
order_faults(struct server *server)
{
	for (size_t i = 0; i < order_count; i++) {
		jv result = faults_add(server_faults(server), orders[i]);

		if (!jv_is_valid(result))
			wrong("--fault", result);
		jv_free(result);
	}
	free(orders);
}

static void
write_port(const struct server *server)
{
	char *text = xasprintf("%u\n", server_port(server));
	jv result = file_replace(port_file, text, strlen(text));

	if (!jv_is_valid(result))
		wrong("--port-file", result);
	jv_free(result);
	free(text);
}

static pid_t
start(char **command, struct server *server, struct store *store,
    const sigset_t *before)
{
	pid_t pid = fork();

	if (pid < 0)
		die(STATUS_STREAM, "fork: %s", strerror(errno));
	if (pid > 0)
		return pid;
	sigprocmask(SIG_SETMASK, before, NULL);
	for (size_t i = 0; services[i] != NULL; i++)
		if (services[i]->environment != NULL)
			services[i]->environment(
			    store, server_url(server), peers);
	execvp(command[0], command);
	warning("%s: %s", command[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Ends as signal says, with all that was left to do done. */
static void
die_by(int signal, const sigset_t *before)
{
	struct sigaction usual = { .sa_handler = SIG_DFL };

	sigaction(signal, &usual, NULL);
	raise(signal);
	sigprocmask(SIG_SETMASK, before, NULL);
}

/* Serves until the command ends, or a signal comes. Returns the status. */
static int
serve(struct server *server, int signals, pid_t pid, int *killed)
{
	struct signalfd_siginfo info;
	int status;

	for (;;) {
		server_run(server, signals);
		if (read(signals, &info, sizeof info) != sizeof info)
			continue;
		if (info.ssi_signo != SIGCHLD) {
			*killed = (int)info.ssi_signo;
			if (pid > 0)
				kill(pid, *killed);
			return STATUS_OK;
		}
		if (pid > 0 && waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status)
						 : 128 + WTERMSIG(status);
	}
}

static void
say_url(const struct server *server)
{
	jv text = jv_dump_string(
	    record_set_str(jv_object(), "url", server_url(server)), 0);

	if (printf("%s\n", jv_string_value(text)) < 0 || fflush(stdout) != 0)
		die(STATUS_STREAM, "standard output: %s", strerror(errno));
	jv_free(text);
}

static int
sandbox(char **command)
{
	struct store *store = store_open(store_file);
	struct server *server = server_open(store, services, &listening);
	sigset_t mask, before;
	int signals, status, killed = 0;
	pid_t pid = 0;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, &before);
	signals = signalfd(-1, &mask, SFD_CLOEXEC);
	if (signals < 0)
		die(STATUS_STREAM, "signalfd: %s", strerror(errno));

	server_latency(server, latency);
	order_faults(server);
	if (load_file != NULL)
		load(server, store);
	if (port_file != NULL)
		write_port(server);
	if (*command != NULL)
		pid = start(command, server, store, &before);
	else
		say_url(server);
	status = serve(server, signals, pid, &killed);
	server_close(server);
	store_close(store);
	close(signals);
	if (killed != 0)
		die_by(killed, &before);
	return status;
}

int
main(int argc, char *argv[])
{
	int opt;

	cli_init(argv[0], help);
	while ((opt = cli_getopt(argc, argv, "", longopts)) != -1) {
		switch (opt) {
		case OPT_PORT:
			listening.port =
			    (unsigned)cli_number("--port", optarg, 0, 65535);
			break;
		case OPT_PORT_FILE:
			port_file = optarg;
			break;
		case OPT_STORE:
			store_file = optarg;
			break;
		case OPT_FAULT:
			orders = xreallocarray(
			    orders, order_count + 1, sizeof *orders);
			orders[order_count++] = optarg;
			break;
		case OPT_LATENCY:
			latency = cli_seconds("--latency", optarg);
			break;
		case OPT_LOAD:
			load_file = optarg;
			break;
		case OPT_PREFIX:
			listening.prefix = optarg;
			if (*optarg != '/' || optarg[strlen(optarg) - 1] == '/')
				cli_wrong("--prefix: /PATH is wanted");
			break;
		case OPT_TLS:
			listening.tls = optarg;
			break;
		case OPT_STORAGE:
			listening.storage = optarg;
			break;
		case OPT_PEERS:
			peers = true;
			break;
		}
	}
	return sandbox(argv + optind);
}
