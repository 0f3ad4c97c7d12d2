#!/bin/sh
# wb-find-runs: every run file of a tree once, and what its head and tail say.
. "$srcdir/tests/lib.sh"
data=$(cd "$srcdir/tests/data" && pwd)
tree=$work/tree
cp -R "$data/tree" "$tree" && chmod -R u+w "$tree"

# ids: the runs of $out in their order. of ID JQ: JQ on the record of a run.
ids() {
    jq -r '.run_id // .error.code' "$out" | tr '\n' ' '
}
of() {
    jq -c -r --arg id "$1" "select(.run_id == \$id) | $2" "$out"
}
plain=offline-run-20260302_100000-treerun0

ok 'a tree' run 0 wb-find-runs "$tree"
is 'each run file at any depth, in order of names' "$(ids)" \
    'treerun5 treerun6 treerun4 treerun0 treerun2 treerun3 treerun1 treerun7 '
is 'all fields' "$(of treerun0 .)" "$(jq -c . <<EOF
{"output_dir": "$tree", "run_dir": "$tree/wandb/$plain",
 "wandb_file": "$tree/wandb/$plain/run-treerun0.wandb", "run_id": "treerun0",
 "project": "kaggle-demo", "display_name": "minimal",
 "started_at": "2026-11-21T04:39:51.236Z", "state": "finished",
 "offline": true, "synced": false, "bytes": 2026,
 "fragment": 1, "fragments": 1}
EOF
)"
is 'an online run' "$(of treerun1 .offline)" false
is 'a file in no run folder does not say' "$(of treerun6 .offline)" null
is 'a marker of the official client' "$(of treerun2 .synced)" true
is 'a suffix' "$(of treerun3 .offline)" true
is 'a name with a space and an accent' "$(of treerun7 .run_dir)" \
    "$tree/with space é/wandb/offline-run-20260302_100007-treerun7"

# ---- where to start ----

ok 'a run folder' run 0 wb-find-runs "$tree/wandb/$plain/"
is 'is a tree' "$(field wandb_file)" \
    "$tree/wandb/$plain/run-treerun0.wandb"
ok 'a run file' run 0 wb-find-runs "$tree/loose/run-treerun6.wandb"
is 'is itself' "$(field wandb_file)" "$tree/loose/run-treerun6.wandb"
is 'in its folder' "$(field run_dir)" "$tree/loose"
mkdir -p "$tree/wandb/$plain/files/media"
cd "$tree/wandb/$plain/files/media" || exit 1
ok 'a folder inside a run folder' run 0 wb-find-runs .
is 'finds its run' "$(field run_id)" treerun0
cd ../.. || exit 1
ok 'the working folder' run 0 wb-find-runs .
is 'has short names' "$(field run_dir) $(field wandb_file)" \
    '. run-treerun0.wandb'
is 'and a folder of a name' "$(field offline)" true
cd "$work" || exit 1

ok 'operands, good and bad' run 1 wb-find-runs "$tree/a" nowhere "$tree/loose"
is 'each has its records' "$(ids)" 'treerun5 not_found treerun6 '
mkdir empty
ok 'a folder without a run' run 1 wb-find-runs empty
is 'is an error' "$(field error.code)" not_found
ok 'said with its name' grep_err 'wb-find-runs: empty: no .wandb file'
mkdir outside && cd outside || exit 1
mkfifo run-x.wandb
mkdir run-y.wandb
ok 'what is no file' run 1 wb-find-runs .
is 'is no run' "$(field error.code)" not_found
ok 'not even if it is named' run 1 wb-find-runs run-x.wandb
is 'but an error' "$(field error.code)" io
cd "$work" || exit 1

# ---- links ----

mkdir links links/far
ln -s .. links/far/up
ln -s "$tree/wandb" links/wandb
ln -s wandb links/again
ln -s "$plain" "$tree/wandb/latest-run"
ln -s "$tree/loose/run-treerun6.wandb" links/run-a.wandb
ln "$tree/loose/run-treerun6.wandb" links/run-b.wandb
ln -s /nowhere links/dangling
ok 'links' run 0 wb-find-runs links
is 'are followed once, hard ones first' "$(ids)" \
    'treerun6 treerun0 treerun2 treerun3 treerun1 '
is 'and lead to the name that is no link' "$(of treerun0 .run_dir)" \
    "links/again/$plain"
ln -s nowhere links/run-c.wandb
ok 'a link of a run file that leads nowhere' run 1 wb-find-runs links
is 'is an error, the others are found' "$(ids)" \
    'not_found treerun6 treerun0 treerun2 treerun3 treerun1 '
is 'with its name' "$(jq -r 'select(.error) | .wandb_file' "$out")" \
    links/run-c.wandb

