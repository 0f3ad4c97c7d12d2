/* SPDX-License-Identifier: MIT */
/*
 * runs - the runs of a project, page by page
 */
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "record.h"
#include "wandb/runs.h"

enum {
	PAGE = 1000,
	PAGE_LEAST = 10, /* runs: fewer are not asked for again */
	PAGE_BYTES = 2 << 20
};

/* Digests of texts: what came already. */
struct seen {
	XXH128_hash_t *at; /* all zero: free */
	size_t count, room;
};

/* A page that was asked for. */
struct page {
	struct wandb_call call;
	int size;     /* runs that it may have */
	bool patient; /* http.h's tries were asked for */
	bool doubted; /* what came was no answer: the one was asked for again */

	/* The answer. */
	struct span edges;
	bool more; /* there is a next one, behind the list's cursor */
};

struct list {
	struct wandb *wandb;
	const struct runs_query *query;
	const struct deadline *deadline;
	runs_take *take;
	void *context;
	struct runs_seen *result;

	const char *run_id; /* one run instead of pages */
	char *select;       /* what is left of query->select */
	bool summary, config, by_keys, count; /* asked for */

	int size, most; /* of the next page; of any */
	int failed;     /* the last size that was too much */
	char *cursor;   /* of the last page; NULL: the first one comes */
	/*
	 * The ids of the last runs, up to twice 1,000, as a list that moves on
	 * while it is read repeats what is near; and all cursors.
	 */
	struct seen ids[2], cursors;
	struct buf text;
};

/* ---- what came already ---- */

static bool
is_free(XXH128_hash_t slot)
{
	return slot.low64 == 0 && slot.high64 == 0;
}

static XXH128_hash_t *
slot_of(const struct seen *seen, XXH128_hash_t digest)
{
	size_t i = digest.low64 & (seen->room - 1);

	while (!is_free(seen->at[i]) && !XXH128_isEqual(seen->at[i], digest))
		i = (i + 1) & (seen->room - 1);
	return &seen->at[i];
}

static void
grow(struct seen *seen)
{
	struct seen more = { .count = seen->count,
		.room = seen->room > 0 ? 2 * seen->room : 1024 };

	more.at = xcalloc(more.room, sizeof *more.at);
	for (size_t i = 0; i < seen->room; i++)
		if (!is_free(seen->at[i]))
			*slot_of(&more, seen->at[i]) = seen->at[i];
	free(seen->at);
	*seen = more;
}

static bool
has(const struct seen *seen, XXH128_hash_t digest)
{
	return seen->room > 0 && !is_free(*slot_of(seen, digest));
}

/* Notes a text; false if it came before. */
static bool
is_new(struct seen *seen, struct span text)
{
	XXH128_hash_t digest = XXH3_128bits(text.at, text.len);
	XXH128_hash_t *slot;

	if (4 * seen->count >= 3 * seen->room)
		grow(seen);
	slot = slot_of(seen, digest);
	if (!is_free(*slot))
		return false;
	*slot = digest;
	seen->count++;
	return true;
}

/* The younger ones become the older ones. */
static void
turn(struct seen ids[2])
{
	struct seen older = ids[1];

	ids[1] = ids[0];
	if (older.room > 0)
		memset(older.at, 0, older.room * sizeof *older.at);
	older.count = 0;
	ids[0] = older;
}

/* ---- what is asked ---- */

/*
 * Copies a selection without the field named drop, and without what holds
 * nothing else. Returns where it ends: behind its }, or at the end.
 */
static const char *
copy_selection(const char *at, struct span drop, struct buf *out)
{
	for (;;) {
		struct span field;
		struct buf inner = { 0 };
		bool nested, keep;

		at += strspn(at, " ,\n");
		if (*at == '\0' || *at == '}')
			return *at == '}' ? at + 1 : at;
		field = (struct span){ at, strcspn(at, " ,\n{}") };
		at += field.len;
		at += strspn(at, " ,\n");
		nested = *at == '{';
		if (nested)
			at = copy_selection(at + 1, drop, &inner);
		keep = (field.len != drop.len ||
			   memcmp(field.at, drop.at, drop.len) != 0) &&
		    (!nested || inner.len > 0);
		if (keep) {
			buf_addc(out, ' ');
			buf_add(out, field.at, field.len);
		}
		if (keep && nested)
			buf_addf(out, " {%s }", inner.at);
		buf_release(&inner);
	}
}

