/* SPDX-License-Identifier: MIT */
/*
 * git/program - a program with pipes to and from it: ssh, git
 */
#ifndef GIT_PROGRAM_H
#define GIT_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct program {
	pid_t pid;
	int to;   /* its standard input; -1 when it was closed */
	int from; /* its standard output */
	int said; /* a file with what it says on standard error */
};

/*
 * Starts argv[0], looked for in PATH. folder: where it runs; NULL: here.
 * variables: NAME=VALUE, or NAME, which is unset, ..., NULL. False with errno
 * if that is not possible; a program that is not there ends with status 127.
 *
 * Standard error is a file, as nobody reads a pipe while the others are full,
 * and as what ssh leaves behind (ControlPersist) would keep a pipe open.
 */
bool program_start(struct program *program, const char *const argv[],
    const char *folder, const char *const variables[]);

/*
 * Closes its standard input and waits for its end. Returns its status, 128 and
 * the number of the signal that ended it. Once.
 */
int program_end(struct program *program);

/*
 * What it said on standard error, the last 600 bytes of it, as one line; ""
 * if nothing. The caller's to free. After program_end().
 */
char *program_words(const struct program *program);

void program_release(struct program *program);

/*
 * Lines of a program, or a remote, as one line that can be shown: joined by
 * "; ", of what was overwritten (carriage returns) only the last, without
 * progress ("... 50% ..."), and without "remote:" and "fatal:" in front.
 */
char *program_one_line(const char *text, size_t len);

#endif
