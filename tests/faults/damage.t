#!/bin/sh
# wb-sync: each byte of a small file inverted, and each length cut; of a file of
# several blocks, some.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/faults/begin.sh"

faults damage:minimal,alert,typical
