/* SPDX-License-Identifier: MIT */
/*
 * safepath - names that a server chose, kept inside a folder
 *
 * A name is a path relative to the folder, its parts joined by '/'. A
 * backslash is a byte like any other. No symbolic link is followed below the
 * folder, whoever made it and whenever: each part is opened from the one
 * before it.
 */
#ifndef SAFEPATH_H
#define SAFEPATH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Why these bytes cannot be the name of a file below the folder, or NULL: they
 * are empty, absolute, longer than a path may be, hold a NUL, or an empty part,
 * "." or "..". Each file has one name only that passes.
 */
const char *safepath_refuse(const char *name, size_t len);

/*
 * Opens the folder that holds name, which must have passed safepath_refuse(),
 * and with make creates those on the way. *base becomes name's last part.
 * Returns a descriptor to close, or -1 with errno: ELOOP for a symbolic link
 * on the way, ENOTDIR for a file there.
 */
int safepath_parent(int folder, const char *name, bool make, const char **base);

#endif
