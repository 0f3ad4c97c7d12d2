/* SPDX-License-Identifier: MIT */
/*
 * manifest - a folder that holds one kernel's output, and what is known of it
 *
 * Beside the files the folder holds .kgl-output.json, one JSON object a line:
 * first {"kernel": "owner/slug"}, then one for each file:
 *
 *	{"name": "a/b.txt", "version": 3, "bytes": 12, "sha256": "...",
 *	 "etag": "...", "last_modified": "..."}
 *
 * A line with "part": true is about a file that is being fetched; its bytes are
 * those that it will have. Lines are added as things happen, so that a killed
 * process leaves what it knew; the last one of a name counts.
 *
 * In memory there are 32 bytes for a file, not its line. Names at the top of
 * the folder that begin with MANIFEST_OURS are ours; an output must not have
 * one.
 */
#ifndef MANIFEST_H
#define MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include <jv.h>

#define MANIFEST_OURS ".kgl-"

struct manifest;

/*
 * Makes the folder if need be, locks it until manifest_close(), and reads what
 * is known of it. Returns jv_null(), or an error_value(): conflict if it holds
 * another kernel's output or, temporary, if another process has it; io;
 * damaged if its .kgl-output.json is something else.
 */
jv manifest_open(
    struct manifest **manifest, const char *path, const char *kernel);

/* Unlocks and frees; NULL is allowed. */
void manifest_close(struct manifest *manifest);

/* The folder, for openat(2) and messages; the manifest's own. */
int manifest_folder(const struct manifest *manifest);
const char *manifest_path(const struct manifest *manifest);

/* What is known of a file. */
struct manifest_entry {
	bool whole;          /* it is there; else it is being fetched */
	long long version;   /* of the kernel; 0 if that is not known */
	long long bytes;     /* -1 if that is not known */
	char *sha256;        /* NULL unless it is whole */
	char *etag;          /* as the server said it; NULL without one */
	char *last_modified; /* likewise */
};

void manifest_entry_release(struct manifest_entry *entry);

/* Fills entry, which is the caller's to release. False: nothing is known. */
bool manifest_find(
    struct manifest *manifest, const char *name, struct manifest_entry *entry);

/* Adds what is known now. Returns jv_null(), or an error_value(): io. */
jv manifest_put(struct manifest *manifest, const char *name,
    const struct manifest_entry *entry);

/* Notes that the session's list has name. False: it was noted before. */
bool manifest_see(struct manifest *manifest, const char *name);

/* Whether that was noted. */
bool manifest_lists(struct manifest *manifest, const char *name);

/* Notes that name is here, whole, as the session's list has it; ends when
 * manifest_put() says otherwise. */
void manifest_have(struct manifest *manifest, const char *name);

/* Whether that was noted. */
bool manifest_is_had(struct manifest *manifest, const char *name);

/* Whether the list has name, or an earlier one had and its file is there. */
bool manifest_has(struct manifest *manifest, const char *name);

/* The name of the file in the folder that name is fetched into. */
enum { MANIFEST_PART = 32 };
void manifest_part(const char *name, char part[MANIFEST_PART]);

/*
 * At the end of a session whose whole list was seen: forgets files that are
 * gone, removes the parts of those not in the list, and counts in *stale the
 * whole ones not in the list. Writes the file anew, with one line for each
 * name. Returns jv_null(), or an error_value(): io.
 */
jv manifest_settle(struct manifest *manifest, long long *stale);

#endif
