/* SPDX-License-Identifier: MIT */
/*
 * projects - the numbers that a W&B server has given to its projects
 */
#include "minio/projects.h"
#include "file.h"
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

		if (one->value.type != JSON_NULL && !is_id(one->value.text))
			return error_value("input",
			    "%s: byte %zu: not a project's id", path,
			    (size_t)(one->value.text.at - projects->file.at) +
				1);
	}
	return jv_null();
}

/* What is there by this name; of length 0 if there is nothing. */
static struct span
look(const struct projects *projects, const char *name, bool *there)
{
	const struct json_member *one = json_member(&projects->members, name);

	*there = one != NULL;
	if (one == NULL || one->value.type == JSON_NULL)
		return (struct span){ "", 0 };
	return one->value.text;
}

struct span
projects_id(struct projects *projects, const struct objectkey *parts)
{
	struct buf *last = &projects->last;
	bool there;

	if (last->len == parts->path.len &&
	    memcmp(last->at, parts->path.at, last->len) == 0)
		return projects->last_id;
	buf_clear(last);
	buf_add(last, parts->path.at, parts->path.len);
	projects->last_id = look(projects, last->at, &there);
	if (!there)
		projects->last_id =
		    look(projects, last->at + parts->entity.len + 1, &there);
	return projects->last_id;
}

void
projects_release(struct projects *projects)
{
	buf_release(&projects->file);
	buf_release(&projects->last);
	json_members_release(&projects->members);
}
