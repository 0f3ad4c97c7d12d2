/* SPDX-License-Identifier: MIT */
/*
 * sandbox/store - what kw-sandbox holds: one sqlite database
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/server.h"
#include "sandbox/store.h"

enum { PIECE = 256 * 1024 }; /* bytes of a big thing in one row */

struct statement {
	const char *sql;
	sqlite3_stmt *stmt;
};

struct store {
	sqlite3 *db;
	struct statement *statements;
	size_t count;
};

static const char prepare[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
    "CREATE TABLE IF NOT EXISTS big ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, size INTEGER);"
    "CREATE TABLE IF NOT EXISTS piece ("
    " big INTEGER, n INTEGER, bytes BLOB, PRIMARY KEY (big, n)) WITHOUT ROWID;";

static void
check(struct store *store, int status)
{
	if (status != SQLITE_OK && status != SQLITE_DONE &&
	    status != SQLITE_ROW)
		die(STATUS_STREAM, "store: %s", sqlite3_errmsg(store->db));
}

struct store *
store_open(const char *path)
{
	struct store *store = xcalloc(1, sizeof *store);
	char why[256];

	/* The empty name: a temporary file, in memory while it is small. */
	if (sqlite3_open(path != NULL ? path : "", &store->db) == SQLITE_OK &&
	    sqlite3_exec(store->db, prepare, NULL, NULL, NULL) == SQLITE_OK)
		return store;
	(void)snprintf(why, sizeof why, "%s", sqlite3_errmsg(store->db));
	store_close(store);
	die(STATUS_USAGE, "%s: %s", path != NULL ? path : "the store", why);
}

void
store_close(struct store *store)
{
	for (size_t i = 0; i < store->count; i++)
		sqlite3_finalize(store->statements[i].stmt);
	free(store->statements);
	sqlite3_close(store->db);
	free(store);
}

void
store_script(struct store *store, const char *sql)
{
	check(store, sqlite3_exec(store->db, sql, NULL, NULL, NULL));
}

void
store_clear(struct store *store)
{
	struct buf sql = { 0 };
	sqlite3_stmt *row = store_query(
	    store, "SELECT name FROM sqlite_schema WHERE type = 'table'", "");

	while (store_row(row))
		buf_addf(&sql, "DELETE FROM \"%s\";", store_text(row, 0));
	if (sql.len > 0)
		store_script(store, sql.at);
	buf_release(&sql);
}

void
store_begin(struct store *store)
{
	store_do(store, "BEGIN", "");
}

void
store_commit(struct store *store)
{
	store_do(store, "COMMIT", "");
}

void
store_rollback(struct store *store)
{
	store_do(store, "ROLLBACK", "");
}

/* The statement for a literal, made at its first use. */
static sqlite3_stmt *
statement(struct store *store, const char *sql)
{
	struct statement *new;

	for (size_t i = 0; i < store->count; i++)
		if (store->statements[i].sql == sql)
			return store->statements[i].stmt;
	store->statements = xreallocarray(
	    store->statements, store->count + 1, sizeof *store->statements);
	new = &store->statements[store->count++];
	new->sql = sql;
	check(store,
	    sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
		&new->stmt, NULL));
	return new->stmt;
}

static int
bind_json(sqlite3_stmt *stmt, int at, jv value)
{
	jv text = jv_dump_string(value, 0);
	int status = sqlite3_bind_text64(stmt, at, jv_string_value(text),
	    (sqlite3_uint64)jv_string_length_bytes(jv_copy(text)),
	    SQLITE_TRANSIENT, SQLITE_UTF8);

	jv_free(text);
	return status;
}

/* sqlite takes a NULL pointer for NULL, an empty span is not that. */
static const char *
bytes_of(struct span span)
{
	return span.at != NULL ? span.at : "";
}

static sqlite3_stmt *
begin(struct store *store, const char *sql, const char *types, va_list args)
{
	sqlite3_stmt *stmt = statement(store, sql);
	struct span span;

	sqlite3_reset(stmt);
	for (int at = 1; *types != '\0'; at++, types++) {
		int status = SQLITE_MISUSE;

		switch (*types) {
		case 's':
			status = sqlite3_bind_text(stmt, at,
			    va_arg(args, const char *), -1, SQLITE_TRANSIENT);
			break;
		case 't':
			span = va_arg(args, struct span);
			status = sqlite3_bind_text64(stmt, at, bytes_of(span),
			    span.len, SQLITE_TRANSIENT, SQLITE_UTF8);
			break;
		case 'b':
			span = va_arg(args, struct span);
			status = sqlite3_bind_blob64(stmt, at, bytes_of(span),
			    span.len, SQLITE_TRANSIENT);
			break;
		case 'i':
			status = sqlite3_bind_int64(
			    stmt, at, va_arg(args, long long));
			break;
		case 'd':
			status =
			    sqlite3_bind_double(stmt, at, va_arg(args, double));
			break;
		case 'j':
			status = bind_json(stmt, at, va_arg(args, jv));
			break;
		}
		check(store, status);
	}
	return stmt;
}

