#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""collect.py ENTITY/PROJECT NOW: the 20 metrics by the official client, as the
collector that wb-collect --compat stands in for makes them: all runs that were
created in the 24 hours before NOW (seconds since 1970), whole, in the order of
their creation. Prints {"metric": ..., "value": ...} a line.

collect.py --list|--whole ENTITY/PROJECT: how many runs there are, after each
was read: what the client lists usually, or with its summary and config too.
"""
import json
import sys
from datetime import datetime, timedelta, timezone

import wandb

THROUGHPUT = ("overview/steps_per_second", "overview/epoch_steps_per_second",
              "overview/sps", "timing_cumulative/sps", "timing_per_epoch/sps")


def category(run):
    if not run.name:
        return None
    if run.name.startswith("github.sky."):
        return "push_to_main"
    if run.sweep_name or ".sweep" in run.name.lower():
        return "sweep"
    return "regular"


def hours(runs):
    """Of those that have both times, whatever their state is."""
    out = []
    for run in runs:
        begin, end = run.created_at, run.heartbeat_at
        if begin and end:
            lasted = (datetime.fromisoformat(end.replace("Z", "+00:00")) -
                      datetime.fromisoformat(begin.replace("Z", "+00:00")))
            out.append(lasted.total_seconds() / 3600)
    return out


def mean(values):
    return sum(values) / len(values) if values else None


def counts(runs):
    """Completed, failed, active."""
    states = [run.state for run in runs]
    return (states.count("finished"),
            states.count("failed") + states.count("crashed"),
            states.count("running"))


def rate(completed, failed):
    all_of_them = completed + failed
    return 100.0 * completed / all_of_them if all_of_them else None


def throughput(runs, key):
    """Of the last that has it, of those that finished or crashed."""
    value = None
    for run in runs:
        if run.state in ("finished", "crashed"):
            value = run.summary_metrics.get(key, value)
    return value


def fold(runs):
    completed, failed, active = counts(runs)
    lasted = hours(runs)
    yield "runs.active", active
    yield "runs.completed_24h", completed
    yield "runs.failed_24h", failed
    yield "runs.total_recent", len(runs)
    yield "training.avg_duration_hours", mean(lasted)
    yield "training.total_gpu_hours_24h", sum(lasted) * 1.0

    ci = [run for run in runs if category(run) == "push_to_main"]
    completed, failed, active = counts(ci)
    yield "push_to_main.runs_completed_24h", completed
    yield "push_to_main.runs_failed_24h", failed
    yield "push_to_main.success_rate_pct", rate(completed, failed)
    yield "push_to_main.avg_duration_hours", mean(hours(ci))
    for key in THROUGHPUT:
        yield "push_to_main." + key.replace("/", "."), throughput(ci, key)

    sweeps = [run for run in runs if category(run) == "sweep"]
    completed, failed, active = counts(sweeps)
    yield "sweep.runs_total_24h", len(sweeps)
    yield "sweep.runs_completed_24h", completed
    yield "sweep.runs_failed_24h", failed
    yield "sweep.runs_active", active
    yield "sweep.success_rate_pct", rate(completed, failed)


def listed(api, whole, path):
    if whole:
        return [(run.id, run.state, run.summary_metrics, run.config)
                for run in api.runs(path, lazy=False)]
    return [(run.id, run.name, run.state, run.created_at, run.tags)
            for run in api.runs(path)]


def recent(api, path, now):
    since = (datetime.fromtimestamp(now, timezone.utc) - timedelta(hours=24))
    return list(api.runs(path, {"created_at": {"$gte": since.isoformat()}},
                         lazy=False))


def main(first, second):
    api = wandb.Api(timeout=100)
    if first in ("--list", "--whole"):
        print(len(listed(api, first == "--whole", second)))
        return
    for metric, value in fold(recent(api, first, float(second))):
        print(json.dumps({"metric": f"wandb.{metric}", "value": value}))


if __name__ == "__main__":
    main(*sys.argv[1:])
