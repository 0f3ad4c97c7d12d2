#!/bin/sh
# wb-sync: several faults at places that chance chose.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/faults/begin.sh"

faults "schedules:typical,media,define_metric,files,console,artifact,\
artifact_lost,code,resumed,resumed_restart,system,alert,crashed_block,reinit,\
norows,nested,$made/fragments,$made/large,$made/used,$made/parts"
