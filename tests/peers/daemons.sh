# shellcheck shell=sh disable=SC2154 # lib.sh
# daemons.sh - real servers that a test starts in $work, beside lib.sh

daemons=
end_daemons() {
    for pid in $daemons; do
        kill "$pid"
        wait "$pid"
    done 2>/dev/null
    clean
}
trap end_daemons EXIT

# daemon COMMAND ...: until the test ends, in the folder that is current.
daemon() {
    "$@" >>daemons.log 2>&1 &
    daemons="$! $daemons"
}

# until_true COMMAND ...: a minute at most.
until_true() {
    for _ in $(seq 600); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    sed 's/^/# /' ./*.log
    echo "Bail out! not in a minute: $*"
    exit 1
}
