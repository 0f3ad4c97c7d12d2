/* SPDX-License-Identifier: MIT */
/*
 * artifactls - what artifacts there are: records, as the server's pages come
 */
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "wandb/artifactcontents.h"
#include "wandb/artifactls.h"

/* A list that comes page by page. */
struct list {
	struct wandb *wandb;
	const struct deadline *deadline;
	const char *operation, *query;
	const char *connection; /* where in the data it is */
	const char *whole;      /* what is there if the list is */
	/* Takes a node, which it borrows. jv_null(), or an error_value(). */
	jv (*take)(struct list *list, jv node);
	const struct artifact_name *name;
	artifact_take *give;
	const char *type;
	char *entity; /* the server's; NULL while it is not known */
};

static jv
each(struct list *list, jv edges)
{
	jv why = jv_null();

	for (int i = 0; jv_is_valid(why) && i < jv_array_length(jv_copy(edges));
	     i++) {
		jv edge = jv_array_get(jv_copy(edges), i);
		jv node = record_get(edge, "node");

		why = list->take(list, node);
		jv_free(node);
		jv_free(edge);
	}
	return why;
}

/* Whether a page is one, and says where the next begins if there is one. */
static bool
is_page(jv found, jv edges, bool more, jv end)
{
	/* Of a type that is not there is no list. */
	return jv_get_kind(found) != JV_KIND_OBJECT ||
	    (jv_get_kind(edges) == JV_KIND_ARRAY &&
		(!more || jv_get_kind(end) == JV_KIND_STRING));
}

/* Takes a page; *after becomes where the next begins, or null. */
static jv
take_page(struct list *list, jv data, jv *after)
{
	jv whole = artifact_member(data, list->whole);
	jv found = artifact_member(data, list->connection);
	jv entity = artifact_member(data, "project.entity.name");
	jv edges = record_get(found, "edges");
	jv page = record_get(found, "pageInfo");
	jv end = record_get(page, "endCursor");
	bool there = jv_get_kind(whole) == JV_KIND_OBJECT;
	bool goes_on = record_true(page, "hasNextPage");
	jv why;

	if (list->entity == NULL && jv_get_kind(entity) == JV_KIND_STRING)
		list->entity = xstrdup(jv_string_value(entity));
	if (!there)
		why = error_value("not_found",
		    "%s%s%s: there is no such %s, or no right to see it",
		    list->name->project, list->name->name != NULL ? "/" : "",
		    list->name->name != NULL ? list->name->name : "",
		    list->name->name != NULL ? "artifact" : "project");
	else if (!is_page(found, edges, goes_on, end))
		why = error_value("unavailable",
		    "%s: the answer is no page of a list", list->operation);
	else if (goes_on && jv_equal(jv_copy(end), jv_copy(*after)))
		why = error_value("unavailable",
		    "%s: the server's pages go round in circles",
		    list->operation);
	else
		why = jv_get_kind(edges) == JV_KIND_ARRAY ? each(list, edges)
							  : jv_null();
	jv_free(*after);
	*after = goes_on ? jv_copy(end) : jv_null();
	jv_free(entity);
	jv_free(edges);
	jv_free(page);
	jv_free(end);
	jv_free(found);
	jv_free(whole);
	return why;
}

static jv
walk(struct list *list, jv variables)
{
	jv after = jv_null(), why = jv_null(), data;

	do {
		jv_free(why);
		data = wandb_ask(list->wandb, list->operation, list->query,
		    jv_object_set(
			jv_copy(variables), jv_string("after"), jv_copy(after)),
		    true, list->deadline);
		why = jv_is_valid(data) ? take_page(list, data, &after)
					: jv_copy(data);
		jv_free(data);
	} while (jv_is_valid(why) && jv_get_kind(after) == JV_KIND_STRING);
	jv_free(after);
	jv_free(variables);
	free(list->entity);
	list->entity = NULL;
	return why;
}

static jv
variables_of(const struct artifact_name *name)
{
	jv v = record_set_str(jv_object(), "entityName", name->entity);

	v = record_set_str(v, "projectName", name->project);
	return record_set_str(v, "name", name->name);
}

/* ---- collections ---- */

static jv
take_collection(struct list *list, jv node)
{
	const char *name = record_str(node, "name");
	jv rec = jv_object(), latest = record_get(node, "latestArtifact");

	if (name == NULL) {
		jv_free(rec);
		jv_free(latest);
		return error_value("unavailable", "a collection without name");
	}
	rec = jv_object_set(rec, jv_string("artifact"),
	    jv_string_fmt("%s/%s/%s", list->entity != NULL ? list->entity : "",
		list->name->project, name));
	rec = record_set_str(rec, "type", list->type);
	rec = record_take(rec, "description", node, "description");
	rec = record_take(rec, "created_at", node, "createdAt");
	rec = record_take(rec, "version", latest, "versionIndex");
	rec = record_take(rec, "digest", latest, "digest");
	list->give(rec);
	jv_free(latest);
	return jv_null();
}

