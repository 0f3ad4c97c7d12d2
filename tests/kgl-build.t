#!/bin/sh
# kgl-build: what it writes passes kgl-push's checks, and really runs the
# commit, here with python3 and git and folders of our own.
. "$srcdir/tests/lib.sh"

GIT_CONFIG_GLOBAL=/dev/null
GIT_CONFIG_NOSYSTEM=1
GIT_AUTHOR_NAME=t
GIT_AUTHOR_EMAIL=t@example.invalid
GIT_COMMITTER_NAME=t
GIT_COMMITTER_EMAIL=t@example.invalid
TMPDIR=$work/tmp
# Should a pip other than ours ever run: it has no index, and no place.
PIP_NO_INDEX=1
PIP_REQUIRE_VIRTUALENV=1
export PIP_NO_INDEX PIP_REQUIRE_VIRTUALENV
export GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL \
    GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL TMPDIR
unset REPO_URL GIT_BRANCH GIT_DIR GIT_WORK_TREE WANDB_MODE
mkdir "$work/tmp" "$work/input" "$work/fake"
cd "$work" || exit 1

# No GPU here, whatever the machine has.
printf '#!/bin/sh\nexit 6\n' >fake/nvidia-smi
chmod +x fake/nvidia-smi
PATH=$work/fake:$PATH

