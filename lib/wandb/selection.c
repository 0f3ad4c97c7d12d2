/* SPDX-License-Identifier: MIT */
/*
 * selection - what of a run stays here: --skip and --exclude
 */
#include <fnmatch.h>
#include <string.h>

#include "record.h"
#include "wandb/selection.h"

static const struct {
	const char *word;
	unsigned kind;
} kinds[] = {
	{ "console", LEAVE_CONSOLE },
	{ "files", LEAVE_FILES },
	{ "media", LEAVE_MEDIA },
	{ "artifacts", LEAVE_ARTIFACTS },
	{ "stats", LEAVE_STATS },
	{ "code", LEAVE_CODE },
};

enum { KINDS = sizeof kinds / sizeof *kinds };

size_t
selection_skip(struct selection *selection, const char *list)
{
	const char *at = list;
	size_t len, i;

	for (;;) {
		len = strcspn(at, ",");
		for (i = 0; i < KINDS; i++)
			if (strlen(kinds[i].word) == len &&
			    strncmp(kinds[i].word, at, len) == 0)
				break;
		if (i == KINDS)
			return (size_t)(at - list);
		selection->skip |= kinds[i].kind;
		at += len;
		if (*at == '\0')
			return (size_t)(at - list);
		at++;
	}
}

static unsigned
kind_of(const char *name)
{
	if (strcmp(name, "config.yaml") == 0 ||
	    strcmp(name, "wandb-metadata.json") == 0 ||
	    strcmp(name, "wandb-summary.json") == 0)
		return 0;
	if (strcmp(name, "output.log") == 0)
		return LEAVE_CONSOLE;
	if (strncmp(name, "media/", 6) == 0)
		return LEAVE_MEDIA;
	if (strncmp(name, "code/", 5) == 0 || strcmp(name, "diff.patch") == 0 ||
	    fnmatch("diff_*.patch", name, FNM_PATHNAME) == 0)
		return LEAVE_CODE;
	return LEAVE_FILES;
}

unsigned
selection_leaves(const struct selection *selection, const char *name)
{
	unsigned kind = kind_of(name) & selection->skip;

	if (kind == 0 && globs_match(&selection->exclude, name))
		return LEAVE_EXCLUDED;
	return kind;
}

jv
selection_words(const struct selection *selection, unsigned left)
{
	jv words = jv_array();

	for (size_t i = 0; i < KINDS; i++)
		if (left & kinds[i].kind)
			words =
			    jv_array_append(words, jv_string(kinds[i].word));
	for (size_t i = 0;
	     (left & LEAVE_EXCLUDED) && i < selection->exclude.count; i++)
		words = jv_array_append(words,
		    jv_string_fmt("exclude=%s", selection->exclude.at[i]));
	return words;
}

/* Borrows both. */
static bool
is_in(jv words, jv word)
{
	bool found = false;

	jv_array_foreach(words, i, other)
	{
		found = jv_equal(other, jv_copy(word)) || found;
	}
	return found;
}

bool
selection_has(const struct selection *selection, jv words)
{
	jv here = selection_words(selection, selection->skip | LEAVE_EXCLUDED);
	bool has = true;

	if (jv_get_kind(words) == JV_KIND_ARRAY) {
		jv_array_foreach(words, i, word)
		{
			has = is_in(here, word) && has;
			jv_free(word);
		}
	}
	jv_free(here);
	return has;
}