static const char collections_query[] =
    "query ArtifactCollections($entityName: String, $projectName: String!, "
    "$type: String!, $after: String) {"
    " project(name: $projectName, entityName: $entityName) { entity { name }"
    " artifactType(name: $type) {"
    " artifactCollections(first: 100, after: $after) {"
    " edges { node { __typename name description createdAt"
    " ... on ArtifactSequence { latestArtifact { versionIndex digest } } } }"
    " pageInfo { endCursor hasNextPage } } } } }";

static jv
ls_type(struct list *of, const char *type)
{
	struct list list = { of->wandb, of->deadline, "ArtifactCollections",
		collections_query, "project.artifactType.artifactCollections",
		"project", take_collection, of->name, of->give, type, NULL };

	return walk(
	    &list, record_set_str(variables_of(of->name), "type", type));
}

static jv
take_type(struct list *list, jv node)
{
	const char *type = record_str(node, "name");

	return type != NULL ? ls_type(list, type)
			    : error_value("unavailable", "a type without name");
}

static jv
ls_project(struct wandb *wandb, const struct artifact_name *name,
    const char *type, const struct deadline *deadline, artifact_take *take)
{
	struct list list = { wandb, deadline, "ArtifactTypes",
		"query ArtifactTypes($entityName: String, "
		"$projectName: String!, $after: String) {"
		" project(name: $projectName, entityName: $entityName) {"
		" entity { name } artifactTypes(first: 100, after: $after) {"
		" edges { node { name } }"
		" pageInfo { endCursor hasNextPage } } } }",
		"project.artifactTypes", "project", take_type, name, take, NULL,
		NULL };

	return type != NULL ? ls_type(&list, type)
			    : walk(&list, variables_of(name));
}

/* ---- versions ---- */

static jv
take_version(struct list *list, jv node)
{
	if (jv_get_kind(node) == JV_KIND_OBJECT)
		list->give(artifact_describe(jv_object(), node));
	return jv_null();
}

static jv
ls_versions(struct wandb *wandb, const struct artifact_name *name,
    const struct deadline *deadline, artifact_take *take)
{
	struct list list = { wandb, deadline, "ArtifactVersions",
		"query ArtifactVersions($entityName: String, "
		"$projectName: String!, $name: String!, $after: String) {"
		" project(name: $projectName, entityName: $entityName) {"
		" artifactCollection(name: $name) { __typename"
		" artifacts(first: 100, after: $after) {"
		" edges { node {" ARTIFACT_FIELDS " } }"
		" pageInfo { endCursor hasNextPage } } } } }",
		"project.artifactCollection.artifacts",
		"project.artifactCollection", take_version, name, take, NULL,
		NULL };

	return walk(&list, variables_of(name));
}

/* ---- files ---- */

static jv
file_record(const char *artifact, const struct contents_entry *entry)
{
	jv rec = record_set_str(jv_object(), "artifact", artifact);

	rec = jv_object_set(rec, jv_string("name"),
	    jv_string_sized(entry->path.at, (int)entry->path.len));
	rec = record_set_number(rec, "bytes", (double)entry->size);
	rec = jv_object_set(rec, jv_string("digest"),
	    jv_string_sized(entry->digest.at, (int)entry->digest.len));
	if (entry->kind == CHECKSUM_XXH128)
		rec = record_set_str(rec, "digest_algorithm", "XXH128");
	if (entry->ref.len > 0)
		rec = jv_object_set(rec, jv_string("ref"),
		    jv_string_sized(entry->ref.at, (int)entry->ref.len));
	return rec;
}

static jv
ls_files(struct wandb *wandb, const struct artifact_name *name,
    bool (*wanted)(const char *path), const struct deadline *deadline,
    artifact_take *take)
{
	jv node = artifact_find(wandb, name, deadline), its, why;
	struct artifact_contents contents;

	if (!jv_is_valid(node))
		return node;
	its = artifact_describe(jv_object(), node);
	why = artifact_contents(wandb, &contents, node, deadline);
	for (size_t i = 0; jv_is_valid(why) && i < contents.count; i++) {
		const struct contents_entry *entry = &contents.at[i];
		char *path = xstrndup(entry->path.at, entry->path.len);

		if (wanted(path))
			take(file_record(record_str(its, "artifact"), entry));
		free(path);
	}
	artifact_contents_release(&contents);
	jv_free(its);
	jv_free(node);
	return why;
}

jv
artifact_ls(struct wandb *wandb, const struct artifact_ls *ls, const char *text,
    const struct deadline *deadline, artifact_take *take)
{
	const char *slash = strchr(text, '/');
	bool is_artifact = strchr(text, ':') != NULL ||
	    (slash != NULL && strchr(slash + 1, '/') != NULL);
	struct artifact_name name;
	jv why = is_artifact
	    ? artifact_name_parse(&name, text, ls->entity, ls->project)
	    : artifact_name_parse_project(&name, text, ls->entity);

	if (!jv_is_valid(why))
		return why;
	jv_free(why);
	if (name.name == NULL)
		why = ls_project(wandb, &name, ls->type, deadline, take);
	else if (name.alias == NULL)
		why = ls_versions(wandb, &name, deadline, take);
	else
		why = ls_files(wandb, &name, ls->wanted, deadline, take);
	artifact_name_release(&name);
	return why;
}
