#!/bin/sh
# tests/kgl-faults.t in full.
FAULTS_ALL=1
export FAULTS_ALL
exec sh "$srcdir/tests/kgl-faults.t"
