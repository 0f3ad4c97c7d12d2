/* SPDX-License-Identifier: MIT */
/*
 * leveldb - the framing of a .wandb file: blocks, chunks, checksums
 *
 * A record that is whole in its block, which nearly all are, is returned where
 * read(2) put it. Only one that spans blocks is put together in a buffer.
 *
 * After a fault inside a block nothing tells where the next chunk begins, so
 * the rest of the block is lost: the next block starts with a chunk.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libdeflate.h>

#include "wandb/leveldb.h"

enum chunk_type { FULL = 1, FIRST = 2, LAST = 4 };

enum { CHUNK_HEADER = 7, READ_BLOCKS = 8 }; /* 256 KiB a read, at most */

static const char file_header[] = ":W&B\xe1\xbe"; /* its NUL is the version */

struct leveldb {
	int fd;
	uint8_t *window; /* READ_BLOCKS blocks */
	off_t base;      /* where the window begins in the file */
	size_t have;     /* bytes in the window */
	unsigned blocks; /* how many to read next time */
	bool eof;        /* the window ends where the file does */
	off_t size;      /* of the file, as far as it was seen */

	bool checked; /* the file header was right */
	off_t at;     /* the next chunk */
	bool joining; /* inside a record, which began at start */
	off_t start;
	struct buf parts;
	bool lost;   /* parts of a record may come whose start was lost */
	off_t zeros; /* where zeros began, which may be the end; or -1 */
};

struct chunk {
	const uint8_t *bytes;
	size_t have; /* bytes to the end of the block or of the file */
	size_t left; /* bytes to the end of the block */
	size_t size; /* of the payload */
	unsigned type;
};

struct leveldb *
leveldb_new(int fd)
{
	struct leveldb *log = xcalloc(1, sizeof(*log));

	log->fd = fd;
	log->window = xreallocarray(NULL, READ_BLOCKS, LEVELDB_BLOCK);
	log->blocks = 1;
	log->zeros = -1;
	/* A pipe refuses it, and the first read then says what is wrong. */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return log;
}

void
leveldb_free(struct leveldb *log)
{
	if (log == NULL)
		return;
	buf_release(&log->parts);
	free(log->window);
	free(log);
}

void
leveldb_seek(struct leveldb *log, off_t offset)
{
	log->at = offset - offset % LEVELDB_BLOCK;
	log->checked = log->at > 0;
	log->joining = false;
	log->lost = true;
	log->zeros = -1;
	log->have = 0;
	log->eof = false;
	log->blocks = 1;
}

/* Fills the window from the block that holds offset on. 0, or an errno. */
static int
fill(struct leveldb *log, off_t offset)
{
	size_t wanted = log->blocks * (size_t)LEVELDB_BLOCK;

	log->base = offset - offset % LEVELDB_BLOCK;
	log->have = 0;
	log->eof = false;
	while (log->have < wanted) {
		ssize_t n = pread(log->fd, log->window + log->have,
		    wanted - log->have, log->base + (off_t)log->have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0) {
			log->eof = true;
			break;
		}
		log->have += (size_t)n;
	}
	if (log->have > 0 || log->base < log->size)
		log->size = log->base + (off_t)log->have;
	/* Whoever wants only the head of a file does not read more of it. */
	if (log->blocks < READ_BLOCKS)
		log->blocks *= 2;
	return 0;
}

/* What there is at log->at. 0, or an errno. */
static int
look(struct leveldb *log, struct chunk *chunk)
{
	size_t ahead;
	int error;

	chunk->left = LEVELDB_BLOCK - (size_t)(log->at % LEVELDB_BLOCK);
	ahead = (size_t)(log->at - log->base);
	if (log->at < log->base ||
	    (!log->eof && ahead + chunk->left > log->have)) {
		error = fill(log, log->at);
		if (error != 0)
			return error;
		ahead = (size_t)(log->at - log->base);
	}
	chunk->have = ahead < log->have ? log->have - ahead : 0;
	if (chunk->have > chunk->left)
		chunk->have = chunk->left;
	chunk->bytes = log->window + (chunk->have > 0 ? ahead : 0);
	return 0;
}

