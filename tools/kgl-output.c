/* SPDX-License-Identifier: MIT */
/*
 * kgl-output - download the output files and the log of Kaggle kernels
 *
 * in:  {"kernel": "owner/slug"}
 * out: the same record with "output_dir", "files", "bytes", "log_path" if there
 *      is a log, "stale" if an earlier session left files, and "failed" if a
 *      file could not be had
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jv.h>

#include "cli.h"
#include "clock.h"
#include "file.h"
#include "globs.h"
#include "http.h"
#include "kaggle/api.h"
#include "kaggle/download.h"
#include "kaggle/manifest.h"
#include "kaggle/outputlog.h"
#include "kaggle/outputs.h"
#include "kaggle/session.h"
#include "kaggle/written.h"
#include "mem.h"
#include "ndjson.h"
#include "record.h"

static const char help[] =
    "usage: kgl-output [-hVv] [-j N] [-o DIR | -d DIR] [--list]\n"
    "                  [--include=GLOB] [--exclude=GLOB] [--max-file=SIZE]\n"
    "                  [--parallel=N] [--timeout=TIME] [kernel ...]\n"
    "Download the output files and the log of Kaggle kernels.\n"
    "\n"
    "  -o, --output=DIR      into DIR, which then holds one kernel's output\n"
    "  -d, --directory=DIR   into DIR/OWNER/SLUG (default: .)\n"
    "      --list            write a record for each file, fetch none\n"
    "      --include=GLOB    only files whose names match; may be repeated\n"
    "      --exclude=GLOB    no files whose names match; may be repeated\n"
    "      --max-file=SIZE   no files larger than SIZE\n"
    "      --parallel=N      so many files at once (16)\n";

enum { OPT_LIST = 256, OPT_INCLUDE, OPT_EXCLUDE, OPT_MAX_FILE, OPT_PARALLEL };

static const struct option longopts[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "directory", required_argument, NULL, 'd' },
	{ "list", no_argument, NULL, OPT_LIST },
	{ "include", required_argument, NULL, OPT_INCLUDE },
	{ "exclude", required_argument, NULL, OPT_EXCLUDE },
	{ "max-file", required_argument, NULL, OPT_MAX_FILE },
	{ "parallel", required_argument, NULL, OPT_PARALLEL },
	{ 0 },
};

static struct kaggle *kaggle;
static const char *output, *directory;
static bool listing;
static struct globs include, exclude;
static long long max_file = -1;
static long parallel = 16;

/* The record that is worked on. */
static struct {
	struct kernel kernel;
	struct deadline deadline;
	const struct deadline *limit; /* --timeout; NULL without one */
	struct outputs *list;
	struct download download;
	jv unfinished; /* why there may be more than what is listed */
} job;

static bool
is_wanted(const char *name)
{
	return (include.count == 0 || globs_match(&include, name)) &&
	    !globs_match(&exclude, name);
}

/* What is not whole: a verdict, beside the one of an earlier tool. */
static jv
report_missing(jv rec, jv why)
{
	jv earlier = record_get(rec, "failed");

	if (jv_is_valid(earlier)) /* that one stays in the record */
		warning("%s: %s", job.kernel.name, error_message(why));
	jv_free(earlier);
	return record_failed(rec, why);
}

/* There is no list. A session that goes on may have none yet. */
static jv
report_none(jv rec, jv why)
{
	if (strcmp(error_code(why), "not_found") != 0 ||
	    strcmp(error_code(job.unfinished), "conflict") != 0)
		return record_error(rec, why);
	jv_free(why);
	return record_error(rec, jv_copy(job.unfinished));
}

/* What came of it. */
static jv
report(jv rec, struct manifest *manifest, int log)
{
	struct download *download = &job.download;
	jv why = outputs_error(job.list);
	bool all = jv_is_valid(why) && jv_is_valid(job.unfinished);
	bool on_disk = jv_is_valid(download->disk_error);
	long long stale = 0;

	if (!outputs_began(job.list))
		return report_none(rec, why);
	if (!jv_is_valid(job.unfinished))
		download_miss(download, jv_copy(job.unfinished));
	if (!jv_is_valid(why))
		download_miss(download, why);
	if (all && on_disk)
		written_check(download);
	rec = record_set_str(rec, "output_dir", manifest_path(manifest));
	rec = record_set_number(rec, "files", (double)download->files);
	rec = record_set_number(rec, "bytes", (double)download->bytes);
	if (!on_disk)
		return record_error(rec, jv_copy(download->disk_error));
	rec = outputlog_name(rec, manifest, job.list, job.kernel.slug, log);
	why = all ? manifest_settle(manifest, &stale) : jv_null();
	if (!jv_is_valid(why))
		return record_error(rec, why);
	if (stale > 0)
		rec = record_set_number(rec, "stale", (double)stale);
	why = download_missing(download);
	return jv_is_valid(why) ? rec : report_missing(rec, why);
}

