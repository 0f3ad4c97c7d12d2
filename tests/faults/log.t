#!/bin/sh
# wb-log: no line is later than 30 s, and none is lost, doubled or out of order:
# lines and troubles by chance, kill -9 at any moment, each request failing.
. "$srcdir/tests/lib.sh"

PATH=$PATH:tests/faults # where automake built it
# 0.3 s for an answer, 0.15 s without a byte; the waits between are faked.
KW_LIMITS=${KW_LIMITS:-0.005}
export KW_LIMITS

serve
log "$work" ${FAULTS_PARTS:-requests schedules:1000 kills:200 silence:10}
