#!/bin/sh
# wb-sync: killed at any moment, and called again.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/faults/begin.sh"

faults "kills:typical,media,define_metric,files,console,artifact,\
artifact_lost,code,resumed,resumed_restart,system,alert,crashed_block,reinit,\
norows,nested,$made/fragments,$made/large,$made/used,$made/parts"
