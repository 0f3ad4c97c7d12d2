#!/bin/sh
# examples/rehearse: a kernel that kgl-build wrote really runs here, and what
# would fail at Kaggle fails before a push.
. "$srcdir/tests/lib.sh"

srcdir=$(cd "$srcdir" && pwd)
PATH=$srcdir/examples:$PATH
export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@b.c \
    GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@b.c \
    PYTHONDONTWRITEBYTECODE=1 WANDB_API_KEY=0123456789secret0123456789
cd "$work" || exit 1

# A script that leaves a run, or does what its argument says.
git init -q -b main repo
cp -R "$srcdir/tests/data/runs/minimal/wandb" repo/recorded
cat >repo/train.py <<'END_PY'
import os, shutil, sys, time
what = sys.argv[1] if len(sys.argv) > 1 else ""
print("training", what, flush=True)
working = os.environ["WANDB_DIR"]
if what == "raise":
    raise SystemExit(3)
if what == "sleep":
    time.sleep(600)
if what == "secret":
    assert "WANDB_API_KEY" not in os.environ
    assert not os.path.exists(os.path.expanduser("~/.netrc"))
if what == "input":
    assert os.path.exists(os.environ["KW_INPUT_SOME_DATA"] + "/x")
if what != "norun":
    shutil.copytree("recorded", working + "/wandb")
END_PY
git -C repo add -A
git -C repo commit -q -m first

# built FOLDER [OPTION ...]
built() {
    _folder=$1
    shift
    kgl-build -k u/experiment -s train.py --embed -o "$_folder" "$@" repo \
        >"$out" 2>"$err"
}

touch "$HOME/.netrc"
ok 'kgl-build' built good --args=secret
mkdir tmp
ok 'a kernel that works' run 0 env TMPDIR="$work/tmp" rehearse good
is 'left a run' "$(field run_id),$(field kernel_dir)" minimal0,good
ok 'what it said is to be seen' grep_err '^training secret'
is 'nothing stays' "$(ls tmp)" ''
ok 'into a folder' run 0 rehearse good result
ok 'it stays' test -s result/SESSION_COMPLETE
is 'and the record says where' "$(field output_dir)" "$work/result"
ok 'as a notebook, with a GPU' built notebook --notebook --device=gpu
ok 'it works as well' run 0 rehearse notebook gpu
ok 'the GPU is one in name' grep -q 'a rehearsal' gpu/session_summary.json

built bad --args=raise
ok 'a script that fails' run 1 rehearse bad
ok 'is said' grep_err 'rehearse: bad: the script ended with status 3'
built slow --args=sleep
ok 'one that takes long' run 1 env LIMIT=1 rehearse slow
ok 'is said' grep_err 'rehearse: slow: not done after 1'
built norun --args=norun
ok 'one that leaves no run' run 1 rehearse norun
is 'is said' "$(field error.code)" not_found
built input --args=input --dataset=o/some-data
ok 'without its input' run 1 rehearse input
ok 'is said' grep_err 'rehearse: input: no input o/some-data'
mkdir -p inputs/some-data
touch inputs/some-data/x
ok 'with its input' run 0 env KAGGLE_INPUT_DIR="$work/inputs" rehearse input

# A program that says more than it did.
mkdir liar
echo '{"code_file": "p.py", "kernel_type": "script"}' \
    >liar/kernel-metadata.json
cat >liar/p.py <<'END_PY'
import json, os
os.chdir(os.environ["KAGGLE_WORKING_DIR"])
digest = "0" * 64
files = [{"name": "p", "bytes": 1, "sha256": digest}] if os.path.exists("p") else []
json.dump({"exit_status": 0, "files": files}, open("session_summary.json", "w"))
END_PY
ok 'no marker' run 1 rehearse liar
ok 'is said' grep_err 'no SESSION_COMPLETE'
mkdir lied
echo x >lied/p
ok 'a file of another digest' run 1 rehearse liar lied
ok 'is said' grep_err 'not as summarised'
sed -i 's/"exit_status": 0/"exit_status": 5/' liar/p.py
ok 'a status that is none of its own' run 1 rehearse liar
ok 'is said' grep_err 'the summary says 5'
echo 'raise SystemExit(7)' >liar/p.py
ok 'no summary' run 1 rehearse liar
ok 'is said' grep_err 'status 7, and no session_summary.json'
done_testing
