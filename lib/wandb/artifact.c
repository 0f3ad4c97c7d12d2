/* SPDX-License-Identifier: MIT */
/*
 * artifact - the artifacts of a .wandb file brought to the server
 */
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "wandb/artifact.h"
#include "wandb/artifactsteps.h"

enum {
	GROUP_BYTES = 8 << 20, /* of the records of a group */
	CHECKED_AT_ONCE = 50,
	NAMES_MOST = 10
};

/* What stays of an artifact. */
struct known {
	off_t start; /* of its record */
	char *id;    /* the server's; NULL: it is not there */
	char *digest;
	bool seen; /* the server said that it is there, afterwards */
	bool part; /* it was sent, and is a part of what is committed */
};

struct artifacts {
	struct known *at;
	size_t count;
	/* What could not be sent: artifacts, and files of theirs. */
	struct buf names, files;
	long failed, lost;
	jv why;     /* the first one's; jv_null() */
	jv stopped; /* names of which one failed: its code, and whether that
	               may pass */
};

struct artifacts *
artifacts_new(void)
{
	struct artifacts *artifacts = xcalloc(1, sizeof *artifacts);

	artifacts->why = jv_null();
	artifacts->stopped = jv_object();
	return artifacts;
}

void
artifacts_free(struct artifacts *artifacts)
{
	if (artifacts == NULL)
		return;
	for (size_t i = 0; i < artifacts->count; i++) {
		free(artifacts->at[i].id);
		free(artifacts->at[i].digest);
	}
	free(artifacts->at);
	buf_release(&artifacts->names);
	buf_release(&artifacts->files);
	jv_free(artifacts->why);
	jv_free(artifacts->stopped);
	free(artifacts);
}

void
artifacts_add(struct artifacts *artifacts, off_t start)
{
	if ((artifacts->count & (artifacts->count - 1)) == 0)
		artifacts->at = xreallocarray(artifacts->at,
		    artifacts->count * 2 + 1, sizeof *artifacts->at);
	artifacts->at[artifacts->count++] = (struct known){ .start = start };
}

/* Notes one that is not whole, and which of its files are lost. */
static void
artifacts_lose(struct artifacts *artifacts, const char *name, jv why, long lost,
    const struct buf *files)
{
	if (artifacts->failed++ == 0)
		artifacts->why = jv_copy(why);
	if (artifacts->failed <= NAMES_MOST)
		buf_addf(&artifacts->names, "%s%s",
		    artifacts->names.len > 0 ? ", " : "", name);
	if (artifacts->lost < NAMES_MOST && files->len > 0)
		buf_addf(&artifacts->files, "%s%s",
		    artifacts->files.len > 0 ? ", " : "", files->at);
	artifacts->lost += lost;
}

/* ---- those behind one that failed ---- */

static void
stop_name(struct artifacts *artifacts, const struct artifact *artifact)
{
	jv stop =
	    record_set_str(jv_object(), "code", error_code(artifact->why));

	stop = record_set_bool(
	    stop, "temporary", error_is_temporary(artifact->why));
	stop = record_set_bool(stop, "refused", artifact->refused);
	artifacts->stopped =
	    jv_object_set(artifacts->stopped, jv_string(artifact->name), stop);
}

/*
 * Versions are numbered as they are committed, and the last one takes aliases
 * over. So one waits for an earlier one of its name, unless that lacks what is
 * here, which may be gone for good. A part always waits: what is committed
 * would lack the earlier one's.
 */
static jv
must_wait(const struct artifacts *artifacts, const struct artifact *artifact)
{
	jv stop = record_get(artifacts->stopped, artifact->name), why;
	const char *code = record_str(stop, "code");

	if (code == NULL ||
	    (!record_true(stop, "refused") && !artifact_is_part(artifact))) {
		jv_free(stop);
		return jv_null();
	}
	why = error_value(
	    code, "an earlier one of its name in the file was not sent");
	if (record_true(stop, "temporary"))
		why = error_temporary(why);
	jv_free(stop);
	return why;
}

/* ---- groups ---- */

