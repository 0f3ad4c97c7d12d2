/* SPDX-License-Identifier: MIT */
/*
 * objectkey - the key of an object as an event tells it
 */
#include "minio/objectkey.h"
#include "json.h"
#include "safepath.h"

/* Whether Go's QueryEscape() may have written it. */
static bool
is_escaped(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
		    !(c >= '0' && c <= '9') &&
		    (c == '\0' || strchr("-_.~%+", c) == NULL))
			return false;
	}
	return true;
}

bool
objectkey_decode(struct buf *out, struct span text, bool minio)
{
	const char *at = text.at, *end = at + text.len;

	if (minio && !is_escaped(text)) {
		buf_add(out, at, text.len);
		return true;
	}
	buf_reserve(out, text.len);
	for (; at < end; at++) {
		int high, low;

		if (*at != '%') {
			out->at[out->len++] = *at == '+' ? ' ' : *at;
			continue;
		}
		high = end - at > 2 ? hex_digit(at[1]) : -1;
		low = high >= 0 ? hex_digit(at[2]) : -1;
		if (low < 0)
			return false;
		out->at[out->len++] = (char)(high << 4 | low);
		at += 2;
	}
	out->at[out->len] = '\0';
	return true;
}

/* Takes what is before the next '/' off rest. */
static bool
take_part(struct span *rest, struct span *part)
{
	const char *slash = memchr(rest->at, '/', rest->len);

	if (slash == NULL)
		return false;
	*part = (struct span){ rest->at, (size_t)(slash - rest->at) };
	*rest = (struct span){ slash + 1, rest->len - part->len - 1 };
	return true;
}

bool
objectkey_split(struct span key, struct objectkey *parts)
{
	struct span rest = key;

	if (key.len > OBJECTKEY_MOST ||
	    safepath_refuse(key.at, key.len) != NULL || !json_is_utf8(key) ||
	    !take_part(&rest, &parts->entity) ||
	    !take_part(&rest, &parts->project) ||
	    !take_part(&rest, &parts->run))
		return false;
	parts->path =
	    (struct span){ key.at, parts->entity.len + 1 + parts->project.len };
	parts->name = rest;
	return true;
}
