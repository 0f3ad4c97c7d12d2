/* SPDX-License-Identifier: MIT */
/* manifest: what was noted is known later, whatever happened between. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "kaggle/manifest.h"
#include "mem.h"
#include "record.h"

static char top[] = "/tmp/kwtools-manifest.XXXXXX";
static char *path; /* below top, made by the manifest */
static struct manifest *manifest;

static void
reopen(void)
{
	jv why;

	manifest_close(manifest);
	why = manifest_open(&manifest, path, "u/k");
	assert_true(jv_is_valid(why));
	jv_free(why);
}

static int
begin(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof(top), "/tmp/kwtools-manifest.XXXXXX");
	assert_non_null(mkdtemp(top));
	path = xasprintf("%s/a/b", top);
	manifest = NULL;
	reopen();
	return 0;
}

static int
end(void **state)
{
	static const char *const files[] = { "one", "two", ".kgl-output.json" };
	char *name;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlinkat(manifest_folder(manifest), files[i], 0);
	manifest_close(manifest);
	(void)rmdir(path);
	name = xasprintf("%s/a", top);
	(void)rmdir(name);
	free(name);
	free(path);
	return rmdir(top);
}

static void
put(const char *name, bool whole, const char *etag)
{
	struct manifest_entry entry = { .whole = whole,
		.bytes = 5,
		.version = 7,
		.sha256 = xstrdup("aa"),
		.etag = etag != NULL ? xstrdup(etag) : NULL };
	jv why = manifest_put(manifest, name, &entry);

	assert_true(jv_is_valid(why));
	jv_free(why);
	manifest_entry_release(&entry);
}

static void
assert_known(const char *name, bool whole, const char *etag)
{
	struct manifest_entry entry;

	assert_true(manifest_find(manifest, name, &entry));
	assert_int_equal(entry.whole, whole);
	assert_int_equal(entry.bytes, 5);
	assert_int_equal(entry.version, 7);
	if (whole)
		assert_string_equal(entry.sha256, "aa");
	else
		assert_null(entry.sha256);
	if (etag != NULL)
		assert_string_equal(entry.etag, etag);
	else
		assert_null(entry.etag);
	assert_null(entry.last_modified);
	manifest_entry_release(&entry);
}

static void
make_file(const char *name)
{
	int fd =
	    openat(manifest_folder(manifest), name, O_CREAT | O_WRONLY, 0666);

	assert_true(fd >= 0);
	close(fd);
}

static void
append(const char *text)
{
	int fd = openat(
	    manifest_folder(manifest), ".kgl-output.json", O_WRONLY | O_APPEND);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void
test_known_later(void **state)
{
	struct manifest_entry entry;

	(void)state;
	assert_false(manifest_find(manifest, "one", &entry));
	put("one", false, "\"1\"");
	assert_known("one", false, "\"1\"");
	put("two \"\\\n\xe2\x98\x83", true, NULL);
	put("one", true, "W/\"2\"");
	reopen();
	assert_known("one", true, "W/\"2\"");
	assert_known("two \"\\\n\xe2\x98\x83", true, NULL);
	assert_false(manifest_find(manifest, "three", &entry));
}

/* A line that was cut by a crash costs nothing but itself. */
static void
test_torn(void **state)
{
	struct manifest_entry entry;

	(void)state;
	put("one", true, NULL);
	append("{\"name\":\"two\",\"sha2");
	reopen();
	assert_false(manifest_find(manifest, "two", &entry));
	put("three", true, NULL);
	append("\n[]\nnonsense\n{\"name\":5}\n\n");
	reopen();
	assert_known("one", true, NULL);
	assert_known("three", true, NULL);
}

static void
test_many(void **state)
{
	enum { MANY = 5000 };
	char name[32];
	int i;

	(void)state;
	for (i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		put(name, i % 2 == 0, NULL);
	}
	reopen();
	for (i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		assert_known(name, i % 2 == 0, NULL);
		assert_true(manifest_see(manifest, name));
		assert_false(manifest_see(manifest, name));
	}
}

static void
test_settle(void **state)
{
	struct manifest_entry entry;
	char part[MANIFEST_PART];
	long long stale = -1;
	struct stat st;
	jv why;

	(void)state;
	put("one", true, NULL);  /* of an earlier session, and there */
	put("gone", true, NULL); /* and not there */
	put("two", true, NULL);  /* of this one */
	put("cut", false, NULL); /* of an earlier one, not finished */
	put("cut now", false, "\"1\"");
	make_file("one");
	make_file("two");
	manifest_part("cut", part);
	assert_memory_equal(part, ".kgl-", 5);
	make_file(part);
	reopen();
	assert_false(manifest_has(manifest, "cut now"));
	assert_true(manifest_has(manifest, "one"));
	manifest_see(manifest, "two");
	manifest_see(manifest, "cut now");
	manifest_see(manifest, "never fetched");
	assert_true(manifest_has(manifest, "never fetched"));
	why = manifest_settle(manifest, &stale);
	assert_true(jv_is_valid(why));
	assert_int_equal(stale, 1);
	assert_int_equal(fstatat(manifest_folder(manifest), part, &st, 0), -1);
	reopen();
	assert_known("one", true, NULL);
	assert_known("two", true, NULL);
	assert_known("cut now", false, "\"1\"");
	assert_false(manifest_find(manifest, "gone", &entry));
	assert_false(manifest_find(manifest, "cut", &entry));
	assert_false(manifest_find(manifest, "never fetched", &entry));
}

static void
assert_refused(const char *kernel, const char *code, bool temporary)
{
	struct manifest *other = manifest;
	jv why = manifest_open(&other, path, kernel), record;

	assert_null(other);
	assert_string_equal(error_code(why), code);
	record = record_error(jv_object(), why);
	why = record_get(record, "error");
	assert_int_equal(record_true(why, "temporary"), temporary);
	jv_free(why);
	jv_free(record);
}

static void
test_refused(void **state)
{
	char *name;

	(void)state;
	put("one", true, NULL);
	assert_refused("u/k", "conflict", true);
	manifest_close(manifest);
	manifest = NULL;
	assert_refused("u/other", "conflict", false);
	reopen();
	unlinkat(manifest_folder(manifest), ".kgl-output.json", 0);
	assert_int_equal(symlinkat("/dev/null", manifest_folder(manifest),
			     ".kgl-output.json"),
	    0);
	manifest_close(manifest);
	manifest = NULL;
	assert_refused("u/k", "io", false);
	name = xasprintf("%s/.kgl-output.json", path);
	assert_int_equal(unlink(name), 0);
	free(name);
	reopen();
}

/* A folder in which nothing came to be does not stay. */
static void
test_nothing(void **state)
{
	struct stat st;

	(void)state;
	manifest_see(manifest, "one");
	manifest_close(manifest);
	assert_int_equal(stat(path, &st), -1);
	manifest = NULL;
	reopen();
}

int
main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		EACH(test_known_later),
		EACH(test_torn),
		EACH(test_many),
		EACH(test_settle),
		EACH(test_refused),
		EACH(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
