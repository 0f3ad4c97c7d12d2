/* SPDX-License-Identifier: MIT */
/*
 * source - whose the .wandb file is that a record names
 *
 * A file of its own: who only reads files needs no part of a sync.
 */
#include <math.h>

#include "wandb/replay.h"
#include "wandb/source.h"

char *
source_run(const char *path, const struct run_params *instead, double *started)
{
	struct replay replay;
	struct runlog_entry entry;
	enum leveldb_event event;
	jv why = jv_null();
	struct runlog *log = runlog_open(path, &why);
	char *name = NULL;

	jv_free(why);
	*started = NAN;
	if (log == NULL)
		return NULL;
	replay_init(&replay);
	replay.instead = instead;
	while (!replay.begun &&
	    ((event = runlog_next(log, &entry)) == LEVELDB_RECORD ||
		event == LEVELDB_DAMAGE))
		if (event == LEVELDB_RECORD && !replay_record(&replay, &entry))
			break;
	if (replay.begun && replay.params.run_id != NULL) {
		name = xasprintf("%s/%s/%s",
		    replay.params.entity != NULL ? replay.params.entity : "",
		    replay.params.project != NULL ? replay.params.project : "",
		    replay.params.run_id);
		*started = replay.started;
	}
	replay_release(&replay);
	runlog_close(log);
	return name;
}
