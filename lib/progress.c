/* SPDX-License-Identifier: MIT */
/*
 * progress - one line on a terminal for long transfers and waits
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"
#include "progress.h"

static bool drawn;

void
progress(const char *format, ...)
{
	static int terminal = -1;
	static double next;
	struct winsize size;
	char line[256];
	va_list args;
	int width = 79;

	if (terminal < 0) /* asked once: this is called for each bit of news */
		terminal = isatty(STDERR_FILENO);
	if (!terminal || clock_ticks() < next)
		return;
	next = clock_ticks() + 0.1;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
		width = size.ws_col - 1;
	va_start(args, format);
	(void)vsnprintf(line, sizeof line, format, args); /* cut is fine */
	va_end(args);
	fprintf(stderr, "\r%.*s\033[K", width, line);
	drawn = true;
}

void
progress_clear(void)
{
	if (!drawn)
		return;
	fputs("\r\033[K", stderr);
	drawn = false;
}
