#!/usr/bin/env python3
"""list_runs.py PROJECT: what wb-runs PROJECT does, with wandb's public API."""
import sys

import wandb

count = 0
for run in wandb.Api().runs(sys.argv[1], per_page=1000, lazy=False):
    count += 1
    print(run.id, run.name, run.state, run.created_at, run.tags, run.url)
assert count > 0
