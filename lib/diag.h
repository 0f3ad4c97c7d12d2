/* SPDX-License-Identifier: MIT */
/*
 * diag - what is said on standard error, and the exit statuses
 *
 * Every line begins with the program's name. Nothing here is ever given a
 * secret: what a caller passes is printed.
 */
#ifndef DIAG_H
#define DIAG_H

#include <stdbool.h>

/* How a tool ends; the same for all of them. */
enum {
	STATUS_OK = 0,     /* every record was handled */
	STATUS_RECORD = 1, /* a record that was written has error or failed */
	STATUS_USAGE = 2,  /* wrong call or configuration; nothing was done */
	STATUS_STREAM = 3, /* standard input or output failed */
};

#define DIAG_PRINTF(at, rest) __attribute__((format(printf, at, rest)))

/* Sets the program's name from argv[0], which must outlive the program. */
void diag_init(const char *argv0);

/* The program's name without its folder. */
const char *diag_name(void);

/* With -v: diag_verbose() prints from now on. */
void diag_be_verbose(void);
bool diag_is_verbose(void);

/* One line, something the user should know. */
void warning(const char *format, ...) DIAG_PRINTF(1, 2);

/* The same, only with -v. */
void verbose(const char *format, ...) DIAG_PRINTF(1, 2);

/* One line, then the end of the program with status. */
_Noreturn void die(int status, const char *format, ...) DIAG_PRINTF(2, 3);

/*
 * What SIGINT and SIGTERM say before they end the program: one line about what
 * goes on elsewhere ("https://... still runs"). NULL: nothing, as before.
 * The text is copied; it is cut after 500 bytes.
 */
void diag_on_signal(const char *format, ...) DIAG_PRINTF(1, 2);

/*
 * Has SIGINT and SIGTERM handled once by handler; SIG_DFL for as it was. One
 * that the program was started without (nohup, a shell's &) stays ignored.
 */
void diag_catch(void (*handler)(int));

#endif
