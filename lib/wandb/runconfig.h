/* SPDX-License-Identifier: MIT */
/*
 * runconfig - the config of a run, as the server and config.yaml have it
 *
 * Put together of RunRecord.config, ConfigRecords, TelemetryRecords,
 * MetricRecords and EnvironmentRecords (upstream: core/internal/runconfig,
 * core/internal/runmetric). {"KEY": {"value": V}, ...} and, likewise wrapped,
 * "_wandb" with
 *
 *	t	telemetry by field number; the server takes its presence for the
 *		sign that the run has begun
 *	m	the defined metrics, each with the index of its step metric
 *	e	the environment by writer
 *	cli_version, python_version
 *
 * A config is sent as strict JSON: infinities become the strings "Infinity"
 * and "-Infinity", NaN "NaN".
 */
#ifndef WANDB_RUNCONFIG_H
#define WANDB_RUNCONFIG_H

#include <stdbool.h>

#include "wandb/runlog.h"

struct runconfig;

struct runconfig *runconfig_new(void);
void runconfig_free(struct runconfig *config);

/*
 * The run's id. _wandb.e names the environment by the writer_id in the record,
 * by this without one: a sync that is repeated sends the same.
 */
void runconfig_run_id(struct runconfig *config, struct span run_id);

/* A ConfigRecord's updates and removals. False if an item was no JSON. */
bool runconfig_change(struct runconfig *config, struct span message);

/*
 * The keys of a config on the server ({"KEY": {"value": V}}) which are not
 * here yet: a resumed run keeps them; of _wandb, if that is here, those below
 * viz, visualize and mask/class_labels. Before the first runconfig_json().
 */
void runconfig_inherit(struct runconfig *config, struct span json);

/*
 * Merges a TelemetryRecord, an EnvironmentRecord, a MetricRecord. False if it
 * is none, or if the environment has become too large for a config.
 */
bool runconfig_telemetry(struct runconfig *config, struct span message);
bool runconfig_environment(struct runconfig *config, struct span message);
bool runconfig_metric(struct runconfig *config, struct span message);

/* Sets a bit in telemetry's feature list, 76 for a sync, and cli/core version
 */
void runconfig_feature(struct runconfig *config, int feature);
void runconfig_core_version(struct runconfig *config, const char *version);

/* Appends the JSON for upsertBucket. */
void runconfig_json(struct runconfig *config, struct buf *out);

/* Appends config.yaml: the same, keys sorted (yaml.h). */
void runconfig_yaml(struct runconfig *config, struct buf *out);

/* The folder that the client worked in; empty if no environment says so. */
struct span runconfig_root(const struct runconfig *config);

/* Appends wandb-metadata.json; false if no environment is known. */
bool runconfig_metadata(struct runconfig *config, struct buf *out);

#endif