sqlite3_stmt *
store_query(struct store *store, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list args;

	va_start(args, types);
	stmt = begin(store, sql, types, args);
	va_end(args);
	return stmt;
}

bool
store_row(sqlite3_stmt *row)
{
	int status = sqlite3_step(row);

	if (status == SQLITE_ROW)
		return true;
	if (status != SQLITE_DONE)
		die(STATUS_STREAM, "store: %s",
		    sqlite3_errmsg(sqlite3_db_handle(row)));
	sqlite3_reset(row);
	return false;
}

void
store_done(sqlite3_stmt *row)
{
	sqlite3_reset(row);
}

int
store_do(struct store *store, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list args;

	va_start(args, types);
	stmt = begin(store, sql, types, args);
	va_end(args);
	while (store_row(stmt))
		continue;
	return sqlite3_changes(store->db);
}

long long
store_number(struct store *store, long long otherwise, const char *sql,
    const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list args;

	va_start(args, types);
	stmt = begin(store, sql, types, args);
	va_end(args);
	if (store_row(stmt)) {
		if (sqlite3_column_type(stmt, 0) != SQLITE_NULL)
			otherwise = sqlite3_column_int64(stmt, 0);
		store_done(stmt);
	}
	return otherwise;
}

struct span
store_span(sqlite3_stmt *row, int column)
{
	const char *at = sqlite3_column_blob(row, column);

	return (struct span){ at != NULL ? at : "",
		(size_t)sqlite3_column_bytes(row, column) };
}

const char *
store_text(sqlite3_stmt *row, int column)
{
	return (const char *)sqlite3_column_text(row, column);
}

jv
store_string(sqlite3_stmt *row, int column)
{
	struct span text;

	if (sqlite3_column_type(row, column) == SQLITE_NULL)
		return jv_null();
	text = store_span(row, column);
	return jv_string_sized(text.at, (int)text.len);
}

jv
store_json(sqlite3_stmt *row, int column)
{
	struct span text = store_span(row, column);
	jv value = jv_parse_sized(text.at, (int)text.len);

	if (jv_is_valid(value))
		return value;
	jv_free(value);
	return jv_null();
}

long long
store_last(struct store *store)
{
	return sqlite3_last_insert_rowid(store->db);
}

long long
store_put(struct store *store, struct span bytes)
{
	long long id;

	store_do(store, "INSERT INTO big (size) VALUES (?)", "i",
	    (long long)bytes.len);
	id = store_last(store);
	for (long long n = 0; bytes.len > 0; n++) {
		struct span piece = bytes;

		if (piece.len > PIECE)
			piece.len = PIECE;
		store_do(store,
		    "INSERT INTO piece (big, n, bytes) VALUES (?, ?, ?)", "iib",
		    id, n, piece);
		bytes.at += piece.len;
		bytes.len -= piece.len;
	}
	return id;
}

void
store_drop(struct store *store, long long id)
{
	store_do(store, "DELETE FROM big WHERE id = ?", "i", id);
	store_do(store, "DELETE FROM piece WHERE big = ?", "i", id);
}

long long
store_size(struct store *store, long long id)
{
	return store_number(
	    store, -1, "SELECT size FROM big WHERE id = ?", "i", id);
}

long
store_get(
    struct store *store, long long id, long long at, void *bytes, size_t len)
{
	size_t skip = (size_t)(at % PIECE);
	sqlite3_stmt *row = store_query(store,
	    "SELECT bytes FROM piece WHERE big = ? AND n = ?", "ii", id,
	    at / PIECE);
	struct span piece;

	if (!store_row(row))
		return 0;
	piece = store_span(row, 0);
	if (skip >= piece.len)
		len = 0;
	else if (len > piece.len - skip)
		len = piece.len - skip;
	memcpy(bytes, piece.at + skip, len);
	store_done(row);
	return (long)len;
}

struct kept {
	struct store *store;
	long long id;
};

static long
kept_read(void *context, long long at, void *bytes, size_t len)
{
	const struct kept *kept = context;

	return store_get(kept->store, kept->id, at, bytes, len);
}

struct content
store_content(struct store *store, long long id)
{
	struct kept *kept = xcalloc(1, sizeof *kept);

	kept->store = store;
	kept->id = id;
	return (struct content){ .size = store_size(store, id),
		.ranges = true,
		.read = kept_read,
		.close = free,
		.context = kept };
}
