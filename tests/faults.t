#!/bin/sh
# wb-sync: whatever fails, wherever it is killed and whatever is damaged, it
# loses nothing, repeats nothing, and says so. The short form of tests/faults/,
# which make check-faults runs.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/faults/begin.sh"

FAULTS_COUNT=${FAULTS_COUNT:-15}
FAULTS_STEP=${FAULTS_STEP:-67}
export FAULTS_COUNT FAULTS_STEP

faults once:alert,"$made/used" \
    schedules:typical,resumed,console,files,"$made/fragments,$made/parts" \
    kills:typical,resumed,files,"$made/fragments,$made/parts" damage:minimal
