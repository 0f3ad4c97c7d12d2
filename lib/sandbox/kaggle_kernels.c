/* SPDX-License-Identifier: MIT */
/*
 * sandbox/kaggle_kernels - the kernels that there are, their sessions, and the
 * calls that only look at them
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "record.h"
#include "sandbox/kaggle_parts.h"

static struct kernel
kernel_read(sqlite3_stmt *row)
{
	struct kernel kernel = { 0 };

	if (!store_row(row)) {
		kernel.statuses = jv_array();
		kernel.script = jv_object();
		kernel.saved = jv_object();
		return kernel;
	}
	kernel.ref = xstrdup(store_text(row, 0));
	kernel.slug = strchr(kernel.ref, '/') + 1;
	kernel.id = sqlite3_column_int64(row, 1);
	if (store_text(row, 2) != NULL)
		kernel.title = xstrdup(store_text(row, 2));
	kernel.version = sqlite3_column_int64(row, 3);
	kernel.last_run = sqlite3_column_double(row, 4);
	kernel.statuses = store_json(row, 5);
	kernel.asked = sqlite3_column_int64(row, 6);
	kernel.script = store_json(row, 7);
	kernel.saved = store_json(row, 8);
	kernel.streams = sqlite3_column_int64(row, 9);
	store_done(row);
	return kernel;
}

struct kernel
kernel_find(struct store *store, const char *ref)
{
	return kernel_read(store_query(store,
	    "SELECT ref, id, title, version, last_run, statuses, asked, script,"
	    " saved, streams FROM kaggle_kernel WHERE ref = ?",
	    "s", ref));
}

struct kernel
kernel_by_id(struct store *store, long long id)
{
	return kernel_read(store_query(store,
	    "SELECT ref, id, title, version, last_run, statuses, asked, script,"
	    " saved, streams FROM kaggle_kernel WHERE id = ?",
	    "i", id));
}

void
kernel_release(struct kernel *kernel)
{
	free(kernel->ref);
	free(kernel->title);
	jv_free(kernel->statuses);
	jv_free(kernel->script);
	jv_free(kernel->saved);
}

char *
kernel_name(struct caller *caller, jv body)
{
	const char *owner = record_str(body, "userName");
	const char *slug = record_str(body, "kernelSlug");

	if (owner == NULL)
		owner = record_str(body, "ownerSlug");
	if (slug == NULL && (slug = record_str(body, "slug")) == NULL)
		return xstrdup("");
	if (strchr(slug, '/') != NULL)
		return xstrdup(slug);
	return xasprintf("%s/%s", owner ? owner : caller->user, slug);
}

static bool
is_owner(const char *ref, const char *user)
{
	size_t len = strlen(user);

	return strncmp(ref, user, len) == 0 && ref[len] == '/';
}

struct kernel
kernel_of(struct caller *caller, jv body, jv *why)
{
	char *ref = kernel_name(caller, body);
	struct kernel kernel = kernel_find(caller->store, ref);
	bool own = is_owner(ref, caller->user);

	if (!own &&
	    (kernel.ref == NULL || !record_true(kernel.script, "public"))) {
		/* What is not there is hidden as what is not yours. */
		*why = refusal(403, "Permission 'kernels.get' was denied");
		free(kernel.ref);
		kernel.ref = NULL;
	} else if (kernel.ref == NULL) {
		*why = refusal(404, "Notebook %s was not found", ref);
	}
	free(ref);
	return kernel;
}

/* The entry of the list for the session's n-th question; invalid if none. */
static jv
status_entry(const struct kernel *kernel, long long n)
{
	int count = jv_get_kind(kernel->statuses) == JV_KIND_ARRAY
	    ? jv_array_length(jv_copy(kernel->statuses))
	    : 0;

	if (count == 0)
		return jv_invalid();
	return jv_array_get(
	    jv_copy(kernel->statuses), n < count ? (int)n : count - 1);
}

