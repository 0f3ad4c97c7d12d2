/* SPDX-License-Identifier: MIT */
/*
 * logwriter - a .wandb file, written: runlog.h and leveldb.h the other way
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "record.h"
#include "wandb/leveldb.h"
#include "wandb/logwriter.h"
#include "wandb/message.h"

enum { FULL = 1, FIRST = 2, MIDDLE = 3, LAST = 4 };

/* The oldest client that reads what is written here, as the official one says.
 */
#define MIN_CONSUMER "0.70.0"

struct logwriter {
	int fd;
	char *path;
	int64_t num, written; /* of the last record: added, written */
	off_t place;          /* in the file, of what comes next */
	struct buf out;       /* framed and not written */
	struct buf record, message;
};

static void
put_chunk(struct logwriter *writer, int type, const char *bytes, size_t len)
{
	unsigned char head[LEVELDB_HEADER] = { 0 };
	Bytef kind = (Bytef)type;
	uLong crc = crc32(crc32(0, &kind, 1), (const Bytef *)bytes, (uInt)len);

	for (int i = 0; i < 4; i++)
		head[i] = (unsigned char)(crc >> 8 * i);
	head[4] = (unsigned char)len;
	head[5] = (unsigned char)(len >> 8);
	head[6] = kind;
	buf_add(&writer->out, head, sizeof head);
	buf_add(&writer->out, bytes, len);
	writer->place += (off_t)(sizeof head + len);
}

/* FULL, or FIRST, MIDDLE ..., LAST: a chunk does not cross the end of a block.
 */
static void
put_record(struct logwriter *writer)
{
	static const char zero[LEVELDB_HEADER];
	const struct buf *record = &writer->record;
	size_t at = 0, room, part;
	bool first = true; /* a first chunk may be empty */

	do {
		room = LEVELDB_BLOCK - (size_t)writer->place % LEVELDB_BLOCK;
		if (room < LEVELDB_HEADER) {
			buf_add(&writer->out, zero, room);
			writer->place += (off_t)room;
			room = LEVELDB_BLOCK;
		}
		room -= LEVELDB_HEADER;
		part = record->len - at < room ? record->len - at : room;
		put_chunk(writer,
		    at + part == record->len ? (first ? FULL : LAST)
			: first              ? FIRST
					     : MIDDLE,
		    record->at + at, part);
		at += part;
		first = false;
	} while (at < record->len);
}

struct logwriter *
logwriter_new(const char *path, jv *why)
{
	struct logwriter *writer = xcalloc(1, sizeof *writer);
	struct buf version = { 0 };

	writer->path = xstrdup(path);
	writer->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	buf_add(&writer->out, ":W&B\xe1\xbe\0", LEVELDB_HEADER);
	writer->place = LEVELDB_HEADER;
	message_text(&version, 1, LOGWRITER_PRODUCER " " PACKAGE_VERSION);
	message_text(&version, 2, MIN_CONSUMER);
	message_sub(logwriter_message(writer), 1, &version);
	logwriter_add(writer, RUNLOG_HEADER);
	*why = writer->fd < 0
	    ? error_value("io", "%s: %s", path, strerror(errno))
	    : logwriter_write(writer);
	if (jv_is_valid(*why))
		return writer;
	logwriter_free(writer);
	return NULL;
}

void
logwriter_free(struct logwriter *writer)
{
	if (writer == NULL)
		return;
	if (writer->fd >= 0)
		(void)close(writer->fd); /* write(2) was checked */
	free(writer->path);
	buf_release(&writer->out);
	buf_release(&writer->record);
	buf_release(&writer->message);
	free(writer);
}

struct buf *
logwriter_message(struct logwriter *writer)
{
	buf_clear(&writer->message);
	return &writer->message;
}

void
logwriter_add(struct logwriter *writer, enum runlog_kind kind)
{
	buf_clear(&writer->record);
	message_int(&writer->record, 1, (uint64_t)++writer->num);
	message_bytes(&writer->record, (uint32_t)kind,
	    (struct span){ writer->message.at, writer->message.len });
	put_record(writer);
}

size_t
logwriter_waiting(const struct logwriter *writer)
{
	return writer->out.len;
}

