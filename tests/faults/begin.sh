# shellcheck shell=sh
# begin.sh - what the tests of faults begin with, beside lib.sh
#
# faults PART:KIND[,KIND ...] ...	see faults.c; a KIND is a folder of
#			tests/data/runs, or one of $made: large (several posts),
#			fragments (two files, the first one of a killed program),
#			used (an artifact with a staged file, a table and a
#			reference, which the run uses), parts (an increment,
#			a distributed artifact)

PATH=$PATH:tests:tests/faults # where automake built them
made=$work/made
mkdir -p "$made/large" "$made/fragments" "$made/used" "$made/parts" \
    "$made/root"
make-run large 600 20000 >"$made/large/run-large.wandb"
make-run frag 250 2000 0 resume killed >"$made/fragments/run-frag1.wandb"
make-run frag 350 2000 1000 resume >"$made/fragments/run-frag2.wandb"
echo '{"columns": ["a"], "data": [[1], [2]], "ncols": 1, "nrows": 2}' \
    >"$made/root/t.table.json"
printf 'some weights' >"$made/root/weights"
weights='"file": "'$made/root/weights'"'
echo '{"name": "used", "type": "model", "client_id": "c1",
    "aliases": ["latest", "best"], "tags": ["one"], "use_after_commit": true,
    "entries": [{"path": "ref", "digest": "etag", "ref": "s3://b/x", "size": 9},
    {"path": "t.table.json", "file": "'"$made"'/root/t.table.json"},
    {"path": "weights", '"$weights"'}]}' | jq -c . |
    make-artifact used "$made/root" >"$made/used/run-used.wandb"
jq -c . <<EOF | make-artifact parts "$made/root" >"$made/parts/run-parts.wandb"
{"name": "inc", "client_id": "c3", "entries": [{"path": "a", $weights}]}
{"name": "inc", "client_id": "c4", "incremental_beta1": true,
    "entries": [{"path": "b", $weights}]}
{"name": "whole", "client_id": "c5", "distributed_id": "g",
    "entries": [{"path": "a", $weights}], "finalize": 0}
{"name": "whole", "client_id": "c6", "distributed_id": "g",
    "entries": [{"path": "b", $weights}], "finalize": 1}
EOF

serve
# 0.12 s for an answer, 0.06 s without a byte; the waits between are faked.
KW_LIMITS=${KW_LIMITS:-0.002}
export KW_LIMITS

faults() {
    command faults "$work" "$srcdir/tests/data/runs" "$@"
}
