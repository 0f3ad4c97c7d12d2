/* SPDX-License-Identifier: MIT */
/*
 * sandbox/store: what was put in comes out, in parts, and not after a rollback
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox/server.h"
#include "sandbox/store.h"

enum { SIZE = 600 * 1000 };

static void
test_big(void **state)
{
	struct store *store = store_open(NULL);
	char *bytes = xcalloc(1, SIZE), part[1000];
	struct content content;
	long long id;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (char)(i * 7919 >> 8);
	(void)store_put(store, (struct span){ "", 0 });
	id = store_put(store, (struct span){ bytes, SIZE });
	assert_int_equal(store_size(store, id), SIZE);

	for (long long at = 0; at < SIZE;) {
		long got = store_get(store, id, at, part, sizeof part);

		assert_in_range(got, 1, sizeof part);
		assert_memory_equal(part, bytes + at, (size_t)got);
		at += got;
	}
	assert_int_equal(store_get(store, id, SIZE, part, 1), 0);

	content = store_content(store, id);
	assert_int_equal(content.size, SIZE);
	assert_int_equal(
	    content.read(content.context, 262143, part, sizeof part), 1);
	assert_int_equal(part[0], bytes[262143]);
	content.close(content.context);

	store_drop(store, id);
	assert_int_equal(store_size(store, id), -1);
	assert_int_equal(store_get(store, id, 0, part, 1), 0);
	free(bytes);
	store_close(store);
}

static void
test_rows(void **state)
{
	struct store *store = store_open(NULL);
	sqlite3_stmt *row;

	(void)state;
	store_script(store, "CREATE TABLE t (a TEXT, b INTEGER, c TEXT)");
	store_begin(store);
	assert_int_equal(
	    store_do(store, "INSERT INTO t VALUES (?, ?, ?)", "sij", NULL, 1LL,
		jv_array_append(jv_array(), jv_number(2))),
	    1);
	store_commit(store);
	store_begin(store);
	store_do(store, "UPDATE t SET b = 5", "");
	store_rollback(store);

	row = store_query(store, "SELECT a, b, c FROM t", "");
	assert_true(store_row(row));
	assert_null(store_text(row, 0));
	assert_int_equal(sqlite3_column_int(row, 1), 1);
	assert_true(jv_equal(
	    store_json(row, 2), jv_array_append(jv_array(), jv_number(2))));
	assert_false(store_row(row));

	store_clear(store);
	assert_int_equal(
	    store_number(store, -1, "SELECT count(*) FROM t", ""), 0);
	assert_int_equal(
	    store_number(store, -1, "SELECT max(b) FROM t", ""), -1);
	store_close(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_big),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
