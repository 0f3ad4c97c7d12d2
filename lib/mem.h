/* SPDX-License-Identifier: MIT */
/*
 * mem - memory and text; no memory ends the program with status 3
 *
 * What is returned is the caller's to free().
 */
#ifndef MEM_H
#define MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "diag.h"

void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *at, size_t count, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t most);
char *xasprintf(const char *format, ...) DIAG_PRINTF(1, 2);

/* A number of bytes somewhere else; it owns nothing. */
struct span {
	const char *at;
	size_t len;
};

struct span span_of(const char *text);
bool span_is(struct span span, const char *text);

/* What a hex digit stands for; -1 if it is none. */
static inline int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * Bytes that grow. All zero is empty and valid. While it is not empty a NUL
 * that is not counted follows the bytes.
 */
struct buf {
	char *at;
	size_t len;
	size_t room;
};

void buf_release(struct buf *buf);              /* frees; empty again */
void buf_clear(struct buf *buf);                /* keeps the room */
void buf_cut(struct buf *buf, size_t len);      /* to its first len bytes */
void buf_reserve(struct buf *buf, size_t more); /* room for more bytes */
void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_addc(struct buf *buf, char c);

/* Inline, so that the copy of a constant is no call. */
static inline void
buf_adds(struct buf *buf, const char *text)
{
	size_t len = strlen(text);

	if (len >= buf->room - buf->len)
		buf_reserve(buf, len);
	memcpy(buf->at + buf->len, text, len + 1);
	buf->len += len;
}

void buf_addf(struct buf *buf, const char *format, ...) DIAG_PRINTF(2, 3);

/* A number in decimal: what snprintf(3) needs ten times as long for. */
void buf_add_whole(struct buf *buf, int64_t number);

/* The last digits of a number that is not negative, with zeros in front. */
void buf_add_digits(struct buf *buf, int64_t number, size_t digits);

/* The bytes as a string of the caller's; the buf is empty again. */
char *buf_take(struct buf *buf);

#endif
