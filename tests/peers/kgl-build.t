#!/bin/sh
# What kgl-build writes, in the hands of others: nbformat finds nothing wrong
# with the notebook, nbconvert executes it as Kaggle does, and the official
# kaggle pushes the folders. KW_PEERS_VENV is a virtual environment with them.
. "$srcdir/tests/lib.sh"

venv=${KW_PEERS_VENV:?a virtual environment with kaggle and nbconvert}
TMPDIR=$work
GIT_CONFIG_GLOBAL=/dev/null
GIT_CONFIG_NOSYSTEM=1
export TMPDIR GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM
cd "$work" || exit 1

git init -q -b main repo
cat >repo/train.py <<'END'
import sys
open("model.bin", "w").write("weights")
print("epoch 0, é")
sys.exit(int(sys.argv[1]))
END
git -C repo add -A
git -C repo -c user.name=t -c user.email=t@example.invalid commit -q -m one

# build ARGUMENT ...: into the folder k.
build() {
    rm -rf k output
    run 0 kgl-build -k u/my-exp -s train.py -o k --embed --keep='*.bin' \
        "$@" repo
}

execute() {
    run "$1" env KAGGLE_WORKING_DIR="$work/output" "$venv/bin/jupyter" \
        nbconvert --to notebook --execute --output executed.ipynb \
        k/kernel.ipynb
}

ok 'a notebook' build --notebook --args=0
is 'is valid' "$("$venv/bin/python" -c 'import nbformat
notebook = nbformat.read("k/kernel.ipynb", nbformat.NO_CONVERT)
print(nbformat.validate(notebook), notebook.nbformat_minor)' 2>&1)" 'None 5'
ok 'is executed' execute 0
ok 'shows what the script says' grep -q 'epoch 0, é' k/executed.ipynb
is 'has no error' "$(jq -c '[.cells[].outputs[].output_type] | unique' \
    k/executed.ipynb)" '["stream"]'
is 'leaves its results' "$(cd output && echo *)" \
    'SESSION_COMPLETE model.bin session_summary.json'
ok 'one that fails' build --notebook --args=3
ok 'is a failure' execute 1
is 'with its results, without a marker' "$(cd output && echo *)" \
    'model.bin session_summary.json'
is 'its status' "$(jq .exit_status output/session_summary.json)" 3

unset NO_PROXY
for options in --args=0 '--notebook --device=gpu --competition=titanic'; do
    # shellcheck disable=SC2086 # options are words
    build $options >/dev/null
    serve COMPLETE
    ok "kaggle kernels push: $options" run 0 env \
        KAGGLE_API_ENVIRONMENT=LOCALHOST http_proxy="$url" \
        no_proxy=127.0.0.1 "$venv/bin/kaggle" kernels push -p k
    is 'is pushed' "$(cat "$out")" 'Kernel version 1 successfully pushed.  Please check progress at https://www.kaggle.com/code/u/my-exp'
done

done_testing
