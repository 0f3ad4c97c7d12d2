/* SPDX-License-Identifier: MIT */
/* kaggle/metadata - kernel-metadata.json, checked, and as SaveKernel wants it
 */
#include "kaggle/metadata.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "diag.h"
#include "file.h"
#include "json.h"
#include "kaggle/slug.h"
#include "mem.h"
#include "record.h"

static const char digits[] = "0123456789";
static const char name_characters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-.";

enum kind {
	NUMBER,
	TEXT,
	ON,  /* true or false, also as texts; true if it is not there */
	OFF, /* the same, false if it is not there */
	NAMES,
	DATASETS,
	COMPETITIONS,
	KERNELS,
	MODELS,
};

/* In the order in which the official client sends them. */
static const struct field {
	const char *name;
	enum kind kind;
	const char *sent; /* the name in SaveKernel; NULL: not sent as it is */
} fields[] = {
	{ "id_no", NUMBER, "id" },
	{ "id", TEXT, NULL },
	{ "title", TEXT, "newTitle" },
	{ "code_file", TEXT, NULL },
	{ "language", TEXT, "language" },
	{ "kernel_type", TEXT, "kernelType" },
	{ "dataset_sources", DATASETS, "datasetDataSources" },
	{ "kernel_sources", KERNELS, "kernelDataSources" },
	{ "competition_sources", COMPETITIONS, "competitionDataSources" },
	{ "keywords", NAMES, "categoryIds" },
	{ "is_private", ON, "isPrivate" },
	{ "enable_gpu", OFF, "enableGpu" },
	{ "enable_internet", ON, "enableInternet" },
	{ "docker_image_pinning_type", TEXT, "dockerImagePinningType" },
	{ "model_sources", MODELS, "modelDataSources" },
	{ "enable_tpu", OFF, "enableTpu" },
	{ "docker_image", TEXT, "dockerImage" },
	{ "machine_shape", TEXT, "machineShape" },
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static jv wrong(const struct metadata *meta, const char *field,
    const char *format, ...) DIAG_PRINTF(3, 4);

static jv
wrong(const struct metadata *meta, const char *field, const char *format, ...)
{
	char why[1000];
	va_list rest;

	va_start(rest, format);
	(void)vsnprintf(
	    why, sizeof(why), format, rest); /* cut is good enough */
	va_end(rest);
	return error_value("input", "%s: %s: %s", meta->path, field, why);
}

/*
 * Counts the parts of "a/b/c", each of at least one of name_characters; 0 if
 * one is not. last is set to the last part.
 */
static int
count_parts(const char *text, const char **last)
{
	int parts = 0;
	size_t len;

	for (;; text += len + 1) {
		*last = text;
		len = strcspn(text, "/");
		if (len == 0 || strspn(text, name_characters) < len)
			return 0;
		parts++;
		if (text[len] == '\0')
			return parts;
	}
}

static bool
is_number(const char *text)
{
	return text[0] != '\0' && text[strspn(text, digits)] == '\0';
}

/* The length of the second part of "a/b/c", which is there. */
static size_t
second_length(const char *text)
{
	return strcspn(strchr(text, '/') + 1, "/");
}

/* What is wrong with an entry of a list; NULL if nothing. */
static const char *
entry_fault(enum kind kind, const char *text)
{
	const char *last;
	int parts = count_parts(text, &last);
	bool version;

	switch (kind) {
	case COMPETITIONS:
		return parts == 1 ? NULL : "a competition is given by its slug";
	case DATASETS:
	case KERNELS:
		version = parts == 3 && is_number(last);
		if (parts != 2 && !version)
			return kind == DATASETS
			    ? "a dataset is given as owner/slug[/version]"
			    : "a kernel is given as owner/slug[/version]";
		if (kind == KERNELS && second_length(text) < SLUG_LEAST)
			return "a kernel's slug has at least 5 characters";
		return NULL;
	case MODELS:
		version = parts == 5 && is_number(last);
		return parts == 4 || version
		    ? NULL
		    : "a model is given as "
		      "owner/model/framework/variation[/version]";
	default:
		return text[0] != '\0' ? NULL : "an empty text";
	}
}

const char *
metadata_source_fault(const char *field, const char *entry)
{
	for (int i = 0; i < FIELDS; i++)
		if (strcmp(fields[i].name, field) == 0)
			return entry_fault(fields[i].kind, entry);
	return NULL;
}

/* A competition without the "c/" that `kaggle kernels pull` writes. */
static const char *
plain_entry(enum kind kind, const char *text)
{
	static const char *const starts[] = { "competitions/", "c/" };

	for (size_t i = 0; kind == COMPETITIONS && i < 2; i++)
		if (strncmp(text, starts[i], strlen(starts[i])) == 0)
			return text + strlen(starts[i]);
	return text;
}

/* The list to send, or an error_value(). Consumes list. */
static jv
checked_list(const struct metadata *meta, const struct field *field, jv list)
{
	jv out = jv_array(), why = jv_null();

	if (jv_get_kind(list) != JV_KIND_ARRAY)
		why = wrong(meta, field->name, "not a list of texts");
	for (int i = 0,
		 n = jv_is_valid(why) ? jv_array_length(jv_copy(list)) : 0;
	     i < n && jv_is_valid(why); i++) {
		jv entry = jv_array_get(jv_copy(list), i);
		const char *text, *fault;

		if (jv_get_kind(entry) != JV_KIND_STRING) {
			why = wrong(meta, field->name, "not a list of texts");
			jv_free(entry);
			break;
		}
		text = plain_entry(field->kind, jv_string_value(entry));
		fault = entry_fault(field->kind, text);
		if (fault != NULL)
			why =
			    wrong(meta, field->name, "\"%s\": %s", text, fault);
		else
			out = jv_array_append(out, jv_string(text));
		jv_free(entry);
	}
	jv_free(list);
	if (jv_is_valid(why))
		return out;
	jv_free(out);
	return why;
}

/* The flag to send, or an error_value(). Consumes value. */
static jv
checked_flag(const struct metadata *meta, const struct field *field, jv value)
{
	jv flag = jv_invalid();
	const char *text;

	if (jv_get_kind(value) == JV_KIND_TRUE ||
	    jv_get_kind(value) == JV_KIND_FALSE)
		return value;
	if (!jv_is_valid(value)) {
		jv_free(value);
		return jv_bool(field->kind == ON);
	}
	if (jv_get_kind(value) == JV_KIND_STRING) {
		text = jv_string_value(value);
		if (strcasecmp(text, "true") == 0)
			flag = jv_true();
		else if (strcasecmp(text, "false") == 0)
			flag = jv_false();
	}
	jv_free(value);
	if (jv_is_valid(flag))
		return flag;
	jv_free(flag);
	return wrong(meta, field->name, "neither true nor false");
}

/* What to send for a field, an invalid jv for nothing, or an error_value(). */
static jv
checked_field(const struct metadata *meta, const struct field *field, jv json)
{
	jv value = record_get(json, field->name);

	/* A field that is null is one that is not there. */
	if (jv_get_kind(value) == JV_KIND_NULL)
		value = jv_invalid();
	if (field->kind == ON || field->kind == OFF)
		return checked_flag(meta, field, value);
	if (!jv_is_valid(value))
		return value;
	switch (field->kind) {
	case NUMBER:
		if (record_int(json, field->name, 0) > 0)
			return value;
		jv_free(value);
		return wrong(meta, field->name, "not a whole number above 0");
	case TEXT:
		if (record_str(json, field->name) != NULL)
			return value;
		jv_free(value);
		return wrong(meta, field->name, "not a text");
	default:
		return checked_list(meta, field, value);
	}
}

/* Types, and the forms of lists; fills request. */
static jv
check_fields(struct metadata *meta, jv json)
{
	for (int i = 0; i < FIELDS; i++) {
		jv value = checked_field(meta, &fields[i], json);
		bool there = jv_is_valid(value);

		if (!there && jv_invalid_has_msg(jv_copy(value)))
			return value;
		/* An empty list is the default, and left out. */
		if (there && fields[i].sent != NULL &&
		    (jv_get_kind(value) != JV_KIND_ARRAY ||
			jv_array_length(jv_copy(value)) > 0))
			meta->request = jv_object_set(meta->request,
			    jv_string(fields[i].sent), jv_copy(value));
		jv_free(value);
	}
	jv_object_foreach(json, key, unused)
	{
		int i = 0;

		while (i < FIELDS &&
		    strcmp(fields[i].name, jv_string_value(key)) != 0)
			i++;
		if (i == FIELDS)
			warning("%s: %s: no such field, ignored", meta->path,
			    jv_string_value(key));
		jv_free(key);
		jv_free(unused);
	}
	return jv_null();
}

/* id, title, and that the one follows from the other. */
static jv
check_names(struct metadata *meta, jv json)
{
	const char *id = record_str(json, "id");
	const char *title = record_str(json, "title");
	const char *slug, *given;
	char *made, *fits;
	int parts;
	jv why = jv_null();

	if (id == NULL || id[0] == '\0')
		return wrong(meta, "id", "missing; it is \"owner/slug\"");
	parts = count_parts(id, &given);
	if (parts == 3 && is_number(given))
		return wrong(meta, "id",
		    "\"%s\" has a version: a push makes "
		    "the next one",
		    id);
	if ((parts != 1 && parts != 2) || strchr(id, '.') != NULL)
		return wrong(meta, "id", "\"%s\" is not owner/slug", id);
	if (strlen(given) < SLUG_LEAST)
		return wrong(meta, "id", "the slug has at least 5 characters");
	meta->id = xstrdup(id);
	meta->id_no = record_int(json, "id_no", 0);
	if (title == NULL || title[0] == '\0')
		return why;
	if (jv_string_length_codepoints(jv_string(title)) < SLUG_LEAST)
		return wrong(meta, "title", "at least 5 characters are needed");

	made = slug_of_title(title);
	meta->unpredictable = made == NULL;
	slug = made != NULL ? made : "";
	if (made == NULL) {
		warning(
		    "%s: title: its slug cannot be predicted; should it not "
		    "be \"%s\", Kaggle moves the kernel",
		    meta->path, given);
	} else if (strcasecmp(slug, given) != 0) {
		fits = slug_title(given);
		why = wrong(meta, "title",
		    "\"%s\" makes the slug \"%s\", but id "
		    "says \"%s\": title \"%s\" would fit",
		    title, slug, given, fits);
		free(fits);
	}
	free(made);
	return why;
}

static bool
one_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (text != NULL && strcmp(text, *words) == 0)
			return true;
	return false;
}

