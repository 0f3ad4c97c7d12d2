#!/bin/sh
# The loop that all tools share: operands and records in, records out, jobs,
# groups, statuses. tests/filter is the tool.
. "$srcdir/tests/lib.sh"
PATH=$PATH:tests # where automake built it

# names: what came out, in order.
names() {
    jq -r .name "$out" | tr '\n' ' '
}

run_input '{"name": "a", "note": {"a": [1, "é", null, 1.5]}}' 0 filter
is 'foreign fields are kept' "$(field note)" '{"a":[1,"é",null,1.5]}'

ok 'operands become records' run 0 filter a 'b c' '{"name": "d", "x": 1}'
is 'in their order' "$(names)" 'a b c d '
is 'and one that is a record is kept whole' "$(field x)" 1

printf '{"name": "a"}\n\nb\n{"name": "c"}' >in
ok 'lines, empty ones, operands, no end' run 0 filter <in
is 'each is a record but the empty one' "$(names)" 'a b c '

run_input '{"name": 1}' 1 filter
is 'a record without the key is an input error' "$(field error.code)" input

earlier='{"name": "a", "error": {"tool": "t", "code": "io", "message": "m"}}'
run_input "$earlier" 1 filter
is 'an earlier error passes by' "$(field pid)" null
is 'as it is' "$(field error.tool)" t
is 'and is not said again' "$(cat "$err")" ''

run_input '{"name": "a", "failed": {"code": "x", "message": "m"}}' 1 filter
is 'an earlier failure is worked on' "$(field order)" 1

ok 'an error of ours' run 1 filter '{"name": "a", "do": "error", "x": 1}' b
is 'is said once' "$(cat "$err")" 'filter: a: as told'
is 'keeps the record' "$(jq -c 'select(.error) | [.x, .error.code]' "$out")" \
    '[1,"rejected"]'
is 'and does not stop the others' "$(names)" 'a b '

ok 'many records for one' run 0 filter '{"name": "a", "do": "many"}'
is 'come all' "$(jq -c .n "$out" | tr '\n' ' ')" '0 1 2 '

for jobs in 1 4; do
    for line in '{"name": ' '{"name": "b"} x' '{"name": NaN}' '{"n": 01}'; do
        printf '{"name": "a"}\n\n%s\n{"name": "c"}\n' "$line" >in
        ok "-j $jobs: $line is no record" run 3 filter -j "$jobs" <in
        is 'what came before it is finished' "$(names)" 'a '
        ok 'and its line is named' grep -q 'line 3: ' "$err"
    done
done
ok 'a broken operand is a wrong call' run 2 filter a '{"name": '
is 'before anything is done' "$(cat "$out")" ''

for jobs in 1 4; do
    ok "-j $jobs: a full disk" run 3 sh -c "filter -j $jobs a >/dev/full"
done
ok 'a closed output' run 3 sh -c 'filter a >&-'
ok 'an option that is not there' run 2 filter --nothing a
ok 'an option without its value' run 2 filter -j
ok 'a job too few' run 2 filter -j 0 a
ok 'a reader that leaves ends it quietly' \
    run 0 sh -c '[ "$(yes a | filter | head -n 1 | jq -r .name)" = a ]'

seq 200 | sed 's/.*/{"name": "&"}/' >in
ok 'four jobs' run 0 filter -j 4 <in
is 'do each record once' "$(jq -r .name "$out" | sort -n | tr '\n' ' ')" \
    "$(seq 200 | tr '\n' ' ')"
is 'in at most four processes, which are kept' \
    "$(jq .pid "$out" | sort -u | awk 'END { print (NR <= 4) }')" 1

cat >in <<'END'
{"name": "a"}
{"name": "b", "do": "crash"}
{"name": "c"}
END
ok 'a worker that crashes' run 1 filter -j 2 <in
is 'costs its record only' \
    "$(jq -r '[.name, .error.code] | join(" ")' "$out" | sort | tr '\n' ,)" \
    'a ,b io,c ,'

ok 'a signal ends it' run 143 filter '{"name": "run", "do": "interrupt"}'
is 'after what it has to say' "$(cat "$err")" 'filter: run goes on'
ok 'with workers, too' \
    run 143 filter -j 2 '{"name": "run", "do": "interrupt parent"}'
is 'which have the last word' "$(cat "$err")" 'filter: run goes on'

# Fragments: group x has two records, y two, and z waits for a third.
cat >in <<'END'
{"name": "x1", "group": "x", "members": 2}
{"name": "z1", "group": "z", "members": 3}
{"name": "y1", "group": "y", "members": 2}
{"name": "y2", "group": "y", "members": 2}
{"name": "x2", "group": "x", "members": 2}
{"name": "z2", "group": "z", "members": 3}
{"name": "one"}
END
ok 'groups' run 0 filter -g <in
is 'begin when they are whole, or at the end' "$(names)" \
    'y1 y2 x1 x2 one z1 z2 '
ok 'groups with workers' run 0 filter -g -j 3 <in
is 'are done by one of them, in order' \
    "$(jq -sc 'group_by(.group)[] | select(.[0].group)
        | [(map(.name) | join(" ")), (map(.pid) | unique | length)]' "$out" \
        | tr '\n' ' ')" \
    '["x1 x2",1] ["y1 y2",1] ["z1 z2",1] '

done_testing
