/* SPDX-License-Identifier: MIT */
/*
 * source - what is known here of a run that is no longer on the server
 *
 * A file of its own: who only reads files needs no markers.
 */
#include "record.h"
#include "wandb/marker.h"
#include "wandb/source.h"

jv
source_forget(jv rec)
{
	static const char *const verdicts[] = { "verified", "verified_at",
		NULL };
	jv path = source_path(rec), why;

	if (!jv_is_valid(path)) { /* no file is here, so no marker is */
		jv_free(path);
		return rec;
	}
	why = marker_remove(jv_string_value(path));
	jv_free(path);
	if (!jv_is_valid(why))
		return record_failed(rec, why);
	return record_set_bool(record_forget(rec, verdicts), "synced", false);
}
