#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Use the sandbox as people use W&B, by the official client.

Logs a run with all that runs have, then asks for it through the public API.
Ends with 0 if what comes back is what went in.
"""
import os
import sys

import wandb


def log(run):
    for i in range(200):
        run.log({"loss": 1 / (i + 1), "nested": {"i": i}})
    run.log({"odd": float("nan"), "loss": 0.5})
    run.summary["best"] = 0.25
    print("said by the run")
    with open("note.txt", "w") as f:
        f.write("a note\n")
    run.save("note.txt", policy="now")
    os.makedirs("set/sub", exist_ok=True)
    for name, text in {"one": "1\n", "sub/two é": "2\n", "none": ""}.items():
        with open(f"set/{name}", "w") as f:
            f.write(text)
    data = wandb.Artifact("data", type="dataset", metadata={"rows": 2})
    data.add_dir("set")
    run.log_artifact(data, aliases=["best"]).wait()
    run.alert("Title", "text")


def look(api, path):
    run = api.run(path)
    assert run.state == "finished", run.state
    assert run.name == "named" and run.tags == ["a", "b"], run.tags
    assert run.config["lr"] == 0.1, run.config
    assert run.summary["best"] == 0.25, run.summary
    assert len(list(run.scan_history())) == 201
    assert len(list(run.scan_history(keys=["loss"]))) == 201
    losses = [r["loss"] for r in run.scan_history(keys=["loss"])]
    assert losses[9] == 0.1, losses[9]
    assert len(run.history(samples=50, pandas=False)) <= 50
    assert {f.name for f in run.files()} >= {"note.txt", "config.yaml",
                                             "output.log"}
    with run.file("note.txt").download(root="down", replace=True) as f:
        assert f.read() == "a note\n"


def fetch(api, path, where):
    artifact = api.artifact(f"{where}/data:best", type="dataset")
    assert artifact.version == "v0" and artifact.state == "COMMITTED"
    assert artifact.metadata == {"rows": 2}, artifact.metadata
    folder = artifact.download(root="got")
    with open(os.path.join(folder, "sub/two é")) as f:
        assert f.read() == "2\n"
    assert [a.name for a in api.run(path).logged_artifacts()] == ["data:v0"]
    assert artifact.logged_by().id == path.split("/")[-1]


def main():
    with wandb.init(project="online", id="online00", name="named",
                    tags=["a", "b"], config={"lr": 0.1}) as run:
        log(run)
        where = f"{run.entity}/{run.project}"
    path = f"{where}/online00"
    api = wandb.Api()
    look(api, path)
    fetch(api, path, where)

    # The same again is not a new version.
    with wandb.init(project="online", id="online01") as run:
        data = wandb.Artifact("data", type="dataset", metadata={"rows": 2})
        data.add_dir("set")
        assert run.log_artifact(data).wait().version == "v0"
        used = run.use_artifact("data:latest")
        assert used.version == "v0"
    found = api.runs(where, {"display_name": "named"})
    assert [r.id for r in found] == ["online00"]
    assert len(api.runs(where, per_page=1)) == 2
    assert [r.id for r in api.runs(where, per_page=1)] == ["online00",
                                                           "online01"]

    # Resumed, it goes on; changed and deleted, it is.
    with wandb.init(project="online", id="online00", resume="must") as run:
        assert run.resumed
        run.log({"loss": 0})
    run = wandb.Api().run(path)
    assert run.lastHistoryStep == 201, run.lastHistoryStep
    run.tags.append("c")
    run.update()
    assert wandb.Api().run(path).tags == ["a", "b", "c"]
    run.delete()
    try:
        wandb.Api().run(path)
    except (ValueError, wandb.errors.CommError):
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
