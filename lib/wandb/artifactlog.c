/* SPDX-License-Identifier: MIT */
/*
 * artifactlog - an artifact as it was logged: ArtifactRecord, its entries
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "json.h"
#include "record.h"
#include "wandb/artifactlog.h"

enum { PIECE = 65536, LINE_MOST = 16 << 20 };

static const struct span nothing = { "", 0 };

/* A StoragePolicyConfigItem: {1 key, 2 value_json}. */
static void
take_policy(struct span message, struct artifact_record *record)
{
	struct wire wire = wire_of(message);
	struct wire_field field;
	struct span key = nothing, value = nothing;

	while (wire_next(&wire, &field)) {
		if (field.type != WIRE_BYTES)
			continue;
		if (field.number == 1)
			key = field.bytes;
		else if (field.number == 2)
			value = field.bytes;
	}
	if (span_is(key, "storageRegion"))
		record->region = value;
}

static bool
take_manifest(struct span message, struct artifact_record *record)
{
	struct wire wire = wire_of(message);
	struct wire_field field;

	record->entries = message;
	while (wire_next(&wire, &field)) {
		if (field.number == 1 && field.type == WIRE_VARINT)
			record->version = (int64_t)field.value;
		if (field.type != WIRE_BYTES)
			continue;
		if (field.number == 2)
			record->policy = field.bytes;
		else if (field.number == 3)
			take_policy(field.bytes, record);
		else if (field.number == 5)
			record->entries_file = field.bytes;
	}
	return !wire.bad;
}

static void
take_number(const struct wire_field *field, struct artifact_record *record)
{
	bool value = field->value != 0;

	switch (field->number) {
	case 9:
		record->user_created = value;
		break;
	case 10:
		record->use_after_commit = value;
		break;
	case 14:
		record->finalize = value;
		break;
	case 18:
		record->ttl = (int64_t)field->value;
		break;
	case 100:
		record->incremental = value;
		break;
	}
}

/* Where a field of text belongs; NULL for others. */
static struct span *
text_of(struct artifact_record *record, uint32_t number)
{
	switch (number) {
	case 4:
		return &record->type;
	case 5:
		return &record->name;
	case 6:
		return &record->digest;
	case 7:
		return &record->description;
	case 8:
		return &record->metadata;
	case 13:
		return &record->distributed_id;
	case 15:
		return &record->client_id;
	case 16:
		return &record->sequence_client_id;
	case 17:
		return &record->base_id;
	default:
		return NULL;
	}
}

bool
artifact_record(struct span message, struct artifact_record *record)
{
	struct wire wire = wire_of(message);
	struct wire_field field;
	struct span *text;
	bool good = true;

	*record = (struct artifact_record){ .aliases_and_tags = message };
	while (wire_next(&wire, &field)) {
		if (field.type == WIRE_VARINT)
			take_number(&field, record);
		if (field.type != WIRE_BYTES)
			continue;
		text = text_of(record, field.number);
		if (text != NULL)
			*text = field.bytes;
		else if (field.number == 12)
			good &= take_manifest(field.bytes, record);
		else if (field.number == 20 &&
		    span_is(field.bytes, checksum_name(CHECKSUM_XXH128)))
			record->kind = CHECKSUM_XXH128;
	}
	return good && !wire.bad && record->name.len > 0 &&
	    record->entries.at != NULL;
}

bool
artifact_next_text(const struct artifact_record *record,
    enum artifact_text which, struct wire *state, struct span *text)
{
	struct wire_field field;

	if (state->at == NULL)
		*state = wire_of(record->aliases_and_tags);
	while (wire_next(state, &field)) {
		if (field.number == which && field.type == WIRE_BYTES) {
			*text = field.bytes;
			return true;
		}
	}
	return false;
}

/* ---- entries ---- */

void
artifact_entries_open(struct artifact_entries *reader,
    const struct artifact_record *record, int fd)
{
	*reader = (struct artifact_entries){ .wire = wire_of(record->entries),
		.why = jv_null() };
	if (fd < 0)
		return;
	reader->file = gzdopen(fd, "rb");
	if (reader->file == NULL) {
		close(fd);
		reader->why = error_value("io", "%s", strerror(errno));
	}
}

void
artifact_entries_close(struct artifact_entries *reader)
{
	if (reader->file != NULL)
		(void)gzclose_r(reader->file); /* what matters was read */
	buf_release(&reader->line);
	buf_release(&reader->texts);
	buf_release(&reader->extra);
	jv_free(reader->why);
	*reader = (struct artifact_entries){ .why = jv_null() };
}

static bool
is_bad(struct artifact_entries *reader, const char *what)
{
	jv_free(reader->why);
	reader->why = error_value("damaged", "its list of files: %s", what);
	return false;
}

/* Whether the members of extra say that the digest is an XXH128. */
static bool
says_xxh128(struct span extra)
{
	struct json_member member;
	struct json_walk walk;

	json_walk(&walk, extra, 0);
	while (json_next(&walk, &member))
		if (span_is(member.key, "alg"))
			return span_is(member.value.text, "\"XXH128\"");
	return false;
}

/* An ExtraItem {1 key, 2 value_json} as a member of extra. */
static bool
take_extra(struct artifact_entries *reader, struct span message)
{
	struct wire wire = wire_of(message);
	struct wire_field field;
	struct span key = nothing, text = nothing;
	struct json_value value;
	struct json_fault fault;

	while (wire_next(&wire, &field)) {
		if (field.type != WIRE_BYTES)
			continue;
		if (field.number == 1)
			key = field.bytes;
		else if (field.number == 2)
			text = field.bytes;
	}
	if (wire.bad || !json_value(text, 0, &value, &fault))
		return false;
	buf_addc(&reader->extra, reader->extra.len > 0 ? ',' : '{');
	json_quote(&reader->extra, key);
	buf_addc(&reader->extra, ':');
	buf_add(&reader->extra, value.text.at, value.text.len);
	return true;
}