/* False if the field was not asked for. */
static bool
drop_field(struct list *list, struct span name)
{
	struct buf out = { 0 };
	bool fewer;

	if (span_is(name, "summaryMetrics") && list->summary) {
		list->summary = false;
		return true;
	}
	if (span_is(name, "config") && list->config) {
		list->config = false;
		return true;
	}
	if (span_is(name, "runCount") && list->count) {
		list->count = false;
		return true;
	}
	buf_adds(&out, "");
	(void)copy_selection(list->select, name, &out); /* ends at its end */
	fewer = strcmp(out.at, list->select) != 0;
	free(list->select);
	list->select = buf_take(&out);
	return fewer;
}

/*
 * Leaves out what a server that is older does not know. False if that is not
 * why it refused.
 */
static bool
adapt(struct list *list, jv why)
{
	static const char unknown[] = "Cannot query field \"";
	const char *at = error_message(why);
	bool changed = false;

	if (list->by_keys && strstr(at, "Unknown argument \"keys\"") != NULL) {
		list->by_keys = false;
		changed = true;
	}
	while ((at = strstr(at, unknown)) != NULL) {
		at += strlen(unknown);
		changed |=
		    drop_field(list, (struct span){ at, strcspn(at, "\"") });
	}
	return changed;
}

/* Whether a field has a choice of keys. */
static bool
has_keys(const struct list *list, jv keys)
{
	return list->by_keys && jv_array_length(jv_copy(keys)) > 0;
}

static void
add_field(struct list *list, const char *name, const char *variable, jv keys)
{
	buf_addf(&list->text, " %s", name);
	if (has_keys(list, keys))
		buf_addf(&list->text, "(keys: $%s)", variable);
}

/* The text of the query, in list->text. */
static void
write_query(struct list *list)
{
	const struct runs_query *query = list->query;
	struct buf *text = &list->text;
	bool one = list->run_id != NULL;

	buf_clear(text);
	buf_addf(text, "query %s($e: String!, $p: String!",
	    one ? "WbRun" : "WbRuns");
	buf_adds(text,
	    one ? ", $r: String!"
		: ", $f: JSONString, $o: String, $n: Int!, $after: String");
	if (list->summary && has_keys(list, query->summary))
		buf_adds(text, ", $s: [String!]");
	if (list->config && has_keys(list, query->config))
		buf_adds(text, ", $c: [String!]");
	buf_adds(text, ") { project(name: $p, entityName: $e) {");
	if (list->count && list->cursor == NULL && !one)
		buf_adds(text, " runCount(filters: $f)");
	buf_adds(text,
	    one ? " run(name: $r) {"
		: " runs(filters: $f, order: $o, first: $n, after: $after) {"
		  " pageInfo { endCursor hasNextPage } edges { node {");
	buf_addf(text, " name%s", list->select);
	if (list->summary)
		add_field(list, "summaryMetrics", "s", query->summary);
	if (list->config)
		add_field(list, "config", "c", query->config);
	buf_adds(text, one ? " } } }" : " } } } } }");
}

static jv
set(jv variables, const char *name, const char *text)
{
	return jv_object_set(variables, jv_string(name),
	    text != NULL ? jv_string(text) : jv_null());
}

static jv
base_variables(const struct runs_query *query)
{
	return set(set(jv_object(), "e", query->entity), "p", query->project);
}

