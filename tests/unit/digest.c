/* SPDX-License-Identifier: MIT */
/* digest: known sums, and what of a file is summed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "digest.h"

static int
file_with(const char *text)
{
	char path[] = "/tmp/kw-digest-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

/* RFC 1321, A.5; FIPS 180-2, B.1. */
static void
test_known_sums(void **state)
{
	char md5[DIGEST_MD5_TEXT], sha256[DIGEST_SHA256_TEXT];
	int fd = file_with("abcdef");

	(void)state;
	assert_true(digest_file(fd, 3, md5, sha256));
	assert_string_equal(md5, "kAFQmDzST7DWlj99KOF/cg==");
	assert_string_equal(sha256,
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 6); /* where it was */
	assert_true(digest_file(fd, 0, md5, NULL));
	assert_string_equal(md5, "1B2M2Y8AsgTpgAmY7PhCfg==");
	assert_true(digest_file(fd, 0, NULL, sha256));
	assert_string_equal(sha256,
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	close(fd);
}

/* FIPS 180-2, B.3: a million times a, which is more than one read. */
static void
test_pieces(void **state)
{
	char sha256[DIGEST_SHA256_TEXT], *text = malloc(1000001);
	int fd;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', 1000000);
	text[1000000] = '\0';
	fd = file_with(text);
	free(text);
	assert_true(digest_file(fd, 1000000, NULL, sha256));
	assert_string_equal(sha256,
	    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	close(fd);
}

static void
test_failures(void **state)
{
	char md5[DIGEST_MD5_TEXT];
	int fd = file_with("abc");

	(void)state;
	errno = 0;
	assert_false(digest_file(fd, 4, md5, NULL));
	assert_int_equal(errno, EIO);
	close(fd);
	assert_false(digest_file(-1, 4, md5, NULL));
	assert_int_equal(errno, EBADF);
}

/* RFC 4648, 10. */
static void
test_base64(void **state)
{
	static const char *const wanted[] = { "", "Zg==", "Zm8=", "Zm9v",
		"Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };

	(void)state;
	for (size_t len = 0; len <= 6; len++) {
		char *text = digest_base64("foobar", len);

		assert_string_equal(text, wanted[len]);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_sums),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
