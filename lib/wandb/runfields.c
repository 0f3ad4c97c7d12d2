/* SPDX-License-Identifier: MIT */
/* runfields - which fields of runs are wanted, and their form in a record */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "http.h"
#include "json.h"
#include "record.h"
#include "wandb/runfields.h"

/* How a value becomes a member. */
enum form {
	FORM_PLAIN, /* as it is */
	FORM_ID,    /* a number as a string, too */
	FORM_TIME,
	FORM_JSON, /* JSON in a string */
	FORM_DURATION,
	FORM_URL,
	FORM_SUMMARY,
	FORM_CONFIG,
};

static const struct field {
	const char *name;
	const char *select; /* for the query */
	const char *path;   /* where it is in the answer */
	enum form form;
	bool usual;
} table[] = {
	{ "run_id", "name", "name", FORM_PLAIN, true },
	{ "display_name", "displayName", "displayName", FORM_PLAIN, true },
	{ "state", "state", "state", FORM_PLAIN, true },
	{ "created_at", "createdAt", "createdAt", FORM_TIME, true },
	{ "heartbeat_at", "heartbeatAt", "heartbeatAt", FORM_TIME, true },
	{ "duration_seconds", "createdAt heartbeatAt", NULL, FORM_DURATION,
	    true },
	{ "user", "user { username }", "user.username", FORM_PLAIN, true },
	{ "group", "group", "group", FORM_PLAIN, true },
	{ "job_type", "jobType", "jobType", FORM_PLAIN, true },
	{ "tags", "tags", "tags", FORM_PLAIN, true },
	{ "sweep", "sweepName", "sweepName", FORM_PLAIN, true },
	{ "url", "", NULL, FORM_URL, true },
	{ "summary", "", "summaryMetrics", FORM_SUMMARY, false },
	{ "config", "", "config", FORM_CONFIG, false },
	{ "notes", "notes", "notes", FORM_PLAIN, false },
	{ "commit", "commit", "commit", FORM_PLAIN, false },
	{ "host", "host", "host", FORM_PLAIN, false },
	{ "program", "runInfo { program }", "runInfo.program", FORM_PLAIN,
	    false },
	{ "args", "runInfo { args }", "runInfo.args", FORM_PLAIN, false },
	{ "os", "runInfo { os }", "runInfo.os", FORM_PLAIN, false },
	{ "python", "runInfo { python }", "runInfo.python", FORM_PLAIN, false },
	{ "gpu", "runInfo { gpu }", "runInfo.gpu", FORM_PLAIN, false },
	{ "gpu_count", "runInfo { gpuCount }", "runInfo.gpuCount", FORM_PLAIN,
	    false },
	{ "cpu_count", "runInfo { cpuCount }", "runInfo.cpuCount", FORM_PLAIN,
	    false },
	{ "remote_url", "runInfo { git { remote } }", "runInfo.git.remote",
	    FORM_PLAIN, false },
	{ "history_lines", "historyLineCount", "historyLineCount", FORM_PLAIN,
	    false },
	{ "event_lines", "eventsLineCount", "eventsLineCount", FORM_PLAIN,
	    false },
	{ "log_lines", "logLineCount", "logLineCount", FORM_PLAIN, false },
	{ "files", "fileCount", "fileCount", FORM_PLAIN, false },
	{ "compute_seconds", "computeSeconds", "computeSeconds", FORM_PLAIN,
	    false },
	{ "system_metrics", "systemMetrics", "systemMetrics", FORM_JSON,
	    false },
	{ "project_id", "projectId", "projectId", FORM_ID, false },
	{ "storage_id", "id", "id", FORM_ID, false },
	{ "stopped", "stopped", "stopped", FORM_PLAIN, false },
	{ "read_only", "readOnly", "readOnly", FORM_PLAIN, false },
};

enum { FIELDS = sizeof table / sizeof *table };

/* ---- what is wanted ---- */

static void
want(struct runfields *fields, int number)
{
	for (size_t i = 0; i < fields->count; i++)
		if (fields->order[i] == number)
			return;
	fields->order = xreallocarray(
	    fields->order, fields->count + 1, sizeof *fields->order);
	fields->order[fields->count++] = number;
	buf_addf(&fields->select, " %s", table[number].select);
}

