/* SPDX-License-Identifier: MIT */
/*
 * filter - the smallest filter: what tests of the loop run
 *
 * in:  {"name": X}; "do" says what the tool does with it
 * out: the record with "pid", the process that worked on it, and "order", its
 *      number there; or what "do" says
 *
 * -g groups records by "group", of "members".
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "mem.h"
#include "ndjson.h"
#include "record.h"

static const char help[] = "usage: filter [-ghV] [-j N] [name ...]\n";

static void
group_of(jv rec, struct ndjson_group *group)
{
	const char *name = record_str(rec, "group");

	if (name != NULL)
		group->name = xstrdup(name);
	group->members = (int)record_int(rec, "members", 0);
}

static jv
work(jv rec)
{
	static int order;
	const char *what = record_str(rec, "do");

	if (what == NULL)
		what = "";
	if (strcmp(what, "crash") == 0)
		abort();
	if (strncmp(what, "interrupt", 9) == 0) {
		diag_on_signal("%s goes on", record_str(rec, "name"));
		kill(what[9] != '\0' ? getppid() : getpid(), SIGTERM);
		if (what[9] != '\0')
			pause(); /* for what the parent sends */
	}
	if (strcmp(what, "error") == 0) {
		jv_free(rec);
		return error_value("rejected", "as told");
	}
	if (strcmp(what, "failed") == 0)
		return record_failed(rec, error_value("io", "as told"));
	if (strcmp(what, "many") == 0) {
		for (int i = 0; i < 3; i++)
			ndjson_write(record_set_number(jv_copy(rec), "n", i));
		jv_free(rec);
		return jv_invalid();
	}
	rec = record_set_number(rec, "pid", getpid());
	return record_set_number(rec, "order", ++order);
}

int
main(int argc, char *argv[])
{
	struct ndjson_tool tool = { .key = "name", .work = work };
	int opt;

	cli_init(argv[0], help);
	while ((opt = cli_getopt(argc, argv, "g", NULL)) != -1)
		if (opt == 'g')
			tool.group = group_of;
	return ndjson_run(&tool, argv + optind);
}
