/* SPDX-License-Identifier: MIT */
/*
 * kaggle/kernelfolder - write what kgl-push pushes
 */
#include "kaggle/kernelfolder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "kaggle/kernel_py.h"
#include "mem.h"
#include "record.h"

/* In the order of `kaggle kernels pull`; what the inputs are in a session. */
static const struct {
	const char *field;
	const char *kind; /* the folder's name below /kaggle/input */
} lists[] = {
	{ "dataset_sources", "datasets" },
	{ "kernel_sources", "notebooks" },
	{ "competition_sources", "competitions" },
	{ "model_sources", "models" },
};

enum { LISTS = sizeof(lists) / sizeof(lists[0]) };

/* A list of the sources, empty if there is none. */
static jv
sources_of(const struct kernelfolder *folder, int list)
{
	jv sources = record_get(folder->sources, lists[list].field);

	if (jv_is_valid(sources))
		return sources;
	jv_free(sources);
	return jv_array();
}

/* [["datasets", "owner/slug"], ...] */
static jv
inputs_of(const struct kernelfolder *folder)
{
	jv inputs = jv_array();

	for (int i = 0; i < LISTS; i++) {
		jv sources = sources_of(folder, i);

		jv_array_foreach(sources, at, ref)
		{
			inputs = jv_array_append(
			    inputs, JV_ARRAY(jv_string(lists[i].kind), ref));
		}
		jv_free(sources);
	}
	return inputs;
}

/* Appends what the program is told, as JSON that can stand between '''. */
static void
add_values(struct buf *out, const struct kernelfolder *folder)
{
	jv values = jv_object(), text;

	values = record_set_str(values, "kernel", folder->id);
	values = record_set_str(values, "commit", folder->commit);
	values = record_set_str(values, "branch", folder->branch);
	values = record_set_str(values, "remote_url", folder->remote_url);
	values = record_set_str(values, "script", folder->script);
	values = record_set_str(values, "device", folder->device);
	values = record_set_bool(values, "notebook", folder->notebook);
	values =
	    jv_object_set(values, jv_string("args"), jv_copy(folder->args));
	values =
	    jv_object_set(values, jv_string("keep"), jv_copy(folder->keep));
	values = jv_object_set(values, jv_string("pip"), jv_copy(folder->pip));
	values = jv_object_set(
	    values, jv_string("requirements"), jv_copy(folder->requirements));
	values = jv_object_set(values, jv_string("env"), jv_copy(folder->env));
	values = jv_object_set(values, jv_string("inputs"), inputs_of(folder));
	values = jv_object_set(values, jv_string("files"),
	    folder->files != NULL ? jv_string(folder->files) : jv_null());

	text = jv_dump_string(values,
	    JV_PRINT_ASCII | JV_PRINT_SORTED | JV_PRINT_PRETTY |
		JV_PRINT_INDENT_FLAGS(1));
	for (const char *at = jv_string_value(text); *at != '\0'; at++) {
		if (*at == '\'') /* in a string: elsewhere there is none */
			buf_adds(out, "\\u0027");
		else
			buf_addc(out, *at);
	}
	jv_free(text);
}

/* Appends kernel.py with these values in the place of its {}. */
static void
add_script(struct buf *out, const struct kernelfolder *folder)
{
	static const char place[] = "r'''{}'''";
	const char *program = (const char *)kernel_py;
	const char *end = program + sizeof(kernel_py);
	const char *at =
	    memmem(program, sizeof(kernel_py), place, strlen(place));

	if (at == NULL)
		die(STATUS_STREAM, "kernel.py has no place for values");
	at += strlen("r'''");
	buf_add(out, program, (size_t)(at - program));
	add_values(out, folder);
	at += strlen("{}");
	buf_add(out, at, (size_t)(end - at));
}

