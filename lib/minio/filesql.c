/* SPDX-License-Identifier: MIT */
/*
 * filesql - rows of the table `files` as SQL for MariaDB and MySQL
 */
#include <stdlib.h>

#include "minio/filesql.h"

enum { STATEMENT = 1 << 18 }; /* bytes; max_allowed_packet is MiB */

/*
 * Temporary tables, so that nothing else is locked while they are filled. The
 * runs have the columns of `files`, types and collation, to use its index.
 * STRICT: what does not fit is an error, and not cut. REPEATABLE READ: what is
 * not there when it is looked for is not there when it is inserted.
 */
static const char head[] =
    "-- Rows for the table `files` of a self-hosted W&B server (0.52.2).\n"
    "-- W&B supports no such thing. Before the first time, take a copy:\n"
    "--     mariadb-dump wandb_local files runs\n"
    "-- All of it is done when the line \"wb-events-sql: committed\" comes,\n"
    "-- and nothing if the client ends before. Never use --force.\n"
    "SET NAMES utf8mb4;\n"
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION';\n"
    "SET SESSION time_zone = '+00:00';\n"
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ;\n"
    "DROP TEMPORARY TABLE IF EXISTS kw_runs, kw_events, kw_rows;\n"
    "CREATE TEMPORARY TABLE kw_runs (\n"
    "    r INT UNSIGNED NOT NULL DEFAULT 0 PRIMARY KEY,\n"
    "    entity VARBINARY(1024) NOT NULL DEFAULT '',\n"
    "    project VARBINARY(1024) NOT NULL DEFAULT '',\n"
    "    run VARBINARY(1024) NOT NULL DEFAULT '')\n"
    "    SELECT project_id, run_name FROM files LIMIT 0;\n"
    "CREATE TEMPORARY TABLE kw_events (n INT UNSIGNED NOT NULL PRIMARY KEY,\n"
    "    r INT UNSIGNED NOT NULL, removed TINYINT NOT NULL,\n"
    "    at VARBINARY(23) NOT NULL, size BIGINT NOT NULL,\n"
    "    is_md5 TINYINT NOT NULL, etag BLOB NOT NULL, type BLOB NOT NULL,\n"
    "    name VARBINARY(1024) NOT NULL,\n"
    "    meta MEDIUMTEXT CHARACTER SET utf8mb4, KEY (r, name(255)));\n"
    "CREATE TEMPORARY TABLE kw_rows (n INT UNSIGNED NOT NULL,\n"
    "    id BIGINT UNSIGNED NOT NULL, live TINYINT NOT NULL,\n"
    "    same TINYINT NOT NULL, at VARBINARY(64) NOT NULL,\n"
    "    PRIMARY KEY (n, id));\n";

/* What is there already; at is when a row was last written or removed. */
#define META "CONVERT(f.meta USING utf8mb4)"
#define META_OF(name) \
	"JSON_EXTRACT(IF(JSON_VALID(" META "), " META ", '{}'), '$." name "')"
#define BYTES(text) "CAST(CONVERT(" text " USING utf8mb4) AS BINARY)"
#define SAME(name)           \
	BYTES(META_OF(name)) \
	" =\n        " BYTES("JSON_EXTRACT(t.meta, '$." name "')")
static const char match[] =
    "START TRANSACTION;\n"
    "INSERT INTO kw_rows SELECT t.n, f.id, f.deleted_at IS NULL,\n"
    "    COALESCE(" SAME(
	"etag") "\n"
		"        AND " SAME(
		    "size") "\n"
			    "        AND " BYTES(
				"f.mimetype") " = t.type, 0),\n"
					      "    GREATEST(COALESCE(IF(JSON_UNQUOTE(" META_OF(
						  "updated") ")\n"
							     "            LIKE '____-__-__T%',\n"
							     "        CAST(LEFT(TRIM(TRAILING 'Z' FROM\n"
							     "            JSON_UNQUOTE(" META_OF(
								 "updated") ")), 64)\n"
									    "            AS BINARY), ''), ''),\n"
									    "        COALESCE(CAST(DATE_FORMAT(f.deleted_at,\n"
									    "            '%Y-%m-%dT%H:%i:%s') AS BINARY), ''))\n"
									    "    FROM kw_runs r STRAIGHT_JOIN files f\n"
									    "    ON f.project_id = r.project_id AND f.run_name = r.run_name\n"
									    "        AND " BYTES(
										"f.run_name") " = r.run\n"
											      "    STRAIGHT_JOIN kw_events t\n"
											      "    ON t.r = r.r AND t.name = " BYTES(
												  "f.name") "\n"
													    "    FOR UPDATE;\n";

