/* SPDX-License-Identifier: MIT */
/*
 * artifactname - an artifact by its name: entity/project/name:alias
 */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "record.h"
#include "wandb/artifactname.h"

enum { NAME_MOST = 128, PARTS = 3 };

void
artifact_name_release(struct artifact_name *name)
{
	free(name->entity);
	free(name->project);
	free(name->name);
	free(name->alias);
	*name = (struct artifact_name){ 0 };
}

/* The parts of a text between slashes; 0 if one is empty or too many. */
static size_t
split(const char *text, struct span part[PARTS])
{
	size_t count = 0;

	for (;;) {
		size_t len = strcspn(text, "/");

		if (len == 0 || count == PARTS)
			return 0;
		part[count++] = (struct span){ text, len };
		if (text[len] == '\0')
			return count;
		text += len + 1;
	}
}

static char *
copy(struct span part)
{
	return xstrndup(part.at, part.len);
}

jv
artifact_name_parse(struct artifact_name *name, const char *text,
    const char *entity, const char *project)
{
	struct span part[PARTS], last;
	size_t count = split(text, part);
	const char *colon;

	*name = (struct artifact_name){ 0 };
	if (count == 0)
		return error_value("input",
		    "\"%s\" is no artifact: give ENTITY/PROJECT/NAME:ALIAS",
		    text);
	last = part[count - 1];
	colon = memchr(last.at, ':', last.len);
	if (colon != NULL) {
		size_t len = (size_t)(colon - last.at);

		name->alias = xstrndup(colon + 1, last.len - len - 1);
		last.len = len;
	}
	if (last.len == 0 || (colon != NULL && *name->alias == '\0')) {
		artifact_name_release(name);
		return error_value("input",
		    "\"%s\" is no artifact: a part of it is empty", text);
	}
	name->name = copy(last);
	if (count == PARTS)
		name->entity = copy(part[0]);
	else if (entity != NULL)
		name->entity = xstrdup(entity);
	if (count >= 2)
		name->project = copy(part[count - 2]);
	else if (project != NULL)
		name->project = xstrdup(project);
	if (name->project != NULL)
		return jv_null();
	artifact_name_release(name);
	return error_value("input",
	    "%s: its project is not known: give ENTITY/PROJECT/NAME, -p or "
	    "WANDB_PROJECT",
	    text);
}

jv
artifact_name_parse_project(
    struct artifact_name *name, const char *text, const char *entity)
{
	struct span part[PARTS];
	size_t count = split(text, part);

	*name = (struct artifact_name){ 0 };
	if (count == 0 || count == PARTS)
		return error_value(
		    "input", "\"%s\" is no project: give ENTITY/PROJECT", text);
	if (count == 2)
		name->entity = copy(part[0]);
	else if (entity != NULL)
		name->entity = xstrdup(entity);
	name->project = copy(part[count - 1]);
	return jv_null();
}

const char *
artifact_name_refuse(const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

	if (*name == '\0')
		return "it is empty";
	if (strlen(name) > NAME_MOST)
		return "it has more than 128 characters";
	if (name[strspn(name, good)] != '\0')
		return "it may have letters, digits and _-. only";
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return "it means a folder";
	return NULL;
}

jv
artifact_member(jv from, const char *path)
{
	jv value = jv_copy(from);

	while (*path != '\0') {
		size_t len = strcspn(path, ".");
		char *name = xstrndup(path, len);
		jv next = record_get(value, name);

		jv_free(value);
		value = next;
		free(name);
		path += len;
		path += *path == '.';
	}
	return value;
}

static jv
aliases_of(jv node)
{
	jv list = record_get(node, "aliases"), names = jv_array();

	for (int i = 0; jv_get_kind(list) == JV_KIND_ARRAY &&
	     i < jv_array_length(jv_copy(list));
	     i++) {
		jv one = jv_array_get(jv_copy(list), i);
		jv alias = record_get(one, "alias");

		if (jv_get_kind(alias) == JV_KIND_STRING)
			names = jv_array_append(names, alias);
		else
			jv_free(alias);
		jv_free(one);
	}
	jv_free(list);
	return names;
}

/* One that may be a string, as numbers of 64 bits are. */
static long long
number_of(jv node, const char *field)
{
	const char *text = record_str(node, field);

	return text != NULL ? strtoll(text, NULL, 10)
			    : record_int(node, field, 0);
}

jv
artifact_describe(jv rec, jv node)
{
	jv type = record_get(node, "artifactType");
	jv sequence = record_get(node, "artifactSequence");
	jv project = record_get(sequence, "project");
	jv entity = record_get(project, "entity");
	const char *e = record_str(entity, "name");
	const char *p = record_str(project, "name");
	const char *n = record_str(sequence, "name");
	long long version = record_int(node, "versionIndex", -1);
	char *name = xasprintf("%s/%s/%s", e != NULL ? e : "",
	    p != NULL ? p : "", n != NULL ? n : "");

	/* What is not whole need not have a number yet. */
	rec = version < 0 ? record_set_str(rec, "artifact", name)
			  : jv_object_set(rec, jv_string("artifact"),
				jv_string_fmt("%s:v%lld", name, version));
	if (version >= 0)
		rec = record_set_number(rec, "version", (double)version);
	rec = record_take(rec, "digest", node, "digest");
	rec = record_take(rec, "type", type, "name");
	rec = record_take(rec, "state", node, "state");
	rec = jv_object_set(rec, jv_string("aliases"), aliases_of(node));
	rec = record_set_number(
	    rec, "files", (double)number_of(node, "fileCount"));
	rec = record_set_number(rec, "bytes", (double)number_of(node, "size"));
	rec = record_take(rec, "created_at", node, "createdAt");
	free(name);
	jv_free(entity);
	jv_free(project);
	jv_free(sequence);
	jv_free(type);
	return rec;
}

static const char find_query[] =
    "query ArtifactByName($entityName: String, $projectName: String!, "
    "$name: String!) {"
    " project(name: $projectName, entityName: $entityName) {"
    " artifact(name: $name) {" ARTIFACT_FIELDS
    " currentManifest { file { directUrl } } } } }";

jv
artifact_find(struct wandb *wandb, const struct artifact_name *name,
    const struct deadline *deadline)
{
	char *full = xasprintf(
	    "%s:%s", name->name, name->alias != NULL ? name->alias : "latest");
	jv v = record_set_str(jv_object(), "entityName", name->entity);
	jv data, node;

	v = record_set_str(v, "projectName", name->project);
	data = wandb_ask(wandb, "ArtifactByName", find_query,
	    record_set_str(v, "name", full), true, deadline);
	if (!jv_is_valid(data)) {
		free(full);
		return data;
	}
	node = artifact_member(data, "project.artifact");
	jv_free(data);
	if (jv_get_kind(node) != JV_KIND_OBJECT ||
	    record_str(node, "id") == NULL) {
		jv_free(node);
		node = error_value("not_found",
		    "%s%s%s/%s: there is no such artifact, or no right to see "
		    "it",
		    name->entity != NULL ? name->entity : "",
		    name->entity != NULL ? "/" : "", name->project, full);
	}
	free(full);
	return node;
}