static int
number_of(const char *name, size_t len)
{
	for (int i = 0; i < FIELDS; i++)
		if (strlen(table[i].name) == len &&
		    memcmp(table[i].name, name, len) == 0)
			return i;
	return -1;
}

void
runfields_usual(struct runfields *fields)
{
	for (int i = 0; i < FIELDS; i++)
		if (table[i].usual)
			want(fields, i);
}

static void
append(jv *list, const char *text, size_t len)
{
	if (!jv_is_valid(*list))
		*list = jv_array();
	*list = jv_array_append(*list, jv_string_sized(text, (int)len));
}

/* A key with a dot may be a path: then the server has its first part. */
static void
add_key(jv *keys, jv *asked, const char *key, size_t len)
{
	const char *dot = memchr(key, '.', len);

	append(keys, key, len);
	append(asked, key, len);
	if (dot != NULL && dot > key)
		append(asked, key, (size_t)(dot - key));
}

static bool
add_word(struct runfields *fields, const char *word, size_t len)
{
	const char *dot = memchr(word, '.', len);
	size_t name = dot != NULL ? (size_t)(dot - word) : len;
	int number = number_of(word, name);
	bool summary;

	if (number < 0)
		return false;
	summary = table[number].form == FORM_SUMMARY;
	if (!summary && table[number].form != FORM_CONFIG) {
		if (dot == NULL)
			want(fields, number);
		return dot == NULL;
	}
	if (dot == NULL)
		*(summary ? &fields->whole_summary : &fields->whole_config) =
		    true;
	else if (name + 1 == len)
		return false;
	else if (summary)
		add_key(&fields->summary, &fields->asked_summary, dot + 1,
		    len - name - 1);
	else
		add_key(&fields->config, &fields->asked_config, dot + 1,
		    len - name - 1);
	want(fields, number);
	return true;
}

const char *
runfields_add(struct runfields *fields, const char *list)
{
	for (;; list++) {
		size_t len = strcspn(list, ",");

		if (!add_word(fields, list, len))
			return list;
		list += len;
		if (*list == '\0')
			return NULL;
	}
}

const char *
runfields_names(void)
{
	static struct buf names;

	if (names.len > 0)
		return names.at;
	for (int i = 0; i < FIELDS; i++)
		buf_addf(&names, "%s ", table[i].name);
	buf_adds(&names, "summary.KEY config.KEY");
	return names.at;
}

jv
runfields_forget(const struct runfields *fields, jv rec)
{
	for (size_t i = 0; i < fields->count; i++)
		rec = record_drop(rec, table[fields->order[i]].name);
	return rec;
}

void
runfields_ask(struct runfields *fields, struct runs_query *query)
{
	query->select = fields->select.at;
	query->summary = fields->asked_summary;
	query->config = fields->asked_config;
	/* An empty list means all. */
	if (fields->whole_summary) {
		jv_free(fields->asked_summary);
		query->summary = fields->asked_summary = jv_array();
	}
	if (fields->whole_config) {
		jv_free(fields->asked_config);
		query->config = fields->asked_config = jv_array();
	}
}

void
runfields_release(struct runfields *fields)
{
	free(fields->order);
	buf_release(&fields->select);
	buf_release(&fields->text);
	buf_release(&fields->decoded);
	jv_free(fields->summary);
	jv_free(fields->config);
	jv_free(fields->asked_summary);
	jv_free(fields->asked_config);
	*fields = (struct runfields){ 0 };
}

/* ---- a run as members ---- */

struct writing {
	struct runfields *fields;
	const struct runs_place *place;
	struct span run;
	struct span id; /* of the run, as it is between quotes */
	struct buf *out;
};

/* The member at a path of names parted by dots; false without a value. */
static bool
find(struct span object, const char *path, struct json_value *value)
{
	size_t len = strcspn(path, ".");
	struct json_member member;
	struct json_walk walk;

	json_walk(&walk, object, JSON_WORDS);
	while (json_next(&walk, &member)) {
		if (member.key.len != len ||
		    memcmp(member.key.at, path, len) != 0)
			continue;
		*value = member.value;
		if (path[len] == '.')
			return value->type == JSON_OBJECT &&
			    find(value->text, path + len + 1, value);
		return value->type != JSON_NULL;
	}
	return false;
}

static struct span
inside(struct span quoted)
{
	return (struct span){ quoted.at + 1, quoted.len - 2 };
}

