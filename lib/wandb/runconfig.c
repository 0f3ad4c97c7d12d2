/* SPDX-License-Identifier: MIT */
/*
 * runconfig - a tree of the user's keys, and what W&B adds to it
 *
 * Telemetry is a tree too: by field number, {"3": {"4": true}, "5": "0.31.0"}.
 * EnvironmentRecords are kept as they are, one behind the other, which is how
 * protobuf merges messages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "wandb/environment.h"
#include "wandb/metrics.h"
#include "wandb/runconfig.h"
#include "wandb/tree.h"
#include "wandb/yaml.h"

enum { ENVIRONMENT_MOST = 4 << 20 }; /* bytes of EnvironmentRecords */

/* Field numbers of TelemetryRecord in wandb_telemetry.proto. */
enum {
	FEATURE = 3,
	LABEL = 9,
	CORE_VERSION = 12,
	INFO = 200,
};

struct runconfig {
	struct tree *tree;
	struct tree *telemetry;
	struct metrics *metrics;
	struct buf environment;
	struct buf run_id;
};

struct runconfig *
runconfig_new(void)
{
	struct runconfig *config = xcalloc(1, sizeof(*config));

	config->tree = tree_new();
	config->telemetry = tree_new();
	config->metrics = metrics_new();
	return config;
}

void
runconfig_free(struct runconfig *config)
{
	if (!config)
		return;
	tree_free(config->tree);
	tree_free(config->telemetry);
	metrics_free(config->metrics);
	buf_release(&config->environment);
	buf_release(&config->run_id);
	free(config);
}

void
runconfig_run_id(struct runconfig *config, struct span run_id)
{
	buf_clear(&config->run_id);
	buf_add(&config->run_id, run_id.at, run_id.len);
}

bool
runconfig_change(struct runconfig *config, struct span message)
{
	struct runlog_items items;
	struct runlog_item item;
	bool good = true;

	runlog_items(&items, RUNLOG_CONFIG, message);
	while (runlog_next_item(&items, &item)) {
		if (item.removed)
			tree_remove(config->tree, item.path, item.depth);
		else if (!tree_merge(
			     config->tree, item.path, item.depth, item.json))
			good = false;
	}
	good = good && !items.wire.bad;
	runlog_items_release(&items);
	return good;
}

/* Merges a value into the tree, unless something is there. */
static void
inherit(
    struct tree *tree, const struct span *path, size_t depth, struct span json)
{
	if (!tree_has(tree, path, depth))
		(void)tree_merge(tree, path, depth, json); /* was checked */
}

/*
 * Of an old _wandb, in the form {"viz": {"KEY": V}}, the keys that are to stay.
 */
static void
inherit_internal(struct tree *tree, struct span json)
{
	static const char *const kept[] = { "viz", "visualize",
		"mask/class_labels" };
	struct json_members outer = { 0 }, inner = { 0 };
	const struct json_member *member;
	struct json_fault fault;
	struct span path[3] = { span_of("_wandb") };
	struct buf key = { 0 };
	size_t i, k;

	if (!json_members(json, JSON_WORDS, &outer, &fault))
		goto out;
	for (i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		path[1] = span_of(kept[i]);
		member = json_member(&outer, kept[i]);
		if (!member ||
		    !json_members(
			member->value.text, JSON_WORDS, &inner, &fault))
			continue;
		for (k = 0; k < inner.count; k++) {
			buf_clear(&key);
			json_decode(&key, inner.at[k].key);
			path[2] = (struct span){ key.at, key.len };
			inherit(tree, path, 3, inner.at[k].value.text);
		}
	}
out:
	json_members_release(&outer);
	json_members_release(&inner);
	buf_release(&key);
}

void
runconfig_inherit(struct runconfig *config, struct span json)
{
	struct json_members outer = { 0 }, inner = { 0 };
	const struct json_member *value;
	struct json_fault fault;
	struct buf key = { 0 };
	struct span path;
	size_t i;

	(void)json_members(json, JSON_WORDS, &outer, &fault); /* then empty */
	for (i = 0; i < outer.count; i++) {
		if (!json_members(
			outer.at[i].value.text, JSON_WORDS, &inner, &fault))
			continue;
		value = json_member(&inner, "value");
		if (!value)
			continue;
		buf_clear(&key);
		json_decode(&key, outer.at[i].key);
		path = (struct span){ key.at, key.len };
		if (span_is(path, "_wandb") && tree_has(config->tree, &path, 1))
			inherit_internal(config->tree, value->value.text);
		else
			inherit(config->tree, &path, 1, value->value.text);
	}
	json_members_release(&outer);
	json_members_release(&inner);
	buf_release(&key);
}

