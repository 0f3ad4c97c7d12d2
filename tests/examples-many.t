#!/bin/sh
# Examples for many kernels and many runs: push-once, sweep, split-records and
# over-hosts. slurm-array needs Slurm: tests/peers/slurm.t.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/wandb.sh"

srcdir=$(cd "$srcdir" && pwd)
PATH=$srcdir/examples:$PATH
cd "$work" || exit 1

# kernel DIR SLUG [GPU]: a kernel's folder.
kernel() {
    mkdir -p "$1"
    jq -n --arg id "u/$2" --arg title "$2" --argjson gpu "${3:-false}" '{
        id: $id, title: $title, code_file: "t.py", language: "python",
        kernel_type: "script", enable_gpu: $gpu, enable_internet: false
    }' >"$1/kernel-metadata.json"
    echo 'print(1)' >"$1/t.py"
}

# ---- push-once ----
once() {
    _want=$1
    shift
    printf '%s\n' "$@" | push-once journal >"$out" 2>"$err"
    ended $? "$_want"
}
old='{"kernels":{"u/kernel-one":{"version":4,
    "after_push":["QUEUED","COMPLETE"]}}}'
serve --load "$old"
kernel one kernel-one
kernel two kernel-two
ok 'push-once pushes' once 0 one two
is 'each once' "$(asked SaveKernel)" 2
is 'and writes what kgl-push wrote' \
    "$(jq -r '"\(.kernel) \(.previous_version) \(.version)"' "$out" | sort)" \
    "u/kernel-one 4 5${nl}u/kernel-two null 1"
sort "$out" >first
before=$(requests)
ok 'again' once 0 one two
is 'it writes the same' "$(sort "$out")" "$(cat first)"
is 'without a question' "$(requests)" "$before"

# Killed after Kaggle had the push, and before its record was here.
jq -c 'select(.dry_run)' journal >lost
printf '{"kernel_dir":"two","kern' >>lost
cp lost journal
ok 'a lost record of a push' once 0 one two
is 'means no other push' "$(asked SaveKernel)" 2
is 'what is known of it is the same' \
    "$(sort "$out" | jq -c 'del(.pushed_at)')" \
    "$(jq -c 'del(.pushed_at)' first)"
is 'and it can be waited for' \
    "$(kgl-status -w <"$out" 2>"$err" | jq -r .status | uniq)" COMPLETE
cp lost journal
kgl-push one >"$out" 2>"$err"
ok 'two versions more' once 1 one two
is 'are not ours' "$(jq -r '.error.code // empty' "$out")" conflict
is 'and nothing is pushed over them' "$(asked SaveKernel)" 3

rm journal
serve --load "$old" --fault 'match=SaveKernel close=before times=always'
ok 'a push that fails' once 1 one
is 'is known as such' "$(field error.code)" unavailable
before=$(asked SaveKernel)
sandbox DELETE faults >/dev/null
ok 'is tried again' once 0 one
is 'by one push' "$(asked SaveKernel),$(state '.kernels["u/kernel-one"].version')" \
    "$((before + 1)),5"
ok 'two at once' run 1 flock journal sh -c 'echo one | push-once journal'
ok 'are too many' grep_err 'in use'
ok 'an earlier failure' once 1 '{"kernel_dir":"one","error":{"code":"io"}}'
is 'is passed on' "$(field error.code)" io

# ---- sweep ----
names='aa bb cc dd ee ff gg hh'
load='{}'
for name in $names; do
    gpu=false
    run=steps # one for each pipe: two are not to sync the same at once
    case $name in a* | b* | c* | d*) gpu=true run=minimal ;; esac
    kernel "kernels/$name" "sweep-$name" $gpu
    load=$(printf '%s' "$load" | jq -c --arg name "u/sweep-$name" \
        --arg run "$srcdir/tests/data/runs/$run" '
        .kernels[$name] = {statuses: [], output: $run,
            after_push: (["QUEUED"] + [range(100) | "RUNNING"]
                + ["COMPLETE"])}')
done
serve --load "$load"
# While one tool waits, and the clock jumps, others wait for answers.
swept() {
    _want=$1
    shift
    run "$_want" env KW_LIMITS=10000 sweep swept "$@"
}
ok 'a sweep' swept 0 kernels/*/
is 'pushes each kernel once' \
    "$(state '[.kernels[] | .runs // 0] | add')" 8
is 'in the sessions that there are, so some had to wait' \
    "$(sandbox GET requests | jq -s '[.[] | select(.operation ==
        "SaveKernel")] | length > 8')" true
is 'has all outputs' "$(find swept/outputs/u/* -prune | wc -l)" 8
is 'and all runs' "$(cat swept/*.ndjson | jq -s 'map(select(.synced)) |
    length')" 8
before=$(asked SaveKernel),$(writes)
ok 'once more' swept 0 kernels/*/
is 'nothing is done twice' "$(asked SaveKernel),$(writes)" "$before"
is 'and all is told again' "$(cat swept/*.ndjson | jq -s 'map(select(.synced)) |
    length')" 8
rm -rf swept

serve --load "$(printf '%s' "$load" |
    jq -c '.kernels["u/sweep-bb"].after_push = ["QUEUED", "ERROR"]')"
