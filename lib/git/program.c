/* SPDX-License-Identifier: MIT */
/*
 * git/program - a program with pipes to and from it: ssh, git
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "git/program.h"
#include "mem.h"

enum { WORDS_MOST = 600, NO_PROGRAM = 127 };

_Noreturn static void
become(const char *const argv[], const char *folder,
    const char *const variables[], const int ends[3])
{
	char **words;
	size_t count = 0;

	while (argv[count] != NULL)
		count++;
	words = xcalloc(count + 1, sizeof *words);
	for (size_t i = 0; i < count; i++)
		words[i] = xstrdup(argv[i]);
	for (size_t i = 0; variables[i] != NULL; i++) {
		/* putenv() would keep what the caller frees. */
		char *name = xstrdup(variables[i]);
		char *value = strchr(name, '=');

		if (value != NULL)
			*value = '\0';
		if (value == NULL ? unsetenv(name) != 0
				  : setenv(name, value + 1, 1) != 0)
			_exit(NO_PROGRAM);
	}
	signal(SIGPIPE, SIG_DFL); /* an ignored one stays ignored */
	signal(SIGTERM, SIG_DFL);
	for (int i = 0; i < 3; i++)
		if (dup2(ends[i], i) < 0)
			_exit(NO_PROGRAM);
	if (folder == NULL || chdir(folder) == 0)
		execvp(words[0], words);
	dprintf(STDERR_FILENO, "%s: %s\n", words[0], strerror(errno));
	_exit(NO_PROGRAM);
}

static void
shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

bool
program_start(struct program *program, const char *const argv[],
    const char *folder, const char *const variables[])
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	int said = memfd_create("stderr", MFD_CLOEXEC);

	*program = (struct program){ -1, -1, -1, -1 };
	if (said >= 0 && pipe2(in, O_CLOEXEC) == 0 &&
	    pipe2(out, O_CLOEXEC) == 0)
		program->pid = fork();
	if (program->pid == 0)
		become(argv, folder, variables,
		    (const int[]){ in[0], out[1], said });
	shut(&in[0]);
	shut(&out[1]);
	if (program->pid < 0) {
		shut(&in[1]);
		shut(&out[0]);
		shut(&said);
		return false;
	}
	program->to = in[1];
	program->from = out[0];
	program->said = said;
	return true;
}

int
program_end(struct program *program)
{
	int status = 0;

	shut(&program->to);
	shut(&program->from);
	while (waitpid(program->pid, &status, 0) < 0)
		if (errno != EINTR)
			return NO_PROGRAM;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

/* Adds one line without its prefixes; nothing for one of progress. */
static void
add_line(struct buf *out, const char *at, size_t len)
{
	static const char *const fronts[] = {
		"remote: ", "fatal: ", "error: ", "ERROR: "
	};
	const char *percent;

	while (len > 0 && strchr(" \t\r", at[len - 1]) != NULL)
		len--;
	for (const char *end = at + len, *c = at; c < end; c++)
		if (*c == '\r') {
			len -= (size_t)(c + 1 - at);
			at = c + 1;
		}
	for (size_t i = 0; i < sizeof fronts / sizeof *fronts; i++)
		if (len >= strlen(fronts[i]) &&
		    memcmp(at, fronts[i], strlen(fronts[i])) == 0) {
			at += strlen(fronts[i]);
			len -= strlen(fronts[i]);
		}
	percent = memchr(at, '%', len);
	if (len == 0 ||
	    (percent != NULL && percent > at && percent[-1] >= '0' &&
		percent[-1] <= '9' && memchr(at, ':', len) != NULL))
		return;
	if (out->len > 0)
		buf_adds(out, "; ");
	buf_add(out, at, len);
}

char *
program_one_line(const char *text, size_t len)
{
	struct buf out = { 0 };
	const char *end = text + len, *stop;

	for (const char *at = text; at < end; at = stop + 1) {
		stop = memchr(at, '\n', (size_t)(end - at));
		if (stop == NULL)
			stop = end;
		add_line(&out, at, (size_t)(stop - at));
	}
	for (size_t i = 0; i < out.len; i++)
		if ((unsigned char)out.at[i] < ' ' || out.at[i] == 0x7f)
			out.at[i] = ' ';
	buf_add(&out, "", 0);
	return buf_take(&out);
}

char *
program_words(const struct program *program)
{
	char text[WORDS_MOST];
	off_t size = lseek(program->said, 0, SEEK_END);
	ssize_t got = pread(program->said, text, sizeof text,
	    size > WORDS_MOST ? size - WORDS_MOST : 0);

	return program_one_line(text, got > 0 ? (size_t)got : 0);
}

void
program_release(struct program *program)
{
	shut(&program->to);
	shut(&program->from);
	shut(&program->said);
}
