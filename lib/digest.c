/* SPDX-License-Identifier: MIT */
/*
 * digest - MD5 and SHA-256 of bytes and files, base64 and hex
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <nettle/base16.h>
#include <nettle/base64.h>

#include "digest.h"
#include "mem.h"

enum { PIECE = 128 << 10 };

void
digest_md5_text(struct md5_ctx *ctx, char text[DIGEST_MD5_TEXT])
{
	uint8_t sum[MD5_DIGEST_SIZE];

	md5_digest(ctx, sizeof sum, sum);
	base64_encode_raw(text, sizeof sum, sum);
	text[DIGEST_MD5_TEXT - 1] = '\0';
}

void
digest_sha256_text(struct sha256_ctx *ctx, char text[DIGEST_SHA256_TEXT])
{
	uint8_t sum[SHA256_DIGEST_SIZE];

	sha256_digest(ctx, sizeof sum, sum);
	base16_encode_update(text, sizeof sum, sum);
	text[DIGEST_SHA256_TEXT - 1] = '\0';
}

/* pread(2) that is not interrupted; 0 bytes are EIO, as more must come. */
static ssize_t
read_at(int fd, void *bytes, size_t len, off_t at)
{
	ssize_t got;

	do
		got = pread(fd, bytes, len, at);
	while (got < 0 && errno == EINTR);
	if (got == 0)
		errno = EIO;
	return got > 0 ? got : -1;
}

bool
digest_file(int fd, off_t size, char md5[DIGEST_MD5_TEXT],
    char sha256[DIGEST_SHA256_TEXT])
{
	return digest_file_while(fd, size, md5, sha256, NULL);
}

bool
digest_file_while(int fd, off_t size, char md5[DIGEST_MD5_TEXT],
    char sha256[DIGEST_SHA256_TEXT], void (*meanwhile)(void))
{
	struct md5_ctx md5_ctx;
	struct sha256_ctx sha256_ctx;
	uint8_t *piece = xcalloc(1, PIECE);
	off_t at = 0;
	ssize_t got = 0;
	int saved;

	md5_init(&md5_ctx);
	sha256_init(&sha256_ctx);
	while (at < size) {
		off_t left = size - at;

		got =
		    read_at(fd, piece, left < PIECE ? (size_t)left : PIECE, at);
		if (got < 0)
			break;
		if (md5 != NULL)
			md5_update(&md5_ctx, (size_t)got, piece);
		if (sha256 != NULL)
			sha256_update(&sha256_ctx, (size_t)got, piece);
		at += got;
		if (meanwhile != NULL)
			meanwhile();
	}
	saved = errno;
	free(piece);
	errno = saved;
	if (got < 0)
		return false;
	if (md5 != NULL)
		digest_md5_text(&md5_ctx, md5);
	if (sha256 != NULL)
		digest_sha256_text(&sha256_ctx, sha256);
	return true;
}

char *
digest_base64(const void *bytes, size_t len)
{
	char *text = xcalloc(1, BASE64_ENCODE_RAW_LENGTH(len) + 1);

	base64_encode_raw(text, len, bytes);
	return text;
}
