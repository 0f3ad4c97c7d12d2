/* SPDX-License-Identifier: MIT */
/*
 * runcollect - the runs of a project that its metrics are about, from the
 * server
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "diag.h"
#include "record.h"
#include "wandb/account.h"
#include "wandb/runcollect.h"

jv
runcollect_project(struct wandb *wandb, const char *text,
    const struct deadline *deadline, char **project)
{
	const char *ours = wandb_config_of(wandb)->project;
	struct account_place place;
	char *own = NULL;
	jv why;

	if (strcmp(text, "/") == 0 && ours == NULL)
		return error_value("input",
		    "/: WANDB_PROJECT is not set, and no settings name one");
	if (strcmp(text, "/") == 0)
		text = ours;
	why = account_place(wandb, text, &own, deadline, &place);
	if (jv_is_valid(why) && place.run_id != NULL)
		why = error_value("input", "%s: a run is no project", text);
	else if (jv_is_valid(why))
		*project = xasprintf("%s/%s", place.entity, place.project);
	free(own);
	free(place.entity);
	free(place.project);
	free(place.run_id);
	return why;
}

/*
 * Whether what tells its group is there, if it is null: runs_list() does
 * without a field that a server does not know.
 */
static bool
is_complete(const struct run_facts *facts)
{
	return facts->at[RUN_NAME].text.at != NULL &&
	    facts->at[RUN_SWEEP].text.at != NULL;
}

/* Takes a run from the server. */
static jv
take_node(void *context, struct span run)
{
	struct run_facts facts;
	struct buf id = { 0 };
	const char *wrong = "is no JSON object";
	jv out = jv_null();

	if (run_facts_read(&facts, run, RUN_OF_SERVER))
		wrong = is_complete(&facts)
		    ? runfold_add(context, &facts)
		    : "has no displayName or no sweepName";
	if (wrong != NULL) {
		(void)run_facts_text(&facts, RUN_ID, &id); /* "" without */
		out =
		    error_value("unavailable", "a run of the answer (%.*s) %s",
			(int)id.len, id.len > 0 ? id.at : "", wrong);
		buf_release(&id);
	}
	return out;
}

/* Those that count: created in the window, or (not with compat) running. */
static char *
filter_text(const struct runfold_rules *rules)
{
	char at[CLOCK_TEXT];
	char *created;

	clock_format(floor(rules->now - rules->window), at);
	at[strlen(at) - 1] = '\0'; /* the Z */
	created = xasprintf("{\"created_at\":{\"$gte\":\"%s+00:00\"}}", at);
	if (!rules->compat) {
		char *both = xasprintf(
		    "{\"$or\":[%s,{\"state\":\"running\"}]}", created);

		free(created);
		return both;
	}
	return created;
}

/* The keys of the config that the number of GPUs may be in. */
static jv
config_keys(const char *key)
{
	const char *dot;
	jv keys = jv_array();

	for (dot = strchr(key, '.'); dot != NULL; dot = strchr(dot + 1, '.'))
		keys = jv_array_append(
		    keys, jv_string_sized(key, (int)(dot - key)));
	return jv_array_append(keys, jv_string(key));
}

jv
runcollect(struct wandb *wandb, const char *project, struct runfold *fold,
    const struct deadline *deadline)
{
	const char *gpus = fold->rules.gpus_key, *slash = strchr(project, '/');
	bool is_auto = gpus != NULL && strcmp(gpus, RUNFOLD_GPUS_AUTO) == 0;
	char *entity = xstrndup(project, (size_t)(slash - project));
	char *filter = filter_text(&fold->rules);
	struct runs_query query = {
		.entity = entity, .project = slash + 1, .filter = filter
	};
	struct runs_seen seen = { 0 };
	double from = clock_ticks();
	jv out;

	query.select = is_auto
	    ? "displayName state createdAt heartbeatAt sweepName "
	      "runInfo { gpuCount }"
	    : "displayName state createdAt heartbeatAt sweepName";
	query.summary = jv_array();
	for (int i = 0; i < RUNFOLD_KEYS; i++)
		query.summary =
		    jv_array_append(query.summary, jv_string(runfold_keys[i]));
	query.config =
	    gpus != NULL && !is_auto ? config_keys(gpus) : jv_invalid();
	out = runs_list(wandb, &query, deadline, take_node, fold, &seen);
	if (jv_is_valid(out))
		verbose("%s: %lld runs in %d requests and %.1f s: %lld "
			"push-to-main, %lld of sweeps",
		    project, seen.runs, seen.requests, clock_ticks() - from,
		    fold->ci.total, fold->sweep.total);
	jv_free(query.summary);
	jv_free(query.config);
	free(filter);
	free(entity);
	return out;
}
