/* SPDX-License-Identifier: MIT */
/*
 * checksum - the digests of artifacts: MD5 and XXH128
 *
 * An artifact has one of two algorithms, chosen when it was logged. Of a file
 * its digest is base64 of 16 bytes; the artifact's own is hex, over the lines
 *
 *	wandb-artifact-manifest-v1
 *	PATH:DIGEST
 *	...
 *
 * sorted by path, byte by byte. Neither protects against anybody.
 */
#ifndef WANDB_CHECKSUM_H
#define WANDB_CHECKSUM_H

#include <stdbool.h>
#include <sys/types.h>

#include <nettle/md5.h>

#include "mem.h"

enum checksum_kind { CHECKSUM_MD5, CHECKSUM_XXH128 };

enum {
	CHECKSUM_TEXT = 25, /* base64 of 16 bytes, and a NUL */
	CHECKSUM_HEX = 33   /* hex of them, and a NUL */
};

/* "MANIFEST_MD5", "MANIFEST_XXH128". */
const char *checksum_name(enum checksum_kind kind);

/*
 * Of the first size bytes of a file. Either text may be NULL. False with errno
 * if it cannot be read; EIO if it is shorter.
 */
bool checksum_file(
    int fd, off_t size, char md5[CHECKSUM_TEXT], char xxh128[CHECKSUM_TEXT]);

/*
 * Of bytes that come piece by piece: checksum_begin_file(), then for each piece
 * checksum_add(); checksum_text() ends it and frees all. NULL as the text: it
 * is not wanted.
 */
struct checksum {
	enum checksum_kind kind;
	struct md5_ctx md5;
	struct XXH3_state_s *xxh128;
};

void checksum_begin_file(struct checksum *sum, enum checksum_kind kind);
void checksum_add(struct checksum *sum, const void *bytes, size_t len);
void checksum_text(struct checksum *sum, char text[CHECKSUM_TEXT]);

/* Adds bytes of a file. False with errno; EIO if they are not there. */
bool checksum_add_file(struct checksum *sum, int fd, off_t at, off_t size);

/* Its MD5 in hex, of size bytes from at on. */
bool checksum_part(int fd, off_t at, off_t size, char hex[CHECKSUM_HEX]);

/* MD5 in base64 as hex and the reverse are the same 16 bytes. */
bool checksum_base64_of_hex(const char *hex, char text[CHECKSUM_TEXT]);

/*
 * The digest of an artifact whose entries come one after the other. It costs
 * no memory while they come in order; sorted says whether they did.
 *
 *	checksum_begin(&list, kind);
 *	checksum_entry(&list, path, digest);
 *	checksum_end(&list, hex);
 */
struct checksum_list {
	enum checksum_kind kind;
	bool sorted;
	struct md5_ctx md5;
	struct XXH3_state_s *xxh128;
	struct buf last; /* the path before */
};

void checksum_begin(struct checksum_list *list, enum checksum_kind kind);
void checksum_entry(
    struct checksum_list *list, struct span path, struct span digest);

/* Frees the list; hex may be NULL. */
void checksum_end(struct checksum_list *list, char hex[CHECKSUM_HEX]);

#endif