# ---- what cannot be read ----

ok 'damaged files' run 1 wb-find-runs "$data/damaged"
is 'all are told' "$(jq -r .wandb_file "$out" | wc -l)" 23
is 'those whose head is damaged are errors' "$(jq -r 'select(.error) |
    "\(.wandb_file | split("/")[-4]) \(.error.code) \(.error.message |
    capture("wandb: (?<x>.*)").x)"' "$out")" \
"cut_norun damaged offset 91: the file was cut: truncated: chunk
empty damaged offset 0: no run record
head_4 damaged offset 0: the file was cut: truncated: file header
head_7 damaged offset 7: no run record
magic input offset 0: not a .wandb file
no_run damaged offset 237400: no run record
version input offset 0: unknown version"
is 'a damage behind the head does not hide the end' \
    "$(of damage00 .state) $(of damage02 .state) $(of damage10 .state)" \
    'finished finished finished'
is 'nor do records behind the exit' "$(of damage21 .state)" finished
is 'an end that was cut off is a crash' \
    "$(of damage05 .state) $(of damage07 .state)" 'crashed crashed'

# A path of more than 4096 bytes cannot be opened.
long=$(printf '%0200d' 0)
mkdir -p deep/run && cp "$tree/loose/run-treerun6.wandb" deep/run/
(
    cd deep || exit 1
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21; do
        mkdir "$long" && cd -P "$long" || exit "$i"
    done
) || exit 1
ok 'a folder that cannot be read' run 1 wb-find-runs deep
is 'is an error, the others are found' "$(ids)" 'io treerun6 '
is 'one that does not pretend to be a run' \
    "$(jq -r 'select(.error) | .wandb_file' "$out")" null

bad=$(printf 'odd/run-\351.wandb')
mkdir odd && cp "$tree/loose/run-treerun6.wandb" "$bad"
ok 'a name that no record can hold' run 1 wb-find-runs odd
is 'is an error' "$(field error.code)" input

# ---- states ----

states=$(for run in minimal failed crashed crashed_block; do
    wb-find-runs "$data/runs/$run" | jq -r .state
done)
is 'states' "$states" 'finished
failed
crashed
crashed'
mkdir crash && cp "$data"/runs/crashed/wandb/*/*.wandb crash/run.wandb
exec 9>>crash/run.wandb
ok 'a file that a process writes' run 0 wb-find-runs crash
is 'is live' "$(field state)" live
head -c 50 "$tree/loose/run-treerun6.wandb" >crash/young.wandb
exec 9>>crash/young.wandb
ok 'one that has just begun' run 1 wb-find-runs crash/young.wandb
is 'can be asked again later' "$(field error.temporary)" true
exec 9>&-
exec 8<crash/run.wandb
run 0 wb-find-runs crash/run.wandb
is 'one that is only read is not' "$(field state)" crashed
exec 8<&-

big=$work/big.wandb
cp "$data"/runs/typical/*/wandb/*/*.wandb "$big"
ok 'a run whose entity is known' run 0 wb-find-runs "$big"
is 'has a full name' "$(field run)" acme/kaggle-demo/typical0

head -c 200000 /dev/zero >>"$big"
ok 'an exit record far before the end' run 0 wb-find-runs "$big"
is 'is found' "$(field state)" finished

# ---- fragments ----

mkdir -p parts/a parts/b parts/c
cp "$data"/runs/resumed/wandb/*_044031-*/*.wandb parts/a/new.wandb
cp "$data"/runs/minimal/wandb/*/*.wandb parts/b
cp "$data"/runs/resumed/wandb/*_044029-*/*.wandb parts/c/old.wandb
ok 'fragments of a run' run 0 wb-find-runs parts
is 'come together, oldest first, numbered' "$(jq -r \
    '"\(.run_id) \(.fragment)/\(.fragments) \(.wandb_file)"' "$out")" \
'resumed0 1/2 parts/c/old.wandb
resumed0 2/2 parts/a/new.wandb
minimal0 1/1 parts/b/run-minimal0.wandb'
ok 'a filter does not renumber them' \
    run 0 wb-find-runs --since=2026-11-21T04:40:31Z parts
is 'as the others are still there' "$(field fragment)/$(field fragments)" 2/2

# ---- markers ----

sum=$(sha256sum <parts/c/old.wandb | cut -d' ' -f1)
size=$(wc -c <parts/c/old.wandb)
marker=parts/c/old.wandb.synced
echo "{\"size\":$size,\"sha256\":\"$sum\"}" >$marker
run 0 wb-find-runs parts/c
is 'our marker, of the right size' "$(field synced)" true
echo "{\"size\":$((size - 1)),\"sha256\":\"$sum\"}" >$marker
run 0 wb-find-runs parts/c
is 'of another size' "$(field synced)" false
echo 'nonsense' >$marker
run 0 wb-find-runs parts/c
is 'what is no marker' "$(field synced)" false

