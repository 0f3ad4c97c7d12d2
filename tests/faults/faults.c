/* SPDX-License-Identifier: MIT */
/*
 * faults - wb-sync against a sandbox in which things go wrong
 *
 * faults WORK DATA PART:KIND[,KIND ...] ...
 *
 * PART is requests, schedules, kills or damage; KIND a folder of DATA/runs, or
 * a path. WORK is the test's own folder. TAP comes out. FAULTS_SEED,
 * FAULTS_COUNT (of schedules, and of kills) and FAULTS_STEP (each so many-th
 * byte) change how much is done. See bed.h.
 */
#include <stdlib.h>
#include <string.h>

#include "bed.h"

static const struct {
	const char *name;
	void (*run)(const char *kinds);
	bool each; /* is run for each kind */
} parts[] = {
	{ "requests", requests, true },
	{ "once", requests_once, true },
	{ "schedules", schedules, false },
	{ "kills", kills, false },
	{ "damage", damage, true },
};

static void
run_part(char *operand)
{
	char *kinds = strchr(operand, ':'), *kind;

	if (kinds == NULL)
		die(STATUS_USAGE, "%s: no kinds", operand);
	*kinds++ = '\0';
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (strcmp(parts[i].name, operand) != 0)
			continue;
		if (!parts[i].each)
			parts[i].run(kinds);
		else
			while ((kind = strsep(&kinds, ",")) != NULL)
				parts[i].run(kind);
		return;
	}
	die(STATUS_USAGE, "%s: no such part", operand);
}

int
main(int argc, char *argv[])
{
	diag_init(argv[0]);
	if (argc < 4)
		die(STATUS_USAGE, "usage: faults WORK DATA PART:KIND ...");
	bed_init(argv[1], argv[2]);
	for (int i = 3; i < argc; i++)
		run_part(argv[i]);
	return tap_done();
}
