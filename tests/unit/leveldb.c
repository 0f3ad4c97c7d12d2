/* SPDX-License-Identifier: MIT */
/*
 * leveldb: the vectors of the format, blocks that are full to the byte, and
 * files that are cut, damaged or still growing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <zlib.h>

#include "wandb/leveldb.h"

enum { FULL = 1, FIRST, MIDDLE, LAST };

static const char header[] = ":W&B\xe1\xbe";

/* A file that holds these bytes. */
static int
file_of(const struct buf *bytes)
{
	FILE *file = tmpfile();
	int fd;

	assert_non_null(file);
	fd = dup(fileno(file));
	assert_int_not_equal(fd, -1);
	fclose(file);
	assert_int_equal(pwrite(fd, bytes->at, bytes->len, 0), bytes->len);
	return fd;
}

static void
add_chunk(struct buf *out, int type, const char *payload, size_t len)
{
	unsigned char head[7] = {
		[4] = len & 0xff, len >> 8 & 0xff, (unsigned char)type
	};
	unsigned long sum = crc32(0, head + 6, 1);

	if (len > 0)
		sum = crc32(sum, (const void *)payload, (unsigned)len);
	for (int i = 0; i < 4; i++)
		head[i] = (unsigned char)(sum >> (8 * i));
	buf_add(out, head, sizeof(head));
	buf_add(out, payload, len);
}

/* A record, framed as upstream's writers do. */
static void
add_record(struct buf *out, const char *payload, size_t len)
{
	bool first = true;

	if (out->len == 0)
		buf_add(out, header, LEVELDB_HEADER);
	for (;;) {
		size_t left = LEVELDB_BLOCK - out->len % LEVELDB_BLOCK, part;

		if (left < 7) {
			buf_add(out, "\0\0\0\0\0\0", left);
			continue;
		}
		part = len < left - 7 ? len : left - 7;
		add_chunk(out,
		    part == len ? first ? FULL : LAST
			: first ? FIRST
				: MIDDLE,
		    payload, part);
		payload += part;
		len -= part;
		first = false;
		if (len == 0)
			return;
	}
}

/* A record of len bytes that differ from those of another number. */
static void
add_numbered(struct buf *out, unsigned number, size_t len)
{
	char *payload = xcalloc(len + 1, 1);

	for (size_t i = 0; i < len; i++)
		payload[i] = (char)(number * 7 + i * 31 + (i >> 8));
	add_record(out, payload, len);
	free(payload);
}

/* What a file holds, in words: "R7+5 D32768-65536:checksum E". */
static char *
told(struct leveldb *log)
{
	struct buf out = { 0 };

	for (;;) {
		struct leveldb_entry entry;
		enum leveldb_event event = leveldb_next(log, &entry);
		long long start = (long long)entry.start;
		long long end = (long long)entry.end;

		if (out.len > 0)
			buf_addc(&out, ' ');
		switch (event) {
		case LEVELDB_RECORD:
			buf_addf(&out, "R%lld+%zu", start, entry.payload.len);
			continue;
		case LEVELDB_DAMAGE:
			buf_addf(&out, "D%lld-%lld:%s", start, end, entry.why);
			continue;
		case LEVELDB_END:
			buf_addf(&out, "E%lld", end);
			break;
		case LEVELDB_CUT:
			buf_addf(&out, "C%lld:%s", start, entry.why);
			break;
		case LEVELDB_CUT_BLOCK:
			buf_addf(&out, "B%lld:%s", start, entry.why);
			break;
		case LEVELDB_FOREIGN:
			buf_addf(&out, "F:%s", entry.why);
			break;
		case LEVELDB_ERROR:
			buf_addf(&out, "X:%s", strerror(entry.error));
			break;
		}
		return buf_take(&out);
	}
}

static void
check(const struct buf *bytes, const char *wanted)
{
	int fd = file_of(bytes);
	struct leveldb *log = leveldb_new(fd);
	char *got = told(log);

	assert_string_equal(got, wanted);
	free(got);
	leveldb_free(log);
	close(fd);
}

static void
check_bytes(const void *bytes, size_t len, const char *wanted)
{
	struct buf buf = { 0 };

	buf_add(&buf, bytes, len);
	check(&buf, wanted);
	buf_release(&buf);
}

static void
heads(void **state)
{
	(void)state;
	check_bytes("", 0, "E0");
	check_bytes(":W&B", 4, "C0:truncated: file header");
	check_bytes(header, 6, "C0:truncated: file header");
	check_bytes(header, 7, "E7");
	check_bytes(":W&", 3, "C0:truncated: file header");
	check_bytes("PK\3\4", 4, "F:not a .wandb file");
	check_bytes(":W&C\xe1\xbe\0", 7, "F:not a .wandb file");
	check_bytes(":W&B\xe1\xbf\0", 7, "F:not a .wandb file");
	check_bytes(":W&B\xe1\xbe\1", 7, "F:unknown version");
}