# ---- a repository: what its script is told, it writes down ----
git init -q --bare remote.git
git init -q -b main repo
cat >repo/train.py <<'END'
import json, os, signal, subprocess, sys, time
out = os.environ["KAGGLE_WORKING_DIR"]
names = ("WANDB_", "KW_", "X_", "PYTHONUNBUFFERED")
told = {k: v for k, v in os.environ.items() if k.startswith(names)}
git = ["git", "rev-parse", "HEAD", "--is-shallow-repository"]
head = subprocess.run(git, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
with open(os.path.join(out, "told.json"), "w") as file:
    json.dump({"args": sys.argv[1:], "env": told, "cwd": os.getcwd(),
               "git": head.stdout.decode().split()}, file)
os.makedirs("ckpt/a", exist_ok=True)
for name in ("ckpt/a/1.bin", "ckpt/2.bin", "best.bin", "other.txt"):
    with open(name, "w") as file:
        file.write(name)
print("a line of the script")
mode = sys.argv[1] if len(sys.argv) > 1 else ""
if mode == "graceful":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode in ("wait", "graceful", "stubborn"):
    open(os.path.join(out, "started"), "w").close()
    time.sleep(600)
if mode == "late":
    open(os.path.join(out, "SESSION_COMPLETE"), "w").close()
    sys.exit(5)
sys.exit(int(mode) if mode.isdigit() else 0)
END
cat >repo/run.sh <<'END'
tar cf "$KAGGLE_WORKING_DIR/tree.tar" .
END
printf 'nothing\n' >repo/requirements.txt
git -C repo add -A
git -C repo commit -q -m one
git -C repo remote add origin ../remote.git
first=$(git -C repo rev-parse HEAD)

# build STATUS ARGUMENT ...: of repo, into the folder k.
build() {
    _status=$1
    shift
    rm -rf k
    run "$_status" kgl-build -k me/my-exp -s train.py -o k "$@" repo
}

# session STATUS [COMMAND ...]: runs k's program in an empty output.
session() {
    _status=$1
    shift
    rm -rf output
    KAGGLE_WORKING_DIR=$work/output KAGGLE_INPUT_DIR=$work/input \
        run "$_status" "$@" python3 k/kernel.py
}

summary() {
    jq -c -r "$1" output/session_summary.json
}

told() {
    jq -c -r "$1" output/told.json
}

metadata() {
    jq -c -r "$1" k/kernel-metadata.json
}

is_error() {
    is "$1" "$(field error.code)" "$2"
    ok "$1: $3" grep_err "$3"
    ok "$1: nothing was written" test ! -e k
}

# ---- the upstream must hold the commit ----
ok 'no upstream' build 1
is_error 'no upstream' conflict kgl-gitsync
git -C repo push -q -u origin main
git -C repo commit -q --allow-empty -m two
ok 'a commit that was not pushed' build 1
is_error 'not pushed' conflict 'does not hold HEAD'
git -C repo push -q
commit=$(git -C repo rev-parse HEAD)
ok 'a commit that was' build 0
is 'the record has it' "$(field commit),$(field branch)" "$commit,main"
is 'and where it is' "$(field remote_url)" "$work/remote.git"
is 'and the kernel' "$(field kernel),$(field kernel_dir)" me/my-exp,k
is 'two files' "$(ls k)" "kernel-metadata.json${nl}kernel.py"
is 'the metadata' "$(metadata .)" '{"id":"me/my-exp","title":"My Exp","code_file":"kernel.py","language":"python","kernel_type":"script","is_private":true,"enable_gpu":false,"enable_tpu":false,"enable_internet":true,"dataset_sources":[],"kernel_sources":[],"competition_sources":[],"model_sources":[]}'
cp -R k before
echo mine >k/notes
ok 'again' run 0 kgl-build -k me/my-exp -s ./train.py -o k repo
is 'other files stay' "$(cat k/notes)" mine
rm k/notes
ok 'the same bytes' diff -r before k
ok 'without -o' run 0 kgl-build -k me/my-exp -s train.py repo
ok 'the folder is the slug' diff -r before my-exp
echo '# more' >>repo/train.py
ok 'a script that has changed' build 0
ok 'is warned of' grep_err 'train.py: what has changed'
git -C repo checkout -q train.py
git -C repo checkout -q -b side
ok 'another branch without upstream' build 1
is_error 'side' conflict 'no upstream: git push -u gives'
ok 'the environment stands in for it' \
    env REPO_URL="$work/remote.git" GIT_BRANCH=main \
    kgl-build -k me/my-exp -s train.py -o k repo
git -C repo commit -q --allow-empty -m three
rm -rf k
ok 'and must hold it' run 1 env REPO_URL="$work/remote.git" GIT_BRANCH=main \
    kgl-build -k me/my-exp -s train.py -o k repo
is_error 'REPO_URL' conflict 'does not hold'
ok 'another URL is not known' run 0 \
    env REPO_URL=git@example.invalid:o/r.git GIT_BRANCH=x \
    kgl-build -k me/my-exp -s train.py -o k repo
ok 'which is said' grep_err 'not known here'
is 'ssh becomes https' "$(field remote_url),$(field branch)" \
    https://example.invalid/o/r.git,x
git -C repo checkout -q --detach main
ok 'a detached HEAD' build 1
is_error 'detached' conflict 'on no branch'
git -C repo checkout -q main
git init -q unborn
rm -rf k
ok 'no commit' run 1 kgl-build -k me/my-exp -s train.py -o k unborn
is_error 'no commit' input 'no commit'
ok 'no repository' run 1 kgl-build -k me/my-exp -s train.py -o k "$work/input"
is_error 'no repository' not_found 'no git repository'

# ---- records ----
ok 'a record that says all' run_input \
    "{\"repo\":\"repo\",\"remote_url\":\"$work/remote.git\",\"branch\":\"main\",\"commit\":\"$first\",\"note\":[1]}" \
    0 kgl-build -k me/my-exp -s train.py -o k
is 'is taken at its word' "$(field commit),$(field note)" "$first,[1]"
session 0
is 'that commit runs' "$(told '.git[0]')" "$first"
rm -rf k
rm -rf k
ok 'another commit than HEAD' run_input \
    "{\"repo\":\"repo\",\"commit\":\"$first\"}" 1 \
    kgl-build -k me/my-exp -s train.py --embed -o k
is_error 'another commit' conflict "not the record's commit"
is 'the record keeps it' "$(field commit)" "$first"
ok 'HEAD by its name' run_input \
    "{\"repo\":\"repo\",\"commit\":\"$commit\"}" 0 \
    kgl-build -k me/my-exp -s train.py -o k
rm -rf k
ok 'a NUL' run_input \
    "{\"remote_url\":\"/x\",\"branch\":\"a\\u0000b\",\"commit\":\"$first\"}" \
    1 kgl-build -k me/my-exp -s train.py -o k
is_error 'a NUL' input 'branch: not a text'
ok 'half a commit' run_input \
    '{"remote_url":"/x","branch":"a","commit":"abc"}' \
    1 kgl-build -k me/my-exp -s train.py -o k
is_error 'half a commit' input '40 hex digits'
for url in 'https://u:pa/ss@h/r' --upload-pack=touch; do
    ok "the URL $url" run_input "{\"remote_url\":\"$url\",\"branch\":\"a\",
        \"commit\":\"$first\"}" 3 kgl-build -k me/my-exp -s train.py -o k
    ok "the URL $url" run_input \
        "{\"remote_url\":\"$url\",\"branch\":\"a\",\"commit\":\"$first\"}" \
        1 kgl-build -k me/my-exp -s train.py -o k
    is_error "the URL $url" input 'not the URL'
    ok 'and is not shown' test -z "$(grep -e 'ss@' -e touch "$err")"
done
ok 'user info' run_input \
    "{\"remote_url\":\"https://u:geheim@h.invalid/o/r\",\"branch\":\"a\",\"commit\":\"$first\"}" \
    0 kgl-build -v -k me/my-exp -s train.py -o k
ok 'goes nowhere' test -z "$(cat "$out" "$err" k/* | grep geheim)"
ok 'user info, and an error' run_input \
    "{\"remote_url\":\"https://u:geheim@h.invalid/o/r\",\"branch\":\"a\",\"commit\":\"x\"}" \
    1 kgl-build -v -k me/my-exp -s train.py -o k
ok 'goes nowhere' test -z "$(cat "$out" "$err" k/* | grep geheim)"
is 'nor into the record' "$(field remote_url)" https://h.invalid/o/r
git -C repo remote set-url origin https://u:geheim@h.invalid/o/r
ok 'user info of a remote' build 0 -v
ok 'goes nowhere either' test -z "$(cat "$out" "$err" k/* | grep geheim)"
git -C repo remote set-url origin gh:r.git
git -C repo config url.https://u:geheim@h.invalid/o/.insteadOf gh:
git -C repo config url.https://wrong.invalid/.insteadOf g
ok 'insteadOf' build 0
is 'is heeded' "$(field remote_url)" https://h.invalid/o/r.git
git -C repo remote set-url origin ../remote.git
rm -rf k
ok 'a URL of something else' run_input \
    '{"repo":"repo","remote_url":"https://h.invalid/o/r"}' \
    0 kgl-build -k me/my-exp -s train.py -o k
is 'is replaced by what is cloned' "$(field remote_url)" "$work/remote.git"
rm -rf k
ok 'a dry run' run_input \
    '{"repo":"repo","dry_run":true,"kernel_dir":"old"}' \
    0 kgl-build -k me/my-exp -s train.py -o k
is 'has a kernel only' "$(field kernel),$(field kernel_dir)" me/my-exp,null
ok 'and writes nothing' test ! -e k
ok 'two records' run 1 kgl-build -k me/my-exp -s train.py -o k repo repo
is 'are one too many' "$(jq -s -c 'map(.error.code)' "$out")" \
    '[null,"conflict"]'
ok 'also for two workers' run 1 \
    kgl-build -j 2 -k me/my-exp -s train.py -o k repo repo
is 'of which one writes' \
    "$(jq -s -c 'map(.error.code) | sort' "$out")" '[null,"conflict"]'

# ---- the call ----
# wrong MESSAGE ARGUMENT ...
wrong() {
    _message=$1
    shift
    ok "wrong: $*" run 2 kgl-build "$@" repo
    ok "is told: $_message" grep_err "$_message"
}
wrong 'OWNER/SLUG is missing' -s train.py
wrong 'SCRIPT is missing' -k me/my-exp
wrong 'would be my-exp' -k me/My_exp -s train.py
wrong '3 too many' -s train.py --timestamp \
    -k me/a2345678901234567890123456789-1234567
wrong 'at least 5 characters' -s train.py -k me/exp
wrong 'makes the slug other' -k me/my-exp -s train.py --title=Other
wrong '.py (Python) and .sh' -k me/my-exp -s train.ipynb
wrong 'a part of it is . or ..' -k me/my-exp -s ../train.py
wrong 'it is absolute' -k me/my-exp -s /train.py
wrong 'a quote that is not closed' -k me/my-exp -s train.py --args="'a"
wrong 'not UTF-8' -k me/my-exp -s train.py --args="$(printf 'a\377')"
wrong 'not NAME=VALUE' -k me/my-exp -s train.py --env=1A=b
wrong 'is a credential' -k me/my-exp -s train.py --env=WANDB_API_KEY=geheim
wrong 'is a credential' -k me/my-exp -s train.py --env=HF_TOKEN=geheim
ok 'which is not shown' test -z "$(grep geheim "$err")"
wrong 'not a requirement' -k me/my-exp -s train.py --pip=--index-url=x
wrong 'owner/slug' -k me/my-exp -s train.py --dataset=data
wrong 'owner/model' -k me/my-exp -s train.py --model=a/b
wrong 'not gpu, cpu or tpu' -k me/my-exp -s train.py --device=cuda
wrong 'is no tpu' -k me/my-exp -s train.py --device=tpu \
    --accelerator=NvidiaTeslaT4
wrong 'is spelt NvidiaTeslaT4' -k me/my-exp -s train.py \
    --accelerator=nvidiateslat4
wrong 'an empty name' -k me/my-exp -s train.py -o ''
rm -rf k
ok 'no such script' run 1 kgl-build -k me/my-exp -s no.py -o k repo
is_error 'no such script' input 'has no file no.py'
ok 'no such requirements' build 1 --requirements=no.txt
is_error 'no such requirements' input 'has no file no.txt'
ok 'all that goes into the metadata' build 0 --timestamp --title='My, exp!' \
    --public --accelerator=NvidiaTeslaT4 --dataset=bob/data \
    --dataset=bob/more/3 --competition=titanic --kernel-source=bob/kernel \
    --model=g/m/keras/v/2
is 'is in it' "$(metadata .)" '{"id":"me/my-exp-20261121-060000","title":"My, exp! 20261121 060000","code_file":"kernel.py","language":"python","kernel_type":"script","is_private":false,"enable_gpu":true,"enable_tpu":false,"enable_internet":true,"dataset_sources":["bob/data","bob/more/3"],"kernel_sources":["bob/kernel"],"competition_sources":["titanic"],"model_sources":["g/m/keras/v/2"],"machine_shape":"NvidiaTeslaT4"}'
is 'and in the record' "$(field kernel)" me/my-exp-20261121-060000
ok '--timestamp without -o' run 0 \
    kgl-build -k me/my-exp -s train.py --timestamp repo
is 'is a folder of its own' "$(field kernel_dir)" my-exp-20261121-060000
ok 'a name that is too short without its time' run 0 \
    kgl-build -k me/exp -s train.py --timestamp -o k repo
is 'has both' "$(metadata '[.id, .title]')" \
    '["me/exp-20261121-060000","Exp 20261121 060000"]'
ok '--device=tpu' build 0 --device=tpu
is 'switches it on' "$(metadata '[.enable_gpu, .enable_tpu]')" '[false,true]'

# ---- the program: success ----
ok 'results to keep' build 0 --keep='*.bin' --keep=ckpt/
ok 'success' session 0
is 'is the commit, alone' "$(told .git)" "[\"$commit\",\"true\"]"
is 'the environment' "$(told .env | jq -S -c 'del(.KW_CLOCK)')" \
    "$(jq -n -S -c --arg out "$work/output" --arg commit "$commit" \
        --arg url "$work/remote.git" '{KW_BRANCH: "main", KW_COMMIT: $commit,
        KW_INPUTS: "{}", KW_KERNEL: "me/my-exp", PYTHONUNBUFFERED: "1",
        WANDB_DATA_DIR: ($out + "/wandb-data"), WANDB_DIR: $out,
        WANDB_GIT_COMMIT: $commit, WANDB_GIT_REMOTE_URL: $url,
        WANDB_MODE: "offline"}')"
