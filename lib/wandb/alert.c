/* SPDX-License-Identifier: MIT */
/*
 * alert - the alerts of a run, sent once
 */
#include "wandb/alert.h"
#include "record.h"

static const char alert_query[] =
    "mutation NotifyScriptableRunAlert($entityName: String!, "
    "$projectName: String!, $runName: String!, $title: String!, "
    "$text: String!, $severity: AlertSeverity = INFO, "
    "$waitDuration: Duration) {"
    " notifyScriptableRunAlert(input: {entityName: $entityName,"
    " projectName: $projectName, runName: $runName, title: $title,"
    " text: $text, severity: $severity, waitDuration: $waitDuration}) {"
    " success } }";

static jv
send_one(struct wandb *wandb, const struct bucket *bucket, jv alert,
    const struct deadline *deadline)
{
	const char *level = record_str(alert, "level");
	struct wandb_call call;
	bool unsure;
	jv v = jv_object(), data, why;

	v = record_set_str(v, "entityName", bucket->entity);
	v = record_set_str(v, "projectName", bucket->project);
	v = record_set_str(v, "runName", bucket->run_id);
	v = record_set_str(v, "title", record_str(alert, "title"));
	v = record_set_str(v, "text", record_str(alert, "text"));
	v = record_set_str(
	    v, "severity", level != NULL && *level != '\0' ? level : "INFO");
	v = record_set_number(
	    v, "waitDuration", (double)record_int(alert, "wait", 0));
	wandb_start(wandb, &call, "NotifyScriptableRunAlert", alert_query, v,
	    false, deadline);
	data = wandb_take(&call, &unsure);
	if (jv_is_valid(data) || !unsure)
		return data;
	why = error_value("unknown_outcome",
	    "whether the alert \"%s\" was "
	    "sent is not known (%s); it is not sent again: see the run's page",
	    record_str(alert, "title"), error_message(data));
	jv_free(data);
	return why;
}

jv
alert_send(struct wandb *wandb, const struct bucket *bucket, jv alerts,
    const struct deadline *deadline)
{
	jv outcome = jv_null();

	jv_array_foreach(alerts, i, alert)
	{
		jv sent = send_one(wandb, bucket, alert, deadline);

		jv_free(alert);
		if (!jv_is_valid(sent) && jv_is_valid(outcome))
			outcome = sent;
		else
			jv_free(sent);
	}
	return outcome;
}
