/* SPDX-License-Identifier: MIT */
/*
 * bucket - a run as the server has it, asked for and changed
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json.h"
#include "mem.h"
#include "record.h"
#include "wandb/bucket.h"

enum { STEPS_MOST = 10000 }; /* rows of an answer that are counted */

/* Upstream's query of that name, with the state and what the server can do. */
#define RUN_STATUS(features)                                              \
	"query RunResumeStatus($project: String, $entity: String, "       \
	"$name: String!) {"                                               \
	" model(name: $project, entityName: $entity) {"                   \
	" id name entity { id name }"                                     \
	" bucket(name: $name, missingOk: true) {"                         \
	" id name state summaryMetrics displayName logLineCount"          \
	" historyLineCount eventsLineCount historyTail eventsTail config" \
	" tags notes wandbConfig(keys: [\"t\"]) } }" features " }"

static const char status_query[] =
    RUN_STATUS(" serverInfo { features { name isEnabled } }");
/* For servers whose ServerInfo has no features. */
static const char plain_status_query[] = RUN_STATUS("");

/* Upstream's mutation, with more variables and another field, or nothing. */
#define UPSERT(variables, more)                                         \
	"mutation UpsertBucket($id: String, $name: String, "            \
	"$project: String, $entity: String, $groupName: String, "       \
	"$description: String, $displayName: String, $notes: String, "  \
	"$commit: String, $config: JSONString, $host: String, "         \
	"$debug: Boolean, $program: String, $repo: String, "            \
	"$jobType: String, $state: String, $sweep: String, "            \
	"$tags: [String!], $summaryMetrics: JSONString" variables ") {" \
	" upsertBucket(input: {id: $id, name: $name,"                   \
	" groupName: $groupName, modelName: $project,"                  \
	" entityName: $entity, description: $description,"              \
	" displayName: $displayName, notes: $notes, config: $config,"   \
	" commit: $commit, host: $host, debug: $debug,"                 \
	" jobProgram: $program, jobRepo: $repo, jobType: $jobType,"     \
	" state: $state, sweep: $sweep, tags: $tags,"                   \
	" summaryMetrics: $summaryMetrics}) {"                          \
	" bucket { id name displayName description config sweepName"    \
	" project { id name entity { id name } } historyLineCount }"    \
	" inserted }" more " }"

static const char upsert_query[] = UPSERT("", "");
/* Mutations of one request are done in their order. */
static const char upsert_files_query[] = UPSERT(", $ofEntity: String!, "
						"$ofProject: String!, "
						"$run: String!, "
						"$files: [String!]!",
    " createRunFiles(input: {entityName: $ofEntity,"
    " projectName: $ofProject, runName: $run, files: $files}) {"
    " runID uploadHeaders files { name uploadUrl } }");

static const char page_query[] =
    "query HistoryPage($entity: String!, $project: String!, $run: String!, "
    "$minStep: Int64!, $maxStep: Int64!, $pageSize: Int!) {"
    " project(name: $project, entityName: $entity) { run(name: $run) {"
    " history(minStep: $minStep, maxStep: $maxStep, samples: $pageSize)"
    " } } }";

static const char steps_query[] =
    "query HistorySteps($entity: String!, $project: String!, $run: String!, "
    "$specs: [JSONString!]!) {"
    " project(name: $project, entityName: $entity) { run(name: $run) {"
    " sampledHistory(specs: $specs) } } }";

static const char mark_query[] =
    "mutation MarkRunFilesUploaded($entity: String!, $project: String!, "
    "$run: String!, $files: [String!]!) {"
    " markRunFilesUploaded(input: {entityName: $entity,"
    " projectName: $project, runName: $run, files: $files}) { success } }";

static const char rewind_query[] =
    "mutation RewindRun($runName: String!, $entity: String, "
    "$project: String, $metricName: String!, $metricValue: Float!) {"
    " rewindRun(input: {runName: $runName, entityName: $entity,"
    " projectName: $project, metricName: $metricName,"
    " metricValue: $metricValue}) { rewoundRun { id name } } }";

static const char console_query[] =
    "query RunLogLines($entity: String!, $project: String!, $run: String!) {"
    " project(name: $project, entityName: $entity) { run(name: $run) {"
    " logLines(last: 1) { edges { node { number timestamp line } } } } } }";

void
run_params_init(struct run_params *params)
{
	*params = (struct run_params){ .tags = jv_array() };
}

