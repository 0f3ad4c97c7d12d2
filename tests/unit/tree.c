/* SPDX-License-Identifier: MIT */
/* keys and tree: texts by number, JSON values at paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wandb/keys.h"
#include "wandb/tree.h"

enum { PATH_MOST = 8 };

/* Splits a|b|c. */
static size_t
split(const char *text, struct span path[PATH_MOST])
{
	size_t depth = 0, len;

	for (;; text += len + 1) {
		len = strcspn(text, "|");
		path[depth++] = (struct span){ text, len };
		if (text[len] == '\0')
			return depth;
	}
}

static bool
put(struct tree *tree, const char *at, const char *json)
{
	struct span path[PATH_MOST];

	return tree_put(tree, path, split(at, path), span_of(json));
}

static bool
merge(struct tree *tree, const char *at, const char *json)
{
	struct span path[PATH_MOST];

	return tree_merge(tree, path, split(at, path), span_of(json));
}

static void
take(struct tree *tree, const char *at)
{
	struct span path[PATH_MOST];

	tree_remove(tree, path, split(at, path));
}

static void
assert_tree(const struct tree *tree, const char *json)
{
	struct buf out = { 0 };

	tree_write(tree, &out);
	assert_string_equal(out.at, json);
	buf_release(&out);
}

static void
test_keys(void **state)
{
	struct keys keys = { 0 };
	char text[20];
	size_t i;

	(void)state;
	assert_int_equal(keys_find(&keys, span_of("a")), 0);
	for (i = 0; i < 1000; i++) {
		(void)snprintf(text, sizeof(text), "metric/%zu", i * 7919);
		assert_int_equal(keys_find(&keys, span_of(text)), i);
		assert_int_equal(keys_add(&keys, span_of(text)), i);
		assert_int_equal(keys_add(&keys, span_of(text)), i);
	}
	assert_int_equal(keys_add(&keys, span_of("")), 1000);
	assert_int_equal(keys_add(&keys, (struct span){ "a\0b", 3 }), 1001);
	assert_int_equal(keys_add(&keys, (struct span){ "a\0c", 3 }), 1002);
	assert_int_equal(keys_find(&keys, span_of("metric/0")), 0);
	assert_int_equal(keys_find(&keys, span_of("metric/7911081")), 999);
	assert_int_equal(keys_find(&keys, span_of("")), 1000);
	assert_int_equal(keys_find(&keys, span_of("a")), keys.count);
	assert_true(span_is(keys_at(&keys, 1), "metric/7919"));
	keys_clear(&keys);
	assert_int_equal(keys_find(&keys, span_of("metric/0")), 0);
	assert_int_equal(keys_add(&keys, span_of("b")), 0);
	keys_release(&keys);
	assert_int_equal(keys.count, 0);
}

static void
test_put(void **state)
{
	struct tree *tree = tree_new();

	(void)state;
	assert_true(tree_is_empty(tree));
	assert_tree(tree, "{}");
	assert_true(put(tree, "b", "1"));
	assert_true(put(tree, "a|x", " \"two\" "));
	assert_true(put(tree, "", "NaN"));
	assert_true(put(tree, "q\"\n", "9007199254740993"));
	assert_false(tree_is_empty(tree));
	assert_tree(tree,
	    "{\"b\":1,\"a\":{\"x\":\"two\"},\"\":NaN,"
	    "\"q\\\"\\n\":9007199254740993}");
	/* An object is one leaf. */
	assert_true(put(tree, "b", "{\"c\":{},\"c\":[1.50]}"));
	assert_tree(tree,
	    "{\"b\":{\"c\":{},\"c\":[1.50]},\"a\":{\"x\":\"two\"},\"\":NaN,"
	    "\"q\\\"\\n\":9007199254740993}");
	tree_free(tree);
}

static void
test_put_refuses(void **state)
{
	static const char *const bad[] = { "", " ", "nan", "01", "1 2", "{",
		"\"a", "[1,]", "{\"a\":1,}", "\"\xff\"", "-", "tru" };
	struct tree *tree = tree_new();
	struct span deep[501];
	size_t i;

	(void)state;
	assert_true(put(tree, "a", "1"));
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_false(put(tree, "a", bad[i]));
		assert_false(merge(tree, "a", bad[i]));
	}
	assert_false(tree_put(tree, deep, 0, span_of("1")));
	assert_false(tree_merge(tree, deep, 0, span_of("{}")));
	for (i = 0; i < 501; i++)
		deep[i] = span_of("d");
	assert_false(tree_put(tree, deep, 501, span_of("1")));
	assert_tree(tree, "{\"a\":1}");
	assert_true(tree_put(tree, deep, 500, span_of("1")));
	assert_int_equal(tree_leaf(tree, deep, 500).len, 1);
	tree_remove(tree, deep, 500);
	assert_tree(tree, "{\"a\":1}");
	tree_free(tree);
}

