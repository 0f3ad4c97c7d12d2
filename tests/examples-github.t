#!/bin/sh
# examples/github: what the action runs, with GitHub's files played; the
# action and the workflow themselves against GitHub's schemas are in
# tests/peers/github.t.
. "$srcdir/tests/lib.sh"

srcdir=$(cd "$srcdir" && pwd)
action=$srcdir/examples/github
cd "$work" || exit 1

# ---- a repository, as actions/checkout leaves it ----
export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@b.c \
    GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@b.c
git init -q -b main checkout
mkdir checkout/train
echo 'print("hello")' >checkout/train/train.py
git -C checkout add -A
git -C checkout commit -q -m first
GITHUB_SHA=$(git -C checkout rev-parse HEAD)
git -C checkout checkout -q --detach

export GITHUB_SHA GITHUB_WORKSPACE="$work/checkout" GITHUB_REF_NAME=main \
    GITHUB_SERVER_URL=https://github.com GITHUB_REPOSITORY=me/repo \
    RUNNER_TEMP="$work/temp" GITHUB_OUTPUT="$work/output" \
    GITHUB_STEP_SUMMARY="$work/summary" GITHUB_ACTION_PATH="$action"
mkdir temp

# The inputs' defaults, as action.yml has them.
awk '/^  [a-z_]+:/ { name = toupper($1); sub(":", "", name) }
    /^outputs:/ { exit }
    /^    default:/ { sub("^    default: *", ""); gsub("'\''", "")
        print "INPUT_" name "='\''" $0 "'\''" }' "$action/action.yml" >defaults
set -a
. ./defaults
set +a
export INPUT_ID=u/experiment INPUT_CODE_FILE=train/train.py INPUT_PATH=result

# The step that action.yml has.
step=$(sed -n 's/^      run: //p' "$action/action.yml")
# act STATUS [NAME=VALUE ...]
act() {
    _want=$1
    shift
    rm -rf output summary result
    : >output
    : >summary
    cd checkout || exit 1
    run "$_want" env "$@" bash -c "$step"
    _status=$?
    cd ..
    return $_status
}
output() {
    sed -n "s/^$1=//p" output
}

# ---- the inputs reach the program ----
declared=$(sed -n '/^inputs:/,/^outputs:/s/^  \([a-z_]*\):$/\1/p' \
    "$action/action.yml" | sort)
is 'each input is handed on' "$declared" \
    "$(sed -n 's/.*{{ inputs\.\([a-z_]*\) }}.*/\1/p' "$action/action.yml" | sort)"
is 'under its own name' "$(sed -n \
    's/^ *INPUT_\([A-Z_]*\): .*inputs\.\([a-z_]*\) .*/\1 \2/p' \
    "$action/action.yml" | awk '$1 != toupper($2)')" ''
is 'and read' "$declared" "$(grep -oE 'INPUT_[A-Z_]+' "$action/run" |
    sed 's/INPUT_//' | tr '[:upper:]' '[:lower:]' | sort -u)"
is 'each output is written' \
    "$(sed -n '/^outputs:/,/^runs:/s/^  \([a-z_]*\):$/\1/p' \
        "$action/action.yml" | sort | tr '\n' ' ')" \
    'commit kernel runs status url version '
ok 'no secret is an input' sh -c \
    '! grep -qiE "^  [a-z_]*(token|key|secret|password)[a-z_]*:$" "$1"' sh \
    "$action/action.yml"

# ---- all is well ----
# of FILES: what a session of the kernel leaves.
marked='[{"name": "SESSION_COMPLETE", "content": "{}"}]'
load=$(jq -n -c --arg runs "$srcdir/tests/data/runs" --argjson files "$marked" '
    {kernels: {"u/experiment": {statuses: [], files: $files,
        output: "\($runs)/typical", after_push: ["QUEUED", "COMPLETE"],
        log: [{stream_name: "stdout", time: 1, data: "hello\n"}]}}}')
serve --load "$load"
ok 'the action' act 0
is 'says which kernel' "$(output kernel) $(output version)" 'u/experiment 2'
is 'how it ended' "$(output status)" COMPLETE
is 'where it is' "$(output url)" https://www.kaggle.com/code/u/experiment
is 'what it ran' "$(output commit)" "$GITHUB_SHA"
is 'and where the runs are' "$(output runs | jq -c 'map(.run, .url)')" \
    "[\"acme/kaggle-demo/typical0\",\"$url/acme/kaggle-demo/runs/typical0\"]"
is 'an output is one line' "$(wc -l <output | tr -d ' ')" 6
ok 'the output of the session is there' test -s checkout/result/SESSION_COMPLETE
is 'a notice says where the session is' "$(cat "$out")" \
    '::notice title=Kaggle kernel::https://www.kaggle.com/code/u/experiment, version 2'
ok 'the summary has the run' grep -q '<td>505<td>504<td>finished' summary
rm -rf checkout/result

pushed() {
    state ".kernels[\"u/experiment\"].saved$1"
}
is 'usually private, without internet' \
    "$(pushed '| [.isPrivate, .enableInternet, .enableGpu, .kernelType]')" \
    '[true,false,false,"script"]'
is 'with the files of the commit' "$(pushed '.text | contains("\"files\"")')" \
    true
