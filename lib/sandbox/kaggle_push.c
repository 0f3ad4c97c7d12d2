/* SPDX-License-Identifier: MIT */
/*
 * sandbox/kaggle_push - SaveKernel: a version of a kernel, and its session
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "sandbox/kaggle_parts.h"

/* The request's fields and their types. */
static const struct {
	const char *name;
	jv_kind kind;
} fields[] = {
	{ "id", JV_KIND_NUMBER },
	{ "slug", JV_KIND_STRING },
	{ "newTitle", JV_KIND_STRING },
	{ "text", JV_KIND_STRING },
	{ "language", JV_KIND_STRING },
	{ "kernelType", JV_KIND_STRING },
	{ "datasetDataSources", JV_KIND_ARRAY },
	{ "kernelDataSources", JV_KIND_ARRAY },
	{ "competitionDataSources", JV_KIND_ARRAY },
	{ "modelDataSources", JV_KIND_ARRAY },
	{ "categoryIds", JV_KIND_ARRAY },
	{ "isPrivate", JV_KIND_TRUE },
	{ "enableGpu", JV_KIND_TRUE },
	{ "enableTpu", JV_KIND_TRUE },
	{ "enableInternet", JV_KIND_TRUE },
	{ "dockerImagePinningType", JV_KIND_STRING },
	{ "dockerImage", JV_KIND_STRING },
	{ "sessionTimeoutSeconds", JV_KIND_NUMBER },
	{ "priority", JV_KIND_NUMBER },
	{ "kernelExecutionType", JV_KIND_STRING },
	{ "machineShape", JV_KIND_STRING },
};

static bool
of_kind(jv value, jv_kind kind)
{
	jv_kind got = jv_get_kind(value);
	bool good =
	    got == kind || (kind == JV_KIND_TRUE && got == JV_KIND_FALSE);

	if (good && kind == JV_KIND_ARRAY)
		jv_array_foreach(value, i, item)
		{
			good = good && jv_get_kind(item) == JV_KIND_STRING;
			jv_free(item);
		}
	return good;
}

/* jv_null(), or the refusal of a field of a wrong type; consumes value. */
static jv
check_field(struct request *request, const char *name, jv value)
{
	jv result = jv_null();
	size_t i, count = sizeof fields / sizeof fields[0];

	for (i = 0; i < count && strcmp(fields[i].name, name) != 0; i++)
		continue;
	if (i == count) {
		request_violation(request, "unknown field %s", name);
	} else if (!of_kind(value, fields[i].kind)) {
		request_violation(request, "%s is of a wrong type", name);
		result = refusal(400, "Invalid value at '%s'", name);
	}
	jv_free(value);
	return result;
}

static jv
check_types(struct request *request, jv body)
{
	jv result = jv_null();

	jv_object_foreach(body, name, value)
	{
		if (jv_is_valid(result)) {
			jv_free(result);
			result = check_field(
			    request, jv_string_value(name), jv_copy(value));
		}
		jv_free(value);
		jv_free(name);
	}
	return result;
}

