/* SPDX-License-Identifier: MIT */
/*
 * sandbox/kaggle_load - the Kaggle half's tables, what --load puts into them,
 * and what /sandbox/state shows of them
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "record.h"
#include "sandbox/kaggle_parts.h"

void
kaggle_open_tables(struct store *store)
{
	store_script(store,
	    "CREATE TABLE IF NOT EXISTS kaggle_setting (name TEXT PRIMARY KEY,"
	    " value TEXT);"
	    "CREATE TABLE IF NOT EXISTS kaggle_kernel ("
	    " id INTEGER PRIMARY KEY AUTOINCREMENT, ref TEXT UNIQUE,"
	    " title TEXT, version INTEGER, last_run REAL, statuses TEXT,"
	    " asked INTEGER, script TEXT, saved TEXT,"
	    " streams INTEGER DEFAULT 0);"
	    "CREATE TABLE IF NOT EXISTS kaggle_version (kernel INTEGER,"
	    " version INTEGER, ran INTEGER, PRIMARY KEY (kernel, version));"
	    "CREATE TABLE IF NOT EXISTS kaggle_file (kernel INTEGER, n INTEGER,"
	    " name TEXT, path TEXT, script TEXT, urls INTEGER DEFAULT 0,"
	    " PRIMARY KEY (kernel, n));"
	    "CREATE TABLE IF NOT EXISTS kaggle_reply ("
	    " n INTEGER PRIMARY KEY AUTOINCREMENT, ref TEXT, operation TEXT,"
	    " reply TEXT);"
	    "CREATE TABLE IF NOT EXISTS kaggle_competition ("
	    " name TEXT PRIMARY KEY);"
	    "CREATE TABLE IF NOT EXISTS kaggle_submission (competition TEXT,"
	    " n INTEGER, asked INTEGER, script TEXT,"
	    " PRIMARY KEY (competition, n));");
}

jv
kaggle_setting_json(struct store *store, const char *name)
{
	sqlite3_stmt *row = store_query(store,
	    "SELECT value FROM kaggle_setting WHERE name = ?", "s", name);
	jv value = jv_null();

	if (store_row(row)) {
		value = store_json(row, 0);
		store_done(row);
	}
	return value;
}

char *
kaggle_setting(struct store *store, const char *name, const char *otherwise)
{
	jv value = kaggle_setting_json(store, name);
	char *text = NULL;

	if (jv_get_kind(value) == JV_KIND_STRING)
		text = xstrdup(jv_string_value(value));
	else if (otherwise != NULL)
		text = xstrdup(otherwise);
	jv_free(value);
	return text;
}

jv
kaggle_next_reply(struct store *store, const char *ref, const char *operation)
{
	sqlite3_stmt *row = store_query(store,
	    "SELECT n, reply FROM kaggle_reply"
	    " WHERE operation = ? AND ref IN ('', ?) ORDER BY ref DESC, n"
	    " LIMIT 1",
	    "ss", operation, ref);
	jv reply = jv_null();
	long long n;

	if (!store_row(row))
		return reply;
	n = sqlite3_column_int64(row, 0);
	reply = store_json(row, 1);
	store_done(row);
	store_do(store, "DELETE FROM kaggle_reply WHERE n = ?", "i", n);
	return reply;
}

/* Consumes list. */
static void
add_reply_list(
    struct store *store, const char *ref, const char *operation, jv list)
{
	if (jv_get_kind(list) == JV_KIND_ARRAY)
		jv_array_foreach(list, i, reply) store_do(store,
		    "INSERT INTO kaggle_reply (ref, operation, reply)"
		    " VALUES (?, ?, ?)",
		    "ssj", ref, operation, reply);
	jv_free(list);
}

/* {"OPERATION": [reply, ...]}; consumes replies. */
static void
add_replies(struct store *store, const char *ref, jv replies)
{
	store_do(store, "DELETE FROM kaggle_reply WHERE ref = ?", "s", ref);
	if (jv_get_kind(replies) == JV_KIND_OBJECT) {
		jv_object_foreach(replies, operation, list)
		{
			add_reply_list(
			    store, ref, jv_string_value(operation), list);
			jv_free(operation);
		}
	}
	jv_free(replies);
}

/* A kernel whose output is being put together. */
struct output {
	struct store *store;
	long long kernel;
	long long count;
};

