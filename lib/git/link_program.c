/* SPDX-License-Identifier: MIT */
/*
 * git/link_program - a service that is a program: here, or there by ssh
 *
 * Which ssh is run, and how, is git's (git(1), GIT_SSH; git-config(1),
 * core.sshCommand). Where git has nothing configured it is told never to ask
 * anything, as there is nobody to answer. A port is given as OpenSSH wants it.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "git/link_parts.h"
#include "git/program.h"
#include "mem.h"
#include "record.h"

enum {
	STALL = 300,   /* seconds without a byte: a hook may take its time */
	SSH_LOST = 255 /* ssh's own status, where the remote's has none */
};

struct link_program {
	struct link link;
	struct program program;
	bool ended;
	char read[8192]; /* what was read and not yet taken */
	size_t at, len;
};

/* Variables of the caller's repository, which are not the remote's. */
static const char *const variables_path[] = {
	"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG",
	"GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT", "GIT_OBJECT_DIRECTORY",
	"GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE",
	"GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE",
	"GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR",
	"GIT_INTERNAL_SUPER_PREFIX", "GIT_PROTOCOL", NULL
};
/* Nor is another version of the protocol wanted. */
static const char *const variables_ssh[] = { "GIT_PROTOCOL", NULL };

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

/* A word of the shell, as git quotes: also csh's '!'. */
static char *
quoted(const char *word)
{
	struct buf out = { 0 };

	buf_addc(&out, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'' || *word == '!')
			buf_addf(&out, "'\\%c'", *word);
		else
			buf_addc(&out, *word);
	}
	buf_addc(&out, '\'');
	return buf_take(&out);
}

/* Has a path's service run by this machine's shell, as git does. */
static bool
start_here(struct link_program *to, const char *command)
{
	char *line = xasprintf("exec %s", command);
	const char *argv[] = { "sh", "-c", line, NULL };
	bool good = program_start(
	    &to->program, argv, to->link.place->folder, variables_path);

	free(line);
	return good;
}

static bool
start_ssh(struct link_program *to, const char *command)
{
	const struct address *address = to->link.place->address;
	const char *line = variable("GIT_SSH_COMMAND"), *argv[12];
	char *host = address->user != NULL
	    ? xasprintf("%s@%s", address->user, address->host)
	    : xstrdup(address->host);
	char *run = NULL;
	size_t count = 0;
	bool good;

	if (line == NULL)
		line = to->link.place->ssh;
	if (line != NULL) {
		run = xasprintf("%s \"$@\"", line);
		argv[count++] = "sh";
		argv[count++] = "-c";
		argv[count++] = run;
		argv[count++] = "ssh";
	} else if (variable("GIT_SSH") != NULL) {
		argv[count++] = variable("GIT_SSH");
	} else {
		argv[count++] = "ssh";
		argv[count++] = "-oBatchMode=yes";
	}
	if (address->port != NULL) {
		argv[count++] = "-p";
		argv[count++] = address->port;
	}
	argv[count++] = host;
	argv[count++] = command;
	argv[count] = NULL;
	good = program_start(
	    &to->program, argv, to->link.place->folder, variables_ssh);
	free(run);
	free(host);
	return good;
}

static bool
says(const char *words, const char *const phrases[])
{
	for (size_t i = 0; phrases[i] != NULL; i++)
		if (strcasestr(words, phrases[i]) != NULL)
			return true;
	return false;
}

/* What an end without an answer means. The words are all there is to go by. */
static const char *
end_code(int status, bool ssh, const char *words)
{
	static const char *const nobody[] = { "does not appear to be a git",
		"repository not found", "could not be found", "no such project",
		NULL };
	static const char *const denied[] = { "permission denied", "denied to",
		"host key verification", "authentication fail", "access denied",
		"not authorized", "unauthorized", "not allowed to", NULL };

	if (says(words, nobody))
		return "not_found";
	if (ssh && says(words, denied))
		return "auth";
	if (status == 0 || status > 128 || (ssh && status == SSH_LOST))
		return "unavailable";
	return status == 127 ? "input" : "rejected";
}

