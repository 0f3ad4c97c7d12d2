/* SPDX-License-Identifier: MIT */
/* written - what a session says that it wrote: session_summary.json */
#include "kaggle/written.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "file.h"
#include "json.h"
#include "kaggle/fetch.h"
#include "record.h"

static const char summary[] = "session_summary.json";

enum { SUMMARY_MOST = 64 * 1024 * 1024 };

/* An entry of "files". */
struct claim {
	struct buf name;
	struct span sha256;
	long long bytes; /* -1: it does not say */
};

static bool
read_claim(struct claim *claim, struct span text)
{
	struct json_walk walk;
	struct json_member member;

	buf_clear(&claim->name);
	claim->sha256 = (struct span){ 0 };
	claim->bytes = -1;
	json_walk(&walk, text, 0);
	while (json_next(&walk, &member)) {
		struct span value = member.value.text;

		if (member.value.type == JSON_NUMBER &&
		    span_is(member.key, "bytes"))
			claim->bytes = strtoll(value.at, NULL, 10);
		if (member.value.type != JSON_STRING)
			continue;
		value = (struct span){ value.at + 1, value.len - 2 };
		if (span_is(member.key, "name")) {
			buf_clear(&claim->name);
			json_decode(&claim->name, value);
		} else if (span_is(member.key, "sha256")) {
			claim->sha256 = value;
		}
	}
	return walk.fault.why == NULL && claim->name.len > 0 &&
	    claim->bytes >= 0 && claim->sha256.len == 64;
}

static void
miss(struct download *download, const char *code, const char *name,
    const char *why)
{
	download_miss(download, error_value(code, "%s: %s", name, why));
}

/* Another file than the one that the session wrote: no proof that it came. */
static void
refuse(struct download *download, const char *name, long long bytes,
    const char *why)
{
	const struct manifest_entry unknown = { .bytes = -1 };
	jv put;

	miss(download, "damaged", name, why);
	download->files--;
	download->bytes -= bytes;
	put = manifest_put(download->manifest, name, &unknown);
	if (!jv_is_valid(put))
		download_miss(download, jv_copy(put));
	jv_free(put);
}

static void
check_claim(struct download *download, const struct claim *claim)
{
	const char *name = claim->name.at;
	const char *why = fetch_refuse(name, claim->name.len);
	struct manifest_entry entry;

	if (why != NULL) {
		miss(download, "input", summary, "it names what is no file");
		return;
	}
	if (!download->wanted(name) ||
	    (download->most >= 0 && claim->bytes > download->most))
		return;
	if (!manifest_lists(download->manifest, name)) {
		miss(download, "not_found", name,
		    "the session wrote it, but it is not in the list");
		return;
	}
	if (!manifest_is_had(download->manifest, name) ||
	    !manifest_find(download->manifest, name, &entry))
		return;
	if (entry.bytes != claim->bytes)
		refuse(download, name, entry.bytes,
		    "not as long as what the session wrote");
	else if (strncasecmp(entry.sha256, claim->sha256.at, 64) != 0)
		refuse(download, name, entry.bytes,
		    "not what the session wrote, says its SHA-256");
	manifest_entry_release(&entry);
}

/* "files"; false if that is no list of what it should be. */
static bool
check_claims(struct download *download, const struct json_value *files)
{
	struct claim claim = { 0 };
	struct json_walk walk;
	struct json_member member;
	bool good = files->type == JSON_ARRAY;

	json_walk(&walk, files->text, 0);
	while (good && json_next(&walk, &member)) {
		good = member.value.type == JSON_OBJECT &&
		    read_claim(&claim, member.value.text);
		if (good)
			check_claim(download, &claim);
	}
	buf_release(&claim.name);
	return good;
}

void
written_check(struct download *download)
{
	char *path =
	    xasprintf("%s/%s", manifest_path(download->manifest), summary);
	struct buf text = { 0 };
	struct json_walk walk;
	struct json_member member;
	bool good = true;
	jv why = jv_null();

	if (manifest_is_had(download->manifest, summary))
		why = file_read(path, SUMMARY_MOST, &text);
	if (!jv_is_valid(why))
		download_miss(download, jv_copy(why));
	if (text.len > 0) {
		json_walk(&walk, (struct span){ text.at, text.len }, 0);
		while (good && json_next(&walk, &member)) {
			if (span_is(member.key, "files"))
				good = check_claims(download, &member.value);
		}
		if (!good || walk.fault.why != NULL)
			miss(download, "damaged", summary,
			    "not what a program of kgl-build writes");
	}
	jv_free(why);
	buf_release(&text);
	free(path);
}