/* What is kept of them. */
static void
settle(struct artifact_group *group, struct artifacts *all)
{
	for (size_t i = 0; i < group->count; i++) {
		struct artifact *artifact = &group->at[i];
		struct known *known = &all->at[artifact->index];

		if (jv_is_valid(artifact->why)) {
			known->id = xstrdup(artifact->id);
			if (!artifact_is_part(artifact))
				known->digest = xstrdup(artifact->hex);
			known->part =
			    artifact_is_part(artifact) && !artifact->compared;
			/* One that is not final stays as it is. */
			known->seen =
			    artifact->was_there || !artifact->log.finalize;
		} else {
			stop_name(all, artifact);
			artifacts_lose(all, artifact->name, artifact->why,
			    artifact->lost, &artifact->names);
		}
		artifact_release(artifact);
	}
	group->count = 0;
	group->bytes = 0;
}

static void
send_group(struct artifact_group *group, struct artifacts *artifacts)
{
	artifactsteps_send(group);
	settle(group, artifacts);
}

/* Whether it can be done together with those of the group. */
static bool
fits(const struct artifact_group *group, struct span message,
    const struct artifact_record *log)
{
	if (group->count == 0)
		return true;
	if (group->count == ARTIFACT_GROUP ||
	    group->bytes + message.len > GROUP_BYTES)
		return false;
	for (size_t i = 0; i < group->count; i++) {
		const struct span *name = &group->at[i].log.name;

		if (name->len == log->name.len &&
		    memcmp(name->at, log->name.at, name->len) == 0)
			return false;
	}
	return true;
}

/* Reads the record that begins at start. */
static bool
read_record(struct runlog *log, off_t start, struct runlog_entry *entry)
{
	enum leveldb_event event;

	runlog_seek(log, start);
	do
		event = runlog_next(log, entry);
	while ((event == LEVELDB_RECORD || event == LEVELDB_DAMAGE) &&
	    entry->start < start);
	return event == LEVELDB_RECORD && entry->start == start &&
	    entry->kind == RUNLOG_ARTIFACT;
}

/*
 * What commits a whole may not have found a part, if it came from another file
 * meanwhile or the part did not stay where it was put.
 */
static void
check_parts(struct artifacts *artifacts, const struct artifact_run *run,
    struct artifact_group *group)
{
	struct artifact *artifact = &group->at[0];
	struct runlog_entry entry;

	for (size_t i = 0; i < artifacts->count; i++) {
		struct known *known = &artifacts->at[i];

		if (!known->part ||
		    !read_record(run->log, known->start, &entry))
			continue;
		/* It was one when it was sent. */
		(void)artifact_init(artifact, entry.message);
		artifact->id = xstrdup(known->id);
		group->count = 1;
		artifactsteps_check_parts(group);
		if (!jv_is_valid(artifact->why)) {
			known->seen = false;
			free(known->id);
			known->id = NULL;
			artifacts_lose(artifacts, artifact->name, artifact->why,
			    0, &artifact->names);
		}
		artifact_release(artifact);
		group->count = 0;
	}
}

void
artifacts_send(struct artifacts *artifacts, const struct artifact_run *run)
{
	struct artifact_group group = { .run = run,
		.context = { run->wandb, run->deadline, run->staged, &group.ids,
		    run->bucket->digest_algorithms } };
	struct artifact_record log;
	struct artifact *next;
	struct runlog_entry entry;
	struct buf none = { 0 };
	jv why;

	clientids_init(&group.ids, run->wandb, run->deadline);
	for (size_t i = 0; i < artifacts->count; i++) {
		if (!read_record(run->log, artifacts->at[i].start, &entry) ||
		    !artifact_record(entry.message, &log)) {
			why =
			    error_value("damaged", "its record cannot be read");
			artifacts_lose(artifacts, "?", why, 0, &none);
			jv_free(why);
			continue;
		}
		if (!fits(&group, entry.message, &log))
			send_group(&group, artifacts);
		/* It was one above. */
		next = &group.at[group.count];
		(void)artifact_init(next, entry.message);
		next->index = i;
		why = run->only_look ? jv_null() : must_wait(artifacts, next);
		if (!jv_is_valid(why)) {
			artifacts_lose(artifacts, next->name, why, 0, &none);
			artifact_release(next);
			jv_free(why);
			continue;
		}
		jv_free(why);
		group.bytes += entry.message.len;
		group.count++;
	}
	if (group.count > 0)
		send_group(&group, artifacts);
	check_parts(artifacts, run, &group);
	clientids_release(&group.ids);
}

