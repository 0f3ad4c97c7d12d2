#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The official client beside wb-log.

  log.py rows                 1,000 rows of all kinds of values, a line each;
                              of keys that are empty the client says nothing and
                              sends nothing, and wb-log refuses the line
  log.py log ROWS ID          logs them by the client, online, as the run ID
  log.py resume ID            goes on with that run, by the client, with a row
  log.py look RUN ROWS STATE  the public API reads RUN, which wb-log wrote
  log.py stop RUN             presses the stop button of RUN
  log.py state RUN STATE      whether the API says that RUN is in STATE
  log.py held RUN             what the sandbox holds of it, as text
  log.py same RUN RUN         what the sandbox holds of both is the same

ENTITY/PROJECT/ID is a RUN. Each difference is printed; 1 if there was one.
"""
import json
import os
import sys
import urllib.request

from compare import number, places

NUMBERS = {"-Infinity": "-inf", "Infinity": "inf", "NaN": "nan"}
START = 1795240800


def rows():
    for i in range(1000):
        row = {"loss": 1 / (i + 1), "epoch": i // 100, "train/acc": i * 0.001,
               "dotted.key": i, "name": f"row {i} é \"\\\n\t\x01 ∑ 😀",
               "nested": {"deep": {"er": i, "list": [1, 2.5, None, "x"]},
                          "flag": i % 2 == 0},
               "_timestamp": START + i / 8}
        row.update({
            1: {"odd": float("nan")}, 2: {"odd": float("inf")},
            3: {"odd": -float("inf"), "nested": {"odd": float("nan")}},
            4: {"odd": 2**53 + 1, "big": 2**63 - 1, "bigger": 2**63},
            5: {"odd": 1e300, "tiny": 5e-324, "whole": 1.0, "exp": 1e22},
            6: {"odd": -0.0, "minus": -1}, 7: {"odd": True, "none": None},
            8: {"odd": "a text", "empty": ""}, 9: {"odd": [], "nested": 1},
            10: {"odd": {"became": "a tree"}, "loss": "no number"},
            11: {"odd": {}}, 12: {"<&>": "<&>\u2028"},
        }.get(i % 20, {}))
        if i % 97 == 13:
            row["_step"] = i + (i // 97 + 1) * 5
        yield row


def log(path, id):
    import wandb
    with wandb.init(project="p", id=id, name="named", notes="some notes",
                    tags=["a", "b"], group="g", job_type="j",
                    config={"lr": 0.1, "deep": {"a": [1, None], "b": "x"},
                            "text": "0.5x"}) as run:
        run.define_metric("loss", summary="min,max")
        run.define_metric("train/acc", summary="mean,last")
        with open(path) as f:
            for line in f:
                row = json.loads(line)
                step = row.pop("_step", None)
                run.log(row, step=step, commit=True)


def resume(id):
    import wandb
    with wandb.init(project="p", id=id, resume="must", tags=["c"]) as run:
        run.log({"again": 1, "_timestamp": START + 500})


def told(text):
    """JSON with NaN, which is not equal to itself, as text."""
    return json.loads(text, parse_constant=NUMBERS.get)


def differences(have, want, at):
    found = list(places(have, want, at))
    for place, h, w in found[:10]:
        print(f"{place}: {json.dumps(h)[:200]}, not {json.dumps(w)[:200]}")
    return bool(found)


def sandbox(path):
    base = os.environ["WANDB_BASE_URL"]
    with urllib.request.urlopen(f"{base}/sandbox/{path}") as answer:
        return answer.read().decode()


def steps(path):
    """The rows of the file with their steps, as they have to come back."""
    step = 0
    with open(path) as f:
        for line in f:
            row = told(line)
            step = row["_step"] = max(step, row.get("_step", 0))
            step += 1
            yield row


def without_empty(value):
    """No empty object is sent, at whatever depth."""
    if not isinstance(value, dict):
        return value
    kept = {k: without_empty(v) for k, v in value.items()}
    return {k: v for k, v in kept.items() if v != {}}


def plain(row):
    return told(json.dumps(row))


def look(where, path, state):
    import wandb
    run = wandb.Api().run(where)
    got = {"state": run.state, "name": run.name, "notes": run.notes,
           "tags": run.tags, "group": run.group, "job_type": run.job_type,
           "config": dict(run.config)}
    want = {"state": state, "name": "named", "notes": "some notes",
            "tags": ["a", "b"], "group": "g", "job_type": "j",
            "config": {"lr": 0.1, "deep": {"a": [1, None], "b": "x"},
                       "text": "0.5x"}}
    bad = differences(got, want, "run")
    wanted = [without_empty(row) for row in steps(path)]
    read = [plain(row) for row in run.scan_history()]
    for row in read:
        if not isinstance(row.pop("_runtime", None), (int, float)):
            print("a row without _runtime")
            bad = True
    bad |= differences(read, wanted, "history")
    bad |= differences([r["epoch"] for r in run.scan_history(keys=["epoch"])],
                       [r["epoch"] for r in wanted], "epoch")
    summary = plain(dict(run.summary._json_dict))
    bad |= differences([summary["loss"], summary["epoch"], summary["_step"]],
                       [{"min": 0.001, "max": 1}, 9, wanted[-1]["_step"]],
                       "summary")
    return bad


def stop(where):
    import wandb
    wandb.Api().run(where).stop()


def state(where, want):
    import wandb
    return differences(wandb.Api().run(where).state, want, "state")


def held(where):
    """What is held of a run, but for what is each uploader's own."""
    run = json.loads(sandbox("state"))["runs"][where]
    rows = [told(line) for line in
            sandbox(f"runs/{where}/history").split("\n") if line]
    summary = told(sandbox(f"runs/{where}/summary"))
    # The time since the start is of each its own.
    for row in rows + [summary]:
        row.pop("_runtime", None)
    summary.pop("_wandb", None)
    # The client leaves it out of a run that it resumed.
    summary.pop("_step", None)
    fields = ["displayName", "notes", "group", "jobType", "tags", "config",
              "state", "exitcode"]
    return {"history": rows, "summary": summary,
            "metrics": run["wandb"].get("m"), **{k: run[k] for k in fields}}


def as_double(value):
    """1 and 1.0 are the same number, and so are 0 and -0."""
    if isinstance(value, dict):
        return {k: as_double(v) for k, v in value.items()}
    if isinstance(value, list):
        return [as_double(v) for v in value]
    return float(value) + 0.0 if number(value) else value


def show(where):
    run = as_double(held(where))
    for row in run.pop("history"):
        print(json.dumps(row, sort_keys=True))
    print(json.dumps(run, sort_keys=True))


def same(one, other):
    return differences(held(one), held(other), "")


def main(what, *rest):
    if what == "rows":
        for row in rows():
            print(json.dumps(row))
        return 0
    return int(bool({"log": log, "resume": resume, "look": look, "stop": stop,
                     "state": state, "held": show, "same": same}[what](*rest)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
