/* SPDX-License-Identifier: MIT */
/*
 * kaggle/kernelfiles - the files that a kernel's program carries
 *
 * One stream, compressed by zlib and in base64, which kernel.py unpacks: for
 * each file a line of JSON, [KIND, SIZE, NAME], and its bytes; KIND is "file",
 * "program" (an executable) or "link" (its bytes are where it leads).
 */
#ifndef KAGGLE_KERNELFILES_H
#define KAGGLE_KERNELFILES_H

#include <jv.h>

#include "git/source.h"

/*
 * Packs the files of a commit; source may be NULL, for no repository. Sets
 * *text, the caller's to free, and returns jv_null(), or an error_value():
 * input for a name that is not UTF-8 or not one of a file below a folder, for a
 * file that is kept elsewhere by Git LFS, and for more than 64 MiB in all;
 * not_found, io.
 */
jv kernelfiles_pack(struct git_source *source, const char *commit, char **text);

#endif