/* A time that the server wrote; NAN if it is none. */
static double
read_time(const struct json_value *value)
{
	char text[CLOCK_TEXT];
	struct span in;

	if (value->type != JSON_STRING || value->text.len > sizeof text)
		return NAN;
	in = inside(value->text);
	memcpy(text, in.at, in.len);
	text[in.len] = '\0';
	return clock_parse(text);
}

static void
name_member(struct buf *out, const char *name)
{
	buf_adds(out, ",\"");
	buf_adds(out, name);
	buf_adds(out, "\":");
}

/* Strict, and in one line: what is between tokens may be line ends. */
static void
add_value(struct buf *out, const struct json_value *value)
{
	size_t start = out->len;

	json_plain(out, value);
	if (value->type < JSON_ARRAY)
		return;
	for (size_t i = start; i < out->len; i++)
		if (out->at[i] == '\n' || out->at[i] == '\r')
			out->at[i] = ' ';
}

static void
write_time(struct buf *out, const char *name, const struct json_value *value)
{
	double time = read_time(value);
	char text[CLOCK_TEXT];

	name_member(out, name);
	if (isnan(time))
		add_value(out, value);
	else
		buf_addf(out, "\"%s\"", clock_format(time, text));
}

static void
write_duration(struct writing *writing, const char *name)
{
	struct json_value created, beat;
	double seconds;

	if (!find(writing->run, "createdAt", &created) ||
	    !find(writing->run, "heartbeatAt", &beat))
		return;
	seconds = read_time(&beat) - read_time(&created);
	if (isnan(seconds))
		return;
	name_member(writing->out, name);
	json_number(writing->out, round(seconds * 1000) / 1000);
}

static void
write_url(struct writing *writing, const char *name)
{
	struct buf *decoded = &writing->fields->decoded;
	char *id;

	buf_clear(decoded);
	json_decode(decoded, writing->id);
	buf_addc(decoded, '\0');
	id = http_escape(decoded->at);
	name_member(writing->out, name);
	buf_addc(writing->out, '"');
	json_quote_part(writing->out, span_of(writing->place->url));
	buf_adds(writing->out, id);
	buf_addc(writing->out, '"');
	free(id);
}

/* A config's value is wrapped: {"value": V}. */
static struct json_value
unwrapped(const struct json_value *value)
{
	struct json_value inner;

	return value->type == JSON_OBJECT &&
		json_find(value->text, JSON_WORDS, "value", &inner)
	    ? inner
	    : *value;
}

static bool
is_key(struct runfields *fields, const struct json_member *member, jv key)
{
	struct span text = member->key;

	if (member->key_escaped) {
		buf_clear(&fields->decoded);
		json_decode(&fields->decoded, member->key);
		text = (struct span){ fields->decoded.at, fields->decoded.len };
	}
	return text.len == (size_t)jv_string_length_bytes(jv_copy(key)) &&
	    memcmp(text.at, jv_string_value(key), text.len) == 0;
}

/* The value of a key, which may be a path behind the first of its parts. */
static bool
pick(struct runfields *fields, struct span object, jv key, bool config,
    struct json_value *value)
{
	const char *text = jv_string_value(key), *dot = strchr(text, '.');
	struct json_member member;
	struct json_value first;
	struct json_walk walk;
	bool found = false, nested = false;

	json_walk(&walk, object, JSON_WORDS);
	while (json_next(&walk, &member)) {
		if (is_key(fields, &member, key)) {
			*value =
			    config ? unwrapped(&member.value) : member.value;
			found = true;
		} else if (dot != NULL &&
		    member.key.len == (size_t)(dot - text) &&
		    memcmp(member.key.at, text, member.key.len) == 0) {
			first =
			    config ? unwrapped(&member.value) : member.value;
			nested = first.type == JSON_OBJECT;
		}
	}
	return found || (nested && find(first.text, dot + 1, value));
}

static void
add_keys(struct writing *writing, struct span object, jv keys, bool config)
{
	struct buf *out = writing->out;
	struct json_value value;
	bool first = true;

	for (int i = 0; i < jv_array_length(jv_copy(keys)); i++) {
		jv key = jv_array_get(jv_copy(keys), i);

		if (pick(writing->fields, object, key, config, &value)) {
			if (!first)
				buf_addc(out, ',');
			json_quote(out, span_of(jv_string_value(key)));
			buf_addc(out, ':');
			add_value(out, &value);
			first = false;
		}
		jv_free(key);
	}
}

