/* SPDX-License-Identifier: MIT */
/*
 * source - the .wandb file that a record names, and whose it is
 */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "record.h"
#include "wandb/replay.h"
#include "wandb/rundir.h"
#include "wandb/source.h"

static int
is_wandb(const struct dirent *entry)
{
	return rundir_is_file(entry->d_name);
}

static jv
file_in(const char *folder)
{
	struct dirent **found;
	int count = scandir(folder, &found, is_wandb, alphasort);
	jv path;
	char *joined;

	if (count < 0)
		return error_value(errno == ENOENT ? "not_found" : "io",
		    "%s: %s", folder, strerror(errno));
	if (count == 1) {
		joined = file_join(folder, found[0]->d_name);
		path = jv_string(joined);
		free(joined);
	} else if (count == 0) {
		path =
		    error_value("not_found", "%s holds no .wandb file", folder);
	} else {
		path = error_value("input",
		    "%s holds %d .wandb files: name "
		    "one",
		    folder, count);
	}
	for (int i = 0; i < count; i++)
		free(found[i]);
	free(found);
	return path;
}

jv
source_path(jv rec)
{
	const char *file = record_str(rec, "wandb_file");
	const char *folder = record_str(rec, "run_dir");
	struct stat st;

	if (file != NULL && stat(file, &st) == 0 && S_ISDIR(st.st_mode))
		return file_in(file);
	if (file != NULL)
		return jv_string(file);
	if (folder != NULL)
		return file_in(folder);
	return error_value(
	    "input", "the record has neither wandb_file nor run_dir");
}

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