static void
add_file(struct output *output, const char *name, const char *path, jv script)
{
	store_do(output->store,
	    "INSERT INTO kaggle_file (kernel, n, name, path, script)"
	    " VALUES (?, ?, ?, ?, ?)",
	    "iissj", output->kernel, output->count++, name, path, script);
}

static int
usual_names(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 &&
	    strcmp(entry->d_name, "..") != 0;
}

/* Every file below folder; prefix is where that is below the output. */
static jv
add_folder(struct output *output, const char *folder, const char *prefix)
{
	struct dirent **names;
	int count = scandir(folder, &names, usual_names, alphasort);
	jv result = jv_null();
	struct stat info;

	if (count < 0)
		return error_value("io", "%s: %s", folder, strerror(errno));
	for (int i = 0; i < count; i++) {
		char *path = xasprintf("%s/%s", folder, names[i]->d_name);
		char *name = xasprintf("%s%s", prefix, names[i]->d_name);

		if (jv_is_valid(result) && stat(path, &info) == 0 &&
		    S_ISDIR(info.st_mode)) {
			char *below = xasprintf("%s/", name);

			jv_free(result);
			result = add_folder(output, path, below);
			free(below);
		} else if (jv_is_valid(result)) {
			add_file(output, name, path, jv_object());
		}
		free(path);
		free(name);
		free(names[i]);
	}
	free(names);
	return result;
}

static jv
load_files(struct store *store, long long kernel, jv script)
{
	static const char *const members[] = { "name", "path", "content",
		"bytes", "seed", "etag", "modified", "type", "ranges",
		"chunked", "status", "url", NULL };
	struct output output = { store, kernel, 0 };
	const char *folder = record_str(script, "output");
	jv files = record_get(script, "files");
	jv result = jv_null();

	if (folder != NULL)
		result = add_folder(&output, folder, "");
	if (jv_get_kind(files) == JV_KIND_ARRAY) {
		jv_array_foreach(files, i, file)
		{
			if (jv_is_valid(result)) {
				jv_free(result);
				result = script_check(file, "files", members);
			}
			add_file(&output, record_str(file, "name"),
			    record_str(file, "path"), jv_copy(file));
			jv_free(file);
		}
	}
	jv_free(files);
	return result;
}

static jv
load_kernel(struct store *store, const char *ref, jv script)
{
	struct kernel old = kernel_find(store, ref);
	static const char *const members[] = { "statuses", "after_push",
		"failure_message", "version", "title", "last_run_at", "public",
		"output", "files", "page_size", "url_seconds", "expired_urls",
		"log", "log_stream", "replies", "running_output", NULL };
	jv statuses = record_get(script, "statuses");
	jv result = script_check(script, ref, members);
	long long id = old.id, version;
	const char *title = record_str(script, "title");
	double last_run = clock_parse(record_str(script, "last_run_at")
		? record_str(script, "last_run_at")
		: "");

	if (strchr(ref, '/') == NULL) {
		jv_free(result);
		result = error_value(
		    "input", "kernels: %s: OWNER/SLUG is wanted", ref);
	}
	if (!jv_is_valid(result)) {
		kernel_release(&old);
		jv_free(statuses);
		return result;
	}
	jv_free(result);
	if (old.ref == NULL)
		id = kernel_add(store, ref, title);
	kernel_release(&old);
	if (jv_get_kind(statuses) != JV_KIND_ARRAY) {
		jv after = record_get(script, "after_push");

		jv_free(statuses);
		statuses = jv_is_valid(after) ? jv_array()
					      : JV_ARRAY(jv_string("COMPLETE"));
		jv_free(after);
	}
	version = record_int(script, "version", 1);
	if (!(last_run > 0))
		last_run = jv_array_length(jv_copy(statuses)) > 0
		    ? clock_now() - 3600
		    : 0;
	store_do(store,
	    "UPDATE kaggle_kernel SET title = ?, version = ?, last_run = ?,"
	    " statuses = ?, asked = 0, streams = 0, script = ? WHERE id = ?",
	    "sidjji", title, version, last_run, statuses, jv_copy(script), id);
	/* Without a "user" the account is that of the first kernel. */
	store_do(store,
	    "INSERT OR IGNORE INTO kaggle_setting (name, value)"
	    " VALUES ('user', ?)",
	    "j", jv_string_sized(ref, (int)(strchr(ref, '/') - ref)));
	store_do(store, "DELETE FROM kaggle_file WHERE kernel = ?", "i", id);
	add_replies(store, ref, record_get(script, "replies"));
	result = load_files(store, id, script);
	return result;
}

