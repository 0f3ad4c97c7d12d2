#!/bin/sh
# The official kaggle 2.2.4 takes kw-sandbox for Kaggle: what it prints of each
# answer, and what the sandbox holds then. KW_PEERS_VENV is a virtual
# environment that has it (make check-peers makes one).
. "$srcdir/tests/lib.sh"

KAGGLE=${KW_PEERS_VENV:?a virtual environment with kaggle}/bin/kaggle

# As --peers does it: the client asks http://localhost/, by way of a proxy.
unset NO_PROXY
client() {
    env KAGGLE_API_ENVIRONMENT=LOCALHOST http_proxy="$url" no_proxy=127.0.0.1 \
        "$KAGGLE" "$@"
}

mkdir "$work/kernel" "$work/files" "$work/files/wandb"
cd "$work" || exit 1
cat >kernel/kernel-metadata.json <<'END'
{"id": "u/my-kernel", "title": "My Kernel", "code_file": "main.py",
 "language": "python", "kernel_type": "script", "is_private": "true",
 "enable_gpu": true, "enable_internet": false,
 "dataset_sources": ["bob/data"], "competition_sources": ["titanic"]}
END
echo 'print("é")' >kernel/main.py
printf 'weights' >files/model.bin
printf 'rows' >'files/wandb/run 1.wandb'

serve --load "$(jq -n -c --arg dir "$work/files" '{
    kernels: {"u/my-kernel": {version: 2, output: $dir, page_size: 1,
        statuses: ["QUEUED"],
        after_push: ["QUEUED", "RUNNING", "COMPLETE"], log: [
            {stream_name: "stdout", time: 1.5, data: "epoch 0\n"}],
        failure_message: "out of memory"}},
    submissions: {titanic: [{ref: 7, date: "2026-07-01T10:20:30.123Z",
        description: "v1", fileName: "s.csv", publicScore: "0.78",
        privateScore: "", status: "COMPLETE"}]}}')" COMPLETE
is 'the version that was checked' "$("$KAGGLE" --version | tail -n 1)" \
    'Kaggle CLI 2.2.4'

ok 'push' run 0 client kernels push -p kernel
is 'says the version' "$(tail -n 1 "$out")" 'Kernel version 3 successfully pushed.  Please check progress at https://www.kaggle.com/code/u/my-kernel'
is 'the sandbox holds it' "$(state '.kernels["u/my-kernel"] | [.version,
    .runs, .saved.text, .saved.isPrivate, .saved.enableGpu,
    .saved.enableInternet, .saved.datasetDataSources,
    .saved.competitionDataSources]')" \
    '[3,1,"print(\"é\")\n",true,true,false,["bob/data"],["titanic"]]'

for want in QUEUED RUNNING COMPLETE; do
    ok "status $want" run 0 client kernels status u/my-kernel
    is 'as printed' "$(cat "$out")" \
        "u/my-kernel has status \"KernelWorkerStatus.$want\""
done

ok 'output' run 0 client kernels output u/my-kernel -p got
is 'the first file' "$(cat got/model.bin)" weights
is 'a file in a folder, on the next page' "$(cat 'got/wandb/run 1.wandb')" rows
is 'the log' "$(cat got/my-kernel.log)" \
    '[{"stream_name":"stdout","time":1.5,"data":"epoch 0\n"}
]'
ok 'logs' run 0 client kernels logs u/my-kernel
is 'are the same' "$(head -n 2 "$out")" "$(cat got/my-kernel.log)"
ok 'logs that are followed' run 0 client kernels logs -f u/my-kernel
is 'are the text' "$(cat "$out")" 'epoch 0'
ok 'and ours' run 0 kgl-log --raw u/my-kernel
is 'have the same text' "$(cat "$out")" 'epoch 0'
ok 'files' run 0 client kernels files u/my-kernel
ok 'has their names' grep -q '^model.bin ' "$out"
ok 'list' run 0 client kernels list -m
ok 'has the kernel' grep -q '^u/my-kernel ' "$out"
ok 'pull' run 0 client kernels pull u/my-kernel -p pulled -m
is 'is what was pushed' "$(cat pulled/*.py)" 'print("é")'
is 'with its metadata' "$(jq -c '[.id, .title, .enable_gpu]' \
    pulled/kernel-metadata.json)" '["u/my-kernel","My Kernel",true]'
