/* SPDX-License-Identifier: MIT */
/*
 * leveldb - the framing of a .wandb file: blocks, chunks, checksums
 *
 * LevelDB's log format (https://github.com/google/leveldb, doc/log_format.md)
 * with a 7-byte file header (":W&B", 0xBEE1, version 0) inside the first block
 * and a plain CRC-32 (zlib's) over type and payload. Blocks have 32,768 bytes.
 *
 * The reader is one pass with 256 KiB of memory, plus the largest record
 * that spans blocks. It goes on behind a damaged place: what is readable there
 * is returned, what is not is told, with its place and size. It can be asked
 * again at the end of a file that grows.
 */
#ifndef WANDB_LEVELDB_H
#define WANDB_LEVELDB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "mem.h"

enum { LEVELDB_BLOCK = 32768, LEVELDB_HEADER = 7 };

enum leveldb_event {
	LEVELDB_RECORD, /* a record */
	LEVELDB_DAMAGE, /* a place that cannot be read; more may follow */
	LEVELDB_END,    /* the end, between two records */
	/*
	 * The end, inside a record: at a multiple of LEVELDB_BLOCK that is what
	 * a killed writer leaves (LEVELDB_CUT_BLOCK), elsewhere the file was
	 * cut. start says where the record begins.
	 */
	LEVELDB_CUT_BLOCK,
	LEVELDB_CUT,
	LEVELDB_FOREIGN, /* no .wandb file, or of another version; why says so
	                  */
	LEVELDB_ERROR,   /* read(2) failed; errno is in error */
};

struct leveldb_entry {
	struct span payload; /* RECORD: valid until the next call */
	off_t start;         /* where the record or the damage begins */
	off_t end;           /* where what follows begins */
	const char *why;     /* DAMAGE, CUT, FOREIGN: "checksum", ... */
	int error;           /* ERROR */
};

struct leveldb;

/* Reads fd from its beginning, with pread(2). fd stays the caller's. */
struct leveldb *leveldb_new(int fd);
void leveldb_free(struct leveldb *log);

/*
 * The next event. FOREIGN and ERROR are the last. Zeros between two records, as
 * file systems leave them after a crash, are a DAMAGE, zeros at the end are
 * none. After END, CUT or CUT_BLOCK a later call looks whether the
 * file has grown, and goes on with the record that was not whole.
 */
enum leveldb_event leveldb_next(
    struct leveldb *log, struct leveldb_entry *entry);

/*
 * The records of a file from its end backwards are not to be had; this one
 * starts at a block behind which the last records are: seeks to the block
 * that holds offset, where reading resumes with the first record that begins
 * there. Parts of a record that began before it are passed over silently.
 */
void leveldb_seek(struct leveldb *log, off_t offset);

#endif