/* Consumes list. */
static void
load_competition(struct store *store, const char *name, jv list)
{
	store_do(store,
	    "INSERT OR IGNORE INTO kaggle_competition (name) VALUES (?)", "s",
	    name);
	store_do(store, "DELETE FROM kaggle_submission WHERE competition = ?",
	    "s", name);
	if (jv_get_kind(list) == JV_KIND_ARRAY)
		jv_array_foreach(list, i, one) store_do(store,
		    "INSERT INTO kaggle_submission"
		    " (competition, n, asked, script)"
		    " VALUES (?, ?, 0, ?)",
		    "sij", name, (long long)i, one);
	jv_free(list);
}

static void
load_submissions(struct store *store, jv competitions)
{
	if (jv_get_kind(competitions) == JV_KIND_OBJECT) {
		jv_object_foreach(competitions, name, list)
		{
			load_competition(store, jv_string_value(name), list);
			jv_free(name);
		}
	}
	jv_free(competitions);
}

const char *const kaggle_script_parts[] = { "user", "kernels", "replies",
	"submissions", "quota", "sessions", "missing_sources", "api_version",
	NULL };

jv
kaggle_load(struct store *store, jv script)
{
	static const char *const settings[] = { "user", "quota", "sessions",
		"missing_sources", "api_version" };
	jv kernels = record_get(script, "kernels"), replies;
	jv result = jv_null();

	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
		jv value = record_get(script, settings[i]);

		if (jv_is_valid(value))
			store_do(store,
			    "INSERT OR REPLACE INTO kaggle_setting"
			    " (name, value) VALUES (?, ?)",
			    "sj", settings[i], value);
		else
			jv_free(value);
	}
	if (jv_get_kind(kernels) == JV_KIND_OBJECT) {
		jv_object_foreach(kernels, ref, kernel)
		{
			if (jv_is_valid(result)) {
				jv_free(result);
				result = load_kernel(
				    store, jv_string_value(ref), kernel);
			}
			jv_free(ref);
			jv_free(kernel);
		}
	}
	jv_free(kernels);
	replies = record_get(script, "replies");
	if (jv_is_valid(replies))
		add_replies(store, "", replies);
	else
		jv_free(replies);
	load_submissions(store, record_get(script, "submissions"));
	jv_free(script);
	return result;
}

static jv
kernel_state(struct store *store, const struct kernel *kernel)
{
	char when[CLOCK_TEXT];
	jv state = record_set_number(jv_object(), "id", (double)kernel->id);

	state = record_set_number(state, "version", (double)kernel->version);
	state = record_set_str(state, "title", kernel->title);
	state = record_set_str(state, "status", kernel_status(kernel));
	state = record_set_number(state, "asked", (double)kernel->asked);
	state = record_set_number(state, "pushes",
	    (double)store_number(store, 0,
		"SELECT count(*) FROM kaggle_version WHERE kernel = ?", "i",
		kernel->id));
	state = record_set_number(state, "runs",
	    (double)store_number(store, 0,
		"SELECT total(ran) FROM kaggle_version WHERE kernel = ?", "i",
		kernel->id));
	if (kernel->last_run > 0)
		state = record_set_str(
		    state, "last_run_at", clock_format(kernel->last_run, when));
	return jv_object_set(state, jv_string("saved"), jv_copy(kernel->saved));
}

jv
kaggle_state(struct store *store, jv state)
{
	jv kernels = jv_object();
	sqlite3_stmt *row = store_query(
	    store, "SELECT id, ref FROM kaggle_kernel ORDER BY ref", "");

	while (store_row(row)) {
		struct kernel kernel =
		    kernel_by_id(store, sqlite3_column_int64(row, 0));

		kernels = jv_object_set(kernels, jv_string(kernel.ref),
		    kernel_state(store, &kernel));
		kernel_release(&kernel);
	}
	return jv_object_set(state, jv_string("kernels"), kernels);
}
