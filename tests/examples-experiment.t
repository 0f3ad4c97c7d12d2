#!/bin/sh
# examples/experiment: an experiment that is stopped at each stage and started
# again ends as one that was not, with one commit and one push.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/wandb.sh"

srcdir=$(cd "$srcdir" && pwd)
export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@b.c \
    GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@b.c
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES
cd "$work" || exit 1
stages='committed built pushed ended fetched found synced'

# again: a repository with something to commit, and a sandbox.
again() {
    rm -rf remote repo exp
    git init -q -b main --bare remote
    git init -q -b main repo
    git -C repo remote add origin "$work/remote"
    echo 'print(1)' >repo/train.py
    serve --load "$(jq -n -c --arg runs "$srcdir/tests/data/runs" '{kernels:
        {"u/experiment": {statuses: [], output: "\($runs)/typical",
            files: [{name: "SESSION_COMPLETE", content: "{}"}],
            after_push: ["QUEUED", "RUNNING", "COMPLETE"], log: [
                {stream_name: "stderr", time: 1, data: "KeyError: lr\n"}]}}}' |
        jq -c "${1:-.}")"
}
# experiment STATUS [ARGUMENT ...]
experiment() {
    _want=$1
    shift
    run "$_want" make -f "$srcdir/examples/experiment/Makefile" EXP=exp \
        REPO=repo KERNEL=u/experiment MESSAGE="it's \"lr\" \$\$(x)" "$@"
}
there() {
    for stage in $stages; do
        [ ! -e "exp/$stage" ] || printf '%s ' "$stage"
    done
}
# once: what there may be one of.
once() {
    echo "$(git -C remote rev-list --count main) commit," \
        "$(state '.kernels["u/experiment"].runs') session," \
        "$(held typical)"
}
whole='1 commit, 1 session, "equal"'

again
ok 'an experiment' experiment 0
is 'is whole' "$(once)" "$whole"
is 'has a file for each stage' "$(there)" "$stages "
is 'and says where it is' "$(cat "$out")" \
    "acme/kaggle-demo/typical0: 505 rows, $url/acme/kaggle-demo/runs/typical0"
is 'the message is as it was given' "$(git -C remote log -1 --format=%s main)" \
    "it's \"lr\" \$(x)"
is 'the last record knows all of it' \
    "$(jq -r '"\(.commit) \(.version) \(.status) \(.verified)"' exp/synced)" \
    "$(git -C remote rev-parse main) 2 COMPLETE true"
before=$(requests)
ok 'once more' experiment 0
is 'asks nobody' "$(requests)" "$before"

# ---- each stage fails once ----
# stopped STAGE: make ended there, and goes on there.
stopped() {
    is "$1: what came before is kept" "$(there)" "${stages%%"$1"*}"
    ok "$1: and said" grep_err "== $1"
    sandbox DELETE faults >/dev/null
    ok "$1: make goes on" experiment 0
    is "$1: to the same end" "$(once)" "$whole"
}
again
mv remote away
ok 'no remote' experiment 2
mv away remote
stopped committed

again
ok 'no such script' experiment 2 SCRIPT=none.py
stopped built

for fault in pushed:SaveKernel ended:GetKernelSessionStatus \
    fetched:ListKernelSessionOutput synced:UpsertBucket; do
    again
    # Stages before ask the same, so what is to fail comes after them.
    case $fault in
    ended:*) ok 'until it is pushed' experiment 0 exp/pushed ;;
    fetched:*) ok 'until it has ended' experiment 0 exp/ended ;;
    esac
    sandbox POST faults "match=${fault#*:} status=403 times=always" >/dev/null
    ok "${fault#*:} is refused" experiment 2
    stopped "${fault%:*}"
done

# ---- make is killed where the push is confirmed, but not yet noted ----
mkdir bin
cat >bin/kgl-push <<END_PUSH
#!/bin/sh
[ "\$1" = -n ] && exec '$(command -v kgl-push)' "\$@"
'$(command -v kgl-push)' "\$@" >/dev/null
kill -9 \$PPID
END_PUSH
chmod +x bin/kgl-push
again
ok 'killed when it has pushed' experiment 2 PATH="$work/bin:$PATH"
is 'Kaggle has it' "$(state '.kernels["u/experiment"].runs')" 1
stopped pushed

# ---- a session that fails ----
again '.kernels[].after_push = ["QUEUED", "ERROR"]'
ok 'a session that fails' experiment 2
is 'ends there' "$(there)" 'committed built pushed '
ok 'and how to go on is said' grep_err 'make rescue'
ok 'asked again' experiment 2
is 'it has failed, and is not pushed again' "$(asked SaveKernel)" 1
ok 'rescue' experiment 2 rescue
ok 'shows the log' grep_err 'KeyError: lr'
is 'and syncs the run' "$(held typical)" '"equal"'
sandbox POST load "$(jq -n -c --arg runs "$srcdir/tests/data/runs" '{kernels:
    {"u/experiment": {statuses: ["ERROR"], output: "\($runs)/minimal",
        after_push: ["QUEUED", "COMPLETE"],
        files: [{name: "SESSION_COMPLETE", content: "{}"}]}}}')" >/dev/null
ok 'once more' experiment 0 again
is 'is another push' "$(asked SaveKernel)" 2
is 'of which the run is synced, and no other' \
    "$(jq -r '"\(.status) \(.run_id)"' exp/synced)" 'COMPLETE minimal0'
done_testing
