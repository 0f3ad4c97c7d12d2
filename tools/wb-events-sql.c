/* SPDX-License-Identifier: MIT */
/*
 * wb-events-sql - make rows of a self-hosted W&B server's files from the
 * events of its object storage
 *
 * in:  MinIO's or S3's bucket events, a JSON text a line
 * out: a record for each file with the columns of the table `files`; a removed
 *      one with "deleted_at". With --sql, SQL that brings the table up to date.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "json.h"
#include "minio/bucketdir.h"
#include "minio/event.h"
#include "minio/filerow.h"
#include "minio/filesql.h"
#include "minio/objects.h"
#include "minio/projects.h"
#include "minio/skipped.h"
#include "record.h"

static const char help[] =
    "usage: wb-events-sql [-hVv] [--bucket=NAME] [--bucket-dir=DIR]\n"
    "                     [--projects=FILE] [--run=ID] [--sql] < events\n"
    "Make file rows of a self-hosted W&B server from its bucket's events.\n"
    "\n"
    "      --bucket=NAME     the bucket, if it is not local-files\n"
    "      --bucket-dir=DIR  the bucket on MinIO's disk: ask it, too\n"
    "      --projects=FILE   {\"entity/project\": id}, as JSON\n"
    "      --run=ID          only files of the run ID\n"
    "      --sql             SQL for MariaDB or MySQL, not records\n";

enum {
	OPT_BUCKET = 256,
	OPT_BUCKET_DIR,
	OPT_PROJECTS,
	OPT_RUN,
	OPT_SQL,
	PIECE = 1 << 18, /* bytes that are read at once */
	MOST_LINE = 1 << 30
};

static const struct option longopts[] = {
	{ "bucket", required_argument, NULL, OPT_BUCKET },
	{ "bucket-dir", required_argument, NULL, OPT_BUCKET_DIR },
	{ "projects", required_argument, NULL, OPT_PROJECTS },
	{ "run", required_argument, NULL, OPT_RUN },
	{ "sql", no_argument, NULL, OPT_SQL },
	{ 0 },
};

static const char *bucket, *bucket_dir, *projects_file, *run;
static int bucket_fd = -1;
static struct projects projects;
static struct objects *objects;
static long line_number, bad_lines, other_runs;

enum { FOREIGN, STRANGE, UNKNOWN, LEFT_OUT, GONE, THERE, KINDS };
static struct skipped skipped[KINDS] = {
	[FOREIGN].what = "events of another bucket",
	[STRANGE].what = "events of no run file",
	[UNKNOWN].what = "events of projects without an id in --projects",
	[LEFT_OUT].what = "events of what --projects leaves out",
	[GONE].what = "files that were written but are not in --bucket-dir",
	[THERE].what = "files that were removed but are in --bucket-dir",
};

static void
skip(int kind, struct span name)
{
	skipped_add(&skipped[kind], line_number, name);
}

static void
take(void *context, const struct event *event)
{
	struct objectkey parts;
	struct span id;

	(void)context;
	if (!span_is(event->bucket, bucket))
		skip(FOREIGN, event->bucket);
	else if (event->versioned)
		die(STATUS_USAGE,
		    "line %ld: the bucket %s is versioned: its events do not "
		    "tell what it holds",
		    line_number, bucket);
	else if (!objectkey_split(event->key, &parts))
		skip(STRANGE, event->key);
	else if (run != NULL && !span_is(parts.run, run))
		other_runs++;
	else if (projects_file == NULL)
		objects_take(objects, event);
	else if (!projects_id(&projects, &parts, &id))
		skip(UNKNOWN, parts.path);
	else if (id.len == 0)
		skip(LEFT_OUT, parts.path);
	else
		objects_take(objects, event);
}

static void
take_line(struct event_reader *reader, struct span line)
{
	char *fault;

	line_number++;
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	if (line.len == 0)
		return;
	fault = event_read(reader, line);
	if (fault != NULL) {
		warning("line %ld: %s", line_number, fault);
		bad_lines++;
	}
	free(fault);
}