const char *
kernel_status(const struct kernel *kernel)
{
	static const char *const words[] = { "QUEUED", "RUNNING", "COMPLETE",
		"ERROR", "CANCEL_REQUESTED", "CANCEL_ACKNOWLEDGED",
		"NEW_SCRIPT" };
	jv entry =
	    status_entry(kernel, kernel->asked > 0 ? kernel->asked - 1 : 0);
	jv inner = record_get(entry, "status");
	jv word = jv_is_valid(inner) ? inner : jv_copy(entry);
	const char *found = "";

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (jv_get_kind(word) == JV_KIND_STRING &&
		    strcasecmp(jv_string_value(word), words[i]) == 0)
			found = words[i];
	if (!jv_is_valid(inner))
		jv_free(inner);
	jv_free(word);
	jv_free(entry);
	return found;
}

bool
status_is_final(const char *status)
{
	return strcmp(status, "COMPLETE") == 0 ||
	    strcmp(status, "ERROR") == 0 ||
	    strcmp(status, "CANCEL_ACKNOWLEDGED") == 0;
}

/* The answer that an entry of "statuses" stands for; consumes it. */
static jv
status_answer(const struct kernel *kernel, jv entry)
{
	jv answer = record_get(entry, "answer");
	jv status = record_get(entry, "status");
	const char *why = record_str(entry, "failure_message");

	if (jv_is_valid(answer)) {
		jv_free(status);
	} else if (jv_get_kind(status) == JV_KIND_NUMBER) {
		const char *message = record_str(entry, "message");

		answer = refusal((int)jv_number_value(status), "%s",
		    message != NULL ? message : "scripted");
		jv_free(status);
	} else {
		if (!jv_is_valid(status)) {
			jv_free(status);
			status = jv_copy(entry);
		}
		if (why == NULL && jv_get_kind(status) == JV_KIND_STRING &&
		    strcmp(jv_string_value(status), "ERROR") == 0)
			why = record_str(kernel->script, "failure_message");
		answer =
		    jv_object_set(jv_object(), jv_string("status"), status);
		answer = jv_object_set(answer, jv_string("failureMessage"),
		    why != NULL ? jv_string(why) : jv_null());
	}
	jv_free(entry);
	return answer;
}

jv
kernel_next_status(struct store *store, struct kernel *kernel)
{
	jv entry = status_entry(kernel, kernel->asked);

	if (!jv_is_valid(entry)) {
		jv_free(entry);
		return refusal(404, "%s has no session", kernel->ref);
	}
	kernel->asked++;
	store_do(store, "UPDATE kaggle_kernel SET asked = ? WHERE id = ?", "ii",
	    kernel->asked, kernel->id);
	return status_answer(kernel, entry);
}

long long
kernel_add(struct store *store, const char *ref, const char *title)
{
	store_do(store,
	    "INSERT INTO kaggle_kernel (ref, title, version, last_run,"
	    " statuses, asked, script, saved)"
	    " VALUES (?, ?, 0, 0, '[]', 0, '{}', '{}')",
	    "ss", ref, title);
	return store_last(store);
}

void
kernel_start(struct store *store, const struct kernel *kernel)
{
	jv statuses = record_get(kernel->script, "after_push");
	double now = clock_now();

	if (!jv_is_valid(statuses)) {
		jv_free(statuses);
		statuses = record_get(kernel->script, "statuses");
	}
	if (!jv_is_valid(statuses)) {
		jv_free(statuses);
		statuses = JV_ARRAY(jv_string("QUEUED"), jv_string("RUNNING"),
		    jv_string("COMPLETE"));
	}
	/* On a clock that stands still as well: a session begins later. */
	if (now < kernel->last_run + 1)
		now = kernel->last_run + 1;
	store_do(store,
	    "UPDATE kaggle_kernel SET statuses = ?, asked = 0, streams = 0,"
	    " last_run = ? WHERE id = ?",
	    "jdi", statuses, now, kernel->id);
}

jv
kaggle_session_status(struct caller *caller, jv body)
{
	jv answer = jv_null();
	struct kernel kernel = kernel_of(caller, body, &answer);

	if (kernel.ref != NULL)
		answer = kernel_next_status(caller->store, &kernel);
	kernel_release(&kernel);
	jv_free(body);
	return answer;
}

