/* SPDX-License-Identifier: MIT */
/* safepath: names that leave the folder do not, however they try. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

#include "safepath.h"

static char folder[] = "/tmp/kwtools-safepath.XXXXXX";
static int fd;

static int
make_folder(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	fd = open(folder, O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	assert_int_equal(mkdirat(fd, "inside", 0777), 0);
	assert_int_equal(mkdirat(fd, "outside", 0777), 0);
	assert_int_equal(mkdirat(fd, "outside/below", 0777), 0);
	assert_int_equal(symlinkat("../outside", fd, "inside/link"), 0);
	assert_int_equal(symlinkat("nowhere", fd, "inside/dangling"), 0);
	assert_int_equal(symlinkat("loop", fd, "inside/loop"), 0);
	close(openat(fd, "inside/file", O_CREAT | O_WRONLY, 0666));
	close(fd);
	return 0;
}

static int
remove_folder(void **state)
{
	static const char *const files[] = { "inside/link", "inside/dangling",
		"inside/loop", "inside/file" };
	static const char *const folders[] = { "inside/new/er", "inside/new",
		"inside/\\..\\x", "inside", "outside/below", "outside", "" };
	int base = open(folder, O_RDONLY | O_DIRECTORY);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlinkat(base, files[i], 0);
	for (i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		unlinkat(base, folders[i], AT_REMOVEDIR);
	close(base);
	return rmdir(folder);
}

static void
test_refuse(void **state)
{
	static const char *const bad[] = { "", "/", "/a", "//", "a/", "a//b",
		".", "..", "./a", "../a", "a/.", "a/..", "a/./b", "a/../b",
		"a/b/../../../c", "/.." };
	static const char *const good[] = { "a", "a/b", "...", ".a", "..a",
		"a..", "a/...", "a/.b/..c", "-", "a\\..\\b", "\\", "C:\\a", " ",
		"~", "a b/\xe2\x98\x83", "\n" };
	char deep[PATH_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_non_null(safepath_refuse(bad[i], strlen(bad[i])));
	for (i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_null(safepath_refuse(good[i], strlen(good[i])));
	assert_non_null(safepath_refuse("a\0b", 3));
	assert_non_null(safepath_refuse("a\0", 2));
	for (i = 0; i < sizeof(deep); i++)
		deep[i] = i % 2 == 0 ? 'a' : '/';
	assert_null(safepath_refuse(deep, sizeof(deep) - 2));
	assert_non_null(safepath_refuse(deep, sizeof(deep)));
	/* The bytes count, not what stands behind them. */
	assert_null(safepath_refuse("a/../..", 1));
	assert_non_null(safepath_refuse("a/..b", 4));
}

/* Asserts that name's folder is opened, and is the one of that path. */
static void
assert_parent(int base, const char *name, bool make, const char *want)
{
	const char *last;
	struct stat got, wanted;
	int parent = safepath_parent(base, name, make, &last);

	assert_true(parent >= 0);
	assert_int_equal(fstat(parent, &got), 0);
	assert_int_equal(fstatat(base, want, &wanted, 0), 0);
	assert_true(got.st_ino == wanted.st_ino);
	assert_string_equal(
	    last, strrchr(name, '/') ? strrchr(name, '/') + 1 : name);
	assert_true(fcntl(parent, F_GETFD) & FD_CLOEXEC);
	close(parent);
}

static void
assert_refused(int base, const char *name, bool make, int why)
{
	const char *last;

	errno = 0;
	assert_int_equal(safepath_parent(base, name, make, &last), -1);
	assert_int_equal(errno, why);
}

static void
test_parent(void **state)
{
	char path[sizeof(folder) + sizeof("/inside")], name[300];
	struct stat st;
	int base;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/inside", folder);
	base = open(path, O_RDONLY | O_DIRECTORY);
	assert_true(base >= 0);

	assert_parent(base, "a", false, ".");
	assert_refused(base, "new/er/a", false, ENOENT);
	assert_parent(base, "new/er/a", true, "new/er");
	assert_parent(base, "new/er/a", true, "new/er");
	assert_parent(base, "new/er/a", false, "new/er");
	assert_parent(base, "\\..\\x/a", true, "\\..\\x");

	assert_refused(base, "link/a", false, ELOOP);
	assert_refused(base, "link/a", true, ELOOP);
	assert_refused(base, "link/below/a", true, ELOOP);
	assert_refused(base, "link/made/a", true, ELOOP);
	assert_refused(base, "dangling/a", true, ELOOP);
	assert_refused(base, "loop/a", true, ELOOP);
	assert_refused(base, "file/a", true, ENOTDIR);
	assert_refused(base, "file/a", false, ENOTDIR);
	/* Nothing was made where the links lead. */
	assert_int_equal(fstatat(base, "../outside/made", &st, 0), -1);
	assert_int_equal(fstatat(base, "nowhere", &st, 0), -1);

	memset(name, 'n', sizeof(name));
	memcpy(name + 256, "/a", 3);
	assert_refused(base, name, true, ENAMETOOLONG);
	close(base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_parent),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