static void
vectors(void **state)
{
	(void)state;
	check_bytes(":W&B\xe1\xbe\0\x1b\xdf\x05\xa5\0\0\x01", 14, "R7+0 E14");
	check_bytes(
	    ":W&B\xe1\xbe\0\x90\x45\xeb\x48\2\0\1\x08\x0d", 16, "R7+2 E16");
}

/* Records that end where a block ends, or 1 to 8 bytes before or behind. */
static void
block_ends(void **state)
{
	static const struct {
		size_t len;
		const char *told;
	} cases[] = {
		{ 32746, "R7+32746 R32760+2 E32776" },
		{ 32747, "R7+32747 R32761+2 E32777" },
		{ 32748, "R7+32748 R32768+2 E32777" },
		{ 32753, "R7+32753 R32768+2 E32777" },
		{ 32754, "R7+32754 R32768+2 E32777" },
		{ 32755, "R7+32755 R32776+2 E32785" },
		{ 32754 + 32761, "R7+65515 R65536+2 E65545" },
		{ 32754 + 32761 + 1, "R7+65516 R65544+2 E65553" },
		{ 400000, "R7+400000 R400098+2 E400107" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf bytes = { 0 };

		add_numbered(&bytes, 1, cases[i].len);
		add_record(&bytes, "\x08\x01", 2);
		check(&bytes, cases[i].told);
		buf_release(&bytes);
	}
}

/* Many records of all lengths come back as they were. */
static void
round_trip(void **state)
{
	struct buf bytes = { 0 }, alone = { 0 };
	struct leveldb_entry entry;
	struct leveldb *log;
	unsigned seed = 1;
	int fd;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		seed = seed * 1103515245 + 12345;
		add_numbered(&bytes, i, seed >> 16 & (i % 50 ? 511 : 65535));
	}
	fd = file_of(&bytes);
	log = leveldb_new(fd);
	seed = 1;
	for (unsigned i = 0; i < 3000; i++) {
		size_t len;

		seed = seed * 1103515245 + 12345;
		len = seed >> 16 & (i % 50 ? 511 : 65535);
		assert_int_equal(leveldb_next(log, &entry), LEVELDB_RECORD);
		assert_int_equal(entry.payload.len, len);
		for (size_t k = 0; k < len; k++)
			if (entry.payload.at[k] !=
			    (char)(i * 7 + k * 31 + (k >> 8)))
				fail_msg("record %u, byte %zu", i, k);
	}
	assert_int_equal(leveldb_next(log, &entry), LEVELDB_END);
	leveldb_free(log);
	close(fd);
	buf_release(&alone);
	buf_release(&bytes);
}

/* Four records: in block 0, into block 1, in block 1, in block 2. */
static struct buf
sample(void)
{
	struct buf bytes = { 0 };

	add_numbered(&bytes, 0, 100);
	add_numbered(&bytes, 1, 40000);
	add_numbered(&bytes, 2, 100);
	add_numbered(&bytes, 3, 30000);
	add_numbered(&bytes, 4, 100);
	return bytes;
}