static bool
ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), tail = strlen(end);

	return len >= tail && strcasecmp(text + len - tail, end) == 0;
}

/* The program's file, and what kind of program it is. */
static jv
check_code(struct metadata *meta, jv json, const char *folder)
{
	static const char *const languages[] = { "python", "r", "rmarkdown",
		NULL };
	static const char *const kinds[] = { "script", "notebook", NULL };
	const char *language = record_str(json, "language");
	const char *kind = record_str(json, "kernel_type");
	const char *file = record_str(json, "code_file");
	struct stat st;

	if (!one_of(language, languages))
		return wrong(meta, "language", "not python, r or rmarkdown");
	if (!one_of(kind, kinds))
		return wrong(meta, "kernel_type", "not script or notebook");
	meta->notebook = strcmp(kind, "notebook") == 0;
	if (meta->notebook && strcmp(language, "rmarkdown") == 0)
		meta->request = record_set_str(meta->request, "language", "r");
	if (file == NULL || file[0] == '\0')
		return wrong(meta, "code_file", "missing");
	meta->code_path = file_join(folder, file);
	if (stat(meta->code_path, &st) != 0 || !S_ISREG(st.st_mode))
		return wrong(meta, "code_file", "no file %s", meta->code_path);
	if (!meta->notebook && ends_in(file, ".ipynb"))
		return wrong(
		    meta, "kernel_type", "script, but %s is a notebook", file);
	if ((ends_in(file, ".py") && strcmp(language, "python") != 0) ||
	    ((ends_in(file, ".r") || ends_in(file, ".rmd")) &&
		strcmp(language, "python") == 0))
		return wrong(meta, "language", "%s, but code_file is %s",
		    language, file);
	return jv_null();
}

