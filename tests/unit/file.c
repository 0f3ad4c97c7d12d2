/* SPDX-License-Identifier: MIT */
/* file: whole files come and go whole, and errors name them. */
#include <dirent.h>
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

#include "file.h"
#include "record.h"

static char folder[] = "/tmp/kw-file-XXXXXX";

static void
assert_good(jv why)
{
	if (!jv_is_valid(why))
		fail_msg("%s", error_message(why));
	jv_free(why);
}

static void
assert_error(jv why, const char *code, const char *words)
{
	assert_string_equal(error_code(why), code);
	assert_non_null(strstr(error_message(why), words));
	jv_free(why);
}

static int
count_entries(void)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static void
test_replace_and_read(void **state)
{
	char *path = file_join(folder, "a file");
	struct buf buf = { 0 };
	struct stat st;
	mode_t mask = umask(027);

	(void)state;
	assert_good(file_replace(path, "one\0two", 7));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	buf_adds(&buf, "> ");
	assert_good(file_read(path, 7, &buf));
	assert_int_equal(buf.len, 9);
	assert_memory_equal(buf.at, "> one\0two", 10);

	assert_int_equal(chmod(path, 0600), 0);
	assert_good(file_replace(path, "", 0));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600); /* as it was */
	assert_int_equal(st.st_size, 0);
	buf_clear(&buf);
	assert_good(file_read(path, 0, &buf));
	assert_int_equal(buf.len, 0);
	assert_int_equal(count_entries(), 1);
	umask(mask);
	buf_release(&buf);
	unlink(path);
	free(path);
}

static void
test_read_limits(void **state)
{
	enum { SIZE = 300000 };
	char *path = file_join(folder, "big"), *bytes = calloc(1, SIZE);
	struct buf buf = { 0 };

	(void)state;
	assert_good(file_replace(path, bytes, SIZE));
	buf_adds(&buf, "x");
	assert_error(file_read(path, SIZE - 1, &buf), "io", path);
	assert_string_equal(buf.at, "x"); /* nothing was appended */
	assert_good(file_read(path, SIZE, &buf));
	assert_int_equal(buf.len, 1 + SIZE);
	/* Its size is not known beforehand. */
	buf_clear(&buf);
	assert_good(file_read("/proc/self/status", 1 << 20, &buf));
	assert_true(buf.len > 100);
	buf_release(&buf);
	unlink(path);
	free(path);
	free(bytes);
}

static void
test_failures(void **state)
{
	struct buf buf = { 0 };
	char *path = file_join(folder, "none/x"), *pipe;

	(void)state;
	assert_error(file_read(path, 10, &buf), "not_found", path);
	assert_error(file_read(folder, 10, &buf), "io", folder);
	pipe = file_join(folder, "pipe");
	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_error(file_read(pipe, 10, &buf), "io", pipe);
	unlink(pipe);
	free(pipe);
	assert_int_equal(buf.len, 0);
	assert_error(file_replace(path, "x", 1), "io", path);
	free(path);

	/* Not over a folder, and nothing is left beside it. */
	path = file_join(folder, "dir");
	assert_int_equal(mkdir(path, 0700), 0);
	assert_error(file_replace(path, "x", 1), "io", path);
	assert_int_equal(count_entries(), 1);
	rmdir(path);
	free(path);
	buf_release(&buf);
}

static void
test_join(void **state)
{
	static const char *const cases[][3] = {
		{ "a", "b", "a/b" },
		{ "a/", "b/c", "a/b/c" },
		{ "/", "b", "/b" },
		{ "", "b", "b" },
		{ ".", "b", "b" },
		{ "..", "b", "../b" },
		{ "a", "/b", "/b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *path = file_join(cases[i][0], cases[i][1]);

		assert_string_equal(path, cases[i][2]);
		free(path);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replace_and_read),
		cmocka_unit_test(test_read_limits),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_join),
	};
	int failures;

	if (mkdtemp(folder) == NULL)
		return 99;
	failures = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failures;
}
