/* SPDX-License-Identifier: MIT */
/*
 * kaggle/kernelname - the id and the title of a kernel to be
 */
#include "kaggle/kernelname.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jv.h>

#include "clock.h"
#include "kaggle/slug.h"
#include "mem.h"

enum { STAMP = 16 }; /* characters of "-YYYYMMDD-HHMMSS" */

static const char owner_characters[] = "abcdefghijklmnopqrstuvwxyz"
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789_-";

/* What is wrong with a length; NULL if nothing is. */
static char *
length_fault(const char *what, int length, bool timestamp)
{
	int whole = length + (timestamp ? STAMP : 0);

	if (whole < SLUG_LEAST)
		return xasprintf("the %s has at least %d characters, not %d",
		    what, SLUG_LEAST, length);
	if (whole > SLUG_MOST)
		return xasprintf("the %s has %d characters%s, %d too many",
		    what, whole, timestamp ? " with its time" : "",
		    whole - SLUG_MOST);
	return NULL;
}

static char *
slug_fault(const char *slug, bool timestamp)
{
	char *made = slug_of_title(slug), *fault = NULL;

	if (made == NULL || made[0] == '\0')
		fault = xstrdup("the slug is not of a-z, 0-9 and -");
	else if (strcmp(made, slug) != 0)
		fault = xasprintf("as a slug that would be %s", made);
	free(made);
	if (fault != NULL)
		return fault;
	return length_fault("slug", (int)strlen(slug), timestamp);
}

static char *
title_fault(const char *title, const char *slug, bool timestamp)
{
	char *made = slug_of_title(title), *fault = NULL, *fits;

	if (made == NULL)
		fault = xstrdup(
		    "the slug that Kaggle makes of the title is not known");
	else if (strcmp(made, slug) != 0) {
		fits = slug_title(slug);
		fault = xasprintf(
		    "the title \"%s\" makes the slug %s, not %s; \"%s\" would "
		    "fit",
		    title, made, slug, fits);
		free(fits);
	}
	free(made);
	if (fault != NULL)
		return fault;
	return length_fault(
	    "title", jv_string_length_codepoints(jv_string(title)), timestamp);
}

char *
kernelname_fault(const char *id, const char *title, bool timestamp)
{
	size_t owner = strspn(id, owner_characters);
	char *fault;

	if (owner == 0 || id[owner] != '/' || strchr(id + owner + 1, '/'))
		return xstrdup("a kernel is given as owner/slug");
	fault = slug_fault(id + owner + 1, timestamp);
	if (fault == NULL && title != NULL)
		fault = title_fault(title, id + owner + 1, timestamp);
	return fault;
}

void
kernelname_make(
    struct kernelname *name, const char *id, const char *title, double time)
{
	struct buf stamp = { 0 };
	char text[CLOCK_TEXT];
	char *base =
	    title != NULL ? xstrdup(title) : slug_title(strchr(id, '/') + 1);

	if (!isnan(time)) {
		/* 2026-11-21T06:00:00Z */
		for (const char *at = clock_format(floor(time), text);
		     *at != 'Z'; at++)
			if (*at != '-' && *at != ':')
				buf_addc(&stamp, *at == 'T' ? '-' : *at);
		name->id = xasprintf("%s-%s", id, stamp.at);
		stamp.at[strcspn(stamp.at, "-")] = ' ';
		name->title = xasprintf("%s %s", base, stamp.at);
		free(base);
	} else {
		name->id = xstrdup(id);
		name->title = base;
	}
	buf_release(&stamp);
}

void
kernelname_release(struct kernelname *name)
{
	free(name->id);
	free(name->title);
	*name = (struct kernelname){ 0 };
}