/* What GetKernel and ListKernels say of a kernel. */
static jv
metadata(const struct kernel *kernel)
{
	static const char *const kept[] = { "language", "kernelType",
		"isPrivate", "enableGpu", "enableTpu", "enableInternet",
		"categoryIds", "datasetDataSources", "kernelDataSources",
		"competitionDataSources", "modelDataSources", "dockerImage",
		"machineShape" };
	char *owner =
	    xstrndup(kernel->ref, (size_t)(kernel->slug - kernel->ref - 1));
	jv data = record_set_number(jv_object(), "id", (double)kernel->id);
	char when[CLOCK_TEXT];

	data = record_set_str(data, "ref", kernel->ref);
	data = record_set_str(data, "title",
	    kernel->title != NULL ? kernel->title : kernel->slug);
	data = record_set_str(data, "author", owner);
	data = record_set_str(data, "slug", kernel->slug);
	if (kernel->last_run > 0)
		data = record_set_str(
		    data, "lastRunTime", clock_format(kernel->last_run, when));
	data = record_set_number(data, "totalVotes", 0);
	data = record_set_number(
	    data, "currentVersionNumber", (double)kernel->version);
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		data = record_take(data, kept[i], kernel->saved, kept[i]);
	free(owner);
	return data;
}

jv
kaggle_get_kernel(struct caller *caller, jv body)
{
	jv answer = jv_null(), blob = jv_object();
	struct kernel kernel = kernel_of(caller, body, &answer);

	jv_free(body);
	if (kernel.ref == NULL) {
		jv_free(blob);
		kernel_release(&kernel);
		return answer;
	}
	blob = record_take(blob, "source", kernel.saved, "text");
	blob = record_take(blob, "language", kernel.saved, "language");
	blob = record_take(blob, "kernelType", kernel.saved, "kernelType");
	blob = record_set_str(blob, "slug", kernel.slug);
	answer = jv_object_set(
	    jv_object(), jv_string("metadata"), metadata(&kernel));
	kernel_release(&kernel);
	return jv_object_set(answer, jv_string("blob"), blob);
}

/* Where a page begins: a token is "T" and the number of what is before it. */
static long long
page_start(jv body, long long size)
{
	const char *token = record_str(body, "pageToken");
	long long page = record_int(body, "page", 1);

	if (token != NULL && *token == 'T')
		return strtoll(token + 1, NULL, 10);
	return page > 1 ? (page - 1) * size : 0;
}

jv
kaggle_list_kernels(struct caller *caller, jv body)
{
	long long size = record_int(body, "pageSize", 20);
	long long at, n = 0;
	char *mine = xasprintf("%s/", caller->user), *next = NULL;
	jv list = jv_array(), answer;
	sqlite3_stmt *row;

	size = size < 1 || size > 200 ? 200 : size;
	at = page_start(body, size);
	row = store_query(caller->store,
	    "SELECT id FROM kaggle_kernel WHERE substr(ref, 1, ?) = ?"
	    " ORDER BY last_run DESC, id LIMIT ? OFFSET ?",
	    "isii", (long long)strlen(mine), mine, size + 1, at);
	while (store_row(row)) {
		struct kernel kernel;

		if (++n > size) {
			next = xasprintf("T%lld", at + size);
			store_done(row);
			break;
		}
		kernel =
		    kernel_by_id(caller->store, sqlite3_column_int64(row, 0));
		list = jv_array_append(list, metadata(&kernel));
		kernel_release(&kernel);
	}
	answer = jv_object_set(jv_object(), jv_string("kernels"), list);
	answer = record_set_str(answer, "nextPageToken", next ? next : "");
	free(next);
	free(mine);
	jv_free(body);
	return answer;
}

jv
kaggle_delete_kernel(struct caller *caller, jv body)
{
	jv answer = jv_null();
	struct kernel kernel = kernel_of(caller, body, &answer);

	if (kernel.ref != NULL) {
		store_do(caller->store,
		    "DELETE FROM kaggle_kernel WHERE id = ?", "i", kernel.id);
		store_do(caller->store,
		    "DELETE FROM kaggle_file WHERE kernel = ?", "i", kernel.id);
		store_do(caller->store,
		    "DELETE FROM kaggle_version WHERE kernel = ?", "i",
		    kernel.id);
		answer = jv_object();
	}
	kernel_release(&kernel);
	jv_free(body);
	return answer;
}
