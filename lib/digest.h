/* SPDX-License-Identifier: MIT */
/*
 * digest - MD5 and SHA-256 of bytes and files, base64 and hex
 *
 * MD5 is what W&B and storage services compare; it protects nothing.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <nettle/md5.h>
#include <nettle/sha2.h>

enum {
	DIGEST_MD5_TEXT = 25,    /* base64 of 16 bytes, and a NUL */
	DIGEST_SHA256_TEXT = 65, /* hex of 32 bytes, and a NUL */
};

/* The end of a sum that was begun and fed with nettle's own functions. */
void digest_md5_text(struct md5_ctx *ctx, char text[DIGEST_MD5_TEXT]);
void digest_sha256_text(struct sha256_ctx *ctx, char text[DIGEST_SHA256_TEXT]);

/*
 * Of the first size bytes of a file, which is read from its beginning (with
 * pread(2): its offset stays). Either text may be NULL. False with errno if it
 * cannot be read; EIO if it is shorter.
 */
bool digest_file(int fd, off_t size, char md5[DIGEST_MD5_TEXT],
    char sha256[DIGEST_SHA256_TEXT]);

/*
 * The MD5 of a file by a process of its own, on another core, while its bytes
 * are on their way: in one process the sum of 100 MiB would cost a sixth of the
 * transfer. All zero is none.
 */
struct digest_task {
	pid_t pid;
	int result;
};

/* Begins; without a process to be had the task is none. */
void digest_start(struct digest_task *task, int fd, off_t size);

/*
 * Waits for its end; the task is none again. False if there is no sum: the file
 * could not be read, or the task was none.
 */
bool digest_finish(struct digest_task *task, char md5[DIGEST_MD5_TEXT]);

/* Standard base64 with padding; the caller's to free. */
char *digest_base64(const void *bytes, size_t len);

#endif
