#!/bin/sh
# wb-sync: request n fails, in each of eight ways, for each n and each kind.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/faults/begin.sh"

faults "requests:typical,media,define_metric,files,console,artifact,\
artifact_lost,code,resumed,resumed_restart,system,alert,crashed_block,reinit,\
norows,nested,$made/fragments,$made/large,$made/used,$made/parts"
