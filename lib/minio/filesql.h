/* SPDX-License-Identifier: MIT */
/*
 * filesql - rows of the table `files` as SQL for MariaDB and MySQL
 *
 * One transaction, which a client that stops anywhere leaves undone. It can be
 * repeated, and applied again behind a newer one: what it says is held against
 * the time of each row. Names are compared byte by byte, whatever the table's
 * collation, and text travels as hex, whatever sql_mode is.
 */
#ifndef MINIO_FILESQL_H
#define MINIO_FILESQL_H

#include "mem.h"
#include "minio/filerow.h"

struct filesql {
	struct buf out;      /* to be written to standard output */
	struct buf run_rows; /* of the two statements that are being made */
	struct buf rows;
	struct buf path; /* the run of the last row */
	long runs;
	long created;
	long removed;
};

/* What the last line says, which the client prints behind the COMMIT. */
struct filesql_end {
	bool complete;  /* all lines of the input could be read */
	long unknown;   /* events of projects that are not known */
	long others;    /* events of other buckets or runs */
	long disagreed; /* objects that are not as the events say */
};

void filesql_begin(struct filesql *sql);
/* A row; those of one run come together. */
void filesql_row(struct filesql *sql, const struct filerow *row);
/* The rest, and the COMMIT. */
void filesql_end(
    struct filesql *sql, const char *bucket, const struct filesql_end *end);

#endif
