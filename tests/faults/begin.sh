# shellcheck shell=sh
# begin.sh - what the tests of faults begin with, beside lib.sh
#
# faults PART:KIND[,KIND ...] ...	see faults.c; a KIND is a folder of
#			tests/data/runs, or one of $made: large (several posts),
#			fragments (two files, the first one of a killed program)

PATH=$PATH:tests:tests/faults # where automake built them
made=$work/made
mkdir -p "$made/large" "$made/fragments"
make-run large 600 20000 >"$made/large/run-large.wandb"
make-run frag 250 2000 0 resume killed >"$made/fragments/run-frag1.wandb"
make-run frag 350 2000 1000 resume >"$made/fragments/run-frag2.wandb"

serve
# 0.12 s for an answer, 0.06 s without a byte; the waits between are faked.
KW_LIMITS=${KW_LIMITS:-0.002}
export KW_LIMITS

faults() {
    command faults "$work" "$srcdir/tests/data/runs" "$@"
}
