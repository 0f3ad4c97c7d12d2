#!/bin/sh
# What the official clients get wrong, row by row: wandb 0.31.0 and kaggle 2.2.4.
# The number of a check is that of its row; each row begins with what theirs
# does, the exit status first, and with what ours does.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/wandb.sh"
. "$srcdir/tests/upstream/wandb.sh"
. "$srcdir/tests/upstream/kaggle.sh"
done_testing