/* Appends a notebook, nbformat 4.5, whose one cell is the script. */
static void
add_notebook(struct buf *out, const struct buf *script)
{
	buf_adds(out,
	    "{\n"
	    " \"cells\": [\n"
	    "  {\n"
	    "   \"cell_type\": \"code\",\n"
	    "   \"execution_count\": null,\n"
	    "   \"id\": \"kgl-build\",\n"
	    "   \"metadata\": {},\n"
	    "   \"outputs\": [],\n"
	    "   \"source\": ");
	json_quote(out, (struct span){ script->at, script->len });
	buf_adds(out,
	    "\n"
	    "  }\n"
	    " ],\n"
	    " \"metadata\": {\n"
	    "  \"kernelspec\": {\n"
	    "   \"display_name\": \"Python 3\",\n"
	    "   \"language\": \"python\",\n"
	    "   \"name\": \"python3\"\n"
	    "  },\n"
	    "  \"language_info\": {\n"
	    "   \"name\": \"python\"\n"
	    "  }\n"
	    " },\n"
	    " \"nbformat\": 4,\n"
	    " \"nbformat_minor\": 5\n"
	    "}\n");
}

static void
add_text(struct buf *out, const char *field, const char *text)
{
	buf_addf(out, "%s\n  \"%s\": ", out->len == 0 ? "{" : ",", field);
	json_quote(out, span_of(text));
}

static void
add_flag(struct buf *out, const char *field, bool flag)
{
	buf_addf(out, ",\n  \"%s\": %s", field, flag ? "true" : "false");
}

/* Appends kernel-metadata.json, in the order of `kaggle kernels pull`. */
static void
add_metadata(
    struct buf *out, const struct kernelfolder *folder, const char *program)
{
	add_text(out, "id", folder->id);
	add_text(out, "title", folder->title);
	add_text(out, "code_file", program);
	add_text(out, "language", "python");
	add_text(out, "kernel_type", folder->notebook ? "notebook" : "script");
	add_flag(out, "is_private", !folder->is_public);
	add_flag(out, "enable_gpu", strcmp(folder->device, "gpu") == 0);
	add_flag(out, "enable_tpu", strcmp(folder->device, "tpu") == 0);
	add_flag(out, "enable_internet", folder->internet);
	for (int i = 0; i < LISTS; i++) {
		jv sources = sources_of(folder, i);
		jv text = jv_dump_string(sources, 0);

		buf_addf(out, ",\n  \"%s\": %s", lists[i].field,
		    jv_string_value(text));
		jv_free(text);
	}
	if (folder->accelerator != NULL)
		add_text(out, "machine_shape", folder->accelerator);
	buf_adds(out, "\n}\n");
}

/* Both files, the metadata last: a folder without is none to be pushed. */
static jv
write_files(const char *path, const char *program, const struct buf *text,
    const struct buf *metadata)
{
	char *metadata_path = file_join(path, "kernel-metadata.json");
	char *program_path = file_join(path, program);
	jv why = jv_null();

	(void)file_make_folders(path); /* if it failed, the next does too */
	if (unlink(metadata_path) != 0 && errno != ENOENT)
		why =
		    error_value("io", "%s: %s", metadata_path, strerror(errno));
	if (jv_is_valid(why))
		why = file_replace(program_path, text->at, text->len);
	if (jv_is_valid(why))
		why = file_replace(metadata_path, metadata->at, metadata->len);
	free(metadata_path);
	free(program_path);
	return why;
}

jv
kernelfolder_write(const struct kernelfolder *folder, const char *path)
{
	const char *program = folder->notebook ? "kernel.ipynb" : "kernel.py";
	struct buf text = { 0 }, notebook = { 0 }, metadata = { 0 };
	jv why;

	add_script(&text, folder);
	if (folder->notebook) {
		add_notebook(&notebook, &text);
		buf_release(&text);
		text = notebook;
	}
	add_metadata(&metadata, folder, program);
	if (text.len > KERNELFOLDER_MOST)
		why = error_value("input",
		    "the program would have %zu bytes, %zu more than a kernel "
		    "may have (%d)%s",
		    text.len, text.len - KERNELFOLDER_MOST, KERNELFOLDER_MOST,
		    folder->files != NULL
			? ": the commit's files are too many for --embed"
			: "");
	else
		why = write_files(path, program, &text, &metadata);
	buf_release(&text);
	buf_release(&metadata);
	return why;
}
