/* SPDX-License-Identifier: MIT */
/*
 * cli - the options that all tools have, and wrong calls
 *
 * All tools take -h/--help, -V/--version, -j/--jobs, -v/--verbose and
 * --timeout; cli_getopt() handles them and returns the others. A wrong call
 * is said in one line and ends the program with status 2, before anything is
 * read or asked.
 */
#ifndef CLI_H
#define CLI_H

#include <getopt.h>

#include "diag.h"

/*
 * Notes the program's name and its help, which begins with "usage: ". Call it
 * first. Closed standard streams are opened on /dev/null, so that no file of
 * ours can take their place; a closed standard output is a wrong call.
 */
void cli_init(const char *argv0, const char *help);

/*
 * As getopt_long(3): the next option that is the tool's own, -1 at the end of
 * the options. shortopts are the tool's letters, longopts its long options;
 * values from 256 up are free for those without a letter. Must be called until
 * it returns -1.
 */
int cli_getopt(int argc, char *argv[], const char *shortopts,
    const struct option *longopts);

/* TIME: 30s 5m 2h 1.5h, a bare number is seconds. what names the option. */
double cli_seconds(const char *what, const char *text);

/* SIZE: a number of bytes, or one with K, M, G or T (powers of 1024). */
long long cli_bytes(const char *what, const char *text);

/* A whole number from least to most. */
long cli_number(const char *what, const char *text, long least, long most);

/* --timeout in seconds, or otherwise without one. */
double cli_timeout(double otherwise);

/* -j, or otherwise without one. */
int cli_jobs(int otherwise);

/* One line about what is wrong with the call, and the end with status 2. */
_Noreturn void cli_wrong(const char *format, ...) DIAG_PRINTF(1, 2);

#endif