is 'the clone is gone' "$(ls tmp)" ''
is 'and what it left is kept' \
    "$(cd output && find . -type f | sort | tr '\n' ' ')" \
    './SESSION_COMPLETE ./best.bin ./ckpt/2.bin ./ckpt/a/1.bin ./session_summary.json ./told.json '
is 'the summary' "$(summary 'del(.started_at, .ended_at, .python, .files)')" \
    "{\"kernel\":\"me/my-exp\",\"commit\":\"$commit\",\"branch\":\"main\",\"exit_status\":0,\"device\":\"cpu\",\"gpu\":null}"
is 'times' "$(summary '[.started_at, .ended_at] | map(fromdateiso8601)
    | .[0] <= .[1]')" true
is 'the Python' "$(summary .python)" \
    "$(python3 -c 'import platform; print(platform.python_version())')"
is 'the files' "$(summary '.files[] | "\(.sha256)  \(.name)"' |
    (cd output && sha256sum -c 2>/dev/null | grep -c OK))" 4
is 'their sizes' "$(summary '[.files[].bytes] | add > 0')" true
is 'the marker' "$(jq -r .commit output/SESSION_COMPLETE)" "$commit"
ok 'the log shows the script' grep -q 'a line of the script' "$out"

# ---- failure ----
ok 'a script that fails' build 0 --args=3 --keep=best.bin
ok 'its status' session 3
is 'is in the summary' "$(summary '[.exit_status, .failure]')" '[3,null]'
ok 'results are kept' test -e output/best.bin
ok 'no marker' test ! -e output/SESSION_COMPLETE
mkdir -p output
touch output/SESSION_COMPLETE
ok 'a marker of before' run 3 env KAGGLE_WORKING_DIR="$work/output" \
    python3 k/kernel.py