static jv
fetch_into(jv rec, struct manifest *manifest)
{
	int log = outputlog_open(manifest);

	if (log < 0)
		return record_error(rec,
		    error_value("io", "%s: %s", manifest_path(manifest),
			strerror(errno)));
	diag_on_signal("what came is kept in %s: run it again to go on",
	    manifest_path(manifest));
	job.list = outputs_open(kaggle, &job.kernel, log, job.limit);
	job.download = (struct download){
		.manifest = manifest,
		.list = job.list,
		.wanted = is_wanted,
		.deadline = job.limit,
		.version = record_int(rec, "version", 0),
		.most = max_file,
		.parallel = parallel,
	};
	download_run(&job.download);
	rec = report(rec, manifest, log);
	diag_on_signal(NULL);
	download_release(&job.download);
	outputs_close(job.list);
	outputlog_close(manifest, log);
	return rec;
}

static jv
download(jv rec)
{
	char *path = output != NULL
	    ? xstrdup(output)
	    : file_join(directory != NULL ? directory : "", job.kernel.name);
	struct manifest *manifest;
	jv why = manifest_open(&manifest, path, job.kernel.name);

	free(path);
	if (!jv_is_valid(why))
		return record_error(rec, why);
	rec = fetch_into(rec, manifest);
	manifest_close(manifest);
	return rec;
}

static bool
write_name(void *context, const struct output *next)
{
	(void)context;
	if (is_wanted(next->name))
		ndjson_write(record_set_str(
		    record_set_str(jv_object(), "kernel", job.kernel.name),
		    "name", next->name));
	return true;
}

/* --list: a record for each file. */
static jv
write_list(jv rec)
{
	jv why;

	job.list = outputs_open(kaggle, &job.kernel, -1, job.limit);
	why = outputs_each(job.list, write_name, NULL);
	if (!outputs_began(job.list)) {
		rec = report_none(rec, why);
	} else if (!jv_is_valid(why)) {
		rec = record_error(rec, why);
	} else if (!jv_is_valid(job.unfinished)) {
		rec = record_failed(rec, jv_copy(job.unfinished));
	} else {
		jv_free(rec);
		rec = jv_invalid();
	}
	outputs_close(job.list);
	return rec;
}

static jv
get_output(jv rec)
{
	static const char *const own[] = { "output_dir", "files", "bytes",
		"log_path", "stale", NULL };
	jv why;

	if (record_true(rec, "dry_run")) /* nothing was pushed */
		return rec;
	rec = record_forget(rec, own);
	job.deadline = deadline_in(cli_timeout(INFINITY));
	job.limit = isinf(job.deadline.at) ? NULL : &job.deadline;
	why = kernel_parse(
	    &job.kernel, kaggle, record_str(rec, "kernel"), job.limit);
	if (!jv_is_valid(why))
		return record_error(rec, why);
	rec = record_set_str(rec, "kernel", job.kernel.name);
	job.unfinished =
	    session_unfinished(kaggle, &job.kernel, rec, job.limit);
	rec = listing ? write_list(rec) : download(rec);
	jv_free(job.unfinished);
	kernel_release(&job.kernel);
	return rec;
}

static void
read_options(int argc, char *argv[])
{
	int opt;

	while ((opt = cli_getopt(argc, argv, "o:d:", longopts)) != -1) {
		switch (opt) {
		case 'o':
			output = optarg;
			break;
		case 'd':
			directory = optarg;
			break;
		case OPT_LIST:
			listing = true;
			break;
		case OPT_INCLUDE:
			globs_add(&include, optarg);
			break;
		case OPT_EXCLUDE:
			globs_add(&exclude, optarg);
			break;
		case OPT_MAX_FILE:
			max_file = cli_bytes("--max-file", optarg);
			break;
		case OPT_PARALLEL:
			parallel = cli_number(
			    "--parallel", optarg, 1, DOWNLOAD_PARALLEL);
			break;
		}
	}
	if (output != NULL && directory != NULL)
		cli_wrong("-o and -d exclude each other");
	if (listing && max_file >= 0)
		cli_wrong("--list: Kaggle's list has no sizes, so no "
			  "--max-file");
	if ((output != NULL && *output == '\0') ||
	    (directory != NULL && *directory == '\0'))
		cli_wrong("the name of the folder is empty");
}

int
main(int argc, char *argv[])
{
	int status;

	cli_init(argv[0], help);
	read_options(argc, argv);
	kaggle = kaggle_open();
	status = ndjson_filter(argv + optind, "kernel", get_output);
	kaggle_close(kaggle);
	globs_release(&include);
	globs_release(&exclude);
	return status;
}