static jv
variables_of(const struct list *list, int size)
{
	const struct runs_query *query = list->query;
	jv out = base_variables(query);

	if (list->summary && has_keys(list, query->summary))
		out =
		    jv_object_set(out, jv_string("s"), jv_copy(query->summary));
	if (list->config && has_keys(list, query->config))
		out =
		    jv_object_set(out, jv_string("c"), jv_copy(query->config));
	if (list->run_id != NULL)
		return set(out, "r", list->run_id);
	out = set(out, "f", query->filter != NULL ? query->filter : "{}");
	out =
	    set(out, "o", query->order != NULL ? query->order : "+created_at");
	out = set(out, "after", list->cursor);
	return record_set_number(out, "n", size);
}

/* Asks for the page behind list->cursor, or for the one run. */
static void
ask(struct list *list, struct page *page)
{
	bool few = page->size <= PAGE_LEAST;
	struct wandb_limits limits = { .most = few ? 0 : PAGE_BYTES,
		.tries = few || page->patient ? 0 : 1 };

	write_query(list);
	wandb_start_text(list->wandb, &page->call,
	    list->run_id != NULL ? "WbRun" : "WbRuns", list->text.at,
	    variables_of(list, page->size), &limits, list->deadline);
}

/* ---- what is answered ---- */

/* A size that was too much twice is not tried again. */
static void
shrink(struct list *list, struct page *page)
{
	int half = page->size / 2 > PAGE_LEAST ? page->size / 2 : PAGE_LEAST;

	verbose("a page of %d runs is too much: %d", page->size, half);
	if (list->failed == page->size)
		list->most = half;
	list->failed = page->size;
	list->size = page->size = half;
	page->patient = false;
}

/* The server has said so. */
static jv
absent(const struct runs_query *query, jv why)
{
	if (query->absent != NULL)
		*query->absent = true;
	return why;
}

/*
 * Waits for a page, which is asked for again where that may help. Returns
 * jv_null() with the project in *project, or an error_value(). The call is to
 * be released.
 */
static jv
await(struct list *list, struct page *page, struct span *project)
{
	struct json_value value;
	struct span data;
	jv why;

	for (;;) {
		why = wandb_take_text(&page->call, &data);
		list->result->requests +=
		    page->call.http.tries > 0 ? page->call.http.tries : 1;
		if (jv_is_valid(why))
			break;
		if (list->deadline != NULL &&
		    deadline_left(list->deadline) <= 0)
			return why;
		if (strcmp(error_code(why), "rejected") == 0 &&
		    adapt(list, why))
			;
		else if (page->size > PAGE_LEAST &&
		    wandb_is_too_much(&page->call, why))
			shrink(list, page);
		else if (page->size > PAGE_LEAST && !page->patient &&
		    !jv_is_valid(page->call.http.error) &&
		    error_is_temporary(why))
			page->patient = true;
		else if (list->run_id != NULL && !page->doubted &&
		    jv_is_valid(page->call.http.error) &&
		    strcmp(error_code(why), "unavailable") == 0)
			page->doubted = true; /* a gateway's page, say */
		else
			return why;
		jv_free(why);
		wandb_release(&page->call);
		ask(list, page);
	}
	if (!runs_member(data, "project", &value))
		return error_value("unavailable",
		    "%s: the answer has no project", page->call.operation);
	if (value.type == JSON_NULL)
		return absent(list->query,
		    error_value("not_found",
			"%s/%s: there is no such project, or no right to see "
			"it",
			list->query->entity, list->query->project));
	*project = value.text;
	return jv_null();
}

static struct span
inside(struct span quoted)
{
	return (struct span){ quoted.at + 1, quoted.len - 2 };
}

/* ---- whether the choice of keys works ---- */

/* Whether a field holds something in any run of a page. */
static bool
holds_any(const struct page *page, const char *field)
{
	struct json_member edge;
	struct json_value node, value;
	struct json_walk walk;

	json_walk(&walk, page->edges, JSON_WORDS);
	while (json_next(&walk, &edge))
		if (runs_member(edge.value.text, "node", &node) &&
		    runs_member(node.text, field, &value) &&
		    value.type != JSON_NULL &&
		    value.text.len > strlen("\"{}\""))
			return true;
	return false;
}

