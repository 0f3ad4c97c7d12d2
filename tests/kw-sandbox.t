#!/bin/sh
# kw-sandbox: it answers as the services do, and breaks as it is told to.
. "$srcdir/tests/lib.sh"
done_testing