/* Members of a config without the wrapping and without W&B's own. */
static void
add_config(struct writing *writing, struct span object)
{
	struct buf *out = writing->out;
	struct json_member member;
	struct json_walk walk;
	struct json_value value, key;
	bool first = true;

	json_walk(&walk, object, JSON_WORDS);
	while (json_next(&walk, &member)) {
		if (span_is(member.key, "_wandb"))
			continue;
		if (!first)
			buf_addc(out, ',');
		key = (struct json_value){ .text = { member.key.at - 1,
					       member.key.len + 2 },
			.type = JSON_STRING,
			.escaped = member.key_escaped };
		add_value(out, &key);
		buf_addc(out, ':');
		value = unwrapped(&member.value);
		add_value(out, &value);
		first = false;
	}
}

/* False if there is an object's text that is none. */
static bool
read_object(struct runfields *fields, const struct json_value *value,
    struct span *object)
{
	if (runs_text(value, &fields->text, object))
		return true;
	*object = (struct span){ "{}", 2 };
	return value->type == JSON_STRING &&
	    (fields->text.len == 0 ||
		span_is((struct span){ fields->text.at, fields->text.len },
		    "null"));
}

static void
write_object(struct writing *writing, const struct field *field,
    const struct json_value *value)
{
	struct runfields *fields = writing->fields;
	struct json_value whole = { .type = JSON_OBJECT };
	bool config = field->form == FORM_CONFIG;
	jv keys = config ? fields->config : fields->summary;

	if (!read_object(fields, value, &whole.text)) {
		warning("%s/%s/%.*s: its %s is no whole JSON, and left out",
		    writing->place->entity, writing->place->project,
		    (int)writing->id.len, writing->id.at, field->name);
		return;
	}
	name_member(writing->out, field->name);
	if (field->form == FORM_JSON ||
	    (field->form == FORM_SUMMARY && fields->whole_summary)) {
		add_value(writing->out, &whole);
		return;
	}
	buf_addc(writing->out, '{');
	if (config && fields->whole_config)
		add_config(writing, whole.text);
	else
		add_keys(writing, whole.text, keys, config);
	buf_addc(writing->out, '}');
}

static void
write_field(struct writing *writing, const struct field *field)
{
	struct buf *out = writing->out;
	struct json_value value;

	if (field->form == FORM_DURATION) {
		write_duration(writing, field->name);
		return;
	}
	if (field->form == FORM_URL) {
		write_url(writing, field->name);
		return;
	}
	if (!find(writing->run, field->path, &value))
		return;
	switch (field->form) {
	case FORM_TIME:
		write_time(out, field->name, &value);
		break;
	case FORM_JSON:
	case FORM_SUMMARY:
	case FORM_CONFIG:
		write_object(writing, field, &value);
		break;
	case FORM_ID:
		name_member(out, field->name);
		if (value.type == JSON_STRING)
			add_value(out, &value);
		else
			json_quote(out, value.text);
		break;
	default:
		name_member(out, field->name);
		add_value(out, &value);
	}
}

static void
add_project(const struct runs_place *place, struct buf *out)
{
	json_quote_part(out, span_of(place->entity));
	buf_addc(out, '/');
	json_quote_part(out, span_of(place->project));
}

void
runfields_write(struct runfields *fields, const struct runs_place *place,
    struct span run, struct buf *out)
{
	struct writing writing = {
		.fields = fields, .place = place, .run = run, .out = out
	};
	struct json_value name = { .text = { "\"\"", 2 } };

	(void)find(run, "name", &name); /* runs.h: it is there, a string */
	writing.id = inside(name.text);
	buf_clear(&fields->text);
	json_plain(&fields->text, &name);
	buf_adds(out, "\"run\":\"");
	add_project(place, out);
	buf_addc(out, '/');
	buf_add(out, fields->text.at + 1, fields->text.len - 2);
	buf_adds(out, "\",\"project\":\"");
	add_project(place, out);
	buf_addc(out, '"');
	for (size_t i = 0; i < fields->count; i++)
		write_field(&writing, &table[fields->order[i]]);
}
