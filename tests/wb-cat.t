#!/bin/sh
# wb-cat: what is in a file, whole or damaged, growing or at its end.
. "$srcdir/tests/lib.sh"
data=$(cd "$srcdir/tests/data" && pwd)
examples=$(cd "$srcdir/examples" && pwd)
cd "$work" || exit 1

# file KIND: the file of a run.
file() {
    find "$data/runs/$1" -name '*.wandb' | sort | head -n 1
}
# kinds: how many records of each kind $out holds, as in records.json.
kinds() {
    jq -c -S -n 'reduce (inputs | select(.kind and .kind != "damage").kind)
        as $kind ({}; .[$kind] += 1)' "$out"
}
# of KIND JQ: JQ on the first record of a kind.
of() {
    jq -c -r -n --arg kind "$1" "first(inputs | select(.kind == \$kind)) | $2" \
        "$out"
}

# ---- every file: as many records of each kind as wandb's classes find ----

# A file that ends inside a record at a block's end is not damaged.
for folder in "$data"/runs/* "$data/damaged"; do
    jq -r 'to_entries[] | [.key, (.value.records | tojson),
        (.value.damage | map(.offset) | tojson),
        (.value | (.strict // .).records | tojson),
        (.value.bytes % 32768 == 0 or (.value.damage | any(.error
            | . == "unknown version" or . == "not a .wandb file")))]
        | @tsv' \
        "$folder/records.json" >list
    while IFS="$(printf '\t')" read -r path whole damage strict odd; do
        name=${folder##*/}/${path%%/*}
        [ "$odd" = true ] && continue
        status=0
        [ "$damage" = '[]' ] || status=1
        ok "$name" run "$status" wb-cat "$folder/$path"
        is "$name: kinds" "$(kinds)" "$(printf '%s' "$strict" | jq -c -S .)"
        [ "$damage" = '[]' ] && continue
        is "$name: the damage" \
            "$(jq -c 'select(.error) | [.error.code, .offset]' "$out")" \
            "[\"damaged\",$(printf '%s' "$damage" | jq -c '.[0]')]"
        ok "$name: --salvage" run 1 wb-cat --salvage "$folder/$path"
        is "$name: --salvage: kinds" "$(kinds)" \
            "$(printf '%s' "$whole" | jq -c -S .)"
        is "$name: --salvage: damage" "$(jq -c -n \
            '[inputs | select(.kind == "damage").offset]' "$out")" "$damage"
    done <list
done

killed=$(find "$data/damaged/cut_blok" -name '*.wandb')
ok 'what a killed writer left' run 0 wb-cat "$killed"
is 'is no damage' "$(kinds) $(cat "$err")" "$(jq -c -S '.[] | select(
    .run_ids == ["damage05"]).records' "$data/damaged/records.json") "
for case in magic version; do
    ok "$case" run 1 wb-cat --salvage "$(find "$data/damaged/$case" \
        -name '*.wandb')"
    is "$case: is none of ours" "$(field error.code)" input
done

# ---- values, byte for byte ----

numbers=$(file numbers)
ok 'numbers' run 0 wb-cat --only=history "$numbers"
for text in '"imax":9223372036854775807' '"i53":9007199254740993' \
    '"negzero":-0' '"tiny":5e-324' '"third":0.3333333333333333' \
    '"over":1.8446744073709552e+19' '"million":1e+06' '"empty_list":[]' \
    '"imin":-9223372036854775808' '"none":null' '"small":1e-05'; do
    ok "numbers: $text" grep -q -F "$text" "$out"
done
cat "$out" >all
run 0 wb-cat "$(file nonfinite)"
is 'what JSON has no number for' "$(grep -c -E '[:,[](NaN|-?Infinity)' "$out")" 0
is 'are strings' "$(of history '[.values | .x, .y, .z]')" \
    '["NaN","Infinity","-Infinity"]'

# ---- kinds ----

typical=$(file typical)
ok 'a run' run 0 wb-cat "$typical"
is 'its first record' "$(head -n 1 "$out")" "{\"wandb_file\":\"$typical\",\
\"kind\":\"header\",\"offset\":7,\"num\":1,\
\"producer\":\"0.31.0+15f8cbc581d1c5cfc6e31f68b48bdd13cec2dd2c\",\
\"min_consumer\":\"0.70.0\"}"
is 'run' "$(of run '[.run_id, .entity, .group, .job_type, .tags, .started_at,
    .telemetry.feature]')" '["typical0","acme","sweep-a","train",["baseline","v1"],"2026-11-21T04:39:57.279404Z",[4,13,14,15,16]]'
is 'run: notes' "$(of run '.notes | @json')" \
    '"First baseline.\nSecond line."'
is 'config' "$(of config .values)" '{"batch_size":64}'
is 'summary' "$(of summary .values)" '{"_wandb":{"runtime":0},"_runtime":0}'
is 'output_raw' "$(of output_raw '[.logged_at, .stream, .text]')" \
    '["2026-11-21T04:39:57.835040Z","stdout","epoch 0: val loss 0.4066"]'
is 'stats' "$(of stats '[.logged_at, .values["proc.cpu.threads"]]')" \
    '["2026-11-21T04:39:57.366491926Z",4]'
is 'environment' "$(of environment '[.os, .started_at, .args]')" \
    '["Linux-6.6.105+-x86_64-with-glibc2.35","2026-11-21T04:39:57.018610Z",["--child","typical","0"]]'
is 'exit' "$(of exit .exit_code)" 0
run 0 wb-cat "$(file alert)"
is 'alert' "$(of alert '[.title, .level, .wait_seconds]')" \
    '["Loss is high","WARN",60]'
is 'preempting' "$(of preempting .num)" 12
run 0 wb-cat "$(file files)"
is 'files' "$(of files .files)" \
    '[{"path":"data/a.txt","policy":"now","type":"other"}]'
run 0 wb-cat "$(file define_metric)"
is 'metric' "$(of metric '[.name, .options]')" \
    '["epoch",{"hidden":true,"defined":true}]'
run 0 wb-cat "$(file artifact)"
is 'artifact' "$(of artifact '[.type, .name, .aliases, .digest, .bytes,
    (.entries | map(.path))]')" '["dataset","demo-data",["best","v-one","latest"],"aff8c5d186ec88761e2fe69fc0768c05",12,["empty","one.csv","remote/file.txt","remote/object.bin","sub/two.csv"]]'
run 0 wb-cat "$(file nested)"
is 'paths are nested' "$(of history .values.a)" '{"b":{"c":1,"d":2}}'
ok 'what a summary removes' test "$(jq -c 'select(.removed).removed' "$out" |
    wc -l)" -gt 0
run 0 wb-cat "$(find "$data/damaged/future" -name '*.wandb')"
ok 'a kind that we do not know is counted' test "$(of none .bytes)" -gt 0

# ---- --only, --keys ----

run 0 wb-cat --only=run,exit "$typical"
is '--only' "$(kinds)" '{"exit":1,"run":2}'
run 0 wb-cat --only=none "$(find "$data/damaged/future" -name '*.wandb')"
is '--only=none' "$(kinds)" '{"none":1}'
run 0 wb-cat --keys=val/loss,val/acc "$typical"
is '--keys' "$(kinds) $(jq -c -n 'first(inputs).values | keys' "$out")" \
    '{"history":5} ["_step","val/acc","val/loss"]'
run 0 wb-cat --keys=a.b.c "$(file nested)"
is '--keys: a path' "$(jq -c .values "$out" | head -n 1)" \
    '{"_step":0,"a":{"b":{"c":1}}}'
run 0 wb-cat --keys=batch_size --only=config,exit "$typical"
is '--keys and --only' "$(jq -c '[.kind, .values]' "$out")" \
    '["config",{"batch_size":64}]
["exit",null]'
run 0 wb-cat --keys=no.such "$typical"
is 'a key that is nowhere' "$(cat "$out")" ''
for option in --only=rows --only= --keys= --keys=a,; do
    ok "$option" run 2 wb-cat "$option" "$typical"
done

# ---- operands, records, jobs ----

folder=$(dirname "$typical")
ok 'a folder' run 0 wb-cat --only=exit "$folder"
is 'has a file' "$(field wandb_file)" "$typical"
ok 'a record' run_input "{\"run_dir\":\"$folder\",\"note\":[1]}" 0 \
    wb-cat --only=exit
is 'its key is kept, and nothing else' \
    "$(jq -c 'keys - ["offset", "num"]' "$out")" \
    '["exit_code","kind","run_dir","wandb_file"]'
broken=$(find "$data/damaged/crc_mid" -name '*.wandb')
run_input "{\"wandb_file\":\"$broken\",\"note\":[1]}" 1 wb-cat --only=exit
is 'a record with an error has all of it' \
    "$(field note) $(field offset) $(field error.temporary)" '[1] 98507 false'
ok 'which is said' grep_err 'offset 98507: checksum'
ok '--salvage, too' run 1 wb-cat --salvage --only=exit "$broken"
is 'behind a damage' "$(jq -c '[.kind, .offset, .bytes, .why]' "$out")" \
    '["damage",98507,32565,"checksum"]
["exit",238273,null,null]' 
is 'which has failed' "$(of damage .failed.code)" damaged
ok 'no such file' run 1 wb-cat nowhere.wandb
is 'is not found' "$(field error.code)" not_found
ok 'two at once' run 0 wb-cat -j 2 --only=history "$typical" "$numbers"
is 'write whole records' "$(kinds)" '{"history":506}'
is 'the same ones' "$(grep -F "$numbers" "$out")" "$(cat all)"

# ---- -f ----

head -c 196608 "$typical" >live.wandb # six blocks, as a killed writer does
touch -d 2026-11-21T06:00:00Z live.wandb
forget_waits
ok '-f: a writer that is gone' run 0 wb-cat -f live.wandb --only=history
ok 'said' grep_err 'its writer is gone'
is 'after 30 seconds without a byte' "$(slept)" 30
touch -d 2026-11-20T06:00:00Z live.wandb
forget_waits
ok '-f: one that is long gone' run 0 wb-cat -f live.wandb --only=history
is 'is not waited for' "$(slept)" 0
ok 'what there was' test "$(wc -l <"$out")" -gt 400
head -c 200000 "$typical" >live.wandb
ok '-f: a file that was cut' run 1 wb-cat -f live.wandb
is 'is damaged' "$(field error.code) $(field error.temporary)" 'damaged false'

# Waits until $out holds so many lines.
lines() {
    while [ "$(wc -l <"$out")" -lt "$1" ]; do
        kill -0 "$follower" 2>/dev/null || return 1
    done
}
head -c 100000 "$typical" >live.wandb
exec 9>>live.wandb
run 1 wb-cat live.wandb
is 'a file that is being written' "$(field error.temporary)" true
before=$(($(wc -l <"$out") - 1))
: >"$out"
wb-cat -f live.wandb >"$out" 2>"$err" 9>&- &
follower=$!
ok '-f: all there is comes before the first wait' lines "$before"
tail -c +100001 "$typical" | head -c 60000 >&9
ok '-f: what comes later' lines $((before + 300))
tail -c +160001 "$typical" >&9
wait "$follower"
is '-f: ends with the exit record' $? 0
ok 'said' grep_err 'the run has ended'
is '-f: nothing lost, nothing twice' \
    "$(jq -c .offset "$out" | md5sum)" \
    "$(wb-cat "$typical" | jq -c .offset | md5sum)"
head -c 100000 "$typical" >live.wandb
ok '-f: --timeout' run 1 wb-cat -f --timeout=5 live.wandb
is 'gives up' "$(field error.code) $(field error.temporary)" 'timeout true'
for how in cut replaced; do
    head -c 100000 "$typical" >live.wandb
    : >"$out" # what an earlier call wrote is not what is waited for
    wb-cat -f live.wandb >"$out" 2>"$err" 9>&- &
    follower=$!
    ok "-f: a file that is $how" lines "$before"
    case $how in
    cut) head -c 40000 "$typical" >live.wandb ;;
    replaced) cp "$typical" new.wandb && mv new.wandb live.wandb ;;
    esac
    wait "$follower"
    is 'is not what it was' $? 1
    is 'which may pass' "$(field error.code) $(field error.temporary)" \
        'conflict true'
    ok 'and is said' grep_err "the file was $how while it was followed"
done
exec 9>&-
cp "$broken" live.wandb
ok '-f: a damage' run 1 wb-cat -f live.wandb
is 'ends it' "$(field error.code)" damaged

# ---- examples ----

ok 'examples/best-row' run 0 "$examples/best-row" train/loss "$typical"
is 'the row' "$(field step)" "$(wb-cat --only=history "$typical" |
    jq -s 'map(.values | select(."train/loss"))
        | min_by(."train/loss")._step')"
ok 'examples/best-row: a path' run 0 "$examples/best-row" nested.value \
    "$(file define_metric)"
is 'the row' "$(field step)" 19

ok 'examples/plot-rows' run 0 "$examples/plot-rows" train/loss "$typical" \
    "$(file typed)"
ok 'a picture' grep -q '</svg>' "$out"
ok 'with a line for the run' grep -q "run-typical0.wandb" "$out"
ok 'examples/plot-rows: a key that is nowhere' \
    run 1 "$examples/plot-rows" nowhere "$typical"

ok 'examples/rows-to-sqlite' run 0 "$examples/rows-to-sqlite" db "$typical" \
    "$numbers"
is 'rows' "$(sqlite3 db "SELECT count(*) FROM history
    WHERE key = 'train/loss'")" "$(wb-cat --keys=train/loss "$typical" | wc -l)"
is 'runs' "$(sqlite3 db 'SELECT run_id FROM runs ORDER BY run_id')" 'numbers0
typical0'
before=$(sqlite3 db 'SELECT count(*) FROM history')
ok 'examples/rows-to-sqlite: again' run 0 "$examples/rows-to-sqlite" db \
    "$typical"
is 'adds nothing' "$(sqlite3 db 'SELECT count(*) FROM history')" "$before"

every_tool wb-cat

done_testing
