/* SPDX-License-Identifier: MIT */
/*
 * artifactlog - an artifact as it was logged: ArtifactRecord, its entries
 *
 * The messages of wandb_internal.proto. Spans point into the record, or live
 * until the next entry. Text is as it was written: it may be no UTF-8.
 */
#ifndef WANDB_ARTIFACTLOG_H
#define WANDB_ARTIFACTLOG_H

#include <stdbool.h>
#include <stdint.h>

#include <jv.h>

#include "wandb/checksum.h"
#include "wandb/wire.h"

struct artifact_record {
	struct span type, name, description, metadata; /* metadata: JSON */
	struct span digest;                            /* hex */
	enum checksum_kind kind;
	struct span client_id, sequence_client_id, base_id, distributed_id;
	int64_t ttl; /* seconds; 0 without */
	bool user_created, use_after_commit, finalize, incremental;
	struct span aliases_and_tags; /* for artifact_next_text() */
	/* Its ArtifactManifest. */
	int64_t version;
	struct span policy, region; /* region: JSON text, or empty */
	struct span entries;
	struct span entries_file; /* the path of a file with more entries */
};

/* False if it is none. */
bool artifact_record(struct span message, struct artifact_record *record);

/* The aliases or the tags, one a call; state begins as 0-initialised. */
enum artifact_text { ARTIFACT_ALIAS = 11, ARTIFACT_TAG = 19 };
bool artifact_next_text(const struct artifact_record *record,
    enum artifact_text which, struct wire *state, struct span *text);

struct artifact_entry {
	struct span path, digest, ref, birth;
	struct span local; /* where the file was; empty: nothing is sent */
	int64_t size;
	struct span extra; /* a JSON object, or empty */
	bool xxh128;       /* the digest is one, as extra says */
	/*
	 * If it was measured just now, by which inode and modification time
	 * (nanoseconds) the file of then is known; else NULL.
	 */
	const struct artifact_stamp *stamp;
};

struct artifact_stamp {
	uint64_t inode;
	int64_t modified;
};

/*
 * All entries, those of entries_file first: a file of JSON lines, most often
 * packed, which fd is open for (-1 without one) and which the reader closes.
 *
 *	artifact_entries_open(&reader, &record, fd);
 *	while (artifact_entries_next(&reader, &entry)) ...
 *	artifact_entries_close(&reader);
 *
 * When there is no further entry, why is jv_null(), or says what is wrong.
 * Entries that are no part of a record come from a caller's function
 * (artifact_entries_from()), which says false when there is no more.
 */
typedef bool artifact_entries_source(
    void *context, struct artifact_entry *entry);

struct artifact_entries {
	artifact_entries_source *source;
	void *context;
	struct wire wire;
	struct gzFile_s *file;
	struct buf line, texts, extra;
	jv why;
};

void artifact_entries_open(struct artifact_entries *reader,
    const struct artifact_record *record, int fd);
void artifact_entries_from(struct artifact_entries *reader,
    artifact_entries_source *source, void *context);
bool artifact_entries_next(
    struct artifact_entries *reader, struct artifact_entry *entry);
void artifact_entries_close(struct artifact_entries *reader);

#endif
