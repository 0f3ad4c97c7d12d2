#!/bin/sh
# tests/set-faults.t in full.
FAULTS_ALL=1
export FAULTS_ALL
exec sh "$srcdir/tests/set-faults.t"
