/* SPDX-License-Identifier: MIT */
/* outputlog - the session's log as a file beside its output */
#include "kaggle/outputlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "record.h"

#define PART MANIFEST_OURS "log.part"
#define OTHER_NAME MANIFEST_OURS "output.log"

int
outputlog_open(const struct manifest *manifest)
{
	return openat(manifest_folder(manifest), PART,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
}

jv
outputlog_name(jv rec, struct manifest *manifest, const struct outputs *list,
    const char *slug, int log)
{
	int folder = manifest_folder(manifest);
	char *name = xasprintf("%s.log", slug), *path;
	bool done = outputs_log_bytes(list) > 0 && fsync(log) == 0;
	bool own = done && !manifest_has(manifest, name) &&
	    renameat(folder, PART, folder, name) == 0;

	if (done && !own)
		done = renameat(folder, PART, folder, OTHER_NAME) == 0;
	if (!done && outputs_log_bytes(list) != 0)
		rec = record_error(rec,
		    error_value("io", "%s: the log: %s",
			manifest_path(manifest), strerror(errno)));
	if (done) {
		path = xasprintf(
		    "%s/%s", manifest_path(manifest), own ? name : OTHER_NAME);
		rec = record_set_str(rec, "log_path", path);
		free(path);
	}
	free(name);
	return rec;
}

void
outputlog_close(const struct manifest *manifest, int log)
{
	close(log);
	/* It has another name by now, or is not wanted. */
	(void)unlinkat(manifest_folder(manifest), PART, 0);
}