/* All events of standard input. */
static void
read_events(void)
{
	struct event_reader reader = { .take = take };
	struct buf in = { 0 };
	size_t looked = 0; /* so many bytes of in hold no line's end */
	ssize_t got;

	for (;;) {
		const char *at, *end;

		buf_reserve(&in, PIECE);
		got = read(STDIN_FILENO, in.at + in.len, PIECE);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			die(STATUS_STREAM, "standard input: %s",
			    strerror(errno));
		if (got == 0)
			break;
		at = in.at;
		end = in.at + in.len + got;
		for (const char *from = in.at + looked;;) {
			const char *stop =
			    memchr(from, '\n', (size_t)(end - from));

			if (stop == NULL)
				break;
			take_line(
			    &reader, (struct span){ at, (size_t)(stop - at) });
			at = from = stop + 1;
		}
		in.len = looked = (size_t)(end - at);
		memmove(in.at, at, in.len);
		if (in.len > MOST_LINE)
			die(STATUS_STREAM,
			    "standard input: line %ld is longer than 1 GiB",
			    line_number + 1);
	}
	if (in.len > 0)
		take_line(&reader, (struct span){ in.at, in.len });
	line_number = 0; /* what is told from here on is of no line */
	buf_release(&in);
	event_reader_release(&reader);
}

/* Whether the bucket is as the events say. */
static bool
agrees(const struct filerow *row)
{
	struct buf name = { 0 };
	int has;

	if (bucket_fd < 0)
		return true;
	has = bucketdir_has(bucket_fd, row->whole_key);
	if (has < 0) {
		const char *why = strerror(errno);

		json_quote(&name, row->whole_key);
		die(STATUS_STREAM, "%s: %s: %s", bucket_dir, name.at, why);
	}
	if (has == row->removed)
		skip(has ? THERE : GONE, row->whole_key);
	return has != row->removed;
}

static void
write_rows(bool as_sql)
{
	struct filerow row = { .bucket = bucket };
	struct object *const *list;
	struct filesql sql = { 0 };
	struct buf records = { 0 };
	size_t count;

	list = objects_sorted(objects, &count);
	if (as_sql)
		filesql_begin(&sql);
	for (size_t i = 0; i < count; i++) {
		filerow_fill(&row, objects, list[i]);
		if (!agrees(&row))
			continue;
		(void)projects_id(&projects, &row.key, &row.project_id);
		if (as_sql) {
			filesql_row(&sql, &row);
		} else {
			filerow_record(&records, &row);
			filerow_write(&records, false);
		}
	}
	if (as_sql)
		filesql_end(&sql, bucket,
		    &(struct filesql_end){
			.complete = bad_lines == 0,
			.unknown = skipped[UNKNOWN].count,
			.others = skipped[FOREIGN].count + other_runs,
			.disagreed = skipped[GONE].count + skipped[THERE].count,
		    });
	else
		filerow_write(&records, true);
	buf_release(&records);
}

/* Which bucket it is, and its folder if that is named. */
static void
open_bucket(void)
{
	if (bucket == NULL)
		bucket = bucket_dir != NULL
		    ? bucketdir_name(bucket_dir)
		    : "local-files"; /* what wandb/local calls it */
	if (bucket == NULL || *bucket == '\0')
		cli_wrong("--bucket: no name");
	if (bucket_dir == NULL)
		return;
	bucket_fd = open(bucket_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (bucket_fd < 0)
		die(STATUS_USAGE, "%s: %s", bucket_dir, strerror(errno));
}

int
main(int argc, char *argv[])
{
	bool as_sql = false;
	jv why = jv_null();
	int opt;

	cli_init(argv[0], help);
	while ((opt = cli_getopt(argc, argv, "", longopts)) != -1) {
		switch (opt) {
		case OPT_BUCKET:
			bucket = optarg;
			break;
		case OPT_BUCKET_DIR:
			bucket_dir = optarg;
			break;
		case OPT_PROJECTS:
			projects_file = optarg;
			break;
		case OPT_RUN:
			run = optarg;
			break;
		case OPT_SQL:
			as_sql = true;
			break;
		}
	}
	if (argv[optind] != NULL)
		cli_wrong("%s: events come from standard input", argv[optind]);
	if (as_sql && projects_file == NULL)
		cli_wrong("--sql needs --projects");
	if (isatty(STDIN_FILENO))
		cli_wrong("standard input is a terminal");
	open_bucket();
	if (projects_file != NULL)
		why = projects_read(&projects, projects_file);
	if (!jv_is_valid(why))
		die(STATUS_USAGE, "%s", error_message(why));

	objects = objects_new();
	read_events();
	write_rows(as_sql);
	for (int i = 0; i < KINDS; i++)
		skipped_tell(&skipped[i]);
	objects_free(objects);
	projects_release(&projects);
	return bad_lines == 0 ? STATUS_OK : STATUS_RECORD;
}
