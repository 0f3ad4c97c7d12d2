#!/bin/sh
# The official wandb 0.31.0 sees what wb-set has changed, and its own change of
# the same leaves the same behind. KW_PEERS_VENV is a virtual environment that
# has it.
. "$srcdir/tests/lib.sh"

bin=${KW_PEERS_VENV:?a virtual environment with wandb}/bin
peers=$(cd "$srcdir/tests/peers" && pwd)
export WANDB_ERROR_REPORTING=false WANDB_SILENT=true \
    WANDB_CONFIG_DIR="$work/config" WANDB_CACHE_DIR="$work/cache" \
    WANDB_DATA_DIR="$work/data"
cd "$work" || exit 1

client() {
    "$bin/python" "$peers/set.py" "$@"
}

# Two runs alike, one for each.
serve --load "$(jq -n -c '{runs: [("ours", "theirs") | {run: "acme/p/\(.)",
    display_name: "first", state: "crashed", notes: "n", group: "g",
    created_at: "2026-11-20T00:00:00Z", heartbeat_at: "2026-11-20T01:00:00Z",
    tags: ["a", "b"],
    config: {lr: 1, deep: {a: [1], b: 2}, keep: "k"},
    summary: "{\"loss\":NaN,\"big\":9007199254740993,\"val\":{\"acc\":0.5},\"x\":null,\"old\":1}"}]}')"

ok 'wb-set changes a run' run 0 wb-set --config=lr=0.01 --config=deep.b=3 \
    --config=new=text --tag=c --tag=-a --notes=m --name=second --group=h \
    --summary=score=0.93 --summary=x=one --summary=val.f1=1 --summary=-old \
    acme/p/ours
ok 'the client does the same to another' run 0 client change acme/p/theirs

# held RUN: but for what is one's own
held() {
    state ".runs[\"acme/p/$1\"] | [.config, .summary, .tags, .notes,
        .displayName, .group, .state]" | jq -S -c .
}
is 'they are alike' "$(held ours)" "$(held theirs)"
ok 'the client sees what wb-set did' run 0 client see acme/p/ours '{
    "summary": {"score": 0.93, "x": "one", "big": 9007199254740993},
    "config": {"lr": 0.01, "deep": {"a": [1], "b": 3}, "keep": "k",
        "new": "text"},
    "tags": ["b", "c"], "notes": "m", "name": "second", "group": "h",
    "state": "crashed"}'
ok 'wb-set sees what the client did' run 0 wb-set --config=lr=0.01 \
    --config=deep.b=3 --config=new=text --tag=c --tag=-a --notes=m \
    --name=second --group=h --summary=score=0.93 --summary=x=one \
    --summary=val.f1=1 --summary=-old acme/p/theirs
is 'and has nothing left to do' "$(field updated)" '[]'

ok 'a state' run 0 wb-set --state=finished acme/p/ours
ok 'is seen' run 0 client see acme/p/ours '{"summary": {},
    "state": "finished"}'
ok 'a run is deleted' run 0 wb-set --delete --yes acme/p/ours
ok 'and gone for the client' run 0 client gone acme/p/ours
ok 'the other is not' run 1 client gone acme/p/theirs
is 'without a violation' "$(state .violations)" '[]'
done_testing