/* A run that is looked at for keys. */
struct look {
	const struct runs_query *query; /* what is asked for, all of its keys */
	bool found;
};

static bool
has_one(struct span run, const char *field, jv keys)
{
	struct json_members members = { 0 };
	struct json_fault fault;
	struct json_value value;
	struct buf kept = { 0 };
	struct span text;
	bool found = false;

	if (runs_member(run, field, &value) &&
	    runs_text(&value, &kept, &text) &&
	    json_members(text, JSON_WORDS, &members, &fault))
		jv_array_foreach(keys, i, key)
		{
			found |=
			    json_member(&members, jv_string_value(key)) != NULL;
			jv_free(key);
		}
	json_members_release(&members);
	buf_release(&kept);
	return found;
}

static jv
look_at(void *context, struct span run)
{
	struct look *look = context;

	look->found =
	    (jv_is_valid(look->query->summary) &&
		has_one(run, "summaryMetrics", look->query->summary)) ||
	    (jv_is_valid(look->query->config) &&
		has_one(run, "config", look->query->config));
	return jv_null();
}

/*
 * Whether the server, asked for keys of which no run of the first page has one,
 * has them when it is asked for all: it does not choose them as it should.
 */
static bool
are_keys_lost(struct list *list, const struct page *page)
{
	struct runs_query whole = *list->query;
	struct look look = { .query = list->query };
	struct buf id = { 0 };
	struct json_member edge;
	struct json_value node, name;
	struct json_walk walk;

	if ((!list->summary || !has_keys(list, whole.summary) ||
		holds_any(page, "summaryMetrics")) &&
	    (!list->config || !has_keys(list, whole.config) ||
		holds_any(page, "config")))
		return false;
	json_walk(&walk, page->edges, JSON_WORDS);
	if (!json_next(&walk, &edge) ||
	    !runs_member(edge.value.text, "node", &node) ||
	    !runs_member(node.text, "name", &name) || name.type != JSON_STRING)
		return false;
	json_decode(&id, inside(name.text));
	buf_addc(&id, '\0');
	whole.select = NULL;
	if (list->summary)
		whole.summary = jv_array();
	if (list->config)
		whole.config = jv_array();
	list->result->requests++;
	/* Without an answer nothing is known to be lost. */
	jv_free(runs_one(
	    list->wandb, &whole, id.at, list->deadline, look_at, &look));
	if (list->summary)
		jv_free(whole.summary);
	if (list->config)
		jv_free(whole.config);
	buf_release(&id);
	return look.found;
}

/* Takes the cursor that a page ends with. */
static jv
take_cursor(struct list *list, struct page *page, struct span info)
{
	struct json_value value;
	struct buf cursor = { 0 };

	page->more =
	    runs_member(info, "hasNextPage", &value) && value.type == JSON_TRUE;
	if (!page->more)
		return jv_null();
	if (!runs_member(info, "endCursor", &value) ||
	    value.type != JSON_STRING)
		return error_value("unavailable",
		    "WbRuns: there are more runs, but no cursor to them");
	json_decode(&cursor, inside(value.text));
	if (!is_new(&list->cursors, (struct span){ cursor.at, cursor.len })) {
		buf_release(&cursor);
		return error_value("unavailable",
		    "WbRuns: the list goes round in circles: a cursor comes "
		    "again");
	}
	free(list->cursor);
	list->cursor = buf_take(&cursor);
	return jv_null();
}

