/* SPDX-License-Identifier: MIT */
/*
 * digest - MD5 and SHA-256 of bytes and files, base64 and hex
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
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

void
digest_start(struct digest_task *task, int fd, off_t size)
{
	char md5[DIGEST_MD5_TEXT];
	int ends[2];

	*task = (struct digest_task){ 0 };
	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	task->pid = fork();
	if (task->pid == 0) {
		/* Whoever kills us means it, too; its locks end with us. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (digest_file(fd, size, md5, NULL) &&
		    write(ends[1], md5, sizeof md5) == (ssize_t)sizeof md5)
			_exit(0);
		_exit(1);
	}
	close(ends[1]);
	task->result = ends[0];
	if (task->pid < 0) {
		close(ends[0]);
		task->pid = 0;
	}
}

bool
digest_finish(struct digest_task *task, char md5[DIGEST_MD5_TEXT])
{
	bool good;
	ssize_t got;

	if (task->pid == 0)
		return false;
	do
		got = read(task->result, md5, DIGEST_MD5_TEXT);
	while (got < 0 && errno == EINTR);
	good = got == DIGEST_MD5_TEXT;
	close(task->result);
	while (waitpid(task->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	*task = (struct digest_task){ 0 };
	return good;
}

char *
digest_base64(const void *bytes, size_t len)
{
	char *text = xcalloc(1, BASE64_ENCODE_RAW_LENGTH(len) + 1);

	base64_encode_raw(text, len, bytes);
	return text;
}
