/* SPDX-License-Identifier: MIT */
/*
 * projects - the numbers that a W&B server has given to its projects
 */
#include <stdlib.h>

#include "file.h"
#include "minio/projects.h"
#include "record.h"

enum { MOST = 64 << 20 };

/* A number that a column of 64 bits can hold. */
static bool
is_id(struct span text)
{
	if (text.len == 0 || text.len > 18)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
	return true;
}

/* Whether a key stands for all projects of an entity. */
static bool
is_entity(struct span key)
{
	return key.len > 0 && key.at[key.len - 1] == '/';
}

jv
projects_read(struct projects *projects, const char *path)
{
	jv why = file_read(path, MOST, &projects->file);
	struct json_fault fault;

	if (!jv_is_valid(why))
		return why;
	jv_free(why);
	if (!json_members(
		(struct span){ projects->file.at, projects->file.len }, 0,
		&projects->members, &fault))
		return error_value(
		    "input", "%s: byte %zu: %s", path, fault.at + 1, fault.why);
	for (size_t i = 0; i < projects->members.count; i++) {
		const struct json_member *one = &projects->members.at[i];

		if (one->value.type != JSON_NULL &&
		    (!is_id(one->value.text) || is_entity(one->key)))
			return error_value("input",
			    "%s: byte %zu: not a project's id", path,
			    (size_t)(one->value.text.at - projects->file.at) +
				1);
	}
	return jv_null();
}

/* Notes what is there by this name; false if there is nothing. */
static bool
look(struct projects *projects, const char *name)
{
	const struct json_member *one = json_member(&projects->members, name);

	projects->last_id = (struct span){ "", 0 };
	if (one != NULL && one->value.type != JSON_NULL)
		projects->last_id = one->value.text;
	projects->last_known = one != NULL;
	return one != NULL;
}

bool
projects_id(
    struct projects *projects, const struct objectkey *parts, struct span *id)
{
	struct buf *last = &projects->last;

	if (last->len != parts->path.len ||
	    memcmp(last->at, parts->path.at, last->len) != 0) {
		char *entity = xasprintf(
		    "%.*s/", (int)parts->entity.len, parts->entity.at);

		buf_clear(last);
		buf_add(last, parts->path.at, parts->path.len);
		if (!look(projects, last->at) && !look(projects, entity))
			look(projects, last->at + parts->entity.len + 1);
		free(entity);
	}
	*id = projects->last_id;
	return projects->last_known;
}

void
projects_release(struct projects *projects)
{
	buf_release(&projects->file);
	buf_release(&projects->last);
	json_members_release(&projects->members);
}