/* The program, or the connection, is no more. */
static jv
ended(struct link_program *from)
{
	bool ssh = from->link.place->address->kind == ADDRESS_SSH;
	const char *name = ssh ? "ssh" : link_service_name(from->link.service);
	char *words;
	int status;
	jv error;

	if (from->ended)
		return error_value(
		    "unavailable", "the connection has been closed");
	status = program_end(&from->program);
	from->ended = true;
	words = program_words(&from->program);
	if (*words != '\0')
		error = error_value(
		    end_code(status, ssh, words), "%s: %s", name, words);
	else
		error = error_value(end_code(status, ssh, words),
		    "%s ended with status %d before its answer", name, status);
	free(words);
	return error;
}

/* Waits until a byte can move; an error if none does for too long. */
static jv
wait_for(int fd, short events)
{
	struct pollfd poller = { .fd = fd, .events = events };
	double limit = STALL * clock_limits();
	int ready;

	do
		ready = poll(&poller, 1, (int)ceil(limit * 1000));
	while (ready < 0 && errno == EINTR);
	return ready != 0
	    ? jv_null()
	    : error_value("timeout", "the remote said nothing for %g s", limit);
}

/* Reads what there is, at least a byte. */
static jv
read_more(struct link_program *from)
{
	ssize_t got;
	jv error;

	do {
		error = from->ended ? ended(from)
				    : wait_for(from->program.from, POLLIN);
		if (!jv_is_valid(error))
			return error;
		got = read(from->program.from, from->read, sizeof from->read);
	} while (got < 0 && errno == EINTR);
	if (got <= 0)
		return ended(from);
	from->at = 0;
	from->len = (size_t)got;
	return jv_null();
}

static jv
program_read(struct link *link, void *bytes, size_t len)
{
	struct link_program *from = (struct link_program *)link;
	char *to = bytes;

	while (len > 0) {
		size_t part = from->len - from->at;

		if (part == 0) {
			jv error = read_more(from);

			if (!jv_is_valid(error))
				return error;
			continue;
		}
		if (part > len)
			part = len;
		memcpy(to, from->read + from->at, part);
		from->at += part;
		to += part;
		len -= part;
	}
	return jv_null();
}

static jv
program_write(struct link *link, const void *bytes, size_t len)
{
	struct link_program *to = (struct link_program *)link;
	const char *from = bytes;

	while (len > 0) {
		jv error =
		    to->ended ? ended(to) : wait_for(to->program.to, POLLOUT);
		ssize_t done;

		if (!jv_is_valid(error))
			return error;
		done = write(to->program.to, from, len);
		/*
		 * It has gone, but may have said why: a remote that refuses a
		 * push early does not read the rest.
		 */
		if (done < 0 && errno == EPIPE)
			return jv_null();
		if (done < 0 && errno != EINTR)
			return ended(to);
		if (done > 0) {
			from += done;
			len -= (size_t)done;
		}
	}
	return jv_null();
}

static jv
program_turn(struct link *link)
{
	(void)link; /* what was written has gone */
	return jv_null();
}

static void
program_welcome(struct link *link)
{
	(void)link; /* ssh's credentials are its own */
}

static void
program_close(struct link *link)
{
	struct link_program *program = (struct link_program *)link;

	if (!program->ended)
		(void)program_end(&program->program); /* all was read */
	program_release(&program->program);
	free(program);
}

jv
link_program_open(struct link **link, const struct link_place *place,
    enum link_service service)
{
	static const struct link_kind kind = { program_read, program_write,
		program_turn, program_welcome, program_close };
	struct link_program *to = xcalloc(1, sizeof *to);
	const char *name = place->programs[service];
	char *path = quoted(place->address->path);
	char *command = xasprintf(
	    "%s %s", name != NULL ? name : link_service_name(service), path);
	bool good;

	to->link = (struct link){ &kind, place, service };
	good = place->address->kind == ADDRESS_SSH ? start_ssh(to, command)
						   : start_here(to, command);
	free(path);
	free(command);
	if (!good) {
		free(to);
		return error_value("io", "no process: %s", strerror(errno));
	}
	verbose("%s: %s", place->address->shown, link_service_name(service));
	*link = &to->link;
	return jv_null();
}
