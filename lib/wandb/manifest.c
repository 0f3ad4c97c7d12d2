/* SPDX-License-Identifier: MIT */
/*
 * manifest - the manifest of an artifact, written to a temporary file
 */
#include <errno.h>
#include <string.h>

#include "digest.h"
#include "json.h"
#include "record.h"
#include "wandb/manifest.h"

static void
add(struct manifest *manifest, const char *text, size_t len)
{
	if (manifest->error != 0)
		return;
	if (fwrite(text, 1, len, manifest->file) != len) {
		manifest->error = errno;
		return;
	}
	md5_update(&manifest->ctx, len, (const uint8_t *)text);
	manifest->size += (off_t)len;
}

void
manifest_begin(struct manifest *manifest, const struct artifact_record *record)
{
	struct buf text = { 0 };
	struct json_value region;
	struct json_fault fault;

	*manifest = (struct manifest){ .file = tmpfile(), .first = true };
	if (manifest->file == NULL)
		manifest->error = errno;
	md5_init(&manifest->ctx);
	buf_addf(&text,
	    "{\"version\":%lld,\"storagePolicy\":", (long long)record->version);
	json_quote(&text, record->policy);
	buf_adds(&text, ",\"storagePolicyConfig\":{\"storageLayout\":\"V2\"");
	if (json_value(record->region, 0, &region, &fault)) {
		buf_adds(&text, ",\"storageRegion\":");
		buf_add(&text, region.text.at, region.text.len);
	}
	buf_adds(&text, "},\"contents\":{");
	add(manifest, text.at, text.len);
	buf_release(&text);
}

jv
manifest_member(const struct artifact_entry *entry, struct clientids *ids,
    struct buf *member)
{
	struct buf ref = { 0 };
	jv why = clientids_resolve(ids, entry->ref, &ref);

	json_quote(member, entry->path);
	buf_adds(member, ":{\"digest\":");
	json_quote(member, entry->digest);
	buf_addf(member, ",\"size\":%lld", (long long)entry->size);
	if (ref.len > 0) {
		buf_adds(member, ",\"ref\":");
		json_quote(member, (struct span){ ref.at, ref.len });
	}
	if (entry->extra.len > 2) { /* more than {} */
		buf_adds(member, ",\"extra\":");
		buf_add(member, entry->extra.at, entry->extra.len);
	}
	buf_release(&ref);
	return why;
}

void
manifest_add(struct manifest *manifest, struct buf *member, struct span birth)
{
	if (birth.len > 0) {
		buf_adds(member, ",\"birthArtifactID\":");
		json_quote(member, birth);
	}
	buf_addc(member, '}');
	if (!manifest->first)
		add(manifest, ",", 1);
	manifest->first = false;
	add(manifest, member->at, member->len);
}

jv
manifest_end(struct manifest *manifest)
{
	add(manifest, "}}", 2);
	if (manifest->error == 0 && fflush(manifest->file) == EOF)
		manifest->error = errno;
	if (manifest->error != 0)
		return error_value("io",
		    "a temporary file for its manifest: %s",
		    strerror(manifest->error));
	digest_md5_text(&manifest->ctx, manifest->md5);
	return jv_null();
}

void
manifest_release(struct manifest *manifest)
{
	if (manifest->file != NULL)
		(void)fclose(manifest->file); /* nobody needs it now */
	*manifest = (struct manifest){ 0 };
}
