/* SPDX-License-Identifier: MIT */
/* artifactlog: what ArtifactRecords say, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "wandb/message.h"
#include "record.h"
#include "wandb/artifactlog.h"

static void
assert_span(struct span span, const char *text)
{
	assert_int_equal(span.len, strlen(text));
	assert_memory_equal(span.at, text, span.len);
}

static void
add_entry(
    struct buf *manifest, const char *path, const char *digest, const char *alg)
{
	struct buf entry = { 0 }, item = { 0 };

	message_text(&entry, 1, path);
	message_text(&entry, 2, digest);
	message_int(&entry, 4, 7);
	message_text(&entry, 6, "/there");
	if (alg != NULL) {
		message_text(&item, 1, "a\"b");
		message_text(&item, 2, "[1, 2]");
		message_sub(&entry, 16, &item);
		message_text(&item, 1, "alg");
		message_text(&item, 2, alg);
		message_sub(&entry, 16, &item);
	}
	message_sub(manifest, 4, &entry);
}

static void
test_record(void **state)
{
	struct buf out = { 0 }, manifest = { 0 }, policy = { 0 };
	struct artifact_record record;
	struct wire at = { 0 };
	struct span text;

	(void)state;
	message_int(&manifest, 1, 1);
	message_text(&manifest, 2, "policy");
	message_text(&policy, 1, "storageRegion");
	message_text(&policy, 2, "\"eu\"");
	message_sub(&manifest, 3, &policy);
	message_text(&out, 4, "type");
	message_text(&out, 5, "name");
	message_text(&out, 6, "digest");
	message_int(&out, 10, 1);
	message_text(&out, 11, "latest");
	message_text(&out, 11, "best");
	message_sub(&out, 12, &manifest);
	message_int(&out, 14, 1);
	message_text(&out, 15, "client");
	message_int(&out, 18, 3600);
	message_text(&out, 19, "tag");
	message_text(&out, 20, "MANIFEST_XXH128");
	message_int(&out, 100, 1);
	message_text(&out, 200, "unknown");

	assert_true(artifact_record(message_span(&out), &record));
	assert_span(record.type, "type");
	assert_span(record.name, "name");
	assert_span(record.digest, "digest");
	assert_span(record.client_id, "client");
	assert_span(record.policy, "policy");
	assert_span(record.region, "\"eu\"");
	assert_int_equal(record.version, 1);
	assert_int_equal(record.ttl, 3600);
	assert_int_equal(record.kind, CHECKSUM_XXH128);
	assert_true(record.use_after_commit && record.finalize);
	assert_true(record.incremental && !record.user_created);
	assert_true(artifact_next_text(&record, ARTIFACT_ALIAS, &at, &text));
	assert_span(text, "latest");
	assert_true(artifact_next_text(&record, ARTIFACT_ALIAS, &at, &text));
	assert_span(text, "best");
	assert_false(artifact_next_text(&record, ARTIFACT_ALIAS, &at, &text));
	at = (struct wire){ 0 };
	assert_true(artifact_next_text(&record, ARTIFACT_TAG, &at, &text));
	assert_span(text, "tag");

	/* Cut anywhere it is none, or one with less in it: no crash. */
	for (size_t len = 0; len < out.len; len++)
		(void)artifact_record((struct span){ out.at, len }, &record);
	assert_false(artifact_record((struct span){ out.at, 3 }, &record));
	buf_release(&out);
}

static void
test_entries(void **state)
{
	struct buf out = { 0 }, manifest = { 0 };
	struct artifact_entries reader;
	struct artifact_record record;
	struct artifact_entry entry;

	(void)state;
	add_entry(&manifest, "one", "d1", NULL);
	add_entry(&manifest, "two", "d2", "\"XXH128\"");
	message_text(&out, 5, "name");
	message_sub(&out, 12, &manifest);
	assert_true(artifact_record(message_span(&out), &record));
	artifact_entries_open(&reader, &record, -1);
	assert_true(artifact_entries_next(&reader, &entry));
	assert_span(entry.path, "one");
	assert_span(entry.digest, "d1");
	assert_span(entry.local, "/there");
	assert_int_equal(entry.size, 7);
	assert_int_equal(entry.extra.len, 0);
	assert_false(entry.xxh128);
	assert_true(artifact_entries_next(&reader, &entry));
	assert_span(entry.extra, "{\"a\\\"b\":[1, 2],\"alg\":\"XXH128\"}");
	assert_true(entry.xxh128);
	assert_false(artifact_entries_next(&reader, &entry));
	assert_true(jv_is_valid(reader.why));
	artifact_entries_close(&reader);
	buf_release(&out);
}

