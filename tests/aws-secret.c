/* SPDX-License-Identifier: MIT */
/*
 * aws-secret - the smallest tool with --aws-secret: what its test runs
 *
 * aws-secret [-v] [-s] [--timeout=TIME] NAME VARIABLE ...
 *
 * Gets the secret for these variables, and prints those of them that there are,
 * with their sources behind them, or with -s the environment of a program that
 * it becomes, or the code and the message of the error.
 */
#include <math.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "aws/secret.h"
#include "cli.h"
#include "config.h"
#include "record.h"

static const char help[] =
    "usage: aws-secret [-hsVv] [--timeout=TIME] NAME VARIABLE ...\n";

/* For libcurl, which dates the signature: so KW_CLOCK does. */
time_t
time(time_t *now)
{
	time_t at = (time_t)clock_now();

	if (now != NULL)
		*now = at;
	return at;
}

static void
print(const char *variable)
{
	const char *value = config_env(variable);

	if (value != NULL)
		printf("%s=%s (%s)\n", variable, value,
		    config_env_source(variable));
}

int
main(int argc, char *argv[])
{
	struct deadline deadline;
	bool child = false;
	int opt;
	jv why;

	cli_init(argv[0], help);
	while ((opt = cli_getopt(argc, argv, "s", NULL)) != -1)
		if (opt == 's')
			child = true;
	if (argc - optind < 2)
		cli_wrong("a name and a variable are wanted");
	deadline = deadline_in(cli_timeout(INFINITY));
	why = aws_secret_provide(
	    argv[optind], (const char *const *)argv + optind + 1, &deadline);
	if (!jv_is_valid(why)) {
		printf("%s: %s\n", error_code(why), error_message(why));
		jv_free(why);
		return STATUS_RECORD;
	}
	if (child)
		return execlp("env", "env", (char *)NULL);
	for (int i = optind + 1; i < argc; i++)
		print(argv[i]);
	return STATUS_OK;
}