/* An ArtifactManifestEntry. */
static bool
take_entry(struct artifact_entries *reader, struct span message,
    struct artifact_entry *entry)
{
	struct span *const texts[] = { NULL, &entry->path, &entry->digest,
		&entry->ref, NULL, NULL, &entry->local, &entry->birth };
	struct wire wire = wire_of(message);
	struct wire_field field;

	buf_clear(&reader->extra);
	while (wire_next(&wire, &field)) {
		if (field.number == 4 && field.type == WIRE_VARINT)
			entry->size = (int64_t)field.value;
		if (field.type != WIRE_BYTES)
			continue;
		if (field.number < sizeof texts / sizeof *texts &&
		    texts[field.number] != NULL)
			*texts[field.number] = field.bytes;
		else if (field.number == 16 && !take_extra(reader, field.bytes))
			return is_bad(reader, "extra is no JSON");
	}
	if (reader->extra.len > 0) {
		buf_addc(&reader->extra, '}');
		entry->extra =
		    (struct span){ reader->extra.at, reader->extra.len };
	}
	return !wire.bad || is_bad(reader, "an entry is no protobuf");
}

/* The next line of the file; false at its end, and where it is cut. */
static bool
next_line(struct artifact_entries *reader)
{
	char piece[PIECE];
	int error;

	buf_clear(&reader->line);
	while (gzgets(reader->file, piece, sizeof piece) != NULL) {
		buf_adds(&reader->line, piece);
		if (reader->line.len > LINE_MOST)
			return is_bad(reader, "a line without an end");
		if (reader->line.len > 0 &&
		    reader->line.at[reader->line.len - 1] == '\n')
			return true;
	}
	(void)gzerror(reader->file, &error); /* the number is what is needed */
	if (error != Z_OK && error != Z_STREAM_END)
		return is_bad(reader, "the file is cut or damaged");
	return reader->line.len > 0;
}

/* The characters of a string, kept in texts, which has room for them. */
static struct span
decoded(struct artifact_entries *reader, const struct json_value *value)
{
	struct buf *texts = &reader->texts;
	size_t start = texts->len;

	if (value->type != JSON_STRING)
		return nothing;
	json_decode(
	    texts, (struct span){ value->text.at + 1, value->text.len - 2 });
	return (struct span){ texts->at + start, texts->len - start };
}

static int64_t
number_of(const struct json_value *value)
{
	char text[32];

	if (value->type != JSON_NUMBER || value->text.len >= sizeof text)
		return 0;
	memcpy(text, value->text.at, value->text.len);
	text[value->text.len] = '\0';
	return strpbrk(text, ".eE") != NULL ? (int64_t)strtod(text, NULL)
					    : strtoll(text, NULL, 10);
}

/* A line: the entry as the client writes it in JSON. */
static bool
take_line(struct artifact_entries *reader, struct artifact_entry *entry)
{
	struct span line = { reader->line.at, reader->line.len };
	struct json_member member;
	struct json_walk walk;

	buf_clear(&reader->texts);
	buf_reserve(&reader->texts, line.len + 1);
	json_walk(&walk, line, 0);
	while (json_next(&walk, &member)) {
		if (span_is(member.key, "path"))
			entry->path = decoded(reader, &member.value);
		else if (span_is(member.key, "digest"))
			entry->digest = decoded(reader, &member.value);
		else if (span_is(member.key, "ref"))
			entry->ref = decoded(reader, &member.value);
		else if (span_is(member.key, "local_path"))
			entry->local = decoded(reader, &member.value);
		else if (span_is(member.key, "birthArtifactID"))
			entry->birth = decoded(reader, &member.value);
		else if (span_is(member.key, "size"))
			entry->size = number_of(&member.value);
		else if (span_is(member.key, "extra") &&
		    member.value.type == JSON_OBJECT)
			entry->extra = member.value.text;
	}
	return walk.fault.why == NULL || is_bad(reader, walk.fault.why);
}

void
artifact_entries_from(struct artifact_entries *reader,
    artifact_entries_source *source, void *context)
{
	*reader = (struct artifact_entries){
		.source = source, .context = context, .why = jv_null()
	};
}

bool
artifact_entries_next(
    struct artifact_entries *reader, struct artifact_entry *entry)
{
	struct wire_field field;
	bool found = false;

	*entry = (struct artifact_entry){ nothing, nothing, nothing, nothing,
		.local = nothing, .extra = nothing };
	if (!jv_is_valid(reader->why))
		return false;
	if (reader->source != NULL)
		return reader->source(reader->context, entry);
	if (reader->file != NULL && next_line(reader)) {
		found = take_line(reader, entry);
	} else if (jv_is_valid(reader->why)) {
		while (!found && wire_next(&reader->wire, &field))
			if (field.number == 4 && field.type == WIRE_BYTES) {
				found = true;
				if (!take_entry(reader, field.bytes, entry))
					return false;
			}
	}
	if (!found || !jv_is_valid(reader->why))
		return false;
	if (entry->path.len == 0 || entry->digest.len == 0)
		return is_bad(reader, "an entry without path or digest");
	entry->xxh128 = says_xxh128(entry->extra);
	return true;
}
