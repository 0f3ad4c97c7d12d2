/* SPDX-License-Identifier: MIT */
/*
 * cli - the options that all tools have, and wrong calls
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "mem.h"

enum { OPT_TIMEOUT = 0x7001, MOST_JOBS = 256 };

static const struct option common[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ "jobs", required_argument, NULL, 'j' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
};

static const char *help;
static double timeout = NAN;
static int jobs;

void
cli_init(const char *argv0, const char *text)
{
	bool had_output;

	diag_init(argv0);
	help = text;
	/* Reading an input that is closed still fails: it did not end. */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		had_output = fcntl(fd, F_GETFD) != -1;
		if (!had_output && open("/dev/null", O_WRONLY) != fd)
			die(STATUS_STREAM, "/dev/null: %s", strerror(errno));
		if (!had_output && fd == STDOUT_FILENO)
			die(STATUS_STREAM, "standard output is closed");
	}
}

void
cli_wrong(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	die(STATUS_USAGE, "%s (see %s --help)",
	    text != NULL ? text : "wrong call", diag_name());
}

/* Ends with what was asked for on standard output. */
static _Noreturn void
answer(const char *text)
{
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		die(STATUS_STREAM, "standard output: %s", strerror(errno));
	exit(STATUS_OK);
}

static _Noreturn void
give_help(void)
{
	struct buf out = { 0 };

	buf_adds(&out, help);
	buf_addf(&out,
	    "\n"
	    "  -j, --jobs=N         work on N records at once\n"
	    "      --timeout=TIME   give a record up after TIME: 30s 5m 2h\n"
	    "  -v, --verbose        say what is asked of whom\n"
	    "  -h, --help           this text\n"
	    "  -V, --version        the version\n"
	    "\n"
	    "The manual: man %s, man kwtools\n",
	    diag_name());
	answer(out.at);
}

/* The tool's options and ours in one list, made once. */
static const struct option *
merge(const struct option *own)
{
	static struct option all[64];
	size_t count = 0, ours = sizeof common / sizeof common[0];

	if (all[0].name != NULL)
		return all;
	while (own != NULL && own->name != NULL &&
	    count < sizeof all / sizeof all[0] - ours - 1)
		all[count++] = *own++;
	memcpy(all + count, common, sizeof common);
	return all;
}

int
cli_getopt(int argc, char *argv[], const char *shortopts,
    const struct option *longopts)
{
	static char letters[64];
	int opt;

	/* getopt's own messages are not in our form: it is kept quiet. */
	opterr = 0;
	if (letters[0] == '\0')
		(void)snprintf(letters, sizeof letters, ":%shVj:v", shortopts);
	while ((opt = getopt_long(
		    argc, argv, letters, merge(longopts), NULL)) != -1) {
		switch (opt) {
		case 'h':
			give_help();
		case 'V':
			answer("kwtools " VERSION "\n");
		case 'j':
			jobs = (int)cli_number("-j", optarg, 1, MOST_JOBS);
			break;
		case 'v':
			diag_be_verbose();
			break;
		case OPT_TIMEOUT:
			timeout = cli_seconds("--timeout", optarg);
			break;
		case ':':
			cli_wrong("%s needs a value", argv[optind - 1]);
		case '?':
			if (optopt != 0 &&
			    strncmp(argv[optind - 1], "--", 2) != 0)
				cli_wrong("-%c: no such option", optopt);
			cli_wrong("%s: no such option", argv[optind - 1]);
		default:
			return opt;
		}
	}
	return -1;
}

/* The number at the front of text, which must not be negative. */
static double
front(const char *what, const char *text, char **rest)
{
	double number = NAN;

	if (*text >= '0' && *text <= '9')
		number = strtod(text, rest);
	if (!isfinite(number) || strpbrk(text, "xXpPeE") != NULL)
		cli_wrong("%s: %s is no number", what, text);
	return number;
}

double
cli_seconds(const char *what, const char *text)
{
	char *rest;
	double number = front(what, text, &rest);

	if (strcmp(rest, "") == 0 || strcmp(rest, "s") == 0)
		return number;
	if (strcmp(rest, "m") == 0)
		return number * 60;
	if (strcmp(rest, "h") == 0)
		return number * 3600;
	if (strcmp(rest, "d") == 0)
		return number * 86400;
	cli_wrong("%s: %s is no time (30s, 5m, 2h)", what, text);
}

long long
cli_bytes(const char *what, const char *text)
{
	static const char units[] = "KMGT";
	char *rest;
	double number = front(what, text, &rest);
	const char *unit = *rest != '\0' ? strchr(units, *rest) : NULL;

	if (unit != NULL) {
		number *= (double)(1LL << (10 * (unit - units + 1)));
		rest++;
	}
	if (*rest != '\0' || number > 9e15)
		cli_wrong("%s: %s is no size (10M, 2G)", what, text);
	return (long long)number;
}

long
cli_number(const char *what, const char *text, long least, long most)
{
	char *rest;
	long number;

	errno = 0;
	number = strtol(text, &rest, 10);
	if (errno != 0 || rest == text || *rest != '\0' || number < least ||
	    number > most)
		cli_wrong("%s: %s is no number from %ld to %ld", what, text,
		    least, most);
	return number;
}

double
cli_timeout(double otherwise)
{
	return isnan(timeout) ? otherwise : timeout;
}

int
cli_jobs(int otherwise)
{
	return jobs > 0 ? jobs : otherwise;
}