/*
 * Rows that are there: written again, brought back, removed. The time of a
 * removal goes into meta, as deleted_at has no fraction of a second.
 */
#define WRITE                                                \
	"f.updated_at = UTC_TIMESTAMP(), f.meta = t.meta,\n" \
	"    f.mimetype = CONVERT(t.type USING utf8mb4)"
static const char change[] =
    "UPDATE files f JOIN kw_rows m ON f.id = m.id\n"
    "    JOIN kw_events t ON t.n = m.n SET " WRITE "\n"
    "    WHERE t.removed = 0 AND m.live = 1\n"
    "        AND (t.at > m.at OR (t.at = m.at AND m.same = 0));\n"
    "SET @kw_updated = ROW_COUNT();\n"
    "UPDATE files f JOIN (SELECT n, MAX(id) AS id, MAX(at) AS at\n"
    "    FROM kw_rows GROUP BY n HAVING MAX(live) = 0) m ON f.id = m.id\n"
    "    JOIN kw_events t ON t.n = m.n SET f.deleted_at = NULL, " WRITE "\n"
    "    WHERE t.removed = 0 AND t.at > m.at;\n"
    "SET @kw_revived = ROW_COUNT();\n"
    "UPDATE files f JOIN kw_rows m ON f.id = m.id\n"
    "    JOIN kw_events t ON t.n = m.n SET f.updated_at = UTC_TIMESTAMP(),\n"
    "    f.deleted_at = CAST(CONVERT(LEFT(t.at, 19) USING utf8mb4)\n"
    "        AS DATETIME),\n"
    "    f.meta = IF(JSON_VALID(" META "), JSON_SET(" META ",\n"
    "        '$.updated', CONCAT(CONVERT(t.at USING utf8mb4), 'Z')), t.meta)\n"
    "    WHERE t.removed = 1 AND t.at > m.at;\n"
    "SET @kw_removed = ROW_COUNT();\n";

/* Appends text as a literal. */
static void
add_hex(struct buf *out, struct span text)
{
	static const char hex[] = "0123456789abcdef";
	char *at;

	if (text.len == 0) {
		buf_adds(out, "''");
		return;
	}
	buf_reserve(out, 2 * text.len + 3);
	at = out->at + out->len;
	*at++ = 'X';
	*at++ = '\'';
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.at[i];

		*at++ = hex[byte >> 4];
		*at++ = hex[byte & 15];
	}
	*at++ = '\'';
	*at = '\0';
	out->len = (size_t)(at - out->at);
}

void
filesql_begin(struct filesql *sql)
{
	*sql = (struct filesql){ 0 };
	buf_adds(&sql->out, head);
}

/* Ends a statement that is being made, of which there are some rows. */
static void
end_rows(struct filesql *sql, const char *insert, struct buf *rows)
{
	if (rows->len == 0)
		return;
	buf_adds(&sql->out, insert);
	buf_add(&sql->out, rows->at, rows->len);
	buf_adds(&sql->out, ";\n");
	buf_clear(rows);
	filerow_write(&sql->out, false);
}

static void
end_events(struct filesql *sql)
{
	end_rows(sql,
	    "INSERT INTO kw_events (n, r, removed, at, size, is_md5, etag, "
	    "type, name) VALUES\n",
	    &sql->rows);
}

static void
end_runs(struct filesql *sql)
{
	end_rows(sql,
	    "INSERT INTO kw_runs (r, entity, project, run, project_id, "
	    "run_name) VALUES\n",
	    &sql->run_rows);
}

static void
add_run(struct filesql *sql, const struct filerow *row)
{
	struct buf *out = &sql->run_rows;

	buf_clear(&sql->path);
	buf_add(&sql->path, row->whole_key.at,
	    row->whole_key.len - row->key.name.len);
	buf_adds(out, out->len > 0 ? ",\n(" : "(");
	buf_add_whole(out, ++sql->runs);
	buf_addc(out, ',');
	add_hex(out, row->key.entity);
	buf_addc(out, ',');
	add_hex(out, row->key.project);
	buf_addc(out, ',');
	add_hex(out, row->key.run);
	buf_addc(out, ',');
	buf_add(out, row->project_id.at, row->project_id.len);
	buf_adds(out, ",_utf8mb4 ");
	add_hex(out, row->key.run);
	buf_addc(out, ')');
	if (out->len > STATEMENT)
		end_runs(sql);
}

