#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""runs.py URL ENTITY/PROJECT NOW [RUNS [RECENT]]: loads RUNS runs (26,000) into
the kw-sandbox at URL, of which RECENT (400) were created in the 24 hours before
NOW, a time in seconds since 1970. Always the same runs for the same arguments:
names, states, sweeps, times, some 60 keys of a summary and 40 of a config, as a
reinforcement learning project has them, with what is odd in some: no name, no
heartbeat, NaN. Few of the old ones are running still."""
import json
import random
import sys
import urllib.request
from datetime import datetime, timezone

BATCH = 500
THROUGHPUT = ("overview/steps_per_second", "overview/epoch_steps_per_second",
              "overview/sps", "timing_cumulative/sps", "timing_per_epoch/sps")
LOSSES = ("policy", "value", "entropy", "approx_kl", "clipfrac", "explained",
          "importance", "l2_init", "ks_action", "ks_value")


def stamp(seconds):
    at = datetime.fromtimestamp(seconds, timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def name(rng, n):
    """The display name, and the id of the sweep or None."""
    kind = rng.random()
    if kind < 0.15:
        return f"github.sky.main.{rng.getrandbits(28):07x}.arena.{n}", None
    if kind < 0.18:
        return f"github.sky.pr{n % 3000}.{rng.getrandbits(28):07x}.nav.{n}", None
    if kind < 0.19:
        return f"github.sky.main.{n}.sweep_lr.trial", "ci00"
    if kind < 0.39:
        return f"ak.Sweep_multi.v{n % 9}_trial_{n}", None
    if kind < 0.49:
        return f"trial-{n}", f"swp{n % 40:02d}"
    if kind < 0.495:
        return None, None
    return f"{rng.choice(('robb', 'ana', 'müller'))}.navigation.{n}", None


def state(rng):
    return rng.choices(("finished", "crashed", "failed", "running", "killed",
                        "pending", "preempted"),
                       (62, 12, 10, 9, 4, 2, 1))[0]


def summary(rng, ended):
    out = {"_step": rng.randrange(10**6), "_runtime": rng.random() * 9e4,
           "_timestamp": 1.7e9 + rng.random() * 1e8,
           "_wandb": {"runtime": rng.randrange(90000)}}
    out.update((f"losses/{key}", rng.random()) for key in LOSSES)
    out.update((f"env_agent/item{i}.gained", rng.random() * 100)
               for i in range(25))
    out.update((f"timing_cumulative/part{i}", rng.random() * 1e4)
               for i in range(16))
    for key in THROUGHPUT:
        if ended and rng.random() < 0.9:
            out[key] = rng.random() * 1e6
    if rng.random() < 0.02:
        out["losses/policy"] = float("nan")
    if rng.random() < 0.02:
        out["overview/image"] = {"_type": "image-file", "width": 84}
    return json.dumps(out)


def config(rng):
    out = {"_wandb": {"value": {"python_version": "3.11.7", "t": {"1": [1, 5]}}},
           "trainer": {"desc": None, "value": {
               "optimizer": {"type": "adam", "lr": rng.random() / 1000},
               "batch_size": rng.choice((2**18, 2**19)), "gpus": 4}}}
    out.update((f"sim.option_{i}", {"desc": None, "value": rng.choice(
        (True, 16, 0.25, "a value of some length", [1, 2, 3], None))})
        for i in range(38))
    return json.dumps(out)


def made(n, path, now, count, recent):
    """Run n of count, the newest last, in the order of their creation."""
    rng = random.Random(n)
    if n >= count - recent:
        age = 86400 * (count - n - rng.random()) / (recent + 1)
    else:
        age = 86400 * (1.01 + 200 * (count - n - rng.random()) / count)
    created = int(now - age)
    old = age > 86400
    display, sweep = name(rng, n)
    lasted = rng.expovariate(1 / 5400)
    ended = state(rng)
    if old and ended == "running" and rng.random() < 0.99:
        ended = "crashed"  # a few are dead and do not know it
    out = {"run": f"{path}/{n:08d}", "display_name": display, "state": ended,
           "created_at": stamp(created), "group": f"group{n % 50}",
           "tags": ["nightly"] if n % 7 == 0 else [],
           "config": config(rng), "summary": summary(rng, ended)}
    if sweep:
        out["sweep"] = sweep
    if ended != "pending":
        out["heartbeat_at"] = stamp(min(created + lasted, now))
    return out


def main(url, path, now, count="26000", recent="400"):
    count, recent = int(count), int(recent)
    for first in range(0, count, BATCH):
        script = {"runs": [made(n, path, float(now), count, recent)
                           for n in range(first, min(first + BATCH, count))]}
        urllib.request.urlopen(urllib.request.Request(
            f"{url}/sandbox/load", method="POST",
            data=json.dumps(script).encode())).read()


if __name__ == "__main__":
    main(*sys.argv[1:])
