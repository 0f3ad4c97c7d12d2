#!/bin/sh
# wb-sync: damaged files: what is readable goes up, once; what is not is told.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/wandb.sh"

damaged=$srcdir/tests/data/damaged

# A copy of a case in $work/runs; $file, and what records.json says in $want.
take() {
    rm -rf "$work/runs"
    mkdir "$work/runs"
    cp -R "$damaged/$1" "$work/runs/$1"
    chmod -R u+w "$work/runs"
    file=$(find "$work/runs" -name '*.wandb')
    want=$work/want
    jq --arg case "$1" 'to_entries[] | select(.key | startswith($case + "/"))
        | .value' "$damaged/records.json" >"$want"
}

wanted() {
    jq -r "$1" "$want"
}

# "equal" if the server holds what it should of a case.
held_of() {
    sandbox GET state >"$work/state"
    jq -c --slurpfile want "$damaged/$1/expected.json" \
        '$want[0] as $want | '"$(cat "$srcdir/tests/expected.jq")" "$work/state"
}

# ---- every case ----

# Those with a run: status, and what the record says is lost. The run without
# damage has 1542 records and 505 rows.
check() {
    case=$1
    status=$2
    lost=$3
    take "$case"
    serve
    ok "$case" run "$status" wb-sync "$file"
    is "$case: all rows are there" "$(state '.runs[].history.lines')" \
        "$(wanted .history_rows)"
    is "$case: and all that it should hold" "$(held_of "$case")" '"equal"'
    is "$case: how it ended" "$(state '.runs[] | [.state, .exitcode]')" \
        "$(wanted 'if .exit_code == 0 then ["finished", 0] else ["failed", 1]
            end | tojson')"
    is "$case: nothing is wrong with what was sent" "$(state .violations)" '[]'
    is "$case: what is lost" "$(field damage)" "$lost"
    is "$case: is it synced" "$(field synced)$(field verified)" \
        "$([ "$status" -eq 0 ] && echo truetrue || echo falsefalse)"
    is "$case: is it marked" "$(markers)" $((1 - status))
    if [ "$status" -eq 1 ]; then
        is "$case: the code" "$(field failed.code)" damaged
        ok "$case: the place" grep_err "offset $(wanted '.damage[0].offset'): "
    fi
    before=$(writes)
    ok "$case: again" run "$status" wb-sync "$file"
    is "$case: nothing goes up twice" "$(writes)" "$before"
    [ "$status" -eq 0 ] && return
    is "$case: the same is lost" "$(field damage)" "$lost"
    ok "$case: accepted" run 0 wb-sync --accept-damage "$file"
    is "$case: nothing goes up for it" "$(writes)" "$before"
    is "$case: it is said" "$(field damage.accepted)$(field synced)" truetrue
    is "$case: and marked" \
        "$(jq -c .damage "$file.synced")" "$(field damage)"
    ok "$case: accepted before" run 0 wb-sync "$file"
    is "$case: is said again" \
        "$(field skipped)$(field damage.accepted)" truetrue
}

lost() {
    printf '{"bytes":%s,"blocks":%s,"records":%s,"rows":%s,"values":0,"accepted":false}' "$@"
}

check crc_mid 1 "$(lost 32737 2 210 70)"
check crc_span 1 "$(lost 32954 3 211 71)"
check long_len 1 "$(lost 32887 2 213 71)"
check cut_head 1 "$(lost 3 1 0 0)"
check cut_body 1 "$(lost 18 1 0 0)"
check cut_blok 0 null
check cut_span 1 "$(lost 52 2 0 0)"
check cut_clean 0 null
check zero_tail 1 "$(lost 28974 1 0 0)"
check zero_blok 1 "$(lost 33100 3 214 71)"
check junk_tail 1 "$(lost 1000 1 0 0)"
check no_proto 1 "$(lost 11 1 0 0)"
for case in request future blank early_exit; do
    check $case 0 null
done

# ---- without a run ----

no_run() {
    take "$1"
    serve
    ok "$1" run 1 wb-sync "$file"
    is "$1: the code" "$(field error.code)" "$2"
    ok "$1: the place and the cause" grep_err "$3"
    is "$1: nothing was asked" "$(requests)" 0
    is "$1: nothing is marked" "$(markers)" 0
}

no_run cut_norun damaged 'offset 91: .*truncated: chunk'
no_run empty input 'offset 0: '
no_run head_4 damaged 'offset 0: .*truncated: file header'
no_run head_7 input 'offset 7: '
no_run magic input 'offset 0: not a .wandb file'
no_run version input 'offset 0: unknown version'
no_run no_run input 'without a run record'

# ---- copies of one run, each damaged in its own way ----