/* The end of the file as it is now: a later call looks again. */
static enum leveldb_event
end(struct leveldb *log, struct leveldb_entry *entry, const char *why)
{
	if (log->joining) {
		log->at = log->start;
		if (why == NULL)
			why = "truncated: record";
	} else if (log->zeros >= 0) {
		log->at = log->zeros;
	}
	log->joining = false;
	log->zeros = -1;
	log->have = 0;
	log->eof = false;
	/* Behind a damage the next block, where reading goes on, is not there.
	 */
	entry->start = log->at < log->size ? log->at : log->size;
	entry->end = log->size;
	entry->why = why;
	if (why == NULL)
		return LEVELDB_END;
	return log->size % LEVELDB_BLOCK == 0 ? LEVELDB_CUT_BLOCK : LEVELDB_CUT;
}

static enum leveldb_event
damage(struct leveldb_entry *entry, off_t start, off_t next, const char *why)
{
	entry->start = start;
	entry->end = next;
	entry->why = why;
	return LEVELDB_DAMAGE;
}

/* RECORD if the header is right. */
static enum leveldb_event
check_header(struct leveldb *log, struct leveldb_entry *entry)
{
	struct chunk head;
	size_t len;
	int error;

	log->at = 0;
	error = look(log, &head);
	if (error != 0) {
		entry->error = error;
		return LEVELDB_ERROR;
	}
	len = head.have < LEVELDB_HEADER ? head.have : LEVELDB_HEADER;
	if (memcmp(head.bytes, file_header, len) == 0) {
		if (len < LEVELDB_HEADER)
			return end(log, entry,
			    len == 0 ? NULL : "truncated: file header");
		log->checked = true;
		log->at = LEVELDB_HEADER;
		return LEVELDB_RECORD;
	}
	entry->why = len == LEVELDB_HEADER &&
		memcmp(head.bytes, file_header, LEVELDB_HEADER - 1) == 0
	    ? "unknown version"
	    : "not a .wandb file";
	return LEVELDB_FOREIGN;
}

static uint32_t
number32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	    (uint32_t)at[3] << 24;
}

enum verdict { GOOD, ZEROS, CUT, BAD };

/* Reads the header of a chunk and checks the whole. */
static enum verdict
check(struct chunk *chunk, const char **why)
{
	const uint8_t *at = chunk->bytes;

	*why = "truncated: chunk header";
	if (chunk->have < CHUNK_HEADER)
		return CUT;
	chunk->size = (size_t)at[4] | (size_t)at[5] << 8;
	chunk->type = at[6];
	if (number32(at) == 0 && chunk->size == 0 && chunk->type == 0)
		return ZEROS;
	*why = "chunk longer than its block";
	if (CHUNK_HEADER + chunk->size > chunk->left)
		return BAD;
	*why = "truncated: chunk";
	if (CHUNK_HEADER + chunk->size > chunk->have)
		return CUT;
	*why = "checksum";
	/* The checksum covers the type, which stands before the payload. */
	return number32(at) == libdeflate_crc32(0, at + 6, chunk->size + 1)
	    ? GOOD
	    : BAD;
}

/*
 * A good chunk. RECORD if a record is whole with it, DAMAGE if it is not where
 * it should be, END if more is needed.
 */
static enum leveldb_event
take(
    struct leveldb *log, const struct chunk *chunk, struct leveldb_entry *entry)
{
	const char *payload = (const char *)chunk->bytes + CHUNK_HEADER;
	bool first = chunk->type == FULL || chunk->type == FIRST;
	off_t next = log->at + CHUNK_HEADER + (off_t)chunk->size;

