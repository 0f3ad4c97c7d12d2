/* SPDX-License-Identifier: MIT */
/*
 * artifactscan - a file or a folder here, measured to become an artifact
 *
 * Of a folder all regular files below it, by their paths from there; as the
 * official client does, symbolic links are followed, and a file that two paths
 * lead to is there twice. A link that leads nowhere, or to a folder that it is
 * in, and what is neither file nor folder, is an error: the artifact would lack
 * it. Each file is read once, and must not change meanwhile.
 *
 * Memory: 72 bytes and the path for each file, and what readdir(3) names in
 * the folders that are still to be read.
 */
#ifndef WANDB_ARTIFACTSCAN_H
#define WANDB_ARTIFACTSCAN_H

#include "globs.h"
#include "wandb/artifactlog.h"

struct artifact_scan {
	/* What came of it. */
	size_t count;
	int64_t bytes;
	char digest[CHECKSUM_HEX];

	/* Its own. */
	struct scanned *files;
	size_t room;
	struct buf paths;
	char *root;      /* the folder; NULL for a file or a reference */
	const char *one; /* the path of that, borrowed */
	bool reference;
	size_t next;
	struct buf local; /* the path of the entry that was given last */
};

/*
 * The reference in text (s3://..., https://...) without the user and password
 * that are in it, to be freed; NULL if there are none.
 */
char *artifact_without_secret(const char *text);

/*
 * Measures path, which is borrowed. With include only files whose paths match
 * one of its patterns, and none that matches exclude. Returns jv_null(), or an
 * error_value(): not_found, io, input (a name that is not UTF-8, no file at
 * all), conflict (a file changed). A reference is taken by its words: its
 * digest is the URI, as the client's without checksum.
 */
jv artifact_scan(struct artifact_scan *scan, const char *path,
    const struct globs *include, const struct globs *exclude);

/*
 * The entries from the first on, sorted by path; an artifact_entries_source.
 */
bool artifact_scan_next(void *scan, struct artifact_entry *entry);

void artifact_scan_release(struct artifact_scan *scan);

#endif