# All under one id.
copy_of() {
    case $1 in
    whole) set -- "$srcdir"/tests/data/runs/typical/*/wandb/*/*.wandb ;;
    *) set -- "$damaged/$1"/wandb/*/*.wandb ;;
    esac
    rm -rf "$work/runs"
    mkdir -p "$work/runs/r/files"
    cp "$1" "$work/runs/r/run.wandb"
    chmod u+w "$work/runs/r/run.wandb"
    file=$work/runs/r/run.wandb
}

rows() {
    state '.runs[].history.lines'
}

serve
copy_of cut_body
ok 'a copy that was cut' run 1 wb-sync --id=one "$file"
copy_of whole
ok 'then the whole file' run 0 wb-sync --id=one "$file"
is 'it is whole' "$(rows)" 505
want=$(state '.runs[] | [.history, .console, .events, .summary, .state]')

serve
copy_of cut_body
run 1 wb-sync --id=one "$file"
copy_of crc_mid
ok 'then one that lacks some of those rows' run 1 wb-sync --id=one "$file"
is 'each has what the other lacks' \
    "$(state '.runs[] | [.history, .console, .events, .summary, .state]')" \
    "$want"
is 'what the file lost is told all the same' "$(field damage.rows)" 70
is 'the rows of the run are counted' "$(field history_lines)" 505
before=$(writes)
for kind in crc_mid cut_body zero_tail whole; do
    copy_of $kind
    run "$([ $kind = whole ] && echo 0 || echo 1)" wb-sync --id=one "$file"
    is "$kind on the whole run: nothing is sent" "$(writes)" "$before"
done

serve
copy_of crc_mid
run 1 wb-sync --id=one "$file"
before=$(state .runs)
copy_of whole
ok 'the whole file, where one without its middle was' \
    run 1 wb-sync --id=one "$file"
is 'is a conflict' "$(field error.code)" conflict
ok 'that says how many rows are lacking' grep_err 'lacks 70 rows'
ok 'and what to do' grep_err 'id=NEW'
is 'nothing of the run is touched' "$(state .runs)" "$before"
copy_of crc_span
ok 'another copy without the same' run 1 wb-sync --id=one "$file"
is 'nothing is touched either' "$(state .runs)" "$before"

# ---- the run record is lost, but not a later one ----

serve
copy_of whole
printf 'x' | dd of="$file" bs=1 seek=50 conv=notrunc 2>/dev/null
ok 'the first block is damaged' run 1 wb-sync --id=one "$file"
is 'the rest goes up' "$(rows)" "$((505 - $(field damage.rows)))"
is 'with the names of a later run record' "$(state '.runs[].displayName')" \
    baseline-lr3e-4

# ---- every byte inverted, every length ----

# Without KW_FAULTS only some of them, and what is about the records' ends.
set -- "$srcdir"/tests/data/runs/minimal/wandb/*/*.wandb
size=$(wc -c <"$1")
ends=$(wb-cat "$1" | jq '.offset | select(. > 91)' | paste -s -d ' ' -)
every=$([ -n "$KW_FAULTS" ] && echo 1 || echo 97)
bytes=$({ seq 0 "$every" $((size - 1)) && for end in $ends; do
    echo $((end - 1)) "$end" $((end + 1))
done | tr ' ' '\n'; } | sort -n -u)

inverted() {
    cp "$1" "$work/b.wandb"
    chmod u+w "$work/b.wandb"
    byte=$(od -An -v -tu1 -j "$2" -N 1 "$1")
    # shellcheck disable=SC2059
    printf "\\$(printf %o $((255 - byte)))" |
        dd of="$work/b.wandb" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

cut() {
    head -c "$2" "$1" >"$work/b.wandb"
}

# $2: how a file is damaged; $3: what may be marked, although it is.
bytes() {
    serve
    run 0 wb-sync --no-mark --id=whole "$1"
    sandbox GET runs/tester/kaggle-demo/whole/history >"$work/whole"
    : >"$work/wrong"
    : >"$work/marked"
    for n in $bytes; do
        "$2" "$1" "$n"
        wb-sync --id="b$n" "$work/b.wandb" >"$out" 2>"$err"
        status=$?
        [ $status -le 1 ] || echo "$n: status $status" >>"$work/wrong"
        run=$(field run)
        if [ "$run" != null ]; then
            sandbox GET "runs/$run/history" >"$work/part"
            head -n "$(wc -l <"$work/part")" "$work/whole" |
                cmp -s - "$work/part" || echo "$n: rows" >>"$work/wrong"
        fi
        [ "$(field synced)" = true ] &&
            echo " $3 " | grep -qv " $n " && echo "$n: synced" >>"$work/wrong"
        [ -e "$work/b.wandb.synced" ] && echo "$n" >>"$work/marked"
        rm -f "$work/b.wandb.synced"
    done
    is "$2: nothing wrong" "$(cat "$work/wrong")" ''
    is "$2: what is marked" "$(tr '\n' ' ' <"$work/marked")" "$3${3:+ }"
    is "$2: what was sent" "$(state .violations)" '[]'
}

bytes "$1" inverted ''
bytes "$1" cut "$ends"

done_testing
