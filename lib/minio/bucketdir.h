/* SPDX-License-Identifier: MIT */
/*
 * bucketdir - a bucket's folder on the disk of MinIO
 *
 * Today's MinIO keeps an object as a folder of its key with a file xl.meta in
 * it, the one of before 2022 as a plain file.
 */
#ifndef MINIO_BUCKETDIR_H
#define MINIO_BUCKETDIR_H

#include <stdbool.h>

#include "mem.h"

/*
 * The bucket's name: the last part of the folder's path. The caller's to free;
 * NULL if it has none, as "/" or "..".
 */
char *bucketdir_name(const char *path);

/*
 * 1 if the object is there, 0 if it is not, -1 with errno if that cannot be
 * told. The key must have passed objectkey_split(); no link is followed.
 */
int bucketdir_has(int folder, struct span key);

#endif