void
run_params_release(struct run_params *params)
{
	free(params->run_id);
	free(params->entity);
	free(params->project);
	free(params->group);
	free(params->job_type);
	free(params->display_name);
	free(params->notes);
	free(params->sweep);
	free(params->host);
	free(params->repo);
	free(params->commit);
	jv_free(params->tags);
	*params = (struct run_params){ .tags = jv_null() };
}

void
bucket_release(struct bucket *bucket)
{
	free(bucket->id);
	free(bucket->entity);
	free(bucket->project);
	free(bucket->run_id);
	free(bucket->state);
	free(bucket->config);
	free(bucket->summary);
	*bucket = (struct bucket){ 0 };
}

bool
bucket_ended(const struct bucket *bucket)
{
	static const char *const ends[] = { "finished", "failed", "crashed",
		"killed" };

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (bucket->state != NULL &&
		    strcasecmp(bucket->state, ends[i]) == 0)
			return true;
	return false;
}

static double
number_of(const struct json_value *value, double otherwise)
{
	char text[64];

	if (value->type != JSON_NUMBER || value->text.len >= sizeof text)
		return otherwise;
	memcpy(text, value->text.at, value->text.len);
	text[value->text.len] = '\0';
	return strtod(text, NULL);
}

struct row_key
row_key_of(struct span line)
{
	struct row_key key = { .known = true, .timestamp = NAN, .step = -1 };
	struct json_member member;
	struct json_walk walk;

	json_walk(&walk, line, JSON_WORDS);
	while (json_next(&walk, &member)) {
		if (span_is(member.key, "_timestamp"))
			key.timestamp = number_of(&member.value, NAN);
		else if (span_is(member.key, "_step"))
			key.step = (int64_t)number_of(&member.value, -1);
	}
	return key;
}

/* The last line of a tail: JSON text of a list of lines. */
static struct row_key
tail_of(jv bucket, const char *field)
{
	const char *text = record_str(bucket, field);
	jv lines = text != NULL ? jv_parse(text) : jv_null();
	struct row_key key = { .known = false };
	jv line;
	int n;

	if (jv_get_kind(lines) == JV_KIND_ARRAY &&
	    (n = jv_array_length(jv_copy(lines))) > 0) {
		line = jv_array_get(jv_copy(lines), n - 1);
		if (jv_get_kind(line) == JV_KIND_STRING)
			key = row_key_of((struct span){ jv_string_value(line),
			    (size_t)jv_string_length_bytes(jv_copy(line)) });
		jv_free(line);
	}
	jv_free(lines);
	return key;
}

static char *
copy_str(jv rec, const char *field)
{
	const char *text = record_str(rec, field);

	return text != NULL ? xstrdup(text) : NULL;
}

/* Replaces *to by what the server calls it, if it says so. */
static void
rename_to(char **to, const char *name)
{
	if (name == NULL || *name == '\0')
		return;
	free(*to);
	*to = xstrdup(name);
}

static const char *const features_known[] = { "MARK_RUN_FILES_UPLOADED",
	"STRUCTURED_CONSOLE_LOGS", "ARTIFACT_DIGEST_ALGORITHM",
	"USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION" };
enum { KNOWN = sizeof features_known / sizeof *features_known };

const char *
bucket_feature(size_t n)
{
	return n < KNOWN ? features_known[n] : NULL;
}

static void
take_features(struct bucket *bucket, jv data)
{
	bool *there[KNOWN] = { &bucket->marks_files,
		&bucket->structured_console, &bucket->digest_algorithms,
		&bucket->names_artifacts };
	jv info = record_get(data, "serverInfo");
	jv features = record_get(info, "features");

	if (jv_get_kind(features) == JV_KIND_ARRAY) {
		jv_array_foreach(features, i, feature)
		{
			const char *name = record_str(feature, "name");

			if (name == NULL || !record_true(feature, "isEnabled"))
				name = "";
			for (size_t k = 0; k < KNOWN; k++)
				if (strcmp(name, features_known[k]) == 0)
					*there[k] = true;
			jv_free(feature);
		}
	}
	jv_free(features);
	jv_free(info);
}

