/* SPDX-License-Identifier: MIT */
/* sandbox/wandb_node - rows as objects, ids, pages, settings, violations */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "digest.h"
#include "record.h"
#include "sandbox/wandb_parts.h"

static jv
column(sqlite3_stmt *row, int i, const char *name, size_t len)
{
	char time[CLOCK_TEXT];

	switch (sqlite3_column_type(row, i)) {
	case SQLITE_INTEGER:
	case SQLITE_FLOAT:
		if (len > 2 && strcmp(name + len - 2, "At") == 0)
			return jv_string(
			    clock_format(sqlite3_column_double(row, i), time));
		return jv_number(sqlite3_column_double(row, i));
	case SQLITE_NULL:
		return jv_null();
	default:
		return name[len - 1] == '*' ? store_json(row, i)
					    : store_string(row, i);
	}
}

jv
wb_node(sqlite3_stmt *row)
{
	jv node = jv_object();

	for (int i = 0; i < sqlite3_column_count(row); i++) {
		const char *name = sqlite3_column_name(row, i);
		size_t len = strlen(name);
		jv value = column(row, i, name, len);

		if (name[len - 1] == '*')
			len--;
		node =
		    jv_object_set(node, jv_string_sized(name, (int)len), value);
	}
	return node;
}

jv
wb_node_of(sqlite3_stmt *row)
{
	jv node;

	if (!store_row(row))
		return jv_null();
	node = wb_node(row);
	store_done(row);
	return node;
}

jv
wb_nodes_of(sqlite3_stmt *row)
{
	jv nodes = jv_array();

	while (store_row(row))
		nodes = jv_array_append(nodes, wb_node(row));
	return nodes;
}

struct request *
wb_request(const struct gql *gql)
{
	return gql_context(gql);
}

struct store *
wb_store(const struct gql *gql)
{
	return wb_request(gql)->store;
}

char *
wb_id(const char *kind, const char *format, ...)
{
	char rest[1000], *text, *id;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(rest, sizeof(rest), format, args); /* cut is fine */
	va_end(args);
	text = xasprintf("%s:%s", kind, rest);
	id = digest_base64(text, strlen(text));
	free(text);
	return id;
}

long long
wb_number(jv node, const char *field)
{
	return record_int(node, field, 0);
}

const char *
wb_text(jv node, const char *field)
{
	return record_str(node, field);
}

char *
wb_setting(struct store *store, const char *name, const char *otherwise)
{
	sqlite3_stmt *row = store_query(
	    store, "SELECT value FROM wb_setting WHERE name = ?", "s", name);
	char *value = NULL;

	if (store_row(row)) {
		value = xstrdup(store_text(row, 0));
		store_done(row);
	} else if (otherwise != NULL) {
		value = xstrdup(otherwise);
	}
	return value;
}

void
wb_set(struct store *store, const char *name, const char *value)
{
	(void)store_do(store, "REPLACE INTO wb_setting VALUES(?, ?)", "ss",
	    name, value); /* one row always */
}

long long
wb_project(
    struct store *store, const char *entity, const char *project, bool create)
{
	char *own = NULL;
	long long id;

	if (entity == NULL || *entity == '\0')
		entity = own = wb_setting(store, "entity", "tester");
	if (project == NULL || *project == '\0')
		project = "uncategorized";
	id = store_number(store, 0,
	    "SELECT key FROM wb_project WHERE entity = ? AND name = ?", "ss",
	    entity, project);
	if (id == 0 && create) {
		(void)store_do(store,
		    "INSERT INTO wb_project(entity, name, createdAt) "
		    "VALUES(?, ?, ?)",
		    "ssd", entity, project, clock_now());
		id = store_last(store);
	}
	free(own);
	return id;
}

void
wb_violation(struct request *request, long long run, const char *format, ...)
{
	char text[1000];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* cut is fine */
	va_end(args);
	request_violation(request, "%s", text);
	if (run != 0)
		(void)store_do(request->store,
		    "INSERT INTO wb_violation(run, text) VALUES(?, ?)", "is",
		    run, text); /* one row always */
}

static jv
cursor(long long place)
{
	char *text = wb_id("cursor", "%lld", place);
	jv out = jv_string(text);

	free(text);
	return out;
}

jv
wb_page(jv nodes, jv args, int otherwise)
{
	long long first = record_int(args, "first", otherwise);
	const char *after = wb_text(args, "after");
	int count = jv_array_length(jv_copy(nodes)), at = 0;
	jv edges = jv_array(), info, mark = jv_null();

	/* A cursor is the number of nodes up to it. */
	for (int i = 1; after != NULL && *after != '\0' && i <= count; i++) {
		jv this = cursor(i);

		if (strcmp(jv_string_value(this), after) == 0)
			at = i;
		jv_free(this);
	}
	if (first < 0)
		first = 0;
	if (first > 5000)
		first = 5000;
	for (; at < count && first > 0; first--) {
		jv edge = jv_object(), node = jv_array_get(jv_copy(nodes), at);

		jv_free(mark);
		mark = cursor(++at);
		edge = jv_object_set(edge, jv_string("cursor"), jv_copy(mark));
		edges = jv_array_append(
		    edges, jv_object_set(edge, jv_string("node"), node));
	}
	jv_free(nodes);
	info = record_set_bool(jv_object(), "hasNextPage", at < count);
	info = jv_object_set(info, jv_string("endCursor"), mark);
	info =
	    jv_object_set(record_set_number(jv_object(), "totalCount", count),
		jv_string("pageInfo"), info);
	return jv_object_set(info, jv_string("edges"), edges);
}