/* Takes a page apart: jv_null(), or what is wrong with it. */
static jv
read_page(struct list *list, struct page *page)
{
	struct json_value runs, value;
	struct json_member member;
	struct json_walk walk;
	struct span project;
	jv why = await(list, page, &project);
	bool empty;

	if (!jv_is_valid(why))
		return why;
	if (list->cursor == NULL)
		list->result->said = runs_number(project, "runCount");
	if (!runs_member(project, "runs", &runs) || runs.type != JSON_OBJECT ||
	    !runs_member(runs.text, "edges", &value) ||
	    value.type != JSON_ARRAY)
		return error_value(
		    "unavailable", "WbRuns: the answer has no list of runs");
	page->edges = value.text;
	if (list->cursor == NULL && list->by_keys &&
	    are_keys_lost(list, page)) {
		warning("the server does not find the keys that it is asked "
			"for; all of them are read");
		list->by_keys = false;
		wandb_release(&page->call);
		ask(list, page);
		return read_page(list, page);
	}
	if (!runs_member(runs.text, "pageInfo", &value) ||
	    value.type != JSON_OBJECT)
		return error_value(
		    "unavailable", "WbRuns: the answer has no pageInfo");
	json_walk(&walk, page->edges, JSON_WORDS);
	empty = !json_next(&walk, &member);
	why = take_cursor(list, page, value.text);
	if (jv_is_valid(why) && empty && page->more) {
		jv_free(why);
		why = error_value("unavailable",
		    "WbRuns: an empty page, although there are more runs");
	}
	return why;
}

/* Gives the runs of a page, as far as the limit goes. */
static jv
give(struct list *list, const struct page *page)
{
	long long limit = list->query->limit;
	struct json_member edge;
	struct json_value node, name;
	struct json_walk walk;
	jv why = jv_null();

	json_walk(&walk, page->edges, JSON_WORDS);
	while (jv_is_valid(why) && json_next(&walk, &edge)) {
		if (limit > 0 && list->result->runs == limit)
			break;
		if (edge.value.type != JSON_OBJECT ||
		    !runs_member(edge.value.text, "node", &node) ||
		    node.type != JSON_OBJECT ||
		    !runs_member(node.text, "name", &name) ||
		    name.type != JSON_STRING) {
			why = error_value(
			    "unavailable", "WbRuns: a run without a name");
			break;
		}
		if (has(&list->ids[1],
			XXH3_128bits(name.text.at, name.text.len)) ||
		    !is_new(&list->ids[0], name.text))
			continue;
		if (list->ids[0].count >= PAGE)
			turn(list->ids);
		list->result->runs++;
		if (list->result->runs % 64 == 0)
			http_poll(); /* the next page is on its way */
		why = list->take(list->context, node.text);
	}
	return why;
}

/* Asks for the next page. False if there is none, or the limit is reached. */
static bool
ask_next(struct list *list, struct page *page, int pending)
{
	long long limit = list->query->limit;
	long long left = limit - list->result->runs - pending;

	if (limit > 0 && left <= 0)
		return false;
	page->size = limit > 0 && left < list->size ? (int)left : list->size;
	page->patient = false;
	ask(list, page);
	http_poll();
	return true;
}

static jv
give_pages(struct list *list)
{
	struct page pages[2] = { 0 }, *page = &pages[0], *next = &pages[1];
	bool asked = ask_next(list, page, 0);
	jv why = jv_null();

	while (asked) {
		struct page *swap = page;
		bool more;

		why = read_page(list, page);
		asked = false;
		if (jv_is_valid(why)) {
			list->size = list->size < list->most / 2
			    ? 2 * list->size
			    : list->most;
			asked = page->more && ask_next(list, next, page->size);
			jv_free(why);
			why = give(list, page);
		}
		more = page->more;
		wandb_release(&page->call);
		if (!jv_is_valid(why)) {
			if (asked)
				wandb_release(&next->call);
			break;
		}
		/* Of a page some may have come before: others are left. */
		if (!asked && more)
			asked = ask_next(list, next, 0);
		page = next;
		next = swap;
	}
	return why;
}

static void
begin(struct list *list)
{
	const struct runs_query *query = list->query;
	struct buf select = { 0 };

	list->summary = jv_is_valid(query->summary);
	list->config = jv_is_valid(query->config);
	list->by_keys =
	    (list->summary && jv_array_length(jv_copy(query->summary)) > 0) ||
	    (list->config && jv_array_length(jv_copy(query->config)) > 0);
	list->count = true;
	list->size = list->most = query->page > 0 ? query->page : PAGE;
	/* In the form that copy_selection() writes. */
	buf_adds(&select, "");
	(void)copy_selection(query->select != NULL ? query->select : "",
	    (struct span){ "", 0 }, &select);
	list->select = buf_take(&select);
	*list->result = (struct runs_seen){ .said = -1 };
}