static void
take_bucket(struct bucket *bucket, jv data)
{
	jv model = record_get(data, "model");
	jv entity = record_get(model, "entity");
	jv found = record_get(model, "bucket");

	rename_to(&bucket->entity, record_str(entity, "name"));
	rename_to(&bucket->project, record_str(model, "name"));
	if (jv_get_kind(found) == JV_KIND_OBJECT) {
		bucket->present = true;
		bucket->id = copy_str(found, "id");
		rename_to(&bucket->run_id, record_str(found, "name"));
		bucket->state = copy_str(found, "state");
		bucket->config = copy_str(found, "config");
		bucket->summary = copy_str(found, "summaryMetrics");
		bucket->rows = record_int(found, "historyLineCount", 0);
		bucket->events = record_int(found, "eventsLineCount", 0);
		bucket->console = record_int(found, "logLineCount", 0);
		bucket->last_row = tail_of(found, "historyTail");
		bucket->last_event = tail_of(found, "eventsTail");
	}
	jv_free(found);
	jv_free(entity);
	jv_free(model);
}

static jv
str_or_null(const char *text)
{
	return text != NULL && *text != '\0' ? jv_string(text) : jv_null();
}

static jv
set(jv variables, const char *name, jv value)
{
	return jv_object_set(variables, jv_string(name), value);
}

jv
bucket_ask(struct wandb *wandb, const struct run_params *params,
    const struct deadline *deadline, struct bucket *bucket)
{
	const char *project =
	    params->project != NULL ? params->project : BUCKET_NO_PROJECT;
	jv variables = set(set(set(jv_object(), "project", jv_string(project)),
			       "entity", str_or_null(params->entity)),
	    "name", jv_string(params->run_id));
	jv data = wandb_ask(wandb, "RunResumeStatus", status_query,
	    jv_copy(variables), true, deadline);

	if (!jv_is_valid(data) &&
	    strstr(error_message(data), "Cannot query field") != NULL) {
		jv_free(data);
		data = wandb_ask(wandb, "RunResumeStatus", plain_status_query,
		    jv_copy(variables), true, deadline);
	}
	jv_free(variables);
	if (!jv_is_valid(data))
		return data;

	bucket_release(bucket);
	bucket->entity =
	    params->entity != NULL ? xstrdup(params->entity) : NULL;
	bucket->project = xstrdup(project);
	bucket->run_id = xstrdup(params->run_id);
	take_features(bucket, data);
	take_bucket(bucket, data);
	jv_free(data);
	return jv_null();
}

static jv
upsert_variables(const struct run_params *params, const char *config,
    const struct bucket *bucket)
{
	static const char *const unused[] = { "description", "debug", "state",
		"summaryMetrics" };
	jv v = jv_object();
	bool tagged = jv_array_length(jv_copy(params->tags)) > 0;

	v = set(v, "id", str_or_null(bucket->id));
	v = set(v, "name", jv_string(bucket->run_id));
	v = set(v, "project", str_or_null(bucket->project));
	v = set(v, "entity", str_or_null(bucket->entity));
	v = set(v, "groupName", str_or_null(params->group));
	v = set(v, "displayName", str_or_null(params->display_name));
	v = set(v, "notes", str_or_null(params->notes));
	v = set(v, "commit", str_or_null(params->commit));
	v = set(v, "config", str_or_null(config));
	v = set(v, "host", str_or_null(params->host));
	v = set(v, "program", str_or_null(getenv("WANDB_PROGRAM")));
	v = set(v, "repo", str_or_null(params->repo));
	v = set(v, "jobType", str_or_null(params->job_type));
	v = set(v, "sweep", str_or_null(params->sweep));
	v = set(v, "tags", tagged ? jv_copy(params->tags) : jv_null());
	for (size_t i = 0; i < sizeof unused / sizeof *unused; i++)
		v = set(v, unused[i], jv_null());
	return v;
}

/* What the server made of it. */
static jv
take_upsert(struct bucket *bucket, jv data)
{
	jv upsert = record_get(data, "upsertBucket");
	jv run = record_get(upsert, "bucket");
	jv project = record_get(run, "project");
	jv entity = record_get(project, "entity");
	long long rows = record_int(run, "historyLineCount", 0);
	jv outcome = jv_null();

	if (record_str(run, "name") == NULL) {
		outcome = error_value(
		    "unavailable", "UpsertBucket: the answer names no run");
	} else if (!bucket->present && rows > 0) {
		outcome = error_value("conflict",
		    "the run is there, with "
		    "%lld rows, although it was not to be seen",
		    rows);
	} else {
		bucket->present = true;
		free(bucket->id);
		bucket->id = copy_str(run, "id");
		rename_to(&bucket->run_id, record_str(run, "name"));
		rename_to(&bucket->project, record_str(project, "name"));
		rename_to(&bucket->entity, record_str(entity, "name"));
	}
	jv_free(entity);
	jv_free(project);
	jv_free(run);
	jv_free(upsert);
	return outcome;
}

