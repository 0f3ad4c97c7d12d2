#!/bin/sh
# tests/wb-artifact-faults.t in full.
FAULTS_ALL=1
export FAULTS_ALL
exec sh "$srcdir/tests/wb-artifact-faults.t"