ok 'goes' test ! -e output/SESSION_COMPLETE
ok 'a script that leaves a marker itself' build 0 --args=late
ok 'and fails' session 5
ok 'leaves none' test ! -e output/SESSION_COMPLETE
ok 'a result that cannot be kept' build 0 --keep='*.bin'
sed -i 's/^    if lost:/    lost.append("x: no space")\n&/' k/kernel.py
ok 'is a failure' session 1
is 'which is told' "$(summary .failure)" 'could not keep x: no space'
ok 'without a marker' test ! -e output/SESSION_COMPLETE

# ---- told to stop ----
# stopped SIGNAL: the status of k's program after a signal.
stopped() {
    rm -rf output
    # The shell's children ignore SIGINT; python3 is to hear of it.
    KAGGLE_WORKING_DIR=$work/output env --default-signal=INT \
        python3 k/kernel.py >"$out" 2>"$err" </dev/null &
    _pid=$!
    until [ -e output/started ] || ! kill -0 "$_pid" 2>/dev/null; do
        sleep 0.01
    done
    kill -s "$1" "$_pid"
    wait "$_pid"
    echo $?
}
ok 'a script that waits' build 0 --args=wait --keep=best.bin
is 'SIGTERM' "$(stopped TERM)" 143
is 'is in the summary' "$(summary '[.exit_status, .signal]')" '[143,"SIGTERM"]'
ok 'results are kept' test -e output/best.bin
ok 'no marker' test ! -e output/SESSION_COMPLETE
is 'the clone is gone' "$(ls tmp)" ''
is 'SIGINT' "$(stopped INT)" 130
is 'is told' "$(summary '[.exit_status, .signal]')" '[130,"SIGINT"]'
ok 'a script that ends at once' build 0 --args=graceful
is 'is no success' "$(stopped TERM)" 143
ok 'and has no marker' test ! -e output/SESSION_COMPLETE
ok 'a script that does not hear' build 0 --args=stubborn
sed -i 's/^GRACE = .*/GRACE = 0.01/' k/kernel.py
is 'is killed' "$(stopped TERM)" 137