	if (log->joining && first) {
		log->joining = false; /* and this chunk is looked at again */
		return damage(
		    entry, log->start, log->at, "record without an end");
	}
	if (!log->joining && !first) {
		off_t at = log->at;

		log->at = next;
		if (log->lost)
			return LEVELDB_END;
		return damage(entry, at, next, "record part without a start");
	}
	if (first) {
		log->start = log->at;
		log->lost = false;
	}
	log->at = next;
	if (chunk->type == FULL) {
		entry->payload = (struct span){ payload, chunk->size };
	} else {
		if (first)
			buf_clear(&log->parts);
		buf_add(&log->parts, payload, chunk->size);
		log->joining = chunk->type != LAST;
		if (log->joining)
			return LEVELDB_END;
		entry->payload = (struct span){ log->parts.at, log->parts.len };
	}
	entry->start = log->start;
	entry->end = next;
	return LEVELDB_RECORD;
}

/* One chunk. END if it was none that the caller is to know of. */
static enum leveldb_event
step(struct leveldb *log, struct chunk *chunk, struct leveldb_entry *entry)
{
	const char *why;
	off_t start = log->joining ? log->start : log->at;
	off_t block = log->at + (off_t)chunk->left;
	enum verdict verdict = check(chunk, &why);

	if (verdict == CUT)
		return end(log, entry, why);
	if (verdict == ZEROS && !log->joining) {
		if (log->zeros < 0)
			log->zeros = log->at;
		log->at = block;
		return LEVELDB_END;
	}
	if (log->zeros >= 0) {
		/* Zeros at the end are no loss, but something follows these. */
		start = log->zeros;
		log->zeros = -1;
		log->lost = true;
		return damage(entry, start, log->at, "zeros");
	}
	if (verdict == GOOD)
		return take(log, chunk, entry);
	log->joining = false;
	log->lost = true;
	log->at = block;
	return damage(entry, start,
	    log->eof && block > log->size ? log->size : block,
	    verdict == ZEROS ? "zeros inside a record" : why);
}

/*
 * The next event if it is a record that is whole in the window, as nearly all
 * are; false if it is anything else: nothing was read.
 */
static inline bool
next_usual(struct leveldb *log, struct leveldb_entry *entry)
{
	size_t ahead = (size_t)(log->at - log->base), size;
	size_t left = LEVELDB_BLOCK - (size_t)log->at % LEVELDB_BLOCK;
	const uint8_t *at;

	if (log->at < log->base || ahead >= log->have || !log->checked ||
	    log->joining || log->zeros >= 0)
		return false;
	at = log->window + ahead;
	if (left > log->have - ahead)
		left = log->have - ahead;
	if (left < CHUNK_HEADER || at[6] != FULL)
		return false;
	size = (size_t)at[4] | (size_t)at[5] << 8;
	if (CHUNK_HEADER + size > left ||
	    number32(at) != libdeflate_crc32(0, at + 6, size + 1))
		return false;
	*entry = (struct leveldb_entry){
		.payload = { (const char *)at + CHUNK_HEADER, size },
		.start = log->at,
		.end = log->at + CHUNK_HEADER + (off_t)size,
	};
	log->at = entry->end;
	log->lost = false;
	return true;
}

static enum leveldb_event
next_any(struct leveldb *log, struct leveldb_entry *entry)
{
	enum leveldb_event event;
	struct chunk chunk = { 0 };

	*entry = (struct leveldb_entry){ 0 };
	if (!log->checked) {
		event = check_header(log, entry);
		if (event != LEVELDB_RECORD)
			return event;
	}
	for (;;) {
		size_t left = LEVELDB_BLOCK - (size_t)(log->at % LEVELDB_BLOCK);

		if (left < CHUNK_HEADER)
			log->at += (off_t)left;
		entry->error = look(log, &chunk);
		if (entry->error != 0)
			return LEVELDB_ERROR;
		if (chunk.have == 0)
			return end(log, entry, NULL);
		event = step(log, &chunk, entry);
		if (event != LEVELDB_END)
			return event;
	}
}

enum leveldb_event
leveldb_next(struct leveldb *log, struct leveldb_entry *entry)
{
	return next_usual(log, entry) ? LEVELDB_RECORD : next_any(log, entry);
}
