/* SPDX-License-Identifier: MIT */
/* logfile: a .wandb file for tests, record by record on standard output. */
#ifndef LOGFILE_H
#define LOGFILE_H

#include <stdio.h>
#include <stdlib.h>

#include <zlib.h>

#include "wandb/message.h"

enum { LOGFILE_BLOCK = 32768, LOGFILE_HEADER = 7 };

static size_t logfile_place; /* in the file */

static inline void
logfile_put(const void *bytes, size_t len)
{
	if (fwrite(bytes, 1, len, stdout) != len)
		exit(1);
	logfile_place += len;
}

static inline void
logfile_chunk(int type, const char *bytes, size_t len)
{
	unsigned char head[LOGFILE_HEADER] = { 0 };
	Bytef kind = (Bytef)type;
	uLong crc = crc32(crc32(0, &kind, 1), (const Bytef *)bytes, (uInt)len);

	for (int i = 0; i < 4; i++)
		head[i] = (unsigned char)(crc >> 8 * i);
	head[4] = (unsigned char)len;
	head[5] = (unsigned char)(len >> 8);
	head[6] = kind;
	logfile_put(head, sizeof head);
	logfile_put(bytes, len);
}

/* LevelDB's log format: FULL, or FIRST, MIDDLE ..., LAST. */
static inline void
logfile_record(uint32_t kind, struct buf *message)
{
	static const char zero[LOGFILE_HEADER];
	static uint64_t num;
	struct buf whole = { 0 };
	size_t at = 0, room, part;
	int first = 1;

	message_int(&whole, 1, ++num);
	message_sub(&whole, kind, message);
	do {
		room = LOGFILE_BLOCK - logfile_place % LOGFILE_BLOCK;
		if (room < LOGFILE_HEADER) {
			logfile_put(zero, room);
			room = LOGFILE_BLOCK;
		}
		part = whole.len - at < room - LOGFILE_HEADER
		    ? whole.len - at
		    : room - LOGFILE_HEADER;
		logfile_chunk(at + part == whole.len ? (first ? 1 : 4)
			: first                      ? 2
						     : 3,
		    whole.at + at, part);
		at += part;
		first = 0;
	} while (at < whole.len);
	buf_release(&whole);
}

#endif