# ---- hostile values ----
hostile=$(printf '%b' "'''\"\"\"\\\\\\n\\r\\t\\0342\\0200\\0250\\0360\\0237\\0230\\0200\$(touch pwned)\`id\`{}%s\\0001\\0177'; import os #\\\\")
long=$(head -c 100000 /dev/zero | tr '\0' x)
quoted=$(jq -n -r --arg text "$hostile" '$text | @sh')
ok 'hostile values' build 0 --args="$quoted $long" --quick="$hostile" \
    --env="X_HOSTILE=$hostile" --env=X_EMPTY= --keep="$hostile" \
    --env=WANDB_MODE=disabled
is 'are data only' "$(LC_ALL=C tr -d '\n -~' <k/kernel.py | wc -c)" 0
ok 'run' session 0
is 'as they are' "$(told .args)" "$(jq -n -c --arg a "$hostile" \
    --arg b "$long" '[$a, $b, $a]')"
is 'in the environment too' "$(told '.env | [.X_HOSTILE, .X_EMPTY]')" \
    "$(jq -n -c --arg a "$hostile" '[$a, ""]')"
is 'which wins over ours' "$(told .env.WANDB_MODE)" disabled
ok 'nothing else happened' test ! -e pwned
jq -n -c --arg a "$hostile" --arg url "$work/remote.git" --arg c "$commit" \
    '{remote_url: $url, commit: $c, branch: $a}' >hostile.json
ok 'a hostile branch' run_input "$(cat hostile.json)" 0 \
    kgl-build -k me/my-exp -s train.py -o k --quick
