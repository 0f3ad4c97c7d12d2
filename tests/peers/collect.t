#!/bin/sh
# wb-collect --compat beside the official client, whose runs are folded by the
# original collector's rules in collect.py: over 26,000 runs all 20 values are
# the same, to the last digit.
. "$srcdir/tests/lib.sh"

python=${KW_PEERS_VENV:?a virtual environment}/bin/python
here=$srcdir/tests/peers
"$python" -c 'import wandb' 2>/dev/null || {
    echo '1..0 # SKIP no wandb in KW_PEERS_VENV'
    exit
}
serve
now=$(cut -d. -f1 "$KW_CLOCK")
python3 "$srcdir/tests/bench/runs.py" "$url" acme/metta "$now"

# theirs PROJECT: the 20 as lines, in the order of their names
theirs() {
    WANDB_ERROR_REPORTING=false "$python" "$here/collect.py" "$1" "$now" |
        jq -r '"\(.metric) \(.value)"' | LC_ALL=C sort
}
ours() {
    jq -r '"\(.metric) \(.value)"' "$out" | LC_ALL=C sort
}
ok '26,000 runs' run 0 wb-collect --compat acme/metta
is '20 values' "$(wc -l <"$out" | tr -d ' ')" 20
is 'none of which is null' "$(jq -s 'map(select(.value == null)) | length' \
    "$out")" 0
is 'are those of the official client' "$(ours)" "$(theirs acme/metta)"
for project in few some none; do
    case $project in
    few) python3 "$srcdir/tests/bench/runs.py" "$url" acme/few "$now" 9 3 ;;
    some) python3 "$srcdir/tests/bench/runs.py" "$url" acme/some "$now" 300 150 ;;
    none) python3 "$srcdir/tests/bench/runs.py" "$url" acme/none "$now" 5 0 ;;
    esac
    ok "$project" run 0 wb-collect --compat "acme/$project"
    is 'likewise' "$(ours)" "$(theirs "acme/$project")"
done
done_testing