ok 'quota' run 0 client quota
ok 'has the hours' grep -q 30 "$out"
ok 'submissions' run 0 client competitions submissions titanic --csv
is 'has the score' "$(tail -n 1 "$out" | tr -d '\r')" \
    '7,s.csv,2026-07-01 10:20:30.123000,v1,SubmissionStatus.COMPLETE,0.78,'
ok 'and ours' run 0 kgl-score titanic
is 'are the same' "$(field ref),$(field public_score)" 7,0.78
is 'no rule was broken' "$(state .violations)" '[]'

# ---- a log that is written while it is read ----
lines='[{"stream_name":"stdout","time":1.5,"data":"one\n"},
    {"stream_name":"stderr","time":2,"data":"two\n"},
    {"stream_name":"stdout","time":3,"data":"three\n"}]'
# follows STREAMS WANT: what theirs prints of it; ours has all.
follows() {
    sandbox POST load "{\"kernels\":{\"u/live-log\":{\"log\":$lines,
        \"log_stream\":$1,\"statuses\":[\"RUNNING\"]}}}" >"$work/reply"
    run 0 client kernels logs -f u/live-log
    _got=$(cat "$out")
    sandbox POST load "{\"kernels\":{\"u/live-log\":{\"log\":$lines,
        \"log_stream\":$1,\"statuses\":[\"RUNNING\",\"COMPLETE\"]}}}" \
        >"$work/reply"
    run 0 kgl-log -f --raw u/live-log || return
    [ "$_got" = "$2" ] && [ "$(cat "$out")" = "$all" ] && return
    printf '%s\n' "$_got" | sed 's/^/# /'
    return 1
}
all='one
two
three'
ok 'a live stream, cut once' follows \
    '[{"events":2,"end":"cut"},{"end":"log"}]' "$all"
ok 'the stored array' follows '[{"type":"application/json"}]' "$all"
ok 'a cut stream, then the array' follows \
    '[{"events":1,"end":"cut"},{"type":"application/json"}]' "$all"
ok 'a clean end in the middle, which theirs takes for the end' follows \
    '[{"events":2,"end":"clean"},{"end":"clean"}]' 'one
two'

# ---- refusals ----
sandbox POST load '{"kernels":{"u/my-kernel":{"version":3,
    "statuses":["ERROR"],"failure_message":"out of memory","replies":{
        "SaveKernel":[{"answer":{"error":"Notebook not found"}}]}},
    "u/taken-name":{}}}' >"$out"
ok 'a push that is refused in the answer' run 0 client kernels push -p kernel
is 'is said' "$(tail -n 1 "$out")" 'Kernel push error: Notebook not found'
is 'made no version' "$(state '.kernels["u/my-kernel"].version')" 3
sed 's/My Kernel/Taken name/' kernel/kernel-metadata.json >"$work/m"
mv "$work/m" kernel/kernel-metadata.json
ok "another kernel's title" run 1 client kernels push -p kernel
ok 'is a conflict' grep_err '409 Client Error: Conflict'
ok 'a failed session' run 0 client kernels status u/my-kernel
is 'says why' "$(tail -n 1 "$out")" 'Failure message: "out of memory"'
ok "another's kernel" run 1 client kernels status other/kernel
ok 'cannot be seen' grep_err "Cannot access kernel 'other/kernel'"
sandbox POST faults 'match=GetKernelSessionStatus status=429 retry-after=1' \
    >"$out"
ok 'a limit' run 1 client kernels status u/my-kernel
ok 'is said' grep_err '429 Client Error'
KAGGLE_KEY=0000
ok 'a bad key' run 1 client kernels status u/my-kernel
ok 'is said' grep_err 'Cannot access kernel'

# ---- a token, and the environment that --peers sets ----
unset KAGGLE_USERNAME KAGGLE_KEY
KAGGLE_API_TOKEN=KGAT_x
export KAGGLE_API_TOKEN
ok 'a token' run 0 client kernels status my-kernel
unset KAGGLE_API_TOKEN
ok 'was looked up' [ "$(asked IntrospectToken)" -gt 0 ]
ok '--peers' run 0 kw-sandbox --peers --load="$work/load.json" -- \
    "$KAGGLE" kernels status u/my-kernel
is 'leads the client here' "$(head -n 1 "$out")" \
    'u/my-kernel has status "KernelWorkerStatus.QUEUED"'

done_testing