/* ---- afterwards ---- */

/* A question for those from *at on, as a set of aliases. */
static jv
ask_states(struct artifacts *artifacts, size_t *at, struct wandb *wandb,
    const struct deadline *deadline)
{
	struct buf head = { 0 }, body = { 0 };
	jv variables = jv_object(), data;
	char name[24];
	int n = 0;

	buf_adds(&head, "query Artifacts(");
	for (; *at < artifacts->count && n < CHECKED_AT_ONCE; ++*at) {
		const struct known *known = &artifacts->at[*at];

		if (known->id == NULL || known->seen)
			continue;
		(void)snprintf(name, sizeof name, "a%zu", *at); /* fits */
		variables = record_set_str(variables, name, known->id);
		buf_addf(&head, "%s$%s: ID!", n++ > 0 ? ", " : "", name);
		buf_addf(&body, " %s: artifact(id: $%s) { state digest }", name,
		    name);
	}
	if (n == 0) {
		jv_free(variables);
		data = jv_object();
	} else {
		buf_addf(&head, ") {%s }", body.at);
		data = wandb_ask(
		    wandb, "Artifacts", head.at, variables, true, deadline);
	}
	buf_release(&head);
	buf_release(&body);
	return data;
}

/* Whether an answer shows one of them whole. */
static bool
shows(jv data, size_t index, const struct known *known)
{
	char name[24];
	const char *state, *digest;
	bool whole;
	jv found;

	(void)snprintf(name, sizeof name, "a%zu", index); /* fits */
	found = record_get(data, name);
	state = record_str(found, "state");
	digest = record_str(found, "digest");
	whole = state != NULL && strcmp(state, "COMMITTED") == 0 &&
	    (known->digest == NULL ||
		(digest != NULL && strcmp(digest, known->digest) == 0));
	jv_free(found);
	return whole;
}

jv
artifacts_check(struct artifacts *artifacts, struct wandb *wandb,
    const struct deadline *deadline)
{
	long lacking = 0;

	for (size_t at = 0, from = 0; at < artifacts->count; from = at) {
		jv data = ask_states(artifacts, &at, wandb, deadline);

		if (!jv_is_valid(data))
			return data;
		for (; from < at; from++) {
			struct known *known = &artifacts->at[from];

			if (known->id == NULL || known->seen)
				continue;
			known->seen = shows(data, from, known);
			lacking += !known->seen;
		}
		jv_free(data);
	}
	if (lacking == 0)
		return jv_null();
	return error_value("conflict",
	    "the server does not show what was sent: %ld artifact%s not "
	    "committed",
	    lacking, lacking == 1 ? " is" : "s are");
}

long
artifacts_count(const struct artifacts *artifacts)
{
	long count = 0;

	for (size_t i = 0; i < artifacts->count; i++)
		count += artifacts->at[i].seen;
	return count;
}

jv
artifacts_verdict(const struct artifacts *artifacts)
{
	struct buf files = { 0 };
	jv why;

	if (artifacts->failed == 0)
		return jv_null();
	if (artifacts->lost > 0)
		buf_addf(&files,
		    "%ld of their files were not uploaded (%s%s): ",
		    artifacts->lost, artifacts->files.at,
		    artifacts->lost > NAMES_MOST ? ", ..." : "");
	why = error_value(error_code(artifacts->why),
	    "%ld artifact%s not whole (%s%s): %s%s", artifacts->failed,
	    artifacts->failed == 1 ? " is" : "s are", artifacts->names.at,
	    artifacts->failed > NAMES_MOST ? ", ..." : "",
	    files.at != NULL ? files.at : "", error_message(artifacts->why));
	buf_release(&files);
	return why;
}
