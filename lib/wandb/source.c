/* SPDX-License-Identifier: MIT */
/*
 * source - the .wandb file that a record names
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "record.h"
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
