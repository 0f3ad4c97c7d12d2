/* SPDX-License-Identifier: MIT */
/*
 * sandbox/kaggle_submissions - ListSubmissions: what was handed in to a
 * competition, and what it scored
 */
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "sandbox/kaggle_parts.h"

/*
 * A submission as it is at the asked-th question: "statuses" are used one by
 * one, and there is no score before COMPLETE. Consumes script.
 */
static jv
submission(jv script, long long asked)
{
	jv statuses = record_get(script, "statuses");
	const char *status;

	if (jv_get_kind(statuses) == JV_KIND_ARRAY) {
		int count = jv_array_length(jv_copy(statuses));

		if (count > 0)
			script = jv_object_set(script, jv_string("status"),
			    jv_array_get(jv_copy(statuses),
				asked < count ? (int)asked : count - 1));
		script = record_drop(script, "statuses");
	}
	jv_free(statuses);
	status = record_str(script, "status");
	if (status != NULL && strcmp(status, "COMPLETE") != 0) {
		script = record_set_str(script, "publicScore", "");
		script = record_set_str(script, "privateScore", "");
	}
	return script;
}

jv
kaggle_submissions(struct caller *caller, jv body)
{
	const char *name = record_str(body, "competitionName");
	const char *token = record_str(body, "pageToken");
	long long size = record_int(body, "pageSize", 20), count = 0, at;
	long long page = record_int(body, "page", 1);
	jv list = jv_array(), answer;
	char *next = NULL;
	sqlite3_stmt *row;

	size = size < 1 || size > 200 ? 200 : size;
	at = page > 1 ? (page - 1) * size : 0;
	if (token != NULL && *token == 'T')
		at = strtoll(token + 1, NULL, 10);
	row = store_query(caller->store,
	    "SELECT script, asked FROM kaggle_submission WHERE competition = ?"
	    " ORDER BY n LIMIT ? OFFSET ?",
	    "sii", name, size + 1, at);
	while (store_row(row)) {
		if (++count > size) {
			next = xasprintf("T%lld", at + size);
			store_done(row);
			break;
		}
		list = jv_array_append(list,
		    submission(
			store_json(row, 0), sqlite3_column_int64(row, 1)));
	}
	if (count == 0 && at == 0 &&
	    store_number(caller->store, 0,
		"SELECT 1 FROM kaggle_competition WHERE name = ?", "s",
		name) == 0) {
		jv_free(list);
		answer = refusal(404, "Competition %s was not found",
		    name != NULL ? name : "");
		jv_free(body);
		return answer;
	}
	store_do(caller->store,
	    "UPDATE kaggle_submission SET asked = asked + 1"
	    " WHERE competition = ? AND n >= ? AND n < ?",
	    "sii", name, at, at + size);
	answer = jv_object_set(jv_object(), jv_string("submissions"), list);
	answer = record_set_str(answer, "nextPageToken", next ? next : "");
	free(next);
	jv_free(body);
	return answer;
}