/*
 * Servers keep the ids of deleted runs and refuse them, with 409, 410 or 400,
 * "run ... was previously created and deleted". Consumes data.
 */
static jv
refuse_deleted(jv data, struct bucket *bucket)
{
	jv why;

	if (jv_is_valid(data) ||
	    strstr(error_message(data), "previously created and deleted") ==
		NULL)
		return data;
	bucket->deleted = true;
	why = error_value("rejected",
	    "the run %s was deleted on the server, which does not take its id "
	    "again: sync it with another one (--id=NEW), or restore it there "
	    "(%s)",
	    bucket->run_id, error_message(data));
	jv_free(data);
	return why;
}

/* Asks query with these variables, and takes what came of it: the data. */
static jv
upsert(struct wandb *wandb, const char *query, jv variables,
    const struct deadline *deadline, struct bucket *bucket)
{
	struct deadline never = deadline_in(INFINITY);
	jv data, outcome;

	/* 409 from this call passes, as upstream has found. */
	for (int i = 0;; i++) {
		data = wandb_ask(wandb, "UpsertBucket", query,
		    jv_copy(variables), true, deadline);
		data = refuse_deleted(data, bucket);
		if (jv_is_valid(data) || i == 4 ||
		    strcmp(error_code(data), "conflict") != 0 ||
		    !deadline_sleep(
			deadline != NULL ? deadline : &never, (double)(1 << i)))
			break;
		jv_free(data);
	}
	jv_free(variables);
	if (!jv_is_valid(data))
		return data;
	outcome = take_upsert(bucket, data);
	if (!jv_is_valid(outcome)) {
		jv_free(data);
		return outcome;
	}
	jv_free(outcome);
	return data;
}

jv
bucket_upsert(struct wandb *wandb, const struct run_params *params,
    const char *config, const struct deadline *deadline, struct bucket *bucket)
{
	jv data = upsert(wandb, upsert_query,
	    upsert_variables(params, config, bucket), deadline, bucket);

	if (!jv_is_valid(data))
		return data;
	jv_free(data);
	return jv_null();
}

jv
bucket_upsert_files(struct wandb *wandb, const struct run_params *params,
    const char *config, jv files, const struct deadline *deadline,
    struct bucket *bucket)
{
	jv v = upsert_variables(params, config, bucket), data, created;

	v = set(v, "ofEntity", jv_string(bucket->entity));
	v = set(v, "ofProject", jv_string(bucket->project));
	v = set(v, "run", jv_string(bucket->run_id));
	v = set(v, "files", files);
	data = upsert(wandb, upsert_files_query, v, deadline, bucket);
	if (!jv_is_valid(data))
		return data;
	created = record_get(data, "createRunFiles");
	jv_free(data);
	return created;
}

/* data.project.run of a question about the run that bucket names. */
static jv
ask_run(struct wandb *wandb, const struct bucket *bucket, const char *operation,
    const char *query, jv variables, const struct deadline *deadline)
{
	jv data, project, run;

	variables = set(set(set(variables, "entity", jv_string(bucket->entity)),
			    "project", jv_string(bucket->project)),
	    "run", jv_string(bucket->run_id));
	data = wandb_ask(wandb, operation, query, variables, true, deadline);
	if (!jv_is_valid(data))
		return data;
	project = record_get(data, "project");
	run = record_get(project, "run");
	jv_free(project);
	jv_free(data);
	if (jv_get_kind(run) == JV_KIND_OBJECT)
		return run;
	jv_free(run);
	return error_value("not_found", "%s: the run %s is not there",
	    operation, bucket->run_id);
}

jv
bucket_row(struct wandb *wandb, const struct bucket *bucket, int64_t from,
    int64_t to, const struct deadline *deadline, struct row_key *row)
{
	jv v = set(set(set(jv_object(), "minStep", jv_number((double)from)),
		       "maxStep", jv_number((double)to)),
	    "pageSize", jv_number(1));
	jv run = ask_run(wandb, bucket, "HistoryPage", page_query, v, deadline);
	jv history, line;

	if (!jv_is_valid(run))
		return run;
	history = record_get(run, "history");
	*row = (struct row_key){ .known = false };
	if (jv_get_kind(history) == JV_KIND_ARRAY &&
	    jv_array_length(jv_copy(history)) > 0) {
		line = jv_array_get(jv_copy(history), 0);
		if (jv_get_kind(line) == JV_KIND_STRING)
			*row = row_key_of(span_of(jv_string_value(line)));
		jv_free(line);
	}
	jv_free(history);
	jv_free(run);
	return jv_null();
}