static void
assert_bad(struct buf *manifest, const char *why)
{
	struct artifact_entries reader;
	struct artifact_record record;
	struct artifact_entry entry;
	struct buf out = { 0 };

	message_text(&out, 5, "name");
	message_sub(&out, 12, manifest);
	assert_true(artifact_record(message_span(&out), &record));
	artifact_entries_open(&reader, &record, -1);
	while (artifact_entries_next(&reader, &entry))
		;
	assert_false(jv_is_valid(reader.why));
	assert_string_equal(error_code(reader.why), "damaged");
	assert_non_null(strstr(error_message(reader.why), why));
	artifact_entries_close(&reader);
	buf_release(&out);
}

static void
test_bad_entries(void **state)
{
	struct buf manifest = { 0 };

	(void)state;
	add_entry(&manifest, "one", "d1", "nothing");
	assert_bad(&manifest, "extra");
	add_entry(&manifest, "one", "", NULL);
	assert_bad(&manifest, "without path or digest");
	message_text(&manifest, 4, "\xff\xff");
	assert_bad(&manifest, "no protobuf");
}

/* A packed file of lines; returns its descriptor, cut by so many bytes. */
static int
packed(const char *lines, off_t cut)
{
	char name[] = "/tmp/kwtools-XXXXXX";
	int fd = mkstemp(name);
	gzFile file;
	off_t size;

	assert_true(fd >= 0);
	file = gzdopen(dup(fd), "wb");
	assert_non_null(file);
	assert_int_equal(gzputs(file, lines), strlen(lines));
	assert_int_equal(gzclose(file), Z_OK);
	size = lseek(fd, 0, SEEK_END);
	assert_int_equal(ftruncate(fd, size - cut), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	unlink(name);
	return fd;
}

static struct buf
named(struct artifact_record *record)
{
	struct buf out = { 0 }, manifest = { 0 };

	message_text(&manifest, 5, "/there/list.gz");
	message_text(&out, 5, "name");
	message_sub(&out, 12, &manifest);
	assert_true(artifact_record(message_span(&out), record));
	return out;
}

static void
test_file(void **state)
{
	struct artifact_record record;
	struct buf out = named(&record);
	struct artifact_entries reader;
	struct artifact_entry entry;

	(void)state;
	assert_span(record.entries_file, "/there/list.gz");
	artifact_entries_open(&reader, &record,
	    packed("{\"path\": \"a\\u00e9\", \"digest\": \"d\", \"size\": 12, "
		   "\"local_path\": \"/l\", \"ref\": null}\n"
		   "{\"path\": \"b\", \"digest\": \"d\", \"ref\": \"s3://x\", "
		   "\"extra\": {\"alg\": \"XXH128\"}, "
		   "\"birthArtifactID\": \"QQ==\"}\n",
		0));
	assert_true(artifact_entries_next(&reader, &entry));
	assert_span(entry.path, "a\xc3\xa9");
	assert_span(entry.local, "/l");
	assert_int_equal(entry.size, 12);
	assert_int_equal(entry.ref.len, 0);
	assert_true(artifact_entries_next(&reader, &entry));
	assert_span(entry.ref, "s3://x");
	assert_span(entry.birth, "QQ==");
	assert_true(entry.xxh128);
	assert_false(artifact_entries_next(&reader, &entry));
	assert_true(jv_is_valid(reader.why));
	artifact_entries_close(&reader);
	buf_release(&out);
}

static void
test_bad_file(void **state)
{
	static const char *const lines[] = {
		"{\"path\": \"a\", \"digest\": \"d\"}\n", "[]\n", "{\"path\"\n"
	};
	struct artifact_record record;
	struct buf out = named(&record);
	struct artifact_entries reader;
	struct artifact_entry entry;

	(void)state;
	for (int i = 0; i < 3; i++) {
		artifact_entries_open(
		    &reader, &record, packed(lines[i], i == 0 ? 9 : 0));
		while (artifact_entries_next(&reader, &entry))
			;
		assert_string_equal(error_code(reader.why), "damaged");
		artifact_entries_close(&reader);
	}
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_bad_entries),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_bad_file),
	};

	return cmocka_run_group_tests_name("artifactlog", tests, NULL, NULL);
}
