/* SPDX-License-Identifier: MIT */
/*
 * leveldb under a fuzzer. Random bytes hardly ever have a right checksum, and
 * a block is large, so the input is a list of orders that put a file together:
 *
 *	byte 0		bit 0: no file header; the rest: where the file is cut
 *			when it is read the first time
 *	0..3 LO HI	a chunk of type 1 to 4 with so many bytes
 *	4 LO HI		the same of type 1, with a wrong checksum
 *	5 LO HI		so many zeros
 *	6 N ...		N bytes as they are
 *	7		zeros to the end of the block
 *
 * What holds for any file: places go up and lie inside, and a reader that saw
 * a part of the file first finds the same records as one that saw all of it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libdeflate.h>

#include "fuzz.h"
#include "wandb/leveldb.h"

enum { FILE_MOST = 3 * LEVELDB_BLOCK, RECORDS_MOST = 1 << 16 };

struct record {
	off_t start;
	off_t end;
	unsigned long sum;
};

static struct record *first, *second;

static void
add_chunk(struct buf *out, uint8_t type, size_t len, unsigned wrong)
{
	unsigned char head[7] = { [4] = len & 0xff, len >> 8 & 0xff, type };
	size_t at = out->len;
	unsigned long sum;

	buf_add(out, head, sizeof(head));
	buf_reserve(out, len);
	memset(out->at + out->len, (int)(at & 0xff), len);
	out->len += len;
	sum = libdeflate_crc32(0, out->at + at + 6, len + 1) ^ wrong;
	for (int i = 0; i < 4; i++)
		out->at[at + (size_t)i] = (char)(sum >> (8 * i));
}

static void
add_zeros(struct buf *out, size_t len)
{
	buf_reserve(out, len);
	memset(out->at + out->len, 0, len);
	out->len += len;
}

static void
put_together(struct buf *out, const uint8_t *at, const uint8_t *end)
{
	while (at < end && out->len < FILE_MOST) {
		uint8_t order = *at++ & 7;
		size_t len = 0;

		if (order < 6 && end - at >= 2) {
			len = at[0] | (size_t)at[1] << 8;
			at += 2;
		}
		if (order < 4) {
			add_chunk(out, (uint8_t)(order + 1), len, 0);
		} else if (order == 4) {
			add_chunk(out, 1, len, 1);
		} else if (order == 5) {
			add_zeros(out, len);
		} else if (order == 7) {
			add_zeros(
			    out, LEVELDB_BLOCK - out->len % LEVELDB_BLOCK);
		} else if (at < end) {
			len = *at++;
			if (len > (size_t)(end - at))
				len = (size_t)(end - at);
			buf_add(out, at, len);
			at += len;
		}
	}
}

/* Reads to the end as it is now; returns how many records there are. */
static size_t
read_all(struct leveldb *log, struct record *records, size_t count, off_t size)
{
	struct leveldb_entry entry;
	enum leveldb_event event;

	do {
		event = leveldb_next(log, &entry);
		MUST(event != LEVELDB_ERROR);
		MUST(entry.start >= 0 && entry.start <= size);
		MUST(entry.end <= size);
		if (event == LEVELDB_DAMAGE)
			MUST(entry.why != NULL && entry.end > entry.start);
		if (event != LEVELDB_RECORD)
			continue;
		MUST(count < RECORDS_MOST);
		MUST(count == 0 || entry.start >= records[count - 1].end);
		records[count++] = (struct record){
			entry.start,
			entry.end,
			libdeflate_crc32(
			    0, entry.payload.at, entry.payload.len),
		};
	} while (event == LEVELDB_RECORD || event == LEVELDB_DAMAGE);
	return count;
}

/* From a block on there is what begins there, and nothing else. */
static void
check_seek(struct leveldb *log, const struct buf *file, size_t count)
{
	off_t half = (off_t)(file->len / 2),
	      block = half - half % LEVELDB_BLOCK;
	size_t again, skipped = 0;

	if (block == 0)
		return;
	while (skipped < count && first[skipped].start < block)
		skipped++;
	leveldb_seek(log, half);
	again = read_all(log, second, 0, (off_t)file->len);
	/* Where the file is foreign, nobody looked at the blocks before. */
	MUST(count == 0 || again == count - skipped);
	MUST(count == 0 ||
	    memcmp(first + skipped, second, again * sizeof(*first)) == 0);
}

static void
check_file(const struct buf *file, size_t cut)
{
	static int fd = -1; /* one for all: its pages are kept */
	struct leveldb *log;
	size_t count, again;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	MUST(ftruncate(fd, (off_t)cut) == 0);
	MUST(pwrite(fd, file->at, cut, 0) == (ssize_t)cut);
	log = leveldb_new(fd);
	again = read_all(log, second, 0, (off_t)cut);
	MUST(pwrite(fd, file->at, file->len, 0) == (ssize_t)file->len);
	again = read_all(log, second, again, (off_t)file->len);
	leveldb_free(log);
	log = leveldb_new(fd);
	count = read_all(log, first, 0, (off_t)file->len);
	MUST(count == again);
	MUST(memcmp(first, second, count * sizeof(*first)) == 0);
	check_seek(log, file, count);
	leveldb_free(log);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct buf file;

	if (size == 0)
		return 0;
	if (first == NULL) {
		first = xcalloc(RECORDS_MOST, sizeof(*first));
		second = xcalloc(RECORDS_MOST, sizeof(*second));
	}
	buf_clear(&file);
	if ((data[0] & 1) == 0)
		buf_add(&file, ":W&B\xe1\xbe", LEVELDB_HEADER);
	put_together(&file, data + 1, data + size);
	check_file(&file, file.len * (data[0] >> 1) / 127);
	return 0;
}

void
fuzz_seeds(void)
{
	static const struct span seeds[] = {
		/* three records, one of them empty */
		{ "\x80\0\x64\0\0\0\0\0\x05\0", 10 },
		/* over three blocks */
		{ "\x90\x01\xf2\x7f\x02\xf9\x7f\x03\x64\0\0\x64\0", 13 },
		/* a wrong checksum, and what comes behind it */
		{ "\x40\0\x64\0\x04\x64\0\0\x64\0\x07\0\x64\0", 14 },
		/* a record without its end, an end without its record */
		{ "\xa0\x01\x05\0\0\x05\0\x03\x05\0\0\x05\0", 13 },
		/* zeros, within and between */
		{ "\x60\0\x64\0\x07\0\x64\0\x05\x64\0", 11 },
		{ "\x60\x01\xf2\x7f\x07\x07\0\x64\0", 9 },
		/* a header alone, another header, half a header */
		{ "\0", 1 },
		{ "\xff\x06\x07:W&B\xe1\xbe\x01", 10 },
		{ "\x81\x06\x03:W&", 6 },
	};

	for (size_t i = 0; i < sizeof(seeds) / sizeof(*seeds); i++)
		fuzz_seed("orders", seeds[i].at, seeds[i].len);
}

/* The first blocks of a file as they are, 255 bytes at a time. */
void
fuzz_seeds_of(const char *path, struct runlog *log)
{
	struct buf seed = { 0 };
	char bytes[255];
	ssize_t len;

	(void)path;
	buf_addc(&seed, '\x41');
	for (off_t at = 0; at < 2 * LEVELDB_BLOCK; at += len) {
		len = pread(runlog_fd(log), bytes, sizeof(bytes), at);
		if (len <= 0)
			break;
		buf_addc(&seed, 6);
		buf_addc(&seed, (char)len);
		buf_add(&seed, bytes, (size_t)len);
	}
	fuzz_seed("file", seed.at, seed.len);
	buf_release(&seed);
}
