/* SPDX-License-Identifier: MIT */
/*
 * sandbox/store - what kw-sandbox holds: one sqlite database
 *
 * Without a file it is a temporary one that sqlite keeps in memory while it is
 * small, and which is gone at the end. With one: WAL, synchronous=NORMAL.
 * The server opens a transaction for each request.
 *
 * Failures of sqlite end the program: a sandbox that forgets is of no use.
 */
#ifndef SANDBOX_STORE_H
#define SANDBOX_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include <jv.h>
#include <sqlite3.h>

#include "mem.h"

struct content;
struct store;

/* path NULL: a temporary one. Status 2 if it cannot be used. */
struct store *store_open(const char *path);
void store_close(struct store *store);

/* Statements without parameters, such as CREATE TABLE IF NOT EXISTS. */
void store_script(struct store *store, const char *sql);

/* Empties all tables. */
void store_clear(struct store *store);

void store_begin(struct store *store);
void store_commit(struct store *store);
void store_rollback(struct store *store);

/*
 * Begins a statement; its rows are got by store_row(). sql must be a literal:
 * statements are kept by its address. One statement is not begun again while
 * its rows are being read. types has a letter for each parameter:
 *
 *	s  const char *, NULL is NULL     t  struct span, as text
 *	i  long long                      b  struct span, as a blob
 *	d  double                         j  jv as JSON text; consumed
 */
sqlite3_stmt *store_query(
    struct store *store, const char *sql, const char *types, ...);

/* Whether there is a (further) row. After false the statement is at rest. */
bool store_row(sqlite3_stmt *row);

/* Puts a statement to rest before its last row. */
void store_done(sqlite3_stmt *row);

/* Does a statement that has no rows. Returns the rows it changed. */
int store_do(struct store *store, const char *sql, const char *types, ...);

/* The first column of the first row as a number; otherwise without one. */
long long store_number(struct store *store, long long otherwise,
    const char *sql, const char *types, ...);

/* Columns of the present row, until the next one. */
struct span store_span(sqlite3_stmt *row, int column); /* NULL is empty */
const char *store_text(sqlite3_stmt *row, int column); /* NULL is NULL */
jv store_string(sqlite3_stmt *row, int column);        /* NULL is null */
jv store_json(sqlite3_stmt *row, int column); /* parsed; null if it is none */

/* The id of the last row that was inserted. */
long long store_last(struct store *store);

/* ---- things too big for a column: kept in pieces ---- */

/* Keeps bytes; returns their id. */
long long store_put(struct store *store, struct span bytes);
void store_drop(struct store *store, long long id);

/* Its size, or -1 if there is none. */
long long store_size(struct store *store, long long id);

/* Up to len bytes from at on; returns how many. */
long store_get(
    struct store *store, long long id, long long at, void *bytes, size_t len);

/* For reply_content(): size, read, close and context; ranges is set. */
struct content store_content(struct store *store, long long id);

#endif
