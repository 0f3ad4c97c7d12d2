/* SPDX-License-Identifier: MIT */
/*
 * runend - a run finished, failed, stopped or queued again by hand
 */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "record.h"
#include "wandb/runend.h"

static const char stop_query[] =
    "mutation StopRun($id: ID!) { stopRun(input: {id: $id}) { success } }";

static const char state_query[] =
    "mutation UpdateRunState($input: UpdateRunStateInput!) {"
    " updateRunState(input: $input) { success } }";

static const char *const words[] = { "", "finished", "failed", "stopped",
	"pending" };

enum runend
runend_of(const char *word)
{
	for (int i = RUNEND_FINISHED; i <= RUNEND_PENDING; i++)
		if (strcmp(word, words[i]) == 0)
			return (enum runend)i;
	return RUNEND_NONE;
}

/* It has begun, or will, and did not end. */
static bool
is_open(const struct runnow *run)
{
	return runnow_is(run, "running") || runnow_is(run, "preempting") ||
	    runnow_is(run, "pending");
}

static bool
is_of_sweep(const struct runnow *run)
{
	return run->sweep != NULL && *run->sweep != '\0';
}

static enum runend_step
to_failed(const struct runnow *run)
{
	if (runnow_is(run, "failed"))
		return RUNEND_DONE;
	if (!is_of_sweep(run) &&
	    (runnow_is(run, "running") || runnow_is(run, "pending")))
		return RUNEND_FAIL;
	return runnow_is(run, "pending") ? RUNEND_REFUSED : RUNEND_SAY_FAILED;
}

static enum runend_step
to_pending(const struct runnow *run)
{
	static const char *const from[] = { "running", "failed", "crashed",
		"preempted" };

	for (size_t i = 0; i < sizeof from / sizeof *from; i++)
		if (runnow_is(run, from[i]) && !is_of_sweep(run))
			return RUNEND_QUEUE;
	return RUNEND_REFUSED;
}

enum runend_step
runend_next(enum runend wanted, const struct runnow *run)
{
	if (wanted == RUNEND_NONE || runnow_is(run, words[wanted]))
		return RUNEND_DONE;
	if (wanted == RUNEND_STOPPED) {
		if (!is_open(run))
			return RUNEND_DONE;
		if (!run->stopped)
			return RUNEND_STOP;
		return runnow_is_live(run) ? RUNEND_DONE : to_failed(run);
	}
	if (runnow_is_live(run))
		return RUNEND_REFUSED;
	if (wanted == RUNEND_PENDING)
		return to_pending(run);
	if (wanted == RUNEND_FAILED)
		return to_failed(run);
	return runnow_is(run, "pending") ? RUNEND_REFUSED : RUNEND_SAY_FINISHED;
}

jv
runend_refusal(enum runend wanted, const struct runnow *run)
{
	const char *word = words[wanted];

	if (runnow_is_live(run))
		return error_temporary(error_value("conflict",
		    "the run is %s, and its program gave a sign of life %.0f "
		    "s ago: it says itself how it ends (--state=stopped asks "
		    "it to)",
		    run->state, clock_now() - run->heard_of));
	return error_value("input", "a run that is %s%s cannot be made %s",
	    run->state, is_of_sweep(run) ? " and belongs to a sweep" : "",
	    word);
}

static jv
is_success(jv data, const char *field)
{
	jv answer = record_get(data, field), why = jv_null();

	if (!record_true(answer, "success"))
		why = error_value(
		    "rejected", "%s: the server did not do it", field);
	jv_free(answer);
	jv_free(data);
	return why;
}

static jv
mutate(struct wandb *wandb, const char *operation, const char *field,
    const char *query, jv variables, const struct deadline *deadline,
    bool *unsure)
{
	struct wandb_call call;
	jv data;

	wandb_start(wandb, &call, operation, query, variables, false, deadline);
	data = wandb_take(&call, unsure);
	return jv_is_valid(data) ? is_success(data, field) : data;
}

/* What the run's program would say at its end, which may be said again. */
static jv
say_end(struct wandb *wandb, const struct account_place *place, int exit_code,
    const struct deadline *deadline, bool *unsure)
{
	const struct credential *credential;
	char *url = wandb_stream_url(
	    wandb, place->entity, place->project, place->run_id);
	char *body =
	    xasprintf("{\"complete\":true,\"exitcode\":%d}", exit_code);
	static const char *const headers[] = { "Content-Type: application/json",
		NULL };
	struct http_call call = { .method = "POST",
		.url = url,
		.headers = headers,
		.body = body,
		.body_size = (off_t)strlen(body),
		.json = true,
		.deadline = deadline,
		.name = "file_stream" };
	jv why = wandb_credential(wandb, &credential);

	*unsure = false;
	if (jv_is_valid(why)) {
		call.credential = credential;
		http_do(&call);
		*unsure = call.unsure;
		jv_free(why);
		why = jv_copy(call.error);
		http_release(&call);
	}
	free(url);
	free(body);
	return why;
}

jv
runend_do(struct wandb *wandb, const struct account_place *place,
    enum runend_step step, const struct runnow *run,
    const struct deadline *deadline, bool *unsure)
{
	jv variables =
	    jv_object_set(jv_object(), jv_string("id"), jv_string(run->id));

	if (step == RUNEND_STOP)
		return mutate(wandb, "StopRun", "stopRun", stop_query,
		    variables, deadline, unsure);
	if (step == RUNEND_FAIL || step == RUNEND_QUEUE) {
		variables = jv_object_set(variables, jv_string("state"),
		    jv_string(step == RUNEND_FAIL ? "failed" : "pending"));
		return mutate(wandb, "UpdateRunState", "updateRunState",
		    state_query,
		    jv_object_set(jv_object(), jv_string("input"), variables),
		    deadline, unsure);
	}
	jv_free(variables);
	return say_end(wandb, place, step == RUNEND_SAY_FINISHED ? 0 : 1,
	    deadline, unsure);
}
