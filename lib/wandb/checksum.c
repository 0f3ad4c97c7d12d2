/* SPDX-License-Identifier: MIT */
/*
 * checksum - the digests of artifacts: MD5 and XXH128
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nettle/base16.h>
#include <nettle/base64.h>
#include <xxhash.h>

#include "wandb/checksum.h"

enum { PIECE = 128 << 10, SUM = 16 };

const char *
checksum_name(enum checksum_kind kind)
{
	return kind == CHECKSUM_MD5 ? "MANIFEST_MD5" : "MANIFEST_XXH128";
}

static XXH3_state_t *
xxh128_new(void)
{
	XXH3_state_t *state = XXH3_createState();

	if (state == NULL)
		die(STATUS_STREAM, "out of memory");
	(void)XXH3_128bits_reset(state); /* fails without a state only */
	return state;
}

static void
xxh128_sum(const XXH3_state_t *state, uint8_t sum[SUM])
{
	XXH128_canonical_t bytes;

	XXH128_canonicalFromHash(&bytes, XXH3_128bits_digest(state));
	memcpy(sum, bytes.digest, SUM);
}

static void
base64(const uint8_t sum[SUM], char text[CHECKSUM_TEXT])
{
	base64_encode_raw(text, SUM, sum);
	text[CHECKSUM_TEXT - 1] = '\0';
}

static void
hex_of(const uint8_t sum[SUM], char hex[CHECKSUM_HEX])
{
	base16_encode_update(hex, SUM, sum);
	hex[CHECKSUM_HEX - 1] = '\0';
}

/*
 * Feeds size bytes from at on to those that are not NULL. False with errno if
 * they cannot be read; a file that ends before is EIO.
 */
static bool
feed(int fd, off_t at, off_t size, struct md5_ctx *md5, XXH3_state_t *xxh128)
{
	uint8_t *piece = xcalloc(1, PIECE);
	ssize_t got = 0;
	int saved;

	while (size > 0) {
		got = pread(fd, piece, size < PIECE ? (size_t)size : PIECE, at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		if (md5 != NULL)
			md5_update(md5, (size_t)got, piece);
		if (xxh128 != NULL) /* fails without a state only */
			(void)XXH3_128bits_update(xxh128, piece, (size_t)got);
		at += got;
		size -= got;
	}
	saved = got < 0 ? errno : EIO;
	free(piece);
	errno = saved;
	return size <= 0;
}

bool
checksum_file(int fd, off_t size, char md5_text[CHECKSUM_TEXT],
    char xxh128_text[CHECKSUM_TEXT])
{
	XXH3_state_t *xxh128 = xxh128_text != NULL ? xxh128_new() : NULL;
	uint8_t sum[SUM];
	struct md5_ctx md5;
	bool whole;

	md5_init(&md5);
	whole = feed(fd, 0, size, md5_text != NULL ? &md5 : NULL, xxh128);
	if (whole && md5_text != NULL) {
		md5_digest(&md5, sizeof sum, sum);
		base64(sum, md5_text);
	}
	if (whole && xxh128 != NULL) {
		xxh128_sum(xxh128, sum);
		base64(sum, xxh128_text);
	}
	XXH3_freeState(xxh128);
	return whole;
}

void
checksum_begin_file(struct checksum *sum, enum checksum_kind kind)
{
	*sum = (struct checksum){ .kind = kind };
	if (kind == CHECKSUM_MD5)
		md5_init(&sum->md5);
	else
		sum->xxh128 = xxh128_new();
}

void
checksum_add(struct checksum *sum, const void *bytes, size_t len)
{
	if (sum->kind == CHECKSUM_MD5)
		md5_update(&sum->md5, len, bytes);
	else /* fails without a state only */
		(void)XXH3_128bits_update(sum->xxh128, bytes, len);
}

bool
checksum_add_file(struct checksum *sum, int fd, off_t at, off_t size)
{
	return feed(fd, at, size, sum->kind == CHECKSUM_MD5 ? &sum->md5 : NULL,
	    sum->xxh128);
}

void
checksum_text(struct checksum *sum, char text[CHECKSUM_TEXT])
{
	uint8_t bytes[SUM];

	if (sum->kind == CHECKSUM_MD5)
		md5_digest(&sum->md5, sizeof bytes, bytes);
	else
		xxh128_sum(sum->xxh128, bytes);
	XXH3_freeState(sum->xxh128);
	sum->xxh128 = NULL;
	if (text != NULL)
		base64(bytes, text);
}

bool
checksum_part(int fd, off_t at, off_t size, char hex[CHECKSUM_HEX])
{
	uint8_t sum[SUM];
	struct md5_ctx md5;

	md5_init(&md5);
	if (!feed(fd, at, size, &md5, NULL))
		return false;
	md5_digest(&md5, sizeof sum, sum);
	hex_of(sum, hex);
	return true;
}

bool
checksum_base64_of_hex(const char *hex, char text[CHECKSUM_TEXT])
{
	struct base16_decode_ctx ctx;
	uint8_t sum[BASE16_DECODE_LENGTH(CHECKSUM_HEX - 1)];
	size_t len = sizeof sum;

	base16_decode_init(&ctx);
	if (strlen(hex) != CHECKSUM_HEX - 1 ||
	    !base16_decode_update(&ctx, &len, sum, CHECKSUM_HEX - 1, hex) ||
	    len != SUM)
		return false;
	base64(sum, text);
	return true;
}

/* ---- the digest of an artifact ---- */

static void
add(struct checksum_list *list, const char *bytes, size_t len)
{
	if (list->kind == CHECKSUM_MD5)
		md5_update(&list->md5, len, (const uint8_t *)bytes);
	else /* fails without a state only */
		(void)XXH3_128bits_update(list->xxh128, bytes, len);
}

void
checksum_begin(struct checksum_list *list, enum checksum_kind kind)
{
	static const char head[] = "wandb-artifact-manifest-v1\n";

	*list = (struct checksum_list){ .kind = kind, .sorted = true };
	if (kind == CHECKSUM_MD5)
		md5_init(&list->md5);
	else
		list->xxh128 = xxh128_new();
	add(list, head, sizeof head - 1);
}

static bool
is_behind(const struct buf *last, struct span path)
{
	size_t len = last->len < path.len ? last->len : path.len;
	int order = len > 0 ? memcmp(last->at, path.at, len) : 0;

	return order < 0 || (order == 0 && last->len <= path.len);
}

void
checksum_entry(struct checksum_list *list, struct span path, struct span digest)
{
	if (!is_behind(&list->last, path))
		list->sorted = false;
	buf_clear(&list->last);
	buf_add(&list->last, path.at, path.len);
	add(list, path.at, path.len);
	add(list, ":", 1);
	add(list, digest.at, digest.len);
	add(list, "\n", 1);
}

void
checksum_end(struct checksum_list *list, char hex[CHECKSUM_HEX])
{
	uint8_t sum[SUM];

	if (list->kind == CHECKSUM_MD5)
		md5_digest(&list->md5, sizeof sum, sum);
	else
		xxh128_sum(list->xxh128, sum);
	XXH3_freeState(list->xxh128);
	buf_release(&list->last);
	if (hex != NULL)
		hex_of(sum, hex);
}