ok 'runs' session 0
is 'and is told' "$(summary .branch)" "$hostile"
is '--quick' "$(told .args)" '["--quick"]'

# ---- the clone ----
ok 'a script' build 0
git -C repo push -q origin "$first:refs/heads/old"
cat >old.json <<END
{"remote_url":"file://$work/remote.git","branch":"main","commit":"$first"}
END
git -C repo push -q origin :old
ok 'a commit below the tip' run_input "$(cat old.json)" 0 \
    kgl-build -k me/my-exp -s train.py -o k
ok 'of a server that gives none alone' session 0 env GIT_CONFIG_COUNT=1 \
    GIT_CONFIG_KEY_0=protocol.version GIT_CONFIG_VALUE_0=0
is 'is that commit, with all' "$(told .git)" "[\"$first\",\"false\"]"
git -C remote.git update-server-info
cat >serve.py <<'END'
import functools, http.server
files = functools.partial(http.server.SimpleHTTPRequestHandler, directory=".")
server = http.server.HTTPServer(("127.0.0.1", 0), files)
open("http.new", "w").write(str(server.server_port))
import os; os.rename("http.new", "http.port")
server.serve_forever()
END
python3 serve.py 2>/dev/null &
http=$!
while [ ! -e http.port ] && kill -0 "$http" 2>/dev/null; do sleep 0.01; done
ok 'a URL' run_input \
    "{\"remote_url\":\"http://x:geheim@127.0.0.1:$(cat http.port)/remote.git\",\"branch\":\"main\",\"commit\":\"$first\"}" \
    0 kgl-build -k me/my-exp -s train.py -o k
ok 'of a server of files' session 0 env no_proxy=127.0.0.1
is 'is that commit, with all' "$(told .git)" "[\"$first\",\"false\"]"
kill "$http"
cat >fake/git <<END
#!/bin/sh
[ "\$3" = rev-parse ] && echo $commit && exit
exec $(command -v git) "\$@"
END
chmod +x fake/git
run_input "$(cat old.json)" 0 kgl-build -k me/my-exp -s train.py -o k
ok 'another commit' session 1
rm fake/git
is 'than was asked for' "$(summary .failure)" "git got $commit, not $first"
ok 'does not run' test ! -e output/told.json
gone=0123456789012345678901234567890123456789
ok 'a commit that is not there' run_input \
    "{\"remote_url\":\"$work/remote.git\",\"branch\":\"main\",\"commit\":\"$gone\"}" \
    0 kgl-build -k me/my-exp -s train.py -o k
ok 'is a failure' session 1
is 'which is told' "$(summary .failure)" "git could not get $gone"
ok 'and nothing ran' test ! -e output/told.json
python=$(python3 -c 'import sys; print(sys.executable)')
mkdir nothing
ok 'no git' run 1 env PATH="$work/nothing" KAGGLE_WORKING_DIR="$work/output" \
    "$python" k/kernel.py
ok 'is told' grep -q 'there is no git here' "$out"

# ---- the device ----
ok 'a GPU' build 0 --device=gpu
ok 'that is not there' session 1
is 'is told' "$(summary .failure)" \
    'asked for a GPU, but nvidia-smi shows none'
ok 'before the script' test ! -e output/told.json
printf '#!/bin/sh\necho "Tesla T4"\necho "Tesla T4"\n' >fake/nvidia-smi
ok 'one that is there' session 0
is 'has a name' "$(summary .gpu)" 'Tesla T4, Tesla T4'
ok 'a TPU' build 0 --device=tpu
ok 'that is not there' session 1
ok 'one that is' session 0 env TPU_ACCELERATOR_TYPE=v5e-8

# ---- inputs ----
ok 'inputs' build 0 --dataset=bob/my-data/3 --competition=titanic \
    --kernel-source=bob/kernel --model=goo/gem/PyTorch/2b --model=goo/x/keras/y/4
mkdir -p input/my-data input/titanic input/gem/pytorch/2b/9 \
    input/gem/pytorch/2b/10 input/x/keras/y/4
ok 'in the older layout' session 0
is 'are found' "$(told '.env.KW_INPUTS' | jq -c .)" "$(jq -n -c --arg i \
    "$work/input" '{"bob/my-data/3": "\($i)/my-data",
    "goo/gem/PyTorch/2b": "\($i)/gem/pytorch/2b/10",
    "goo/x/keras/y/4": "\($i)/x/keras/y/4", "titanic": "\($i)/titanic"}')"
