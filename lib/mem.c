/* SPDX-License-Identifier: MIT */
/*
 * mem - memory and text
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

static void *
check(void *at)
{
	if (at == NULL)
		die(STATUS_STREAM, "out of memory");
	return at;
}

void *
xcalloc(size_t count, size_t size)
{
	return check(calloc(count, size));
}

void *
xreallocarray(void *at, size_t count, size_t size)
{
	return check(reallocarray(at, count ? count : 1, size ? size : 1));
}

char *
xstrdup(const char *text)
{
	return check(strdup(text));
}

char *
xstrndup(const char *text, size_t most)
{
	return check(strndup(text, most));
}

char *
xasprintf(const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	return check(len < 0 ? NULL : text);
}

struct span
span_of(const char *text)
{
	return (struct span){ text, strlen(text) };
}

bool
span_is(struct span span, const char *text)
{
	return span.len == strlen(text) &&
	    (span.len == 0 || memcmp(span.at, text, span.len) == 0);
}

void
buf_release(struct buf *buf)
{
	free(buf->at);
	*buf = (struct buf){ 0 };
}

void
buf_clear(struct buf *buf)
{
	buf->len = 0;
	if (buf->at != NULL)
		buf->at[0] = '\0';
}

void
buf_cut(struct buf *buf, size_t len)
{
	if (len >= buf->len)
		return;
	buf->len = len;
	buf->at[len] = '\0';
}

void
buf_reserve(struct buf *buf, size_t more)
{
	size_t wanted = buf->len + more + 1;

	if (wanted <= more)
		check(NULL);
	if (wanted <= buf->room)
		return;
	if (wanted < buf->room + buf->room / 2)
		wanted = buf->room + buf->room / 2;
	if (wanted < 64)
		wanted = 64;
	buf->at = xreallocarray(buf->at, wanted, 1);
	buf->room = wanted;
}

void
buf_add(struct buf *buf, const void *bytes, size_t len)
{
	if (len >= buf->room - buf->len)
		buf_reserve(buf, len);
	if (len > 0)
		memcpy(buf->at + buf->len, bytes, len);
	buf->len += len;
	buf->at[buf->len] = '\0';
}

void
buf_addc(struct buf *buf, char c)
{
	if (buf->room - buf->len < 2)
		buf_reserve(buf, 1);
	buf->at[buf->len++] = c;
	buf->at[buf->len] = '\0';
}

void
buf_addf(struct buf *buf, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		check(NULL);
	buf_reserve(buf, (size_t)len);
	va_start(args, format);
	(void)vsnprintf(buf->at + buf->len, (size_t)len + 1, format, args);
	va_end(args);
	buf->len += (size_t)len;
}

void
buf_add_whole(struct buf *buf, int64_t number)
{
	static const char pairs[] = "00010203040506070809"
				    "10111213141516171819"
				    "20212223242526272829"
				    "30313233343536373839"
				    "40414243444546474849"
				    "50515253545556575859"
				    "60616263646566676869"
				    "70717273747576777879"
				    "80818283848586878889"
				    "90919293949596979899";
	enum { MOST = 24 };
	char text[2 * MOST] = "";
	size_t at = MOST;
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	for (; left >= 100; left /= 100) {
		text[--at] = pairs[left % 100 * 2 + 1];
		text[--at] = pairs[left % 100 * 2];
	}
	text[--at] = pairs[left * 2 + 1];
	if (left >= 10)
		text[--at] = pairs[left * 2];
	if (number < 0)
		text[--at] = '-';
	if (MOST >= buf->room - buf->len)
		buf_reserve(buf, MOST);
	/* A copy of a fixed size is no call. */
	memcpy(buf->at + buf->len, text + at, MOST);
	buf->len += MOST - at;
}

void
buf_add_digits(struct buf *buf, int64_t number, size_t digits)
{
	buf_reserve(buf, digits);
	buf->len += digits;
	buf->at[buf->len] = '\0';
	for (size_t i = 1; i <= digits; i++, number /= 10)
		buf->at[buf->len - i] = (char)('0' + number % 10);
}

char *
buf_take(struct buf *buf)
{
	char *text = buf->at != NULL ? buf->at : xstrdup("");

	*buf = (struct buf){ 0 };
	return text;
}