static bool
is_one_of(const char *text, const char *const *words)
{
	for (; text != NULL && *words != NULL; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

/*
 * The live server answers 500 to a notebook whose cells have lists for source;
 * whether text is one.
 */
static bool
has_list_source(const char *text)
{
	jv book = jv_parse(text), cells = record_get(book, "cells");
	bool found = !jv_is_valid(book);

	if (jv_get_kind(cells) == JV_KIND_ARRAY)
		jv_array_foreach(cells, i, cell)
		{
			jv source = record_get(cell, "source");

			found = found || jv_get_kind(source) == JV_KIND_ARRAY;
			jv_free(source);
			jv_free(cell);
		}
	jv_free(cells);
	jv_free(book);
	return found;
}

static jv
check_values(jv body)
{
	static const char *const languages[] = { "python", "r", "rmarkdown",
		"julia", "sqlite", NULL };
	static const char *const types[] = { "script", "notebook", NULL };
	const char *type = record_str(body, "kernelType");
	const char *text = record_str(body, "text");

	if (!is_one_of(record_str(body, "language"), languages))
		return refusal(400, "Invalid value at 'language'");
	if (!is_one_of(type, types))
		return refusal(400, "Invalid value at 'kernelType'");
	if (text == NULL)
		return refusal(400, "Invalid value at 'text'");
	if (strcmp(type, "notebook") == 0 && has_list_source(text))
		return refusal(500, "Internal error");
	return jv_null();
}

/*
 * The slug of a title of ASCII, the caller's to free; NULL for others, whose
 * transliteration is Kaggle's own.
 */
static char *
slug_of(const char *title)
{
	struct buf slug = { 0 };

	for (; *title != '\0'; title++) {
		unsigned char c = (unsigned char)*title;

		if (c >= 128) {
			buf_release(&slug);
			return NULL;
		}
		if (c == ',' && slug.len > 0 &&
		    isdigit(slug.at[slug.len - 1]) &&
		    isdigit((unsigned char)title[1]))
			continue;
		if (isalnum(c))
			buf_addc(&slug, (char)tolower(c));
		else if (slug.len > 0 && slug.at[slug.len - 1] != '-')
			buf_addc(&slug, '-');
	}
	if (slug.len > 0 && slug.at[slug.len - 1] == '-')
		slug.at[--slug.len] = '\0';
	return buf_take(&slug);
}

/* An answer in which nothing was done, for a reason. */
static jv
refused(const char *why)
{
	jv answer = jv_object();

	answer = jv_object_set(answer, jv_string("ref"), jv_null());
	answer = jv_object_set(answer, jv_string("url"), jv_null());
	answer = jv_object_set(answer, jv_string("versionNumber"), jv_null());
	return jv_object_set(answer, jv_string("error"), jv_string(why));
}

/* The owner's sessions of a kind that pushes began and that go on. */
static long
count_sessions(struct caller *caller, bool gpu)
{
	char *mine = xasprintf("%s/", caller->user);
	long count = 0;
	sqlite3_stmt *row = store_query(caller->store,
	    "SELECT id FROM kaggle_kernel WHERE substr(ref, 1, ?) = ? AND id IN"
	    " (SELECT kernel FROM kaggle_version WHERE ran)",
	    "is", (long long)strlen(mine), mine);

	while (store_row(row)) {
		struct kernel kernel =
		    kernel_by_id(caller->store, sqlite3_column_int64(row, 0));
		const char *status = kernel_status(&kernel);

		if (*status != '\0' && !status_is_final(status) &&
		    record_true(kernel.saved, "enableGpu") == gpu)
			count++;
		kernel_release(&kernel);
	}
	free(mine);
	return count;
}

/* Whether there is room for a session; else an answer that says why not. */
static jv
check_room(struct caller *caller, bool gpu)
{
	const char *kind = gpu ? "gpu" : "cpu";
	jv sessions = kaggle_setting_json(caller->store, "sessions");
	jv quotas = kaggle_setting_json(caller->store, "quota");
	jv quota = record_get(quotas, kind);
	long long most = record_int(sessions, kind, gpu ? 2 : 5);
	long long total = record_int(quota, "total", 30 * 3600);
	char *why = NULL;
	jv answer = jv_null();

	if (count_sessions(caller, gpu) >= most)
		why = xasprintf("Maximum batch %s session count of %lld "
				"reached.",
		    gpu ? "GPU" : "CPU", most);
	else if (gpu && record_int(quota, "used", 0) >= total)
		why = xasprintf("Maximum weekly GPU quota of %.2f hours "
				"reached.",
		    (double)total / 3600);
	if (why != NULL)
		answer = refused(why);
	free(why);
	jv_free(quota);
	jv_free(quotas);
	jv_free(sessions);
	return answer;
}

/* A source that is there: of its kind's form, and not said to be missing. */
static bool
is_source(const char *source, int least, int most, jv missing)
{
	int parts = 1;
	bool good = true;

	for (const char *at = source; *at != '\0'; at++)
		if (*at == '/') {
			parts++;
			good = good && at[1] != '/' && at[1] != '\0';
		}
	if (jv_get_kind(missing) == JV_KIND_ARRAY)
		jv_array_foreach(missing, i, one)
		{
			good = good &&
			    (jv_get_kind(one) != JV_KIND_STRING ||
				strcmp(jv_string_value(one), source) != 0);
			jv_free(one);
		}
	return good && *source != '/' && *source != '\0' && parts >= least &&
	    parts <= most;
}

static jv
add_invalid_sources(struct store *store, jv answer, jv body)
{
	static const struct {
		const char *field, *result;
		int least, most; /* parts */
	} kinds[] = {
		{ "categoryIds", "invalidTags", 1, 9 },
		{ "datasetDataSources", "invalidDatasetSources", 2, 3 },
		{ "competitionDataSources", "invalidCompetitionSources", 1, 1 },
		{ "kernelDataSources", "invalidKernelSources", 2, 3 },
		{ "modelDataSources", "invalidModelSources", 4, 5 },
	};
	jv missing = kaggle_setting_json(store, "missing_sources");

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		jv list = record_get(body, kinds[i].field), bad = jv_array();

		if (jv_get_kind(list) == JV_KIND_ARRAY)
			jv_array_foreach(list, j, source)
			{
				if (is_source(jv_string_value(source),
					kinds[i].least, kinds[i].most, missing))
					jv_free(source);
				else
					bad = jv_array_append(bad, source);
			}
		jv_free(list);
		answer = jv_object_set(answer, jv_string(kinds[i].result), bad);
	}
	jv_free(missing);
	return answer;
}

/*
 * The kernel that a push is for; one without ref is to be made. *why is an
 * answer or refusal if it cannot be.
 */
static struct kernel
target(struct caller *caller, jv body, char **ref, jv *why)
{
	long long id = record_int(body, "id", 0);
	const char *title = record_str(body, "newTitle");
	size_t len = strlen(caller->user);
	struct kernel kernel, other;
	char *slug = title != NULL ? slug_of(title) : NULL;

	*ref = kernel_name(caller, body);
	kernel = id != 0 ? kernel_by_id(caller->store, id)
			 : kernel_find(caller->store, *ref);
	if (kernel.ref != NULL) {
		free(*ref);
		*ref = xstrdup(kernel.ref);
	}
	if (strncmp(*ref, caller->user, len) != 0 || (*ref)[len] != '/' ||
	    (*ref)[len + 1] == '\0' || (id != 0 && kernel.ref == NULL))
		*why = refused("Notebook not found");
	if (slug != NULL && *slug != '\0' && jv_is_valid(*why) &&
	    strcmp(slug, *ref + len + 1) != 0) {
		char *there = xasprintf("%s/%s", caller->user, slug);

		other = kernel_find(caller->store, there);
		if (other.ref != NULL) {
			jv_free(*why);
			*why = refusal(409,
			    "The requested title is already in use by a "
			    "notebook. Please choose another title.");
		} else if (kernel.ref == NULL) {
			/* A new notebook lands where its title says. */
			free(*ref);
			*ref = xstrdup(there);
		}
		kernel_release(&other);
		free(there);
	}
	free(slug);
	return kernel;
}

/* Records the version and begins its session, unless it is only saved. */
static jv
save(struct caller *caller, struct kernel *kernel, const char *ref, jv body)
{
	const char *type = record_str(body, "kernelExecutionType");
	bool runs = type == NULL || strcmp(type, "QUICK_SAVE") != 0;
	jv answer;
	char *text;

	if (kernel->ref == NULL) {
		kernel_release(kernel);
		(void)kernel_add(
		    caller->store, ref, record_str(body, "newTitle"));
		*kernel = kernel_find(caller->store, ref);
	}
	kernel->version++;
	store_do(caller->store,
	    "UPDATE kaggle_kernel SET version = ?, saved = ?,"
	    " title = coalesce(?, title) WHERE id = ?",
	    "ijsi", kernel->version, jv_copy(body),
	    record_str(body, "newTitle"), kernel->id);
	store_do(caller->store,
	    "INSERT OR REPLACE INTO kaggle_version (kernel, version, ran)"
	    " VALUES (?, ?, ?)",
	    "iii", kernel->id, kernel->version, (long long)runs);
	if (runs)
		kernel_start(caller->store, kernel);

	text = xasprintf("/%s", ref);
	answer = record_set_str(jv_object(), "ref", text);
	free(text);
	text = xasprintf("https://www.kaggle.com/code/%s", ref);
	answer = record_set_str(answer, "url", text);
	free(text);
	answer =
	    record_set_number(answer, "versionNumber", (double)kernel->version);
	answer = record_set_str(answer, "error", "");
	answer = record_set_number(answer, "kernelId", (double)kernel->id);
	return add_invalid_sources(caller->store, answer, body);
}

jv
kaggle_save_kernel(struct caller *caller, jv body)
{
	const char *type = record_str(body, "kernelExecutionType");
	struct kernel kernel;
	jv result = check_types(caller->request, body);
	char *ref = NULL;

	if (jv_is_valid(result)) {
		jv_free(result);
		result = check_values(body);
	}
	if (!jv_is_valid(result)) {
		jv_free(body);
		return result;
	}
	kernel = target(caller, body, &ref, &result);
	if (jv_get_kind(result) == JV_KIND_NULL &&
	    (type == NULL || strcmp(type, "QUICK_SAVE") != 0))
		result = check_room(caller, record_true(body, "enableGpu"));
	if (jv_get_kind(result) == JV_KIND_NULL)
		result = save(caller, &kernel, ref, body);
	kernel_release(&kernel);
	free(ref);
	jv_free(body);
	return result;
}
