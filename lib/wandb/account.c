/* SPDX-License-Identifier: MIT */
/* account - whose key it is, and which project or run a text means */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "record.h"
#include "wandb/account.h"
#include "wandb/bucket.h"

static const char viewer_query[] = "query WbViewer { viewer { username entity"
				   " teams { edges { node { name } } } } }";
static const char server_query[] =
    "query WbServer { serverInfo { latestLocalVersionInfo {"
    " versionOnThisInstanceString } } }";
static const char features_query[] =
    "query WbFeatures { serverInfo { features { name isEnabled } } }";

static const char *
source(const struct wandb *wandb)
{
	const struct wandb_config *config = wandb_config_of(wandb);

	return config->identity_token_file != NULL ? "WANDB_IDENTITY_TOKEN_FILE"
						   : config->credential.source;
}

/* The account as the server has it, or an error_value(). */
static jv
ask_viewer(struct wandb *wandb, const struct deadline *deadline)
{
	jv data = wandb_ask(
	    wandb, "WbViewer", viewer_query, jv_object(), true, deadline);
	jv viewer;

	if (!jv_is_valid(data))
		return data;
	viewer = record_get(data, "viewer");
	jv_free(data);
	if (jv_get_kind(viewer) == JV_KIND_OBJECT)
		return viewer;
	jv_free(viewer);
	return error_value("auth",
	    "the server knows no account for the key; it is from %s",
	    source(wandb));
}

static jv
names_of(jv viewer)
{
	jv teams = record_get(viewer, "teams"), names = jv_array();
	jv edges = record_get(teams, "edges");

	if (jv_get_kind(edges) == JV_KIND_ARRAY)
		jv_array_foreach(edges, i, edge)
		{
			jv node = record_get(edge, "node");
			const char *name = record_str(node, "name");

			if (name != NULL)
				names = jv_array_append(names, jv_string(name));
			jv_free(node);
			jv_free(edge);
		}
	jv_free(edges);
	jv_free(teams);
	return names;
}

/* What the server says of itself; an older one refuses to: jv_null(). */
static jv
ask_server(struct wandb *wandb, const char *operation, const char *query,
    const struct deadline *deadline)
{
	jv data =
	    wandb_ask(wandb, operation, query, jv_object(), true, deadline);
	jv info;

	if (!jv_is_valid(data) && strcmp(error_code(data), "rejected") != 0)
		return data;
	info = record_get(data, "serverInfo");
	jv_free(data);
	return jv_is_valid(info) ? info : jv_null();
}

/* Adds the server's version; W&B's own servers have none. */
static jv
add_version(jv rec, struct wandb *wandb, const struct deadline *deadline)
{
	jv info = ask_server(wandb, "WbServer", server_query, deadline);
	jv version;

	if (!jv_is_valid(info))
		return record_error(rec, info);
	version = record_get(info, "latestLocalVersionInfo");
	rec = record_take(
	    rec, "server_version", version, "versionOnThisInstanceString");
	jv_free(version);
	jv_free(info);
	return rec;
}

static bool
has_feature(jv features, const char *name)
{
	bool found = false;
	int count = jv_get_kind(features) == JV_KIND_ARRAY
	    ? jv_array_length(jv_copy(features))
	    : 0;

	for (int i = 0; i < count && !found; i++) {
		jv one = jv_array_get(jv_copy(features), i);
		const char *its = record_str(one, "name");

		found = its != NULL && strcmp(its, name) == 0 &&
		    record_true(one, "isEnabled");
		jv_free(one);
	}
	return found;
}

/* Adds what we would use and the server does not have. */
static jv
add_lacking(jv rec, struct wandb *wandb, const struct deadline *deadline)
{
	jv info = ask_server(wandb, "WbFeatures", features_query, deadline);
	jv features, lacks = jv_array();
	const char *name;

	if (!jv_is_valid(info)) {
		jv_free(lacks);
		return record_error(rec, info);
	}
	features = record_get(info, "features");
	for (size_t i = 0; (name = bucket_feature(i)) != NULL; i++)
		if (!has_feature(features, name))
			lacks = jv_array_append(lacks, jv_string(name));
	jv_free(features);
	jv_free(info);
	return jv_object_set(rec, jv_string("server_lacks"), lacks);
}

jv
account_add(jv rec, struct wandb *wandb, const struct deadline *deadline)
{
	jv viewer = ask_viewer(wandb, deadline);

	if (!jv_is_valid(viewer))
		return record_error(rec, viewer);
	rec = record_take(rec, "user", viewer, "username");
	rec = record_take(rec, "entity", viewer, "entity");
	rec = jv_object_set(rec, jv_string("teams"), names_of(viewer));
	jv_free(viewer);
	rec = record_set_str(rec, "credential", source(wandb));
	rec = record_set_str(rec, "endpoint", wandb_config_of(wandb)->base_url);
	rec = add_version(rec, wandb, deadline);
	return record_is_dead(rec) ? rec : add_lacking(rec, wandb, deadline);
}

/* Sets *own to the account's entity. */
static jv
find_own(struct wandb *wandb, char **own, const struct deadline *deadline)
{
	const char *entity = wandb_config_of(wandb)->entity;
	jv viewer;

	if (*own != NULL)
		return jv_null();
	if (entity != NULL) {
		*own = xstrdup(entity);
		return jv_null();
	}
	viewer = ask_viewer(wandb, deadline);
	if (!jv_is_valid(viewer))
		return viewer;
	entity = record_str(viewer, "entity");
	if (entity != NULL && *entity != '\0')
		*own = xstrdup(entity);
	jv_free(viewer);
	return *own != NULL
	    ? jv_null()
	    : error_value("input",
		  "the account has no default entity: WANDB_ENTITY, or "
		  "entity/project");
}

/* Parts of a text between slashes, four at most; 0 if one is empty. */
static int
split(const char *text, const char *parts[4], size_t lens[4])
{
	int count = 0;

	for (const char *at = text; count < 4; at++) {
		parts[count] = at;
		lens[count] = strcspn(at, "/");
		at += lens[count];
		if (lens[count++] == 0)
			return 0;
		if (*at == '\0')
			break;
	}
	return count;
}

void
account_place_release(struct account_place *place)
{
	free(place->entity);
	free(place->project);
	free(place->run_id);
	*place = (struct account_place){ 0 };
}

jv
account_run(const char *text, struct account_place *place)
{
	const char *parts[4];
	size_t lens[4];

	*place = (struct account_place){ 0 };
	if (split(text, parts, lens) != 3)
		return error_value(
		    "input", "%s: no entity/project/run_id", text);
	place->entity = xstrndup(parts[0], lens[0]);
	place->project = xstrndup(parts[1], lens[1]);
	place->run_id = xstrndup(parts[2], lens[2]);
	return jv_null();
}

jv
account_place(struct wandb *wandb, const char *text, char **own,
    const struct deadline *deadline, struct account_place *place)
{
	const char *parts[4];
	size_t lens[4];
	int count = split(text, parts, lens);
	jv why = jv_null();

	*place = (struct account_place){ 0 };
	if (count < 1 || count > 3)
		return error_value("input",
		    "%s: no project, entity/project or entity/project/run_id",
		    text);
	if (count == 1) {
		why = find_own(wandb, own, deadline);
		if (!jv_is_valid(why))
			return why;
		place->entity = xstrdup(*own);
	} else {
		place->entity = xstrndup(parts[0], lens[0]);
	}
	place->project = xstrndup(parts[count > 1], lens[count > 1]);
	if (count == 3)
		place->run_id = xstrndup(parts[2], lens[2]);
	return why;
}
