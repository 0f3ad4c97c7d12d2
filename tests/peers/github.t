#!/bin/sh
# examples/github: the action and the workflow are what GitHub's schemas say,
# by check-jsonschema of KW_PEERS_VENV, which brings them along.
. "$srcdir/tests/lib.sh"

check=${KW_PEERS_VENV:?a virtual environment}/bin/check-jsonschema
if [ ! -x "$check" ]; then
    echo '1..0 # SKIP no check-jsonschema in KW_PEERS_VENV'
    exit
fi
examples=$srcdir/examples/github
valid() {
    run "$1" "$check" --builtin-schema "vendor.github-$2" "$3"
}
ok 'the action' valid 0 actions "$examples/action.yml"
ok 'the workflow' valid 0 workflows "$examples/workflow.yml"
sed 's/^  using: composite/  using: bash/' "$examples/action.yml" \
    >"$work/action.yml"
ok 'another action is noticed' valid 1 actions "$work/action.yml"
sed 's/^    timeout-minutes: .*/    timeout: 350/' "$examples/workflow.yml" \
    >"$work/workflow.yml"
ok 'another workflow is noticed' valid 1 workflows "$work/workflow.yml"
is 'the workflow gives inputs that there are' "$(sed -n \
    '/uses: .*kaggle$/,/env:/s/^          \([a-z_]*\):.*/\1/p' \
    "$examples/workflow.yml" | while read -r name; do
        grep -q "^  $name:" "$examples/action.yml" || echo "$name"
    done)" ''
done_testing
