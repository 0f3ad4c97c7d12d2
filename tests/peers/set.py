#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the official client makes of runs that wb-set has changed.

  set.py see RUN JSON     ends with 0 if RUN is as JSON says
  set.py change RUN       changes RUN by the client's own means
  set.py gone RUN         ends with 0 if there is no such run
"""
import json
import math
import sys

import wandb


def see(run, want):
    have = {
        "summary": {k: run.summary[k] for k in want["summary"]},
        "config": run.config, "tags": run.tags, "notes": run.notes,
        "name": run.name, "group": run.group, "state": run.state}
    assert math.isnan(run.summary["loss"]), run.summary
    for key, value in want.items():
        assert have[key] == value, (key, have[key], value)


def change(run):
    run.config["lr"] = 0.01
    run.config["deep"]["b"] = 3
    run.config["new"] = "text"
    run.tags.append("c")
    run.tags.remove("a")
    run.notes = "m"
    run.name = "second"
    run.group = "h"
    run.update()
    run.summary.update({"score": 0.93, "x": "one"})
    run.summary["val"]["f1"] = 1
    del run.summary["old"]
    run.summary.update()


def gone(path):
    try:
        wandb.Api().run(path)
    except (ValueError, wandb.errors.CommError):
        return 0
    return 1


def main():
    what, path = sys.argv[1:3]
    if what == "gone":
        return gone(path)
    run = wandb.Api().run(path)
    if what == "see":
        see(run, json.loads(sys.argv[3]))
    else:
        change(run)
    return 0


if __name__ == "__main__":
    sys.exit(main())