jv
logwriter_write(struct logwriter *writer)
{
	struct buf *out = &writer->out;
	off_t before = logwriter_size(writer);
	size_t done = 0;
	ssize_t n;
	jv why;

	while (done < out->len) {
		n = write(writer->fd, out->at + done, out->len - done);
		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			break;
	}
	if (done == out->len) {
		buf_clear(out);
		writer->written = writer->num;
		return jv_null();
	}
	why = error_value("io", "%s: %s", writer->path, strerror(errno));
	if (ftruncate(writer->fd, before) == 0 &&
	    lseek(writer->fd, before, SEEK_SET) == before) {
		buf_clear(out);
		writer->place = before;
		writer->num = writer->written;
	} else {
		/* Framed as it must go on, should there be a way. */
		memmove(out->at, out->at + done, out->len - done);
		buf_cut(out, out->len - done);
	}
	return why;
}

off_t
logwriter_size(const struct logwriter *writer)
{
	return writer->place - (off_t)writer->out.len;
}

static void
put_text(struct buf *out, uint32_t number, const char *text)
{
	if (text != NULL)
		message_text(out, number, text);
}

static void
put_config(void *context, struct span key, struct span json)
{
	message_path(context, 1, &key, 1, json);
}

/* TelemetryRecord: the run was written offline. */
static void
put_telemetry(struct buf *out, uint32_t number)
{
	struct buf telemetry = { 0 }, feature = { 0 };

	message_int(&feature, 4, 1);
	message_sub(&telemetry, 3, &feature);
	message_sub(out, number, &telemetry);
}

/* google.protobuf.Timestamp. */
static void
put_time(struct buf *out, uint32_t number, double time)
{
	struct buf stamp = { 0 };
	int64_t micros = llround(time * 1e6);

	message_int(&stamp, 1, (uint64_t)(micros / 1000000));
	message_int(&stamp, 2, (uint64_t)(micros % 1000000) * 1000);
	message_sub(out, number, &stamp);
}

void
logwriter_run(struct logwriter *writer, const struct run_params *params,
    const struct tree *config, double start, bool resume)
{
	struct buf *run = logwriter_message(writer);
	struct buf items = { 0 };

	put_text(run, 1, params->run_id);
	put_text(run, 2, params->entity);
	put_text(run, 3, params->project);
	tree_each(config, put_config, &items);
	message_sub(run, 4, &items);
	put_text(run, 6, params->group);
	put_text(run, 7, params->job_type);
	put_text(run, 8, params->display_name);
	put_text(run, 9, params->notes);
	jv_array_foreach(params->tags, i, tag)
	{
		message_text(run, 10, jv_string_value(tag));
		jv_free(tag);
	}
	put_text(run, 13, params->host);
	put_time(run, 17, start);
	put_telemetry(run, 19);
	if (resume)
		message_int(run, 24, 1);
	logwriter_add(writer, RUNLOG_RUN);
}

jv
logwriter_mend(const char *path)
{
	jv why = jv_null();
	struct runlog *log = runlog_open(path, &why);
	struct runlog_entry entry;
	enum leveldb_event event;

	if (log == NULL)
		return why;
	do
		event = runlog_next(log, &entry);
	while (event == LEVELDB_RECORD || event == LEVELDB_DAMAGE);
	if ((event == LEVELDB_CUT || event == LEVELDB_CUT_BLOCK) &&
	    truncate(path, entry.start) < 0)
		why = error_value("io", "%s: %s", path, strerror(errno));
	runlog_close(log);
	return why;
}

bool
logwriter_wrote(const char *path)
{
	jv why = jv_null();
	struct runlog *log = runlog_open(path, &why);
	struct runlog_entry entry;
	struct wire header, version;
	struct wire_field field;
	bool ours = false;

	jv_free(why);
	if (log == NULL)
		return false;
	if (runlog_next(log, &entry) == LEVELDB_RECORD &&
	    entry.kind == RUNLOG_HEADER) {
		header = wire_of(entry.message);
		while (wire_next(&header, &field)) {
			if (field.number != 1 || field.type != WIRE_BYTES)
				continue;
			version = wire_of(field.bytes);
			while (wire_next(&version, &field))
				ours |= field.number == 1 &&
				    field.type == WIRE_BYTES &&
				    field.bytes.len >
					strlen(LOGWRITER_PRODUCER) &&
				    memcmp(field.bytes.at, LOGWRITER_PRODUCER,
					strlen(LOGWRITER_PRODUCER)) == 0;
		}
	}
	runlog_close(log);
	return ours;
}
