/* SPDX-License-Identifier: MIT */
/*
 * rundelete - a run deleted on the server
 */
#include <math.h>
#include <string.h>

#include "clock.h"
#include "record.h"
#include "wandb/rundelete.h"
#include "wandb/runnow.h"
#include "wandb/verify.h"

enum { TRIES_MOST = 5 };

/* The argument is left out where it is false, as upstream does. */
static const char delete_query[] =
    "mutation DeleteRun($id: ID!) {"
    " deleteRun(input: {id: $id}) { clientMutationId } }";
static const char delete_all_query[] =
    "mutation DeleteRun($id: ID!, $deleteArtifacts: Boolean) {"
    " deleteRun(input: {id: $id, deleteArtifacts: $deleteArtifacts})"
    " { clientMutationId } }";

static jv
permitted(const struct runnow *run)
{
	if (run->read_only)
		return error_value("auth", "the run is read-only for this key");
	if (runnow_is_live(run))
		return error_temporary(error_value("conflict",
		    "the run is %s: its program writes it (--state=stopped "
		    "asks it to end)",
		    run->state));
	return jv_null();
}

/* jv_null() if it is to be looked whether it is gone; then *unsure if not. */
static jv
send(struct wandb *wandb, const struct runnow *run, bool with_artifacts,
    const struct deadline *deadline, bool *unsure)
{
	jv variables =
	    jv_object_set(jv_object(), jv_string("id"), jv_string(run->id));
	struct wandb_call call;
	jv data;

	if (with_artifacts)
		variables = record_set_bool(variables, "deleteArtifacts", true);
	wandb_start(wandb, &call, "DeleteRun",
	    with_artifacts ? delete_all_query : delete_query, variables, false,
	    deadline);
	data = wandb_take(&call, unsure);
	if (!jv_is_valid(data))
		return data;
	jv_free(data);
	return jv_null();
}

/* What it means that the run cannot be asked for. Consumes why. */
static jv
not_seen(jv why, bool absent, bool sent)
{
	jv out;

	if (!sent)
		return why;
	out = absent
	    ? jv_null()
	    : error_value("unknown_outcome",
		  "the run was deleted, or not: it could not be asked for then "
		  "(%s)",
		  error_message(why));
	jv_free(why);
	return out;
}

jv
rundelete_do(struct wandb *wandb, const struct account_place *place,
    bool with_artifacts, bool dry_run, const struct deadline *deadline)
{
	struct deadline end = { NAN };
	struct runnow run = { 0 };
	bool sent = false, done = false, unsure = false;
	double pause = 0.25;
	jv why, last = jv_null();

	for (int tries = 0;;) {
		why = runnow_ask(wandb, place, 0, deadline, &run);
		if (!jv_is_valid(why)) {
			why = not_seen(why, run.absent, sent);
			break;
		}
		if (!sent) {
			why = permitted(&run);
			if (!jv_is_valid(why) || dry_run)
				break;
		}
		if (done && !deadline_sleep(&end, pause)) {
			why = error_value("timeout",
			    "the run was deleted, but the server shows it "
			    "still");
			break;
		}
		if (done) {
			pause = fmin(pause * 2, 10);
			continue;
		}
		if (tries++ == TRIES_MOST) {
			why = jv_copy(last);
			break;
		}
		why = send(wandb, &run, with_artifacts, deadline, &unsure);
		done = jv_is_valid(why);
		sent = true;
		end =
		    deadline_in(fmin(VERIFY_SECONDS, deadline_left(deadline)));
		if (done)
			continue;
		if (!unsure && strcmp(error_code(why), "not_found") != 0)
			break;
		/* Its answer was lost, or somebody else deletes it. */
		jv_free(last);
		last = why;
		(void)deadline_sleep(deadline, exp2(tries - 1));
	}
	jv_free(last);
	runnow_release(&run);
	return why;
}