static void
test_replace(void **state)
{
	struct tree *tree = tree_new();

	(void)state;
	(void)put(tree, "a|b|c", "1");
	(void)put(tree, "a|b|d", "2");
	assert_tree(tree, "{\"a\":{\"b\":{\"c\":1,\"d\":2}}}");
	(void)put(tree, "a|b", "5");
	assert_tree(tree, "{\"a\":{\"b\":5}}");
	(void)put(tree, "a|b|e", "6"); /* c and d do not come back */
	assert_tree(tree, "{\"a\":{\"b\":{\"e\":6}}}");
	(void)put(tree, "a", "7");
	assert_tree(tree, "{\"a\":7}");
	tree_free(tree);
}

static void
test_merge(void **state)
{
	struct tree *tree = tree_new();

	(void)state;
	assert_true(merge(tree, "a", "{\"b\":{\"c\":1},\"x\":[{\"y\":1}]}"));
	assert_true(merge(tree, "a", "{\"b\":{\"d\":2, \"e\\u00e9\\n\":{ }}}"));
	assert_tree(
	    tree, "{\"a\":{\"b\":{\"c\":1,\"d\":2},\"x\":[{\"y\":1}]}}");
	assert_true(merge(tree, "a|b", "{\"\\\"k\\\"\":{\"\\u0041\":true}}"));
	assert_true(merge(tree, "a|x", "0"));
	assert_tree(tree,
	    "{\"a\":{\"b\":{\"c\":1,\"d\":2,\"\\\"k\\\"\":{\"A\":true}},"
	    "\"x\":0}}");
	assert_true(merge(tree, "a", "{\"b\":3}"));
	assert_true(merge(tree, "n", "{}"));
	assert_true(merge(tree, "a|x", "{\"y\":{}}"));
	assert_tree(tree, "{\"a\":{\"b\":3,\"x\":0}}");
	assert_true(merge(tree, "d", "{\"k\":1,\"k\":2}"));
	assert_tree(tree, "{\"a\":{\"b\":3,\"x\":0},\"d\":{\"k\":2}}");
	tree_free(tree);
}

static void
test_remove(void **state)
{
	struct tree *tree = tree_new();

	(void)state;
	(void)put(tree, "a|b|c", "1");
	(void)put(tree, "a|b|d", "2");
	(void)put(tree, "e.f", "{\"g\":1}");
	take(tree, "a|b|x");
	take(tree, "a|b|c|x"); /* below a leaf */
	take(tree, "e|f");
	take(tree, "e.f|g"); /* within a leaf */
	take(tree, "z");
	assert_tree(
	    tree, "{\"a\":{\"b\":{\"c\":1,\"d\":2}},\"e.f\":{\"g\":1}}");
	take(tree, "a|b|d");
	assert_tree(tree, "{\"a\":{\"b\":{\"c\":1}},\"e.f\":{\"g\":1}}");
	take(tree, "a|b|c"); /* and its parents */
	assert_tree(tree, "{\"e.f\":{\"g\":1}}");
	(void)put(tree, "a|b|d", "3");
	(void)put(tree, "a|h", "4");
	take(tree, "a");
	take(tree, "e.f");
	assert_true(tree_is_empty(tree));
	tree_free(tree);
}

static void
test_leaf(void **state)
{
	struct tree *tree = tree_new();
	struct span path[PATH_MOST];

	(void)state;
	(void)put(tree, "a|b", "12");
	assert_true(span_is(tree_leaf(tree, path, split("a|b", path)), "12"));
	assert_int_equal(tree_leaf(tree, path, split("a", path)).len, 0);
	assert_int_equal(tree_leaf(tree, path, split("a|b|c", path)).len, 0);
	assert_int_equal(tree_leaf(tree, path, split("x", path)).len, 0);
	assert_int_equal(tree_leaf(tree, path, 0).len, 0);
	take(tree, "a|b");
	assert_int_equal(tree_leaf(tree, path, split("a|b", path)).len, 0);
	tree_free(tree);
}

static void
test_clear(void **state)
{
	struct tree *tree = tree_new();
	char key[20];
	size_t i;

	(void)state;
	for (i = 0; i < 10000; i++) {
		(void)snprintf(key, sizeof(key), "%zu|x", i);
		(void)put(tree, key, "1");
	}
	tree_clear(tree);
	assert_tree(tree, "{}");
	(void)put(tree, "7|y", "2");
	assert_tree(tree, "{\"7\":{\"y\":2}}");
	tree_clear(tree); /* frees what nobody uses */
	(void)put(tree, "7|x", "3");
	assert_tree(tree, "{\"7\":{\"x\":3}}");
	tree_free(tree);
}

static void
collect(void *context, struct span key, struct span json)
{
	struct buf *out = context;

	buf_addf(
	    out, "%.*s=%.*s;", (int)key.len, key.at, (int)json.len, json.at);
}

static void
test_each(void **state)
{
	struct tree *tree = tree_new();
	struct buf out = { 0 };

	(void)state;
	(void)put(tree, "a\n|b", "1");
	(void)put(tree, "gone", "2");
	(void)put(tree, "c", "\"x\"");
	take(tree, "gone");
	tree_each(tree, collect, &out);
	assert_string_equal(out.at, "a\n={\"b\":1};c=\"x\";");
	buf_release(&out);
	tree_free(tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_put_refuses),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_leaf),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
