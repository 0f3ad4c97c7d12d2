/* SPDX-License-Identifier: MIT */
/*
 * make-artifact - a .wandb file whose run logs artifacts, for tests
 *
 * make-artifact ID ROOT < ARTIFACTS: a run of that id, which worked in ROOT,
 * on standard output. Each line of ARTIFACTS is an object with what an
 * ArtifactRecord has, by its names; "entries" is an array of objects likewise.
 * An entry with "file" is that file as it is now: its digest, its size, and its
 * local_path, unless they are given. A digest of the artifact that is not given
 * is computed, too.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jv.h>

#include "mem.h"
#include "record.h"
#include "unit/logfile.h"
#include "wandb/checksum.h"

static void
text(struct buf *out, uint32_t number, jv from, const char *name)
{
	const char *value = record_str(from, name);

	if (value != NULL)
		message_text(out, number, value);
}

static void
number(struct buf *out, uint32_t number, jv from, const char *name)
{
	long long value =
	    record_true(from, name) ? 1 : record_int(from, name, 0);

	if (value != 0)
		message_int(out, number, (uint64_t)value);
}

static void
texts(struct buf *out, uint32_t number, jv from, const char *name)
{
	jv values = record_get(from, name);

	for (int i = 0; jv_get_kind(values) == JV_KIND_ARRAY &&
	     i < jv_array_length(jv_copy(values));
	     i++) {
		jv value = jv_array_get(jv_copy(values), i);

		message_text(out, number, jv_string_value(value));
		jv_free(value);
	}
	jv_free(values);
}

/* Digest, size and place of "file". */
static jv
measured(jv entry, bool xxh128)
{
	const char *path = record_str(entry, "file");
	char md5[CHECKSUM_TEXT], other[CHECKSUM_TEXT];
	struct stat st;
	int fd;

	if (path == NULL)
		return entry;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 ||
	    !checksum_file(fd, st.st_size, md5, other)) {
		perror(path);
		exit(1);
	}
	close(fd);
	if (record_str(entry, "local_path") == NULL)
		entry = record_set_str(entry, "local_path", path);
	if (record_str(entry, "digest") == NULL)
		entry = record_set_str(entry, "digest", xxh128 ? other : md5);
	entry = record_set_number(entry, "size", (double)st.st_size);
	if (xxh128)
		entry = jv_object_set(entry, jv_string("extra"),
		    record_set_str(jv_object(), "alg", "XXH128"));
	return entry;
}

static void
extra(struct buf *out, jv entry)
{
	jv all = record_get(entry, "extra");

	for (int i = jv_get_kind(all) == JV_KIND_OBJECT ? jv_object_iter(all)
							: -1;
	     i >= 0 && jv_object_iter_valid(all, i);
	     i = jv_object_iter_next(all, i)) {
		jv key = jv_object_iter_key(all, i);
		jv value = jv_dump_string(jv_object_iter_value(all, i), 0);
		struct buf item = { 0 };

		message_text(&item, 1, jv_string_value(key));
		message_text(&item, 2, jv_string_value(value));
		message_sub(out, 16, &item);
		jv_free(key);
		jv_free(value);
	}
	jv_free(all);
}

static void
put_entries(struct buf *manifest, jv artifact, struct checksum_list *list)
{
	jv entries = record_get(artifact, "entries");

	for (int i = 0; jv_get_kind(entries) == JV_KIND_ARRAY &&
	     i < jv_array_length(jv_copy(entries));
	     i++) {
		jv entry = measured(jv_array_get(jv_copy(entries), i),
		    list->kind == CHECKSUM_XXH128);
		struct buf out = { 0 };

		text(&out, 1, entry, "path");
		text(&out, 2, entry, "digest");
		text(&out, 3, entry, "ref");
		number(&out, 4, entry, "size");
		text(&out, 6, entry, "local_path");
		text(&out, 7, entry, "birth_artifact_id");
		extra(&out, entry);
		message_sub(manifest, 4, &out);
		checksum_entry(list, span_of(record_str(entry, "path")),
		    span_of(record_str(entry, "digest")));
		jv_free(entry);
	}
	jv_free(entries);
}

static void
put_artifact(jv artifact)
{
	const char *algorithm = record_str(artifact, "digest_algorithm");
	struct buf out = { 0 }, manifest = { 0 };
	struct checksum_list list;
	char hex[CHECKSUM_HEX];

	checksum_begin(&list,
	    algorithm != NULL && strstr(algorithm, "XXH128") != NULL
		? CHECKSUM_XXH128
		: CHECKSUM_MD5);
	message_int(&manifest, 1, 1);
	message_text(&manifest, 2, "wandb-storage-policy-v1");
	put_entries(&manifest, artifact, &list);
	text(&manifest, 5, artifact, "manifest_file_path");
	checksum_end(&list, hex);
	if (record_str(artifact, "digest") == NULL)
		artifact = record_set_str(artifact, "digest", hex);
	if (record_str(artifact, "type") == NULL)
		artifact = record_set_str(artifact, "type", "dataset");
	text(&out, 3, artifact, "entity");
	text(&out, 4, artifact, "type");
	text(&out, 5, artifact, "name");
	text(&out, 6, artifact, "digest");
	text(&out, 7, artifact, "description");
	text(&out, 8, artifact, "metadata");
	number(&out, 9, artifact, "user_created");
	number(&out, 10, artifact, "use_after_commit");
	texts(&out, 11, artifact, "aliases");
	message_sub(&out, 12, &manifest);
	text(&out, 13, artifact, "distributed_id");
	if (record_int(artifact, "finalize", 1) != 0)
		message_int(&out, 14, 1);
	text(&out, 15, artifact, "client_id");
	text(&out, 16, artifact, "sequence_client_id");
	text(&out, 17, artifact, "base_id");
	number(&out, 18, artifact, "ttl_duration_seconds");
	texts(&out, 19, artifact, "tags");
	text(&out, 20, artifact, "digest_algorithm");
	number(&out, 100, artifact, "incremental_beta1");
	logfile_record(8, &out);
	jv_free(artifact);
}

static void
put_entry(jv entry)
{
	jv line =
	    jv_dump_string(record_drop(measured(entry, false), "file"), 0);

	puts(jv_string_value(line));
	jv_free(line);
}

/* Calls one of those for each line of standard input. */
static int
for_lines(void (*act)(jv))
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while ((len = getline(&line, &room, stdin)) > 0) {
		jv object = jv_parse_sized(line, (int)len);

		if (jv_get_kind(object) != JV_KIND_OBJECT) {
			fprintf(stderr, "make-artifact: no object: %s", line);
			return 1;
		}
		act(object);
	}
	free(line);
	return 0;
}

int
main(int argc, char *argv[])
{
	static const unsigned char head[] = { ':', 'W', '&', 'B', 0xe1, 0xbe,
		0 };
	struct buf run = { 0 }, environment = { 0 }, end = { 0 };

	if (argc == 1)
		return for_lines(put_entry) || fflush(stdout) == EOF;
	if (argc != 3)
		return 2;
	logfile_put(head, sizeof head);
	message_text(&run, 1, argv[1]);
	message_text(&run, 3, "made");
	logfile_record(17, &run);
	message_text(&environment, 11, argv[2]);
	logfile_record(26, &environment);
	if (for_lines(put_artifact))
		return 1;
	message_int(&end, 2, 1);
	logfile_record(18, &end);
	return fflush(stdout) == EOF;
}