/* Sets a leaf of the telemetry: of field a, or of field b in it. */
static void
set_telemetry(
    struct runconfig *config, uint32_t a, uint32_t b, struct span json)
{
	char outer[12], inner[12];
	struct span path[2];

	(void)snprintf(outer, sizeof(outer), "%u", (unsigned)a);
	(void)snprintf(inner, sizeof(inner), "%u", (unsigned)b);
	path[0] = span_of(outer);
	path[1] = span_of(inner);
	(void)tree_put(config->telemetry, path, b == 0 ? 1 : 2, json);
}

static void
set_telemetry_text(
    struct runconfig *config, uint32_t a, uint32_t b, struct span text)
{
	struct buf quoted = { 0 };

	if (text.len == 0)
		return;
	json_quote(&quoted, text);
	set_telemetry(config, a, b, (struct span){ quoted.at, quoted.len });
	buf_release(&quoted);
}

/* Whether bytes are a message of numbers only: the bools of a feature list. */
static bool
is_bools(struct span bytes)
{
	struct wire wire = wire_of(bytes);
	struct wire_field field;

	while (wire_next(&wire, &field)) {
		if (field.type != WIRE_VARINT)
			return false;
	}
	return !wire.bad;
}

/*
 * Merges a field of a TelemetryRecord: a list of features, a label with texts
 * of its own, or a text. Of a field that is not known here the bytes tell.
 */
static void
merge_field(struct runconfig *config, const struct wire_field *outer)
{
	static const bool is_list[] = { [1] = true,
		[2] = true,
		[FEATURE] = true,
		[8] = true,
		[10] = true,
		[13] = false };
	const uint32_t known = sizeof(is_list) / sizeof(*is_list);
	struct wire wire = wire_of(outer->bytes);
	struct wire_field field;

	if (outer->number == LABEL) {
		while (wire_next(&wire, &field)) {
			if (field.type == WIRE_BYTES)
				set_telemetry_text(
				    config, LABEL, field.number, field.bytes);
		}
	} else if (outer->number < known ? is_list[outer->number]
					 : is_bools(outer->bytes)) {
		while (wire_next(&wire, &field)) {
			if (field.type == WIRE_VARINT && field.value != 0)
				set_telemetry(config, outer->number,
				    field.number, span_of("true"));
		}
	} else {
		set_telemetry_text(config, outer->number, 0, outer->bytes);
	}
}

bool
runconfig_telemetry(struct runconfig *config, struct span message)
{
	struct wire wire = wire_of(message);
	struct wire_field field;

	while (wire_next(&wire, &field)) {
		if (field.type == WIRE_BYTES && field.number != INFO)
			merge_field(config, &field);
	}
	return !wire.bad;
}

void
runconfig_feature(struct runconfig *config, int feature)
{
	set_telemetry(config, FEATURE, (uint32_t)feature, span_of("true"));
}

void
runconfig_core_version(struct runconfig *config, const char *version)
{
	set_telemetry_text(config, CORE_VERSION, 0, span_of(version));
}

bool
runconfig_environment(struct runconfig *config, struct span message)
{
	struct wire wire = wire_of(message);
	struct wire_field field;

	while (wire_next(&wire, &field))
		;
	if (wire.bad ||
	    message.len > ENVIRONMENT_MOST - config->environment.len)
		return false;
	buf_add(&config->environment, message.at, message.len);
	return true;
}

bool
runconfig_metric(struct runconfig *config, struct span message)
{
	return metrics_define(config->metrics, message);
}

/* One field of the telemetry: the bools as a list of the numbers that are set.
 */