static void
end(struct list *list)
{
	free(list->select);
	free(list->cursor);
	free(list->ids[0].at);
	free(list->ids[1].at);
	free(list->cursors.at);
	buf_release(&list->text);
}

/*
 * Fewer runs than there were said to be: some may have been deleted meanwhile,
 * which a second count tells.
 */
static jv
check_count(struct list *list)
{
	long long again = 0, want = list->result->said;
	jv why;

	if (list->query->limit > 0 && list->query->limit < want)
		want = list->query->limit;
	if (list->result->runs >= want)
		return jv_null();
	list->result->requests++;
	why = runs_count(list->wandb, list->query, list->deadline, &again);
	if (!jv_is_valid(why) || list->result->runs >= again)
		return why;
	return error_value("unavailable",
	    "%s/%s: %lld runs were listed, but there are %lld",
	    list->query->entity, list->query->project, list->result->runs,
	    again);
}

jv
runs_list(struct wandb *wandb, const struct runs_query *query,
    const struct deadline *deadline, runs_take *take, void *context,
    struct runs_seen *seen)
{
	struct list list = { .wandb = wandb,
		.query = query,
		.deadline = deadline,
		.take = take,
		.context = context,
		.result = seen };
	jv why;

	begin(&list);
	why = give_pages(&list);
	if (jv_is_valid(why)) {
		jv_free(why);
		why = check_count(&list);
	}
	end(&list);
	return why;
}

jv
runs_one(struct wandb *wandb, const struct runs_query *query,
    const char *run_id, const struct deadline *deadline, runs_take *take,
    void *context)
{
	struct runs_seen seen;
	struct list list = { .wandb = wandb,
		.query = query,
		.deadline = deadline,
		.result = &seen,
		.run_id = run_id };
	struct page page = { .size = 1 };
	struct json_value run;
	struct span project;
	jv why;

	begin(&list);
	ask(&list, &page);
	why = await(&list, &page, &project);
	if (jv_is_valid(why)) {
		jv_free(why);
		if (!runs_member(project, "run", &run) || run.type == JSON_NULL)
			why = absent(query,
			    error_value("not_found",
				"%s/%s/%s: there is no such run, or no right "
				"to see it",
				query->entity, query->project, run_id));
		else if (run.type != JSON_OBJECT)
			why = error_value(
			    "unavailable", "WbRun: the answer has no run");
		else
			why = take(context, run.text);
	}
	wandb_release(&page.call);
	end(&list);
	return why;
}

jv
runs_count(struct wandb *wandb, const struct runs_query *query,
    const struct deadline *deadline, long long *count)
{
	static const char text[] =
	    "query WbRunCount($e: String!, $p: String!, $f: JSONString) {"
	    " project(name: $p, entityName: $e) { runCount(filters: $f) } }";
	jv data = wandb_ask(wandb, "WbRunCount", text,
	    set(base_variables(query), "f",
		query->filter != NULL ? query->filter : "{}"),
	    true, deadline);
	jv project, number;

	if (!jv_is_valid(data))
		return data;
	project = record_get(data, "project");
	jv_free(data);
	if (jv_get_kind(project) == JV_KIND_NULL) {
		jv_free(project);
		return error_value("not_found",
		    "%s/%s: there is no such project, or no right to see it",
		    query->entity, query->project);
	}
	number = record_get(project, "runCount");
	jv_free(project);
	if (jv_get_kind(number) != JV_KIND_NUMBER) {
		jv_free(number);
		return error_value(
		    "unavailable", "WbRunCount: the answer has no runCount");
	}
	*count = (long long)jv_number_value(number);
	jv_free(number);
	return jv_null();
}