is 'one by one' "$(told '.env | [.KW_INPUT_MY_DATA, .KW_INPUT_TITANIC]')" \
    "[\"$work/input/my-data\",\"$work/input/titanic\"]"
ok 'a utility script is no input' grep -q 'no input bob/kernel' "$out"
rm -rf input
mkdir -p input/datasets/bob/my-data input/competitions/titanic \
    input/notebooks/bob/kernel input/models/goo/gem/pytorch/2b/1 \
    input/models/goo/x/keras/y/4
ok 'in the newer layout' session 0
is 'are found' "$(told '.env | [.KW_INPUT_MY_DATA, .KW_INPUT_TITANIC,
    .KW_INPUT_KERNEL, .KW_INPUT_GEM, .KW_INPUT_X]' | sed "s,$work/,,g")" \
    '["input/datasets/bob/my-data","input/competitions/titanic","input/notebooks/bob/kernel","input/models/goo/gem/pytorch/2b/1","input/models/goo/x/keras/y/4"]'
rm -rf input/datasets
ok 'one that is missing' session 1
is 'is told' "$(summary .failure)" "no input bob/my-data/3: neither $work/input/my-data nor $work/input/datasets/bob/my-data"

# ---- pip: one of ours, which says what it is asked for ----
mkdir -p site/pip
: >site/pip/__init__.py
cat >site/pip/__main__.py <<'END'
import os, sys, time
open(os.environ["PIP_SAYS"], "w").write(" ".join(sys.argv[1:]))
if "slow" in sys.argv:
    open(os.path.join(os.environ["KAGGLE_WORKING_DIR"], "started"), "w")
    time.sleep(600)
sys.exit("bad" in sys.argv)
END
PIP_SAYS=$work/pip.out
PYTHONPATH=$work/site
export PIP_SAYS PYTHONPATH
ok 'pip' build 0 --requirements=./requirements.txt --pip='wandb>=0.20' \
    --pip=torch
ok 'is run' session 0
is 'with what was asked for' "$(cat "$PIP_SAYS")" 'install --no-input --disable-pip-version-check -r requirements.txt -- wandb>=0.20 torch'
ok 'a pip' build 0 --pip=bad
ok 'that fails' session 1
is 'is told' "$(summary .failure)" 'pip ended with status 1'
ok 'before the script' test ! -e output/told.json
ok 'a pip' build 0 --pip=slow
is 'that is told to stop' "$(stopped TERM)" 143
ok 'is the end' test ! -e output/told.json -a ! -e output/SESSION_COMPLETE
rm "$PIP_SAYS"
ok 'no pip' build 0
ok 'without need' session 0
ok 'is run' test ! -e "$PIP_SAYS"
ok '--embed without internet' build 0 --embed --pip=torch
ok 'has none for pip' grep_err 'pip will find no index'
unset PYTHONPATH

# ---- a notebook ----
ok '--notebook' build 0 --notebook --args=3 --keep=best.bin
is 'is one' "$(metadata '[.kernel_type, .code_file]')" \
    '["notebook","kernel.ipynb"]'
is 'of nbformat 4.5' "$(jq -c '[.nbformat, .nbformat_minor,
    .metadata.kernelspec.name, (.cells[] | .cell_type, .id, .outputs,
    .execution_count)]' k/kernel.ipynb)" \
    '[4,5,"python3","code","kgl-build",[],null]'
jq -j '.cells[0].source' k/kernel.ipynb >k/kernel.py
ok 'with the same program' session 3
ok 'which shows what the script says' grep -q 'a line of the script' "$out"
ok 'and keeps results' test -e output/best.bin

# ---- --embed ----
mkdir -p "repo/a b/é'\"\\" repo/bin
printf 'x' >"repo/a b/é'\"\\/$(printf 'new\nline')"
printf '#!/bin/sh\n' >repo/bin/tool
chmod +x repo/bin/tool
: >repo/empty
head -c 3000 /dev/urandom >repo/bytes
ln -s bin/tool repo/link
ln -s /nowhere "repo/a b/dangling"
git -C repo add -A
git -C repo commit -q -m four
rm -rf k
ok '--embed of a commit that is here only' run 0 \
    kgl-build -k me/my-exp -s run.sh -o k --embed repo
