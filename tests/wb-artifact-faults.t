#!/bin/sh
# wb-artifact: each of its requests fails in every way; what it says then is so,
# and another call ends what was begun, with one version in all. With
# FAULTS_ALL, as in make check-faults, also in more ways, and for good.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/everyway.sh"

folder=$work/folder
got=$work/got
# 0.3 s for an answer, 0.15 s without a byte; the waits between are faked.
KW_LIMITS=${KW_LIMITS:-0.005}
export KW_LIMITS

mkdir -p "$folder/d"
printf 'one' >"$folder/one"
: >"$folder/d/empty"
head -c 20000 /dev/zero | tr '\0' z >"$folder/d/three"

if [ -n "${FAULTS_ALL-}" ]; then
    passing="$passing
status=500 after
silence after"
    lasting="$lasting
status=409
status=200 body=<html>
status=200 body={}"
fi

# The versions that are whole, with all that the folder has.
versions() {
    jq -c '[.runs[].artifacts[] | select(.state == "COMMITTED") |
        [.name, .version, (.contents | keys)]]' "$work/state"
}
whole='[["data",0,["d/empty","d/three","one"]]]'

# ---- a put ----

begin_put() {
    serve
}

act_put() {
    wb-artifact put -p p --name=data --timeout=15m "$folder" \
        >"$out" 2>"$err"
}

# One that says of an upload that it is there is to blame itself.
is_clean() {
    case $way in
    status=200*) ;;
    *) [ "$(jq -c .violations "$work/state")" = '[]' ] ;;
    esac
}

so_put() {
    _there=$(versions)
    if [ "$status" -eq 0 ]; then
        if [ "$_there" = "$whole" ] &&
            [ "$(field artifact)$(field state)" = tester/p/data:v0COMMITTED ] &&
            is_clean; then
            echo whole
        fi
    elif [ "$status" -eq 1 ] && [ "$(field error.code)" != null ]; then
        case $_there in
        '[]' | "$whole") echo true ;;
        esac
    fi
}

# In parts.
begin_parts() {
    serve
    KW_MULTIPART=20000
    export KW_MULTIPART
}
act_parts() {
    act_put
}
so_parts() {
    so_put
}

# ---- a get ----

begin_get() {
    unset KW_MULTIPART
    rm -rf "$got"
    serve
    act_put
    earlier=$(state '.requests | add')
}

act_get() {
    wb-artifact get --timeout=15m -o "$got" tester/p/data >"$out" 2>"$err"
}

# What is there is whole, always.
so_get() {
    mkdir -p "$got"
    diff -rq -x '.wb-artifact.*' "$folder" "$got" >"$work/diff"
    if grep -q -e differ -e "Only in $got" "$work/diff"; then
        return
    elif [ "$status" -eq 1 ]; then
        jq -r '(.error // .failed).code != null' "$out"
    elif [ "$status" -eq 0 ] && [ ! -s "$work/diff" ] &&
        [ -z "$(find "$got" -name '.wb-artifact.*')" ] &&
        [ "$(field files)" = 3 ]; then
        echo whole
    fi
}

# ---- lists ----

begin_ls() {
    begin_get
}

act_ls() {
    wb-artifact ls --timeout=15m tester/p tester/p/data tester/p/data:v0 \
        >"$out" 2>"$err"
}

so_ls() {
    jq -rs --argjson status "$status" '
        map(.error.code) as $codes |
        if $status == 0 then
            if length == 5 and ($codes | all(. == null)) then "whole"
            else false end
        else $status == 1 and ($codes | any(. != null)) end' "$out"
}

# ---- all of them ----

scenes='put get'
[ -z "${FAULTS_ALL-}" ] || scenes="$scenes parts ls"
for scene in $scenes; do
    each_way
    is "$scene: whatever fails, what is said is so" $failures 0
done
echo "# $count failures"

done_testing
