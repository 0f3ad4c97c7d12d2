/* SPDX-License-Identifier: MIT */
/*
 * replay - a fuzz target as a test: gives it its seeds, once
 *
 *	TARGET.t		TAP; the seeds are made of tests/data
 *	TARGET.t FOLDER		writes the seeds there instead, for libFuzzer
 *	TARGET.t FILE ...	gives it these, such as what libFuzzer found
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "fuzz.h"
#include "mem.h"
#include "walk.h"
#include "wandb/rundir.h"

enum { SEED_MOST = 1 << 20 };

static const char *folder; /* where to write; NULL: give them to the target */
static int seeds;

static void
take_seed(const char *name, const void *bytes, size_t len)
{
	char *path;
	FILE *out;

	seeds++;
	if (folder == NULL) {
		LLVMFuzzerTestOneInput(bytes, len);
		return;
	}
	path = xasprintf("%s/%s-%d", folder, name, seeds);
	out = fopen(path, "wb");
	if (out == NULL || fwrite(bytes, 1, len, out) != len ||
	    fclose(out) != 0)
		die(STATUS_STREAM, "%s: cannot be written", path);
	free(path);
}

static void
take_file(void *context, const char *path)
{
	struct runlog *log;
	jv why;

	(void)context;
	log = runlog_open(path, &why);
	if (log == NULL)
		die(STATUS_STREAM, "%s: cannot be read", path);
	fuzz_seeds_of(path, log);
	runlog_close(log);
}

static void
trouble(void *context, const char *path, jv why)
{
	(void)context;
	jv_free(why);
	die(STATUS_STREAM, "%s: cannot be read", path);
}

static void
all_seeds(void)
{
	const char *srcdir = getenv("srcdir");
	char *data = file_join(srcdir != NULL ? srcdir : ".", "tests/data");
	struct walker walker = {
		.wants = rundir_is_file,
		.take = take_file,
		.trouble = trouble,
	};

	fuzz_seeds();
	jv_free(walk(data, &walker));
	free(data);
}

static void
give(const char *path)
{
	struct buf bytes = { 0 };
	jv why = file_read(path, SEED_MOST, &bytes);

	if (!jv_is_valid(why))
		die(STATUS_STREAM, "%s: cannot be read", path);
	jv_free(why);
	LLVMFuzzerTestOneInput((const uint8_t *)bytes.at, bytes.len);
	printf("%s: good\n", path);
	buf_release(&bytes);
}

int
main(int argc, char *argv[])
{
	struct stat st;

	diag_init(argv[0]);
	fuzz_take = take_seed;
	if (argc == 2 && stat(argv[1], &st) == 0 && S_ISDIR(st.st_mode)) {
		folder = argv[1];
		all_seeds();
		return 0;
	}
	for (int i = 1; i < argc; i++)
		give(argv[i]);
	if (argc > 1)
		return 0;
	all_seeds();
	printf("%sok 1 - what holds for %d seeds\n1..1\n",
	    seeds > 0 ? "" : "not ", seeds);
	return 0;
}