/* What Kaggle's pages name, and whether it is still to be had. */
static const struct machine {
	const char *name;
	bool gone;
} machines[] = {
	{ "NvidiaTeslaP100", true },
	{ "NvidiaTeslaT4", false },
	{ "NvidiaTeslaT4Highmem", false },
	{ "NvidiaTeslaA100", false },
	{ "NvidiaL4", false },
	{ "NvidiaL4X1", false },
	{ "NvidiaH100", false },
	{ "NvidiaRtxPro6000", false },
	{ "TpuV38", true },
	{ "Tpu1VmV38", true },
	{ "TpuV5E8", false },
	{ "TpuV6E8", false },
};

enum { MACHINES = sizeof(machines) / sizeof(machines[0]) };

static const struct machine *
find_machine(const char *shape)
{
	for (size_t i = 0; i < MACHINES; i++)
		if (strcasecmp(machines[i].name, shape) == 0)
			return &machines[i];
	return NULL;
}

const char *
metadata_shape(const char *shape)
{
	const struct machine *machine = find_machine(shape);

	return machine != NULL ? machine->name : NULL;
}

/* Kaggle takes any name, and for one that it does not know another machine. */
static jv
check_shape(const struct metadata *meta, const char *shape)
{
	const struct machine *machine = find_machine(shape);

	if (machine == NULL)
		warning("%s: machine_shape: %s is none of Kaggle's that are "
			"known here; should it be none, Kaggle takes another "
			"silently",
		    meta->path, shape);
	else if (strcmp(machine->name, shape) != 0)
		return wrong(meta, "machine_shape", "\"%s\" is spelt %s", shape,
		    machine->name);
	else if (machine->gone)
		warning("%s: machine_shape: Kaggle has no %s any more, and "
			"takes another silently",
		    meta->path, shape);
	return jv_null();
}

