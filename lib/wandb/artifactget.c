/* SPDX-License-Identifier: MIT */
/*
 * artifactget - the files of an artifact brought here
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "file.h"
#include "record.h"
#include "safepath.h"
#include "wandb/artifactfetch.h"
#include "wandb/artifactget.h"

/* Opens the folder, which is made, for this process alone. */
static int
open_folder(const char *path, jv *why)
{
	int fd;

	*why = jv_null();
	(void)file_make_folders(path); /* shows here: */
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	*why = fd >= 0 && errno == EWOULDBLOCK
	    ? error_temporary(error_value("conflict",
		  "%s: another wb-artifact works in this folder", path))
	    : error_value("io", "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* artifacts/NAME:vN; the name is the server's. NULL if that is not safe, or it
 * has no number. */
static char *
folder_of(jv node)
{
	jv sequence = record_get(node, "artifactSequence");
	const char *name = record_str(sequence, "name");
	long long version = record_int(node, "versionIndex", -1);
	char *path = NULL;

	if (name != NULL && version >= 0 && strchr(name, '/') == NULL &&
	    safepath_refuse(name, strlen(name)) == NULL)
		path = xasprintf("artifacts/%s:v%lld", name, version);
	jv_free(sequence);
	return path;
}

static jv
report(jv rec, const struct artifact_fetch *fetch, jv node)
{
	const char *digest = record_str(node, "digest");
	jv why = artifact_fetch_verdict(fetch);

	rec = record_set_number(rec, "files", (double)fetch->files);
	rec = record_set_number(rec, "bytes", (double)fetch->bytes);
	rec = record_set_number(rec, "fetched", (double)fetch->fetched);
	if (fetch->references > 0)
		rec = record_set_number(
		    rec, "references", (double)fetch->references);
	if (fetch->disk_broken) {
		jv_free(why);
		return record_error(rec, jv_copy(fetch->why));
	}
	if (!jv_is_valid(why))
		return record_failed(rec, why);
	if (digest != NULL && strcmp(digest, fetch->contents->digest) != 0)
		return record_failed(rec,
		    error_value("damaged",
			"what its manifest lists has the digest %s, not %s",
			fetch->contents->digest, digest));
	return rec;
}

static jv
fetch_into(jv rec, struct wandb *wandb, const struct artifact_get *get,
    const char *folder, jv node, const struct artifact_contents *contents,
    const struct deadline *deadline)
{
	struct artifact_fetch fetch = { .wandb = wandb,
		.id = record_str(node, "id"),
		.contents = contents,
		.wanted = get->wanted,
		.deadline = deadline };
	jv why;

	fetch.folder = open_folder(folder, &why);
	if (fetch.folder < 0)
		return record_error(rec, why);
	jv_free(why);
	diag_on_signal(
	    "what came is kept in %s: run it again to go on", folder);
	artifact_fetch(&fetch);
	diag_on_signal(NULL);
	rec = record_set_str(rec, "output_dir", folder);
	rec = report(rec, &fetch, node);
	artifact_fetch_release(&fetch);
	close(fetch.folder);
	return rec;
}

/* The folder that is given is for the first artifact only. */
static jv
take_folder(struct artifact_get *get, const char *artifact)
{
	if (get->folder == NULL)
		return jv_null();
	if (get->holds == NULL)
		get->holds = xstrdup(artifact);
	return strcmp(get->holds, artifact) == 0
	    ? jv_null()
	    : error_value("conflict", "%s holds %s: one artifact a folder",
		  get->folder, get->holds);
}

/* What the server knows by the name. */
static jv
find(struct wandb *wandb, const struct artifact_get *get, const char *artifact,
    const struct deadline *deadline)
{
	struct artifact_name name;
	jv why =
	    artifact_name_parse(&name, artifact, get->entity, get->project);

	if (!jv_is_valid(why))
		return why;
	jv_free(why);
	why = artifact_find(wandb, &name, deadline);
	artifact_name_release(&name);
	return why;
}

jv
artifact_get(struct wandb *wandb, struct artifact_get *get,
    const struct deadline *deadline, jv rec)
{
	jv node = find(wandb, get, record_str(rec, "artifact"), deadline), why;
	struct artifact_contents contents;
	char *folder;

	if (!jv_is_valid(node))
		return record_error(rec, node);
	rec = artifact_describe(rec, node);
	why = take_folder(get, record_str(rec, "artifact"));
	if (!jv_is_valid(why)) {
		jv_free(node);
		return record_error(rec, why);
	}
	jv_free(why);
	folder = get->folder != NULL ? xstrdup(get->folder) : folder_of(node);
	why = artifact_contents(wandb, &contents, node, deadline);
	if (jv_is_valid(why) && folder == NULL) {
		jv_free(why);
		why = error_value(
		    "input", "its name is none for a folder: give one with -o");
	}
	rec = jv_is_valid(why)
	    ? fetch_into(rec, wandb, get, folder, node, &contents, deadline)
	    : record_error(rec, why);
	artifact_contents_release(&contents);
	free(folder);
	jv_free(node);
	return rec;
}
