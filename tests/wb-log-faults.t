#!/bin/sh
# wb-log where things go wrong: the short form of tests/faults/log.t.
FAULTS_PARTS='once schedules:25 kills:10 silence:3'
export FAULTS_PARTS
exec sh "$srcdir/tests/faults/log.t"