is 'needs no internet' "$(metadata .enable_internet)" false
printf '#!/bin/sh\necho "$@" >>%s/git.out\nexit 1\n' "$work" >fake/git
chmod +x fake/git
ok 'runs' session 0
ok 'without git' test ! -e git.out
rm fake/git
mkdir tree
tar xf output/tree.tar -C tree
git -C tree init -q
git -C tree add -A -f
is 'the very tree' "$(git -C tree write-tree)" \
    "$(git -C repo rev-parse 'HEAD^{tree}')"
ok '--internet' run 0 kgl-build -k me/my-exp -s run.sh -o k --embed \
    --internet repo
is 'switches it on' "$(metadata .enable_internet)" true
ok 'no repo' run_input \
    "{\"remote_url\":\"/x\",\"branch\":\"a\",\"commit\":\"$first\"}" 1 \
    kgl-build -k me/my-exp -s run.sh -o k --embed
is 'to embed' "$(field error.code)" input
for name in ../evil /evil a/../../evil .git/config ''; do
    python3 - "$name" <<'END'
import base64, json, re, sys, zlib
text = open("k/kernel.py").read()
line = json.dumps(["file", 1, sys.argv[1]]) + "\nx"
packed = base64.b64encode(zlib.compress(line.encode())).decode()
text = re.sub('"files": "[^"]*"', '"files": "%s"' % packed, text)
open("k/kernel.py", "w").write(text)
END
    ok "the name '$name'" session 1
    ok 'is refused' grep -q 'is no name of a file' "$out"
done
ok 'and nothing is there' test ! -e tmp/evil -a ! -e /evil

printf 'version https://git-lfs.github.com/spec/v1\noid x\n' >repo/big.bin
git -C repo add -A
git -C repo commit -q -m five
ok 'a file of Git LFS' build 1 --embed
is_error 'LFS' input 'big.bin: is kept by Git LFS'
git -C repo rm -q -f big.bin
head -c 900000 /dev/urandom >repo/bytes
git -C repo add -A
git -C repo commit -q -m six
ok 'too many bytes' build 1 --embed
is_error 'too many' input 'more than a kernel may have (1000000)'
rm "repo/.git/objects/$(git -C repo rev-parse HEAD:bytes |
    sed 's,^..,&/,')"
ok 'a damaged repository' build 1 --embed
is 'is told' "$(field error.code)" io
git -C repo reset -q --hard "$commit"
printf '[submodule "s"]\n' >repo/.gitmodules
git -C repo add -A
git -C repo commit -q -m seven
ok 'submodules' build 0 --embed
ok 'are warned of' grep_err 'has submodules'
git -C repo reset -q --hard "$commit"

# ---- what is written, and that it cannot be ----
ok 'a file where the folder is to be' run 1 \
    kgl-build -k me/my-exp -s train.py -o repo/train.py repo
is 'is an error' "$(field error.code)" io
rm -rf k
mkdir -p k/kernel.py
cp before/kernel-metadata.json k
ok 'a program that cannot be replaced' run 1 \
    kgl-build -k me/my-exp -s train.py -o k repo
ok 'leaves no metadata of another' test ! -e k/kernel-metadata.json

# ---- kgl-push takes it, and kgl-status the marker ----
for options in '' --notebook --embed '--device=gpu --competition=titanic'; do
    serve --load '{"kernels":{"u/my-exp":{
        "statuses":["COMPLETE"],"version":1,
        "after_push":["RUNNING","COMPLETE"],
        "files":[{"name":"SESSION_COMPLETE","content":"{}"}]}}}' COMPLETE
    rm -rf k
    # shellcheck disable=SC2086 # options are words
    kgl-build -k u/my-exp -s train.py -o k $options repo 2>/dev/null |
        kgl-push 2>"$err" | kgl-status -w --marker >"$out" 2>>"$err"
    is "kgl-push, kgl-status: $options" \
        "$(field version),$(field status),$(field marker)" 2,COMPLETE,true
    is 'as the protocol has it' "$(state .violations)" '[]'
done

mkdir bin
printf '#!/bin/sh\nexec %s -k me/my-exp -s train.py "$@"\n' \
    "$(command -v kgl-build)" >bin/kgl-build
chmod +x bin/kgl-build
PATH=$work/bin:$PATH
every_tool kgl-build

done_testing