/* The machine, and which quota it draws on. */
static jv
check_machine(struct metadata *meta, jv json)
{
	static const char *const pins[] = { "original", "latest", NULL };
	const char *pin = record_str(json, "docker_image_pinning_type");
	const char *shape = record_str(json, "machine_shape");

	if (pin != NULL && !one_of(pin, pins))
		return wrong(meta, "docker_image_pinning_type",
		    "not original or latest");
	if (shape != NULL && strncmp(shape, "Tpu", 3) == 0)
		meta->quota = "tpuQuota";
	else if (shape != NULL && strncmp(shape, "Nvidia", 6) == 0)
		meta->quota = "gpuQuota";
	else if (record_true(meta->request, "enableTpu"))
		meta->quota = "tpuQuota";
	else if (record_true(meta->request, "enableGpu"))
		meta->quota = "gpuQuota";
	meta->internet = record_true(meta->request, "enableInternet");
	return shape != NULL && shape[0] != '\0' ? check_shape(meta, shape)
						 : jv_null();
}

/* The file as an object, or an error_value(). */
static jv
parsed(const struct metadata *meta)
{
	struct buf text = { 0 };
	struct json_members members = { 0 };
	struct json_fault fault;
	jv why = file_read(meta->path, 1 << 20, &text);
	jv json;

	if (!jv_is_valid(why)) {
		json = error_value("input", "%s", error_message(why));
	} else if (!json_members((struct span){ text.at, text.len }, 0,
		       &members, &fault)) {
		int line = 1;

		for (size_t i = 0; i < fault.at && i < text.len; i++)
			line += text.at[i] == '\n';
		json = error_value(
		    "input", "%s:%d: %s", meta->path, line, fault.why);
	} else {
		json = jv_parse_sized(text.at, (int)text.len);
	}
	jv_free(why);
	json_members_release(&members);
	buf_release(&text);
	return json;
}

jv
metadata_read(struct metadata *meta, const char *folder)
{
	jv json, why;

	*meta = (struct metadata){ .request = jv_object() };
	meta->path = file_join(folder, "kernel-metadata.json");
	json = parsed(meta);
	if (!jv_is_valid(json))
		return json;
	why = check_fields(meta, json);
	if (jv_is_valid(why))
		why = check_names(meta, json);
	if (jv_is_valid(why))
		why = check_code(meta, json, folder);
	if (jv_is_valid(why))
		why = check_machine(meta, json);
	jv_free(json);
	return why;
}

void
metadata_release(struct metadata *meta)
{
	free(meta->path);
	free(meta->id);
	free(meta->code_path);
	jv_free(meta->request);
	*meta = (struct metadata){ .request = jv_null() };
}