ok 'a sweep with a kernel that fails' swept 1 kernels/*/
is 'says so' "$(cat swept/*.ndjson | jq -r 'select(.failed) | .kernel')" \
    u/sweep-bb
is 'and has the others' "$(cat swept/*.ndjson | jq -s 'map(select(.failed |
    not)) | length')" 7

# Stopped, nothing of it goes on; called again, it ends as any other.
rm -rf swept
serve --load "$(printf '%s' "$load" |
    jq -c '.kernels[].after_push = ["QUEUED", "RUNNING"]')"
left() {
    grep -l "SWEEP_TEST=$work" /proc/[0-9]*/environ 2>/dev/null
}
interrupted 'grep -q ":.*RUNNING" "$err"' \
    env SWEEP_TEST="$work" sweep swept kernels/*/
is 'a signal ends a sweep' $? 143
for _ in $(seq 500); do
    [ -n "$(left)" ] || break
    sleep 0.01
done
is 'and all that it started' "$(left)" ''
before=$(state '[.kernels[] | .runs // 0] | add')
ok 'some was pushed' test "$before" -gt 0
sandbox POST load "$(printf '%s' "$load" | jq -c '.kernels[] |=
    {output, after_push: ["QUEUED", "COMPLETE"], statuses: ["COMPLETE"]}')" \
    >/dev/null
ok 'it goes on' swept 0 kernels/*/
is 'and pushes what was not pushed' "$(state '[.kernels[] | .runs // 0] | add')" 8
is 'to the same end' "$(cat swept/*.ndjson | jq -s 'map(select(.synced)) |
    length')" 8

# ---- split-records ----
copy typical steps sweep resumed_restart
find "$work/runs" -name '*.wandb' >list
wb-find-runs "$work/runs" >found
ok 'split-records' sh -c 'split-records 3 parts <found'
is 'loses nothing' "$(cat parts/*.in | sort)" "$(sort found)"
is 'makes as many parts' "$(ls parts)" "0.in${nl}1.in${nl}2.in"
is 'keeps the files of a run together, in their order' \
    "$(jq -s -c '[.[] | select(.fragments == 2)] | map([.run_id, .fragment])' \
        found)" \
    "$(for part in parts/*; do
        jq -s -c 'map(select(.fragments == 2)) | select(length > 0)
            | map([.run_id, .fragment])' "$part"
    done)"
is 'fills them all' "$(find parts -size 0)" ''
printf 'a/b\n{"error":{"code":"io"}}\n\nc\\"d\n' | split-records 2 parts
is 'operands and failures, too' "$(cat parts/*.in | sort)" \
    "$(printf 'a/b\nc\\"d\n{"error":{"code":"io"}}' | sort)"

# ---- over-hosts: ssh is played; what runs there has a home of its own ----
mkdir -p bin remote
cat >bin/ssh <<'END_SSH'
#!/bin/sh
# ssh HOST [--] COMMAND
host=$1
shift
[ "$1" = -- ] && shift
echo "$host" >>"$SSH_LOG"
[ "$host" = down ] && { echo "ssh: no route to host" >&2; exit 255; }
exec env -i HOME="$SSH_HOME" SHELL=/bin/bash PATH="$PATH" LC_ALL=C.UTF-8 \
    KW_CLOCK="$KW_CLOCK" TMPDIR="$SSH_HOME" WANDB_BASE_URL="$WANDB_BASE_URL" \
    KAGGLE_API_ENDPOINT="$KAGGLE_API_ENDPOINT" sh -c "$*"
END_SSH
chmod +x bin/ssh
PATH=$work/bin:$PATH
SSH_LOG=$work/ssh.log SSH_HOME=$work/remote
export SSH_LOG SSH_HOME
serve --load "$load"
echo "machine ${url#http://} login user password $WANDB_API_KEY" >remote/.netrc
mkdir remote/.kaggle
echo KGAT_0123456789abcdef >remote/.kaggle/access_token
chmod 600 remote/.netrc remote/.kaggle/access_token

printf '2/host1\n2/host2\n' >hosts
split-records 4 parts <found
ok 'over-hosts' run 0 over-hosts hosts parts 'wb-sync -j 1'
is 'used them all' "$(sort -u ssh.log | tr '\n' ' ')" 'host1 host2 '
is 'every run is there' "$(jq -s 'map(select(.synced and .verified)) |
    length' "$out")" "$(wc -l <found | tr -d ' ')"
for kind in typical steps sweep resumed_restart; do
    is "$kind: as it should be" "$(held "$kind")" '"equal"'
done

before=$(writes)
printf '2/host1\n2/down\n' >hosts
find "$work/runs" -name '*.synced' -delete
ok 'with a host that is down' run 0 over-hosts hosts parts 'cat | wb-sync'
is 'the other one does its part' "$(jq -s 'map(select(.synced)) |
    length' "$out")" "$(wc -l <found | tr -d ' ')"
is 'and nothing is sent twice' "$(writes)" "$before"

printf 'u/sweep-aa\nu/sweep-bb\nu/none\n' | split-records 3 parts
kgl-push kernels/aa kernels/bb 2>"$err" | kgl-status -w >"$out" 2>"$err"
printf '1/host1\n' >hosts
ok 'kernels over hosts, one of which is not there' run 1 over-hosts hosts parts \
    'kgl-output -d outputs | wb-find-runs | wb-sync'
is 'the others are synced' \
    "$(jq -r 'select(.synced) | .kernel' "$out" | sort | tr '\n' ' ')" \
    'u/sweep-aa u/sweep-bb '
is 'and that one is said' "$(jq -r 'select(.error) | .kernel' "$out")" u/none
ok 'a failure early in the pipe' run 1 over-hosts hosts parts \
    'cat /no/such/file | jq -c .'
done_testing
