#!/bin/sh
. "$srcdir/tests/lib.sh"
done_testing
