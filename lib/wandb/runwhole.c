/* SPDX-License-Identifier: MIT */
/*
 * runwhole - what only a whole .wandb file tells: summary, needed files
 */
#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "record.h"
#include "wandb/keys.h"
#include "wandb/runlog.h"
#include "wandb/runwhole.h"
#include "wandb/summary.h"

struct whole {
	struct summary *summary;
	struct keys deps;
	char *files; /* the folder of the run's files */
	int bad;     /* items that could not be read */
};

static void
need(struct whole *whole, char *path)
{
	(void)keys_add(&whole->deps, span_of(path)); /* twice is once */
	free(path);
}

static void
need_files(struct whole *whole, struct span message)
{
	struct runlog_file file;
	struct wire at = { 0 };

	while (runlog_next_file(message, &at, &file)) {
		char *name = xstrndup(file.path.at, file.path.len);

		need(whole, file_join(whole->files, name));
		free(name);
	}
	whole->bad += at.bad;
}

/* An ArtifactManifestEntry: its local_path, unless it is a reference. */
static void
need_entry(struct whole *whole, struct span message)
{
	struct wire wire = wire_of(message);
	struct wire_field field;
	struct span path = { 0 }, reference = { 0 };

	while (wire_next(&wire, &field)) {
		if (field.type != WIRE_BYTES)
			continue;
		if (field.number == 3)
			reference = field.bytes;
		else if (field.number == 6)
			path = field.bytes;
	}
	whole->bad += wire.bad;
	if (path.len > 0 && reference.len == 0)
		need(whole, xstrndup(path.at, path.len));
}

/* An ArtifactRecord's manifest (12), or the manifest's entries (4). */
static void
need_artifact(struct whole *whole, struct span message, uint32_t number)
{
	struct wire wire = wire_of(message);
	struct wire_field field;

	while (wire_next(&wire, &field)) {
		if (field.type != WIRE_BYTES)
			continue;
		if (number == 12 && field.number == 12)
			need_artifact(whole, field.bytes, 4);
		else if (number == 4 && field.number == 4)
			need_entry(whole, field.bytes);
		else if (number == 4 && field.number == 5)
			need(whole, xstrndup(field.bytes.at, field.bytes.len));
	}
	whole->bad += wire.bad;
}

/* Returns jv_null(), or what could not be read. */
static jv
read_whole(struct whole *whole, struct runlog *log, const char *path, int what)
{
	struct runlog_entry entry;
	enum leveldb_event event;
	jv why = jv_null();

	do {
		event = runlog_next(log, &entry);
		if (event != LEVELDB_RECORD && event != LEVELDB_END &&
		    event != LEVELDB_CUT_BLOCK && jv_is_valid(why))
			why = runlog_error(path, event, &entry);
		if (event != LEVELDB_RECORD)
			continue;
		if (entry.kind == RUNLOG_SUMMARY && what & RUNWHOLE_SUMMARY)
			whole->bad +=
			    summary_change(whole->summary, entry.message);
		if (entry.kind == RUNLOG_FILES && what & RUNWHOLE_DEPS)
			need_files(whole, entry.message);
		if (entry.kind == RUNLOG_ARTIFACT && what & RUNWHOLE_DEPS)
			need_artifact(whole, entry.message, 12);
	} while (event == LEVELDB_RECORD || event == LEVELDB_DAMAGE);
	if (whole->bad > 0 && jv_is_valid(why))
		why = error_value(
		    "damaged", "%s: %d items cannot be read", path, whole->bad);
	return why;
}

static jv
set_summary(jv rec, const struct whole *whole)
{
	struct buf text = { 0 }, strict = { 0 };
	jv summary;

	tree_write(summary_tree(whole->summary), &text);
	json_strict(&strict, (struct span){ text.at, text.len });
	summary = jv_parse_sized(strict.at, (int)strict.len);
	buf_release(&text);
	buf_release(&strict);
	if (!jv_is_valid(summary)) {
		jv_free(summary);
		return record_failed(record_drop(rec, "summary"),
		    error_value("input", "the summary is nested too deeply"));
	}
	return jv_object_set(rec, jv_string("summary"), summary);
}

static jv
set_deps(jv rec, const struct whole *whole)
{
	jv deps = jv_array(), missing = jv_array();

	for (size_t i = 0; i < whole->deps.count; i++) {
		struct span span = keys_at(&whole->deps, i);
		char *path = xstrndup(span.at, span.len);

		if (access(path, F_OK) != 0)
			missing = jv_array_append(missing, jv_string(path));
		deps = jv_array_append(deps, jv_string(path));
		free(path);
	}
	rec = jv_object_set(rec, jv_string("deps"), deps);
	if (jv_array_length(jv_copy(missing)) > 0)
		return jv_object_set(rec, jv_string("deps_missing"), missing);
	jv_free(missing);
	return record_drop(rec, "deps_missing");
}

jv
runwhole_add(jv rec, int what)
{
	const char *path = record_str(rec, "wandb_file");
	struct whole whole = { 0 };
	struct runlog *log;
	jv why;

	log = runlog_open(path, &why);
	if (log == NULL)
		return record_failed(rec, why);
	whole.summary = summary_new();
	whole.files = file_join(record_str(rec, "run_dir"), "files");
	why = read_whole(&whole, log, path, what);
	if (!jv_is_valid(why))
		rec = record_failed(rec, why);
	if (what & RUNWHOLE_SUMMARY)
		rec = set_summary(rec, &whole);
	if (what & RUNWHOLE_DEPS)
		rec = set_deps(rec, &whole);
	runlog_close(log);
	summary_free(whole.summary);
	keys_release(&whole.deps);
	free(whole.files);
	return rec;
}
