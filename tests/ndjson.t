#!/bin/sh
# The loop that all tools share: operands and records in, records out, jobs,
# groups, statuses. tests/filter is the tool.
. "$srcdir/tests/lib.sh"
PATH=$PATH:tests # where automake built it

# names: what came out, in order.
names() {
    jq -r .name "$out" | tr '\n' ' '
}

ok 'a record' run_input '{"name": "a", "note": {"a": [1, "é", null, 1.5]}}' 0 filter
is 'foreign fields are kept' "$(field note)" '{"a":[1,"é",null,1.5]}'

ok 'operands become records' run 0 filter a 'b c' '{"name": "d", "x": 1}'
is 'in their order' "$(names)" 'a b c d '
is 'and one that is a record is kept whole' "$(field x)" 1

ok 'lines and operands' run_input '{"name": "a"}

b
{"name": "c"}' 0 filter
is 'each is a record but the empty one' "$(names)" 'a b c '

ok 'a record without the key' run_input '{"name": 1}' 1 filter
is 'is an input error' "$(field error.code)" input

ok 'after a dry run' run_input '{"dry_run": true, "x": 1}' 0 filter
is 'it passes by' "$(jq -c . "$out")" '{"dry_run":true,"x":1}'

earlier='{"name": "a", "error": {"tool": "t", "code": "io", "message": "m"}}'
ok 'an earlier error' run_input "$earlier" 1 filter
is 'passes by' "$(field pid)" null
is 'as it is' "$(field error.tool)" t
is 'and is not said again' "$(cat "$err")" ''

ok 'an earlier failure' run_input '{"name": "a", "failed": {"code": "x", "message": "m"}}' 1 filter
is 'is worked on' "$(field order)" 1

ok 'an error of ours' run 1 filter '{"name": "a", "do": "error", "x": 1}' b
is 'is said once' "$(cat "$err")" 'filter: a: as told'
is 'keeps the record' "$(jq -c 'select(.error) | [.x, .error.code]' "$out")" \
    '[1,"rejected"]'
is 'and does not stop the others' "$(names)" 'a b '
run 1 filter '{"name": "as", "do": "error"}'
is 'what it is about is named once' "$(cat "$err")" 'filter: as told'

ok 'many records for one' run 0 filter '{"name": "a", "do": "many"}'
is 'come all' "$(jq -c .n "$out" | tr '\n' ' ')" '0 1 2 '

for jobs in 1 4; do
    for line in '{"name": ' '{"name": "b"} x' '{"name": NaN}' '{"n": 01}'; do
        ok "-j $jobs: $line is no record" run_input "{\"name\": \"a\"}

$line
{\"name\": \"c\"}" 3 filter -j "$jobs"
        is 'what came before it is finished' "$(names)" 'a '
        ok 'and its line is named' grep -q 'line 3: ' "$err"
    done
done
ok 'a broken operand is a wrong call' run 2 filter a '{"name": '
is 'before anything is done' "$(cat "$out")" ''
ok 'so is an empty one' run 2 filter a ''
is 'before anything is done, too' "$(cat "$out")" ''

for jobs in 1 4; do
    ok "-j $jobs: a full disk" run 3 sh -c "filter -j $jobs a >/dev/full"
done
ok 'a closed output' run 3 sh -c 'filter a >&-'
ok 'a closed input' run 3 sh -c 'filter <&-'
ok 'is said' grep_err 'standard input'
ok 'but not needed with an operand' run 0 sh -c 'filter a <&-'
printf 'a\nb\0\n' >"$work/in"
ok 'a NUL' run 3 sh -c 'filter <"$1"' sh "$work/in"
ok 'is named by its place' grep_err 'line 2: byte 2: a NUL'
ok 'a line without an end' run 3 sh -c \
    '{ echo a; head -c 70000000 /dev/zero | tr "\0" x; } | filter'
ok 'is named, too' grep_err 'line 2: .* 64 MiB'
is 'and what came before it is done' "$(names)" 'a '
ok 'an option that is not there' run 2 filter --nothing a
ok 'an option without its value' run 2 filter -j
ok 'a job too few' run 2 filter -j 0 a
ok 'a reader that leaves ends it quietly' \
    run 0 sh -c '[ "$(yes a | filter | head -n 1 | jq -r .name)" = a ]'

ok 'four jobs' run_input "$(seq 200 | sed 's/.*/{"name": "&"}/')" 0 filter -j 4
is 'do each record once' "$(jq -r .name "$out" | sort -n | tr '\n' ' ')" \
    "$(seq 200 | tr '\n' ' ')"
is 'in at most four processes, which are kept' \
    "$(jq .pid "$out" | sort -u | awk 'END { print (NR <= 4) }')" 1

ok 'a worker that crashes' run_input '{"name": "a"}
{"name": "b", "do": "crash"}
{"name": "c"}' 1 filter -j 2
is 'costs its record only' \
    "$(jq -r '[.name, .error.code] | join(" ")' "$out" | sort | tr '\n' ,)" \
    'a ,b io,c ,'

ok 'a signal ends it' run 143 filter '{"name": "run", "do": "interrupt"}'
is 'after what it has to say' "$(head -n 1 "$err")" 'filter: run goes on'
for jobs in 1 2; do
    ok "-j $jobs: a signal that was ignored before" run 0 sh -c \
        'trap "" TERM; exec filter "$@"' sh -j "$jobs" \
        '{"name": "run", "do": "interrupt"}'
    is 'is still' "$(cat "$err")" ''
done
ok 'with workers, too' \
    run 143 filter -j 2 '{"name": "run", "do": "interrupt parent"}'
is 'which have the last word' "$(head -n 1 "$err")" 'filter: run goes on'

# Fragments: group x has two records, y two, and z waits for a third.
groups='{"name": "x1", "group": "x", "members": 2}
{"name": "z1", "group": "z", "members": 3}
{"name": "y1", "group": "y", "members": 2}
{"name": "y2", "group": "y", "members": 2}
{"name": "x2", "group": "x", "members": 2}
{"name": "z2", "group": "z", "members": 3}
{"name": "one"}'
ok 'groups' run_input "$groups" 0 filter -g
is 'begin when they are whole, or at the end' "$(names)" \
    'y1 y2 x1 x2 one z1 z2 '
ok 'groups with workers' run_input "$groups" 0 filter -g -j 3
is 'are done by one, in order' \
    "$(jq -sc 'group_by(.group)[] | select(.[0].group)
        | [(map(.name) | join(" ")), (map(.pid) | unique | length)]' "$out" \
        | tr '\n' ' ')" \
    '["x1 x2",1] ["y1 y2",1] ["z1 z2",1] '

done_testing