ok 'other inputs' act 0 INPUT_TITLE=Experiment INPUT_KERNEL_TYPE=notebook \
    INPUT_IS_PRIVATE=false INPUT_ENABLE_GPU=true INPUT_ENABLE_INTERNET=true \
    INPUT_MACHINE_SHAPE=NvidiaTeslaT4 INPUT_COMPETITION_SOURCES=titanic \
    INPUT_DATASET_SOURCES="o/first-set${nl}o/second-set$nl" \
    INPUT_ARGS='--note "a b"'
is 'go where they belong' "$(pushed '| [.isPrivate, .enableInternet, .enableGpu,
    .kernelType, .machineShape, .newTitle, .datasetDataSources,
    .competitionDataSources]')" \
    '[false,true,true,"notebook","NvidiaTeslaT4","Experiment",["o/first-set","o/second-set"],["titanic"]]'
rm -rf checkout/result

# ---- what goes wrong ----
before=$(asked SaveKernel)
ok 'a wrong value' act 2 INPUT_ENABLE_GPU=yes
is 'is an annotation' "$(cat "$out")" \
    '::error title=wrong input::enable_gpu: neither false nor true: yes'
ok 'a script that is not there' act 1 INPUT_CODE_FILE=none.py
ok 'is an annotation' grep -q '^::error title=kgl-build%3A input::.*none\.py' \
    "$out"
ok 'no credential' act 2 KAGGLE_KEY= KAGGLE_USERNAME=
ok 'is an annotation' grep -q '^::error title=kwtools::' "$out"
is 'and nothing is pushed' "$(asked SaveKernel)" "$before"
is 'nor said to be' "$(output kernel)$(output version)$(output status)" ''

serve --load "$(printf '%s' "$load" | jq -c '.kernels[] += {
    after_push: ["QUEUED", "ERROR"], failure_message: "50% <b>\r\n::notice::x",
    log: [{stream_name: "stderr", time: 1, data: "Traceback <i>\n"},
        {stream_name: "stderr", time: 2, data: "\nKeyError: 1\n"}]}')"
ok 'a session that fails' act 1
is 'says so' "$(output status)" ERROR
is 'its runs are synced all the same' "$(output runs | jq length)" 1
is 'the annotation is one line' "$(grep -c '^::error' "$out")" 1
is 'with what Kaggle said' "$(sed -n 's/^::error [^:]*:://p' "$out" |
    grep -oE '50%25.*')" '50%25 <b>  ::notice::x'
is 'and no other command' "$(grep -c '^::notice title=Kaggle' "$out"),$(grep -c '^::' \
    "$out")" 1,2
ok 'the summary has the end of the log' \
    grep -q 'Traceback &lt;i&gt;&#10;&#10;KeyError: 1&#10;</pre>' summary
is 'in one block' "$(grep -c '^$' summary)" 0
rm -rf checkout/result

serve --load "$(printf '%s' "$load" | jq -c '.kernels[].files = []')"
ok 'a session without its marker' act 1
is 'has failed' "$(output status),$(grep -c kernel_failed "$out")" COMPLETE,1
rm -rf checkout/result

serve --load "$load"
ok 'without a key of W&B' act 0 WANDB_API_KEY=
is 'nothing is synced' "$(output runs),$(state '.runs | length')" '[],0'
rm -rf checkout/result
serve --load "$(printf '%s' "$load" | jq -c '.kernels[].after_push = ["RUNNING"]')"
ok 'a session that takes too long' act 1 INPUT_TIMEOUT=30m
is 'is told of' "$(output kernel),$(grep -c '^::error title=kgl-status%3A timeout' \
    "$out")" u/experiment,1
done_testing