# ---- filters ----

wanted() {
    run 0 wb-find-runs "$@" "$data/runs" && ids
}
is '--state' "$(wanted --state=failed)" 'failed00 reinit0b '
is '--state, two of them' "$(wanted --state=failed,crashed)" \
    'crashed0 crashed1 failed00 reinit0b '
is '--unsynced' "$(run 0 wb-find-runs --unsynced "$tree/wandb"; ids)" \
    'treerun0 treerun3 treerun1 '
is '--since a time' "$(wanted --since=2026-11-21T04:40:52Z | wc -w)" 8
is '--since how long ago' "$(wanted --since=1h | wc -w)" 0
is '--since how long ago' "$(wanted --since=4755s)" "$(wanted \
    --since=2026-11-21T04:40:45Z)"
is '--project' "$(wanted --project=other)" ''
is 'where a filter left nothing is no error' "$(cat "$err")" ''
is '--project with its entity' "$(wanted --project=acme/kaggle-demo)" 'typical0 '
is 'and with another' "$(wanted --project=acm/kaggle-demo)" ''
for option in --state=running --state= --project= --since=soon --state; do
    ok "$option" run 2 wb-find-runs $option "$tree"
done

# ---- the whole file ----

# Whether the summaries in $out are those that the server gets.
same_summary() {
    jq -e -n --slurpfile got "$out" --slurpfile want "$1/expected.json" '
        ($got | map({(.run_id): .summary}) | add) == ($want[0].runs
        | with_entries(.key |= split("/")[-1]) | map_values(.summary))
    ' >/dev/null
}
for folder in "$data"/runs/*; do
    kind=${folder##*/}
    # A sync gives its rows other steps.
    [ "$kind" = resumed_restart ] && continue
    run 0 wb-find-runs --summary "$folder"
    ok "--summary: $kind" same_summary "$folder"
done
cp "$data"/damaged/crc_mid/wandb/*/*.wandb crash/damaged.wandb
ok '--summary of a damaged file' \
    run 1 wb-find-runs --summary crash/damaged.wandb
is 'is not told as if it were whole' \
    "$(field failed.code) $(field summary._step)" 'damaged 504'
ok '--summary of a killed run' \
    run 0 wb-find-runs --summary "$data/runs/crashed_block"
is 'is whole as far as it goes' "$(field summary._step)" 863

cp -R "$data/runs/files" saved && chmod -R u+w saved
run 0 wb-find-runs --deps saved
is '--deps: the files of a run' "$(jq -r '.run_dir as $dir | .deps[]
    | ltrimstr("\($dir)/files/")' "$out" | sort | head -n 4)" "$(
    cd saved/wandb/*/files && find . -type f | sed 's|^\./||' |
        LC_ALL=C sort | head -n 4)"
is 'all there' "$(field deps_missing)" null
rm saved/wandb/*/files/live.txt
run 0 wb-find-runs --deps saved
is 'or not' "$(jq -r '.deps_missing[] | split("/")[-1]' "$out")" live.txt
run 0 wb-find-runs --deps "$data/runs/artifact"
is '--deps: the files of artifacts' "$(jq '.deps | map(select(
    startswith("/tmp/kaggle/working/artifact/"))) | length' "$out")" 8

# ---- in a pipe ----

line="{\"output_dir\":\"$tree/wandb\",\"files\":3,\"note\":{\"a\":[1,\"é\"]}}"
ok 'a record' run_input "$line" 0 wb-find-runs
is 'is copied to each run' "$(jq -c '[.output_dir, .files, .note]' "$out" |
    sort -u)" "[\"$tree/wandb\",3,{\"a\":[1,\"é\"]}]"
ok 'a failed one is worked on' run_input \
    "{\"output_dir\":\"$tree/loose\",\"failed\":{\"code\":\"x\"}}" 1 wb-find-runs
is 'as there may be runs' "$(field run_id) $(field failed.code)" 'treerun6 x'
ok 'a record that says what the file leaves open' run_input \
    "{\"output_dir\":\"$tree/loose\",\"run\":\"a/b/c\"}" 0 wb-find-runs
is 'does not say it of another run' "$(field run)" null
ok 'two at once' run 1 wb-find-runs -j 2 "$tree/a" "$tree/loose" nowhere
is 'write whole records' "$(ids | tr ' ' '\n' | sort | tr '\n' ' ')" \
    'not_found treerun5 treerun6 '

every_tool wb-find-runs

done_testing
