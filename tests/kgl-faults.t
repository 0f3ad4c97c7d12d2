#!/bin/sh
# kgl-push, kgl-status, kgl-output: each of their requests fails in every way;
# what they say then is so, and another call ends what was begun. With
# FAULTS_ALL, as in make check-faults, also in more ways, and for good.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/everyway.sh"

o=$work/o
dir=$work/kernel
source=$work/source
# 0.3 s for an answer, 0.15 s without a byte; the waits between are faked.
KW_LIMITS=${KW_LIMITS:-0.005}
export KW_LIMITS

mkdir -p "$dir" "$source/d"
printf 'print(1)\n' >"$dir/train.py"
printf 'one' >"$source/one"
: >"$source/d/empty"
head -c 20000 /dev/zero | tr '\0' z >"$source/d/three"

# Waits end after 15 minutes, as a request that nobody ever answers takes true
# time at each try.

# ---- pushes: at most one more version for a record, and which ----

# metadata JQ
metadata() {
    jq -n '{id: "u/my-kernel", title: "My Kernel", code_file: "train.py",
        language: "python", kernel_type: "script"} | '"$1" \
        >"$dir/kernel-metadata.json"
}

begin_push() {
    metadata .
    serve --load '{"kernels":{"u/my-kernel":{"version":3,
        "statuses":["ERROR"]}}}' COMPLETE
    before=3
}

act_push() {
    kgl-push --timeout=15m "$@" "$dir" >"$out" 2>"$err"
}

so_push() {
    jq -r --slurpfile out "$out" --argjson status "$status" \
        --argjson before "$before" '
        $out[-1] as $rec | (.kernels["u/my-kernel"].version // 0) as $now |
        if $status == 0 then
            if $now == $before + 1 and $rec.version == $now and
                $rec.error == null then "whole" else false end
        elif $status == 1 and $rec.version == null then
            if $rec.error.code == "unknown_outcome"
            then $now == $before or $now == $before + 1
            else $rec.error.code != null and $now == $before end
        else false end' "$work/state"
}

begin_new() {
    metadata .
    serve COMPLETE
    before=0
}
act_new() {
    act_push
}
so_new() {
    so_push
}

begin_quota() {
    metadata '.enable_gpu = true'
    serve --load '{"kernels":{"u/my-kernel":{"version":3}}}' COMPLETE
    before=3
}
act_quota() {
    act_push --need=1
}
so_quota() {
    so_push
}

begin_slot() {
    metadata .
    serve --load '{"kernels":{"u/my-kernel":{"version":3,"replies":{
        "SaveKernel":[{"answer":{"error":
        "Maximum batch CPU session count of 5 reached."}}]}}}}' COMPLETE
    before=3
}
act_slot() {
    act_push --wait-slot=5m
}
so_slot() {
    so_push
}

# ---- the end of this push's session, not of the one before ----

pushed='{"kernel":"u/k","previous_status":"COMPLETE","previous_version":1}'

begin_end() {
    serve --after-push COMPLETE QUEUED RUNNING ERROR
}

act_end() {
    printf '%s\n' "$pushed" | kgl-status -w --timeout=15m >"$out" 2>"$err"
}

so_end() {
    jq -r --argjson status "$status" '
        if $status != 1 then false
        elif .failed.code == "kernel_failed" and .status == "ERROR" and
            .error == null then "whole"
        else .error.code != null and .failed == null end' "$out"
}

# ---- the marker, on the second page ----

begin_marker() {
    serve --load '{"kernels":{"u/k":{"page_size":1,"files":[
        {"name":"a","content":"x"},
        {"name":"SESSION_COMPLETE","content":"{}"}]}}}' RUNNING COMPLETE
}

act_marker() {
    kgl-status -w --marker --timeout=15m u/k >"$out" 2>"$err"
}

so_marker() {
    jq -r --argjson status "$status" '
        if $status == 0 then
            if .marker == true and .status == "COMPLETE" and
                (.error // .failed) == null then "whole" else false end
        else $status == 1 and (.error // .failed).code != null and
            .marker == null end' "$out"
}

# ---- an output: what is there is whole, always ----

begin_output() {
    rm -rf "$o"
    serve --load "$(jq -nc --arg source "$source" '{kernels: {"u/k": {
        output: $source, page_size: 2, log: "the log"}}}')" COMPLETE
}

act_output() {
    kgl-output -o "$o" u/k >"$out" 2>"$err"
}

so_output() {
    mkdir -p "$o"
    diff -rq -x '.kgl-*' -x k.log "$source" "$o" >"$work/diff"
    if grep -q differ "$work/diff"; then
        echo false
    elif [ "$status" -eq 1 ]; then
        jq -r '(.error // .failed).code != null' "$out"
    elif [ "$status" -eq 0 ] && [ ! -s "$work/diff" ] &&
        [ "$(cat "$o/k.log")" = 'the log' ] &&
        [ -z "$(find "$o" -name '*.part')" ] && [ "$(field files)" = 3 ]; then
        echo whole
    else
        echo false
    fi
}

# One that is there already, and of which a file is damaged.
begin_again() {
    begin_output
    kgl-output -o "$o" u/k >"$out" 2>"$err"
    earlier=$(state '.requests | add')
    printf 'two' >"$o/one"
    sandbox POST load "$(jq -nc --arg source "$source" '{kernels: {"u/k": {
        output: $source, page_size: 2, log: "the log"}}}')" >"$work/reply"
}
act_again() {
    act_output
}
so_again() {
    # The damaged one may stay until there is a better one.
    if [ "$(cat "$o/one")" = two ] && [ "$status" -eq 1 ]; then
        jq -r '(.error // .failed).code != null' "$out"
    else
        so_output
    fi
}

# How many versions there are before a call.
between_calls() {
    before=$(jq '.kernels["u/my-kernel"].version // 0' "$work/state")
}

scenes='quota end marker output'
# kgl-push.t has push and new as well.
[ -z "${FAULTS_ALL-}" ] || scenes="$scenes push new slot again"
for scene in $scenes; do
    each_way
    if [ -n "${FAULTS_ALL-}" ]; then
        # Of a file that would be another content.
        case $scene in
        output | again) ;;
        *) each 'status=200 body=<html>' whole '' ;;
        esac
    fi
    is "$scene: whatever fails, what is said is so" $failures 0
done
echo "# $count failures"

done_testing
