/* SPDX-License-Identifier: MIT */
/*
 * file - whole files, read and replaced
 */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>
#include <stddef.h>

#include <jv.h>

#include "mem.h"

/*
 * Appends a file of at most most bytes to out. Returns jv_null(), or an
 * error_value(): io, with the file's name and the reason. A missing one is
 * not_found; a pipe is not waited for, but io.
 */
jv file_read(const char *path, size_t most, struct buf *out);

/*
 * Replaces a file by these bytes, so that at any moment either the old or the
 * new one is there, whole: a temporary file beside it, fsync(2), rename(2).
 * Returns jv_null(), or an error_value(): io.
 */
jv file_replace(const char *path, const void *bytes, size_t len);

/* folder/name, or name if it is absolute or folder is "" or ".". */
char *file_join(const char *folder, const char *name);

/*
 * Makes a folder and those above it, as mkdir -p. Whether it was not there; if
 * it could not be made that shows when it is opened.
 */
bool file_make_folders(const char *path);

#endif