void
filesql_row(struct filesql *sql, const struct filerow *row)
{
	size_t path_len = row->whole_key.len - row->key.name.len;
	struct buf *rows = &sql->rows;

	if (sql->path.len != path_len ||
	    memcmp(sql->path.at, row->whole_key.at, path_len) != 0)
		add_run(sql, row);
	buf_adds(rows, rows->len > 0 ? ",\n(" : "(");
	buf_add_whole(rows, sql->created + sql->removed + 1);
	buf_addc(rows, ',');
	buf_add_whole(rows, sql->runs);
	buf_adds(rows, row->removed ? ",1," : ",0,");
	add_hex(rows, span_of(row->at));
	buf_addc(rows, ',');
	buf_add_whole(rows, row->size);
	buf_adds(rows, row->md5 != NULL ? ",1," : ",0,");
	add_hex(rows, row->etag);
	buf_addc(rows, ',');
	add_hex(rows, row->type);
	buf_addc(rows, ',');
	add_hex(rows, row->key.name);
	buf_addc(rows, ')');
	if (row->removed)
		sql->removed++;
	else
		sql->created++;
	if (rows->len > STATEMENT)
		end_events(sql);
}

/* The text of `meta`; the server makes it, so that names travel once. */
static void
add_meta(struct buf *out, struct span bucket)
{
	buf_adds(out,
	    "UPDATE kw_events t JOIN kw_runs r ON r.r = t.r\n"
	    "    SET t.meta = JSON_OBJECT('md5', CONVERT(IF(t.is_md5 = 1,\n"
	    "        TO_BASE64(UNHEX(t.etag)), '') USING utf8mb4),\n"
	    "    'etag', CONVERT(t.etag USING utf8mb4), 'size', t.size,\n"
	    "    'name', CONVERT(CONCAT(r.entity, '/', r.project, '/', r.run,\n"
	    "        '/', t.name) USING utf8mb4),\n"
	    "    'bucket', _utf8mb4 ");
	add_hex(out, bucket);
	buf_adds(out,
	    ", 'crc32c', '',\n"
	    "    'updated', CONCAT(CONVERT(t.at USING utf8mb4), 'Z'),\n"
	    "    'generation', 'null',\n"
	    "    'contentType', CONVERT(t.type USING utf8mb4));\n");
}

/* What is not there yet. */
static void
add_insert(struct buf *out, struct span bucket)
{
	buf_adds(out,
	    "INSERT INTO files (created_at, updated_at, name, mimetype,\n"
	    "    project_id, run_name, meta, storage_bucket,\n"
	    "    storage_entity_name, storage_project_name,\n"
	    "    storage_run_name, storage_file_name)\n"
	    "    SELECT UTC_TIMESTAMP(), UTC_TIMESTAMP(),\n"
	    "    CONVERT(t.name USING utf8mb4), CONVERT(t.type USING utf8mb4),\n"
	    "    r.project_id, CONVERT(r.run USING utf8mb4), t.meta, _utf8mb4 ");
	add_hex(out, bucket);
	buf_adds(out,
	    ",\n"
	    "    CONVERT(r.entity USING utf8mb4),\n"
	    "    CONVERT(r.project USING utf8mb4),\n"
	    "    CONVERT(r.run USING utf8mb4), CONVERT(t.name USING utf8mb4)\n"
	    "    FROM kw_events t JOIN kw_runs r ON r.r = t.r\n"
	    "    LEFT JOIN kw_rows m ON m.n = t.n\n"
	    "    WHERE t.removed = 0 AND m.n IS NULL ORDER BY t.n;\n"
	    "SET @kw_inserted = ROW_COUNT();\n");
}

void
filesql_end(
    struct filesql *sql, const char *bucket, const struct filesql_end *end)
{
	char *url = xasprintf("s3://%s", bucket);
	struct buf *out = &sql->out;

	end_runs(sql);
	end_events(sql);
	add_meta(out, span_of(url));
	buf_adds(out, match);
	buf_adds(out, change);
	add_insert(out, span_of(url));
	buf_addf(out,
	    "COMMIT;\n"
	    "SELECT CONCAT('wb-events-sql: committed complete=%d created=%ld "
	    "removed=%ld unknown=%ld others=%ld disagreed=%ld inserted=',\n"
	    "    @kw_inserted,"
	    "    ' updated=', @kw_updated, ' revived=', @kw_revived,\n"
	    "    ' marked=', @kw_removed) AS result;\n",
	    end->complete, sql->created, sql->removed, end->unknown,
	    end->others, end->disagreed);
	filerow_write(out, true);
	free(url);
	buf_release(out);
	buf_release(&sql->run_rows);
	buf_release(&sql->rows);
	buf_release(&sql->path);
}
