/* SPDX-License-Identifier: MIT */
/*
 * skipped - what is left out, to be told at the end
 */
#include "minio/skipped.h"
#include "json.h"

enum { MOST_NAMES = 200 }; /* bytes */

void
skipped_add(struct skipped *skipped, long line, struct span name)
{
	struct buf quoted = { 0 };
	bool is_long = name.len > MOST_NAMES;

	if (skipped->count++ == 0)
		skipped->line = line;
	if (skipped->names.len > MOST_NAMES)
		return;
	if (is_long)
		name.len = MOST_NAMES;
	json_quote(&quoted, name);
	if (is_long)
		buf_adds(&quoted, "...");
	if (skipped->names.len == 0 ||
	    strstr(skipped->names.at, quoted.at) == NULL)
		buf_addf(&skipped->names, "%s%s",
		    skipped->names.len > 0 ? ", " : "", quoted.at);
	if (skipped->names.len > MOST_NAMES && !is_long)
		buf_adds(&skipped->names, ", ...");
	buf_release(&quoted);
}

void
skipped_tell(struct skipped *skipped)
{
	if (skipped->count > 0 && skipped->line > 0)
		warning("%s: %ld, the first in line %ld: %s", skipped->what,
		    skipped->count, skipped->line, skipped->names.at);
	else if (skipped->count > 0)
		warning("%s: %ld: %s", skipped->what, skipped->count,
		    skipped->names.at);
	buf_release(&skipped->names);
}
