/* SPDX-License-Identifier: MIT */
/*
 * download - all files of a list (outputs.h) into a folder (manifest.h), many
 * at once
 *
 * A file that cannot be had does not stop the others; a full or broken disk
 * does. A URL that is refused may have expired, so its page is listed again,
 * and it is tried once more.
 */
#ifndef DOWNLOAD_H
#define DOWNLOAD_H

#include <stdbool.h>

#include <jv.h>

#include "clock.h"
#include "kaggle/manifest.h"
#include "kaggle/outputs.h"
#include "mem.h"

enum { DOWNLOAD_PARALLEL = 32 }; /* at most */

struct download_slot;

struct download {
	/* Set by the caller, and all else zero. */
	struct manifest *manifest;
	struct outputs *list;
	bool (*wanted)(const char *name);
	const struct deadline *deadline;
	long long version; /* of the kernel, 0 if that is not known */
	long long most;    /* bytes of a file that is wanted; -1: all */
	long parallel;

	/* The outcome. */
	long long files; /* that are here, whole */
	long long bytes; /* of them */
	jv disk_error;   /* or jv_null() */

	/* Its own. */
	struct download_slot *slot;
	long long missing;
	long long told;
	struct buf words; /* on those that were told */
	jv why;           /* for one; a passing reason only if all are */
};

/* Works until the list is done, or the disk is full. */
void download_run(struct download *download);

/* Counts what else is missing, and why; consumes why. */
void download_miss(struct download *download, jv why);

/*
 * jv_null() if nothing is missing. Else an error_value(): the first reason's
 * code, temporary only if all of them are, and which files, as many as fit.
 */
jv download_missing(const struct download *download);

void download_release(struct download *download);

#endif