static void
damaged(void **state)
{
	static const struct {
		size_t at, len;
		char byte;
		const char *told;
	} cases[] = {
		/* the first record: the rest of its block is lost */
		{ 20, 1, 'x',
		    "D7-32768:checksum R40128+100 R40235+30000 "
		    "R70249+100 E70356" },
		/* the second part of the second: its block is lost */
		{ 32780, 1, 'x',
		    "R7+100 D114-65536:checksum R70249+100 "
		    "E70356" },
		/* a length of 0xff.. */
		{ 12, 1, '\xff',
		    "D7-32768:chunk longer than its block "
		    "R40128+100 R40235+30000 R70249+100 E70356" },
		/* zeros for block 1: what spans is lost, the rest is not */
		{ 32768, 32768, 0,
		    "R7+100 D114-65536:zeros inside a record "
		    "R70249+100 E70356" },
		/* zeros to the end: only the record that runs into them */
		{ 65536, 4820, 0,
		    "R7+100 R114+40000 R40128+100 "
		    "D40235-70356:zeros inside a record E70356" },
		{ 40128, 30228, 0, "R7+100 R114+40000 E70356" },
		/* zeros between two records are a loss, not at the end */
		{ 40128, 25408, 0,
		    "R7+100 R114+40000 D40128-65536:zeros "
		    "R70249+100 E70356" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf bytes = sample();

		memset(bytes.at + cases[i].at, cases[i].byte, cases[i].len);
		check(&bytes, cases[i].told);
		buf_release(&bytes);
	}
}

/* Good chunks where they should not be. */
static void
misplaced(void **state)
{
	struct buf bytes = { 0 };

	(void)state;
	buf_add(&bytes, header, 7);
	add_chunk(&bytes, MIDDLE, "abc", 3);
	add_chunk(&bytes, FULL, "abc", 3);
	add_chunk(&bytes, FIRST, "abc", 3);
	add_chunk(&bytes, FIRST, "abcd", 4);
	add_chunk(&bytes, MIDDLE, "e", 1);
	add_chunk(&bytes, LAST, "f", 1);
	add_chunk(&bytes, LAST, "f", 1);
	check(&bytes,
	    "D7-17:record part without a start R17+3 "
	    "D27-37:record without an end R37+6 "
	    "D64-72:record part without a start E72");
	buf_release(&bytes);
}

static void
all_zeros(void **state)
{
	(void)state;
	for (size_t blocks = 0; blocks < 3; blocks++) {
		struct buf bytes = { 0 };
		char wanted[16];

		buf_add(&bytes, header, 7);
		buf_reserve(&bytes, blocks * LEVELDB_BLOCK);
		memset(bytes.at + 7, 0, blocks * LEVELDB_BLOCK);
		bytes.len += blocks * LEVELDB_BLOCK;
		if (blocks > 0) /* to the end of the block */
			bytes.len -= 7;
		(void)snprintf(wanted, sizeof(wanted), "E%zu", bytes.len);
		check(&bytes, wanted);
		buf_release(&bytes);
	}
}

/*
 * The file grows byte by byte: each record shows once, as soon as it is whole,
 * and until then the end is inside it, or between two records.
 */
static void
growing(void **state)
{
	struct buf whole = { 0 }, none = { 0 };
	struct leveldb_entry entry;
	struct leveldb *log;
	size_t size, ends[3], records = 0;
	int fd = file_of(&none);

	(void)state;
	add_numbered(&whole, 0, 30);
	ends[0] = whole.len;
	add_numbered(&whole, 1, 33000);
	ends[1] = whole.len;
	add_numbered(&whole, 2, 0);
	ends[2] = whole.len;
	log = leveldb_new(fd);
	for (size = 0; size <= whole.len; size++) {
		enum leveldb_event event = leveldb_next(log, &entry);
		bool between = size == 0 || size == 7 || size == ends[0] ||
		    size == ends[1] || size == ends[2];

		if (event == LEVELDB_RECORD) {
			assert_int_equal(size, ends[records]);
			assert_int_equal(entry.end, size);
			records++;
			event = leveldb_next(log, &entry);
		}
		assert_int_equal(event,
		    between                     ? LEVELDB_END
			: size == LEVELDB_BLOCK ? LEVELDB_CUT_BLOCK
						: LEVELDB_CUT);
		assert_int_equal(entry.end, size);
		/* In between a step of many bytes is taken. */
		if (size > 100 && size < 32700)
			size += 89;
		if (size < whole.len)
			assert_int_equal(
			    pwrite(fd, whole.at, size + 1, 0), size + 1);
	}
	assert_int_equal(records, 3);
	leveldb_free(log);
	close(fd);
	buf_release(&whole);
}

/* A tail of zeros may be a place that is not written yet. */
static void
filled_later(void **state)
{
	struct buf whole = sample(), young = sample();
	struct leveldb *log;
	char *got;
	int fd;

	(void)state;
	memset(young.at + 40128, 0, young.len - 40128);
	fd = file_of(&young);
	log = leveldb_new(fd);
	got = told(log);
	assert_string_equal(got, "R7+100 R114+40000 E70356");
	free(got);
	assert_int_equal(pwrite(fd, whole.at, whole.len, 0), whole.len);
	got = told(log);
	assert_string_equal(got, "R40128+100 R40235+30000 R70249+100 E70356");
	free(got);
	leveldb_free(log);
	close(fd);
	buf_release(&whole);
	buf_release(&young);
}

static void
seeking(void **state)
{
	struct buf bytes = sample();
	struct leveldb *log;
	char *got;
	int fd;

	(void)state;
	memset(bytes.at, 'x', 1000); /* nobody looks there */
	fd = file_of(&bytes);
	log = leveldb_new(fd);
	leveldb_seek(log, 40000);
	got = told(log);
	assert_string_equal(got, "R40128+100 R40235+30000 R70249+100 E70356");
	free(got);
	leveldb_seek(log, 65536);
	got = told(log);
	assert_string_equal(got, "R70249+100 E70356");
	free(got);
	leveldb_seek(log, 0);
	got = told(log);
	assert_string_equal(got, "F:not a .wandb file");
	free(got);
	leveldb_free(log);
	close(fd);
	buf_release(&bytes);
}

static void
unreadable(void **state)
{
	struct leveldb *log = leveldb_new(-1);
	char *got = told(log);

	(void)state;
	assert_string_equal(got, "X:Bad file descriptor");
	free(got);
	leveldb_free(log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads),
		cmocka_unit_test(vectors),
		cmocka_unit_test(block_ends),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(damaged),
		cmocka_unit_test(misplaced),
		cmocka_unit_test(all_zeros),
		cmocka_unit_test(growing),
		cmocka_unit_test(filled_later),
		cmocka_unit_test(seeking),
		cmocka_unit_test(unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
