/* SPDX-License-Identifier: MIT */
/*
 * artifactitem - one file of an artifact on its way to the server
 *
 *	item_init()	what the artifact's record says of it
 *	item_check()	whether the file here is that; its MD5
 *	item_spec()	what the server is asked: an address, unless it has it
 *	item_take()	its answer
 *	item_start()	the bytes go up, in parts if they are many
 *	item_complete()	the parts are put together
 *
 * What the server has is not even opened. Only a file that goes up in parts,
 * or whose digest is an XXH128, must be checked before the server is asked. One
 * that was measured just now (stamp) is not read for that: it is the same file
 * when its bytes begin to go up and when the last was taken.
 */
#ifndef WANDB_ARTIFACTITEM_H
#define WANDB_ARTIFACTITEM_H

#include "wandb/artifactlog.h"
#include "wandb/clientids.h"
#include "wandb/puts.h"
#include "wandb/staged.h"

enum {
	ITEM_PARTS_FROM = 2048, /* MiB; such files and larger ones go up in */
	ITEM_PART = 100, /* parts of so many MiB, of more if there were */
	ITEM_PARTS_MOST = 10000 /* more of them */
};

/* What all of them share. */
struct artifact_context {
	struct wandb *wandb;
	const struct deadline *deadline;
	const struct staged *staged;
	struct clientids *ids;
	bool digests; /* the server knows more than one algorithm */
};

enum item_state {
	ITEM_ASK,   /* the server is to be asked for an address */
	ITEM_SEND,  /* it gave one */
	ITEM_THERE, /* the server has it */
	ITEM_LOST   /* it cannot be sent; why says why */
};

struct item {
	char *path, *local, *digest;
	int64_t size;
	enum checksum_kind kind; /* of the artifact */
	bool xxh128;             /* the digest is one */
	enum item_state state;
	jv why;
	bool here; /* it is here that something is wrong with it */

	bool stamped; /* it was measured just now, and must not change since */
	struct artifact_stamp stamp;

	bool checked; /* the file is what was logged, and */
	char md5[CHECKSUM_TEXT];
	bool again;        /* a second address was asked for */
	jv parts;          /* numbers and digests; jv_null() for one put */
	jv node;           /* the answer */
	jv etags;          /* of the parts that were put, by number */
	struct buf member; /* of the manifest, begun */
};

void item_init(struct item *item, const struct artifact_entry *entry,
    enum checksum_kind kind);
void item_release(struct item *item);

/* What tells the file as it is now from a later one; false with errno. */
bool artifact_stamp(int fd, struct artifact_stamp *stamp, int64_t *size);
bool artifact_stamp_is(
    const struct artifact_stamp *stamp, int64_t size, int fd);

/* It cannot be sent; consumes why. */
void item_lose(struct item *item, jv why);

/* Whether it must be checked before the server is asked. */
bool item_needs_check(const struct item *item);
void item_check(struct item *item, const struct artifact_context *context);

/* A CreateArtifactFileSpecInput. */
jv item_spec(const struct item *item, const char *artifact_id,
    const char *manifest_id, bool digests);

/* An edge of the answer, which is consumed. */
void item_take(struct item *item, jv edge);
void item_start(struct item *item, struct puts *puts,
    const struct artifact_context *context);
void item_complete(struct item *item, const struct artifact_context *context);

#endif
