/* SPDX-License-Identifier: MIT */
/*
 * written - what a session says that it wrote: session_summary.json
 *
 * A program of kgl-build(1) leaves that file beside its output:
 *
 *	{"files": [{"name": "a/b.txt", "bytes": 12, "sha256": "..."}], ...}
 *
 * Kaggle tells neither size nor digest, so this is all by which a file that it
 * lost or changed can be known.
 */
#ifndef KAGGLE_WRITTEN_H
#define KAGGLE_WRITTEN_H

#include "kaggle/download.h"

/*
 * After download_run() of the whole list: compares what came with that file, if
 * it came, too. What is missing from the list, or is something else, is counted
 * by download_miss(); the latter is fetched anew by the next call. Files that
 * were not wanted are left out, and those that failed, as that was told.
 */
void written_check(struct download *download);

#endif
