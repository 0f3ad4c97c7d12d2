/* SPDX-License-Identifier: MIT */
/*
 * diag - what is said on standard error, and the exit statuses
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diag.h"
#include "progress.h"

static const char *name = "kwtools";
static bool verbosely;

/* What the handler writes: two texts, so that one is always whole. */
static char last_words[2][512];
static const char *volatile words;

void
diag_init(const char *argv0)
{
	const char *slash = argv0 != NULL ? strrchr(argv0, '/') : NULL;

	if (argv0 != NULL && *argv0 != '\0')
		name = slash != NULL ? slash + 1 : argv0;
}

const char *
diag_name(void)
{
	return name;
}

void
diag_be_verbose(void)
{
	verbosely = true;
}

bool
diag_is_verbose(void)
{
	return verbosely;
}

static void say(const char *format, va_list args) DIAG_PRINTF(1, 0);

/* One write(2) a line: the lines of workers do not mix. */
static void
say(const char *format, va_list args)
{
	char line[4096];
	int at = snprintf(line, sizeof line, "%s: ", name);
	int len;

	if (at < 0 || (size_t)at >= sizeof line)
		at = 0;
	len = vsnprintf(line + at, sizeof line - (size_t)at, format, args);
	if (len < 0)
		return;
	at += len;
	if ((size_t)at > sizeof line - 2)
		at = sizeof line - 2;
	line[at++] = '\n';
	progress_clear();
	/* Where standard error is gone there is nobody to tell. */
	if (write(STDERR_FILENO, line, (size_t)at) < 0)
		return;
}

void
warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

void
verbose(const char *format, ...)
{
	va_list args;

	if (!verbosely)
		return;
	va_start(args, format);
	say(format, args);
	va_end(args);
}

void
die(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	exit(status);
}

static void
on_signal(int signal)
{
	int saved = errno;

	if (words != NULL && write(STDERR_FILENO, words, strlen(words)) < 0)
		errno = saved;
	/* The action was reset (SA_RESETHAND): it is delivered on return. */
	raise(signal);
}

void
diag_catch(void (*handler)(int))
{
	static const int numbers[] = { SIGINT, SIGTERM };
	struct sigaction action = { .sa_handler = handler,
		.sa_flags = (int)SA_RESETHAND };
	struct sigaction before;

	for (int i = 0; i < 2; i++)
		if (sigaction(numbers[i], NULL, &before) == 0 &&
		    before.sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
}

void
diag_on_signal(const char *format, ...)
{
	char *text = words == last_words[0] ? last_words[1] : last_words[0];
	va_list args;
	int at, len;

	if (format == NULL) {
		words = NULL;
		return;
	}
	at = snprintf(text, sizeof last_words[0], "%s: ", name);
	if (at < 0 || at > 100)
		at = 0;
	va_start(args, format);
	len = vsnprintf(
	    text + at, sizeof last_words[0] - (size_t)at - 1, format, args);
	va_end(args);
	if (len < 0)
		return;
	at = (int)strlen(text);
	text[at] = '\n';
	text[at + 1] = '\0';
	words = text;
	diag_catch(on_signal);
}