/* Adds to *rows. A full answer may be a sample: its halves are asked for. */
static jv
count_steps(struct wandb *wandb, const struct bucket *bucket, int64_t from,
    int64_t to, const struct deadline *deadline, int64_t *rows)
{
	/* maxStep is inclusive here. */
	jv spec = jv_string_fmt("{\"keys\":[\"_step\"],\"minStep\":%" PRId64
				",\"maxStep\":%" PRId64 ",\"samples\":%d}",
	    from, to - 1, STEPS_MOST);
	jv run = ask_run(wandb, bucket, "HistorySteps", steps_query,
	    set(jv_object(), "specs", JV_ARRAY(spec)), deadline);
	jv lists, list, error = jv_null();
	int count;

	if (!jv_is_valid(run))
		return run;
	lists = record_get(run, "sampledHistory");
	list = jv_get_kind(lists) == JV_KIND_ARRAY
	    ? jv_array_get(jv_copy(lists), 0)
	    : jv_null();
	if (jv_get_kind(list) == JV_KIND_ARRAY) {
		count = jv_array_length(jv_copy(list));
		if (count < STEPS_MOST || to - from <= STEPS_MOST) {
			*rows += count;
		} else {
			int64_t middle = from + (to - from) / 2;

			error = count_steps(
			    wandb, bucket, from, middle, deadline, rows);
			if (jv_is_valid(error)) {
				jv_free(error);
				error = count_steps(
				    wandb, bucket, middle, to, deadline, rows);
			}
		}
	} else {
		error = error_value(
		    "unavailable", "HistorySteps: the answer has no rows");
	}
	jv_free(list);
	jv_free(lists);
	jv_free(run);
	return error;
}

jv
bucket_count(struct wandb *wandb, const struct bucket *bucket, int64_t from,
    int64_t to, const struct deadline *deadline, int64_t *rows)
{
	*rows = 0;
	return count_steps(wandb, bucket, from, to, deadline, rows);
}

jv
bucket_rewind(struct wandb *wandb, const struct bucket *bucket, double step,
    const struct deadline *deadline)
{
	jv v = set(set(set(jv_object(), "entity", jv_string(bucket->entity)),
		       "project", jv_string(bucket->project)),
	    "runName", jv_string(bucket->run_id));
	jv data;

	v = set(v, "metricName", jv_string("_step"));
	v = set(v, "metricValue", jv_number(step));
	data = wandb_ask(wandb, "RewindRun", rewind_query, v, true, deadline);
	if (!jv_is_valid(data))
		return data;
	jv_free(data);
	return jv_null();
}

jv
bucket_mark_uploaded(struct wandb *wandb, const struct bucket *bucket, jv names,
    const struct deadline *deadline)
{
	jv v =
	    set(set(set(set(jv_object(), "entity", jv_string(bucket->entity)),
			"project", jv_string(bucket->project)),
		    "run", jv_string(bucket->run_id)),
		"files", names);
	jv data = wandb_ask(
	    wandb, "MarkRunFilesUploaded", mark_query, v, true, deadline);

	if (!jv_is_valid(data))
		return data;
	jv_free(data);
	return jv_null();
}

jv
bucket_console_time(struct wandb *wandb, const struct bucket *bucket,
    const struct deadline *deadline, double *time)
{
	jv run = ask_run(
	    wandb, bucket, "RunLogLines", console_query, jv_object(), deadline);
	jv lines, edges, edge, node;
	const char *text;

	if (!jv_is_valid(run))
		return run;
	lines = record_get(run, "logLines");
	edges = record_get(lines, "edges");
	edge = jv_get_kind(edges) == JV_KIND_ARRAY
	    ? jv_array_get(jv_copy(edges), 0)
	    : jv_null();
	node = record_get(edge, "node");
	text = record_str(node, "timestamp");
	*time = text != NULL ? clock_parse(text) : NAN;
	jv_free(node);
	jv_free(edge);
	jv_free(edges);
	jv_free(lines);
	jv_free(run);
	return jv_null();
}