static void
add_telemetry(void *context, struct span key, struct span json)
{
	struct buf *out = context;
	struct json_walk walk;
	struct json_member member;
	bool is_list = false, first = true;

	buf_adds(out, out->len == 1 ? "\"" : ",\"");
	buf_add(out, key.at, key.len);
	buf_adds(out, "\":");
	json_walk(&walk, json, 0);
	if (*json.at == '{' && json_next(&walk, &member))
		is_list = member.value.type == JSON_TRUE;
	if (!is_list) {
		buf_add(out, json.at, json.len);
		return;
	}
	do {
		buf_addc(out, first ? '[' : ',');
		first = false;
		buf_add(out, member.key.at, member.key.len);
	} while (json_next(&walk, &member));
	buf_addc(out, ']');
}

/* The environment as JSON; false without one. */
static bool
environment(const struct runconfig *config, struct buf *out)
{
	struct span records = { config->environment.at,
		config->environment.len };
	size_t before = out->len;

	environment_json(records, out);
	return out->len > before + strlen("{}");
}

static void
set_internal(struct runconfig *config, const char *key, struct span json)
{
	struct span path[2] = { span_of("_wandb"), span_of(key) };

	if (json.len > 0)
		(void)tree_put(config->tree, path, 2, json); /* is JSON */
}

/* What the telemetry says of a version; it is text already. */
static struct span
version(const struct runconfig *config, const char *number)
{
	struct span path = span_of(number);

	return tree_leaf(config->telemetry, &path, 1);
}

/* Puts what W&B adds into the tree; what was there of it is replaced. */
static void
complete(struct runconfig *config)
{
	struct span records = { config->environment.at,
		config->environment.len };
	struct span writer = environment_writer(records);
	struct buf text = { 0 };

	set_internal(config, "cli_version", version(config, "5"));
	set_internal(config, "python_version", version(config, "4"));

	buf_addc(&text, '{');
	tree_each(config->telemetry, add_telemetry, &text);
	buf_addc(&text, '}');
	set_internal(config, "t", (struct span){ text.at, text.len });

	buf_clear(&text);
	metrics_json(config->metrics, &text);
	set_internal(config, "m", (struct span){ text.at, text.len });

	buf_clear(&text);
	if (writer.len == 0)
		writer = (struct span){ config->run_id.at, config->run_id.len };
	buf_addc(&text, '{');
	json_quote(&text, writer);
	buf_addc(&text, ':');
	if (environment(config, &text)) {
		buf_addc(&text, '}');
		set_internal(config, "e", (struct span){ text.at, text.len });
	}
	buf_release(&text);
}

static void
add_key(void *context, struct span key, struct span json)
{
	struct buf *out = context;

	if (out->at[out->len - 1] != '{')
		buf_addc(out, ',');
	json_quote(out, key);
	buf_adds(out, ":{\"value\":");
	json_strict(out, json);
	buf_addc(out, '}');
}

void
runconfig_json(struct runconfig *config, struct buf *out)
{
	complete(config);
	buf_addc(out, '{');
	tree_each(config->tree, add_key, out);
	buf_addc(out, '}');
}

void
runconfig_yaml(struct runconfig *config, struct buf *out)
{
	struct buf json = { 0 };

	runconfig_json(config, &json);
	yaml_add((struct span){ json.at, json.len }, out);
	buf_release(&json);
}

static void
new_line(struct buf *out, int depth)
{
	buf_addf(out, "\n%*s", depth * 2, "");
}

/* Appends JSON that has no white space outside strings, a member a line. */
static void
add_indented(struct span json, struct buf *out)
{
	const char *at = json.at, *end = json.at + json.len;
	bool inside = false;
	int depth = 0;

	for (; at < end; at++) {
		if (!inside && (*at == '}' || *at == ']'))
			new_line(out, --depth);
		buf_addc(out, *at);
		if (inside && *at == '\\')
			buf_addc(out, *++at);
		else if (*at == '"')
			inside = !inside;
		else if (!inside && (*at == '{' || *at == '['))
			new_line(out, ++depth);
		else if (!inside && *at == ',')
			new_line(out, depth);
		else if (!inside && *at == ':')
			buf_addc(out, ' ');
	}
	buf_addc(out, '\n');
}

bool
runconfig_metadata(struct runconfig *config, struct buf *out)
{
	struct buf json = { 0 };
	bool found = environment(config, &json);

	if (found)
		add_indented((struct span){ json.at, json.len }, out);
	buf_release(&json);
	return found;
}

struct span
runconfig_root(const struct runconfig *config)
{
	return environment_root((struct span){
	    config->environment.at, config->environment.len });
}
