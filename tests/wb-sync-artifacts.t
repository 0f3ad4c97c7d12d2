#!/bin/sh
# wb-sync: artifacts are on the server, whole, once, and were asked for.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/wandb.sh"

# artifacts RUN: those of a run, without what differs from run to run
artifacts() {
    run_state "$1" ".artifacts | map([.name, .version, .state])"
}

# made RUN [LINE ...]: a file whose run logged these artifacts, in $file
made() {
    file=$work/run-$1.wandb
    id=$1
    shift
    printf '%s\n' "$@" | make-artifact "$id" "$work/root" >"$file"
    echo "$file" >"$work/files"
    rm -f "$file.synced"
}

# query QUERY JQ: of the answer
query() {
    jq -n -c --arg q "$1" '{query: $q}' | curl -sS -u "api:$WANDB_API_KEY" \
        --data-binary @- "$url/graphql" | jq -c -r "$2"
}

# stays NAME: nothing was sent since $before, and the record is whole
stays() {
    is "$1: nothing is sent" "$(writes)" "$before"
    is "$1: it is whole" "$(field synced)$(field failed)" truenull
}

mkdir "$work/root"
printf hello >"$work/root/hello"
printf 'other bytes' >"$work/root/other"
: >"$work/root/empty"
head -c 300000 /dev/zero | tr '\0' 'x' >"$work/root/large"

# ---- the recorded runs ----

serve
copy artifact media code
ok 'recorded artifacts' sync 0
for kind in artifact media code; do
    is "$kind: they are what they should be" "$(held "$kind")" '"equal"'
done
is 'each counted' "$(jq -c .artifacts "$out" | sort | tr '\n' ' ')" '1 2 5 '
is 'and in the marks' "$(cat "$work"/runs/*/wandb/*/*.synced |
    jq -c .artifacts | sort | tr '\n' ' ')" '1 2 5 '
is 'nothing was wrong' "$(state .violations)" '[]'
is 'staged files stay' "$(find "$work/runs" -path '*/staging/*' -type f |
    wc -l | tr -d ' ')" 16
before=$(writes)
was=$(state '.runs | map_values(.artifacts)')
find "$work/runs" -name '*.synced' -delete
ok 'without the marks' sync 0
stays 'without the marks'
is 'no second version' "$(state '.runs | map_values(.artifacts)')" "$was"
rm -rf "$work/runs"/*/wandb-data
find "$work/runs" -name '*.synced' -delete
ok 'without the staged files' sync 0
stays 'without the staged files'

serve
copy artifact_lost
ok 'lost files' sync 1
is 'are said' "$(field failed.code)" not_found
ok 'with their artifacts' grep_err lost-model/weights.bin
ok 'all of them' grep_err run-artifac1-table/table.table.json
is 'the rest is there' "$(held artifact_lost)" '"equal"'
is 'it is not marked' "$(markers)" 0
is 'nor counted' "$(field artifacts)" 0
ok 'a dry run' sync 0 -n

# ---- looked for, left out ----

serve
copy artifact
sync 0 --no-mark
before=$(writes)
ok 'artifacts are verified' sync 0 --verify
is 'each of them' "$(field verified)$(field artifacts)" true5
query 'mutation { deleteArtifact(input: {deleteAliases: true, artifactID: "'"$(
    query '{ project(name: "kaggle-demo") { artifact(name: "demo-data:v0") {
        id } } }' .data.project.artifact.id)"'"}) { artifact { id } } }' . \
    >/dev/null
ok 'one that was deleted' sync 1 --verify
is 'is a conflict' "$(field failed.code)$(field verified)" conflictfalse
ok 'named' grep_err demo-data
is 'nothing was sent' "$(writes)" "$before"
ok 'it is sent' sync 0 --again
is 'as another version' "$(run_state artifac0 '.artifacts[0] |
    [.name, .version, .state]')" '["demo-data",1,"COMMITTED"]'
serve
copy code
ok 'without code' sync 0 --skip=code
is 'there is no artifact of it' "$(run_state code0000 .artifacts)" '[]'
is 'as was said' "$(field left_out)" '["code"]'
ok 'later on' sync 0
is 'there is' "$(held code)" '"equal"'

# ---- where files are looked for ----

serve
copy artifact
data=$work/runs/artifact/wandb-data
mv "$data" "$work/data"
ok 'staged files elsewhere' sync 1
is 'are not found' "$(field failed.code)" not_found
ok 'with --map' sync 0 --map=/nowhere=/else \
    --map="/tmp/kaggle/working/artifact/wandb-data=$work/data"
is 'they are' "$(held artifact)" '"equal"'
ok 'a --map that is none' run 2 wb-sync --map=here "$file"

entry() {
    printf '{"name": "n", "client_id": "%s", "entries": [{"path": "p",
        "file": "%s", "local_path": "%s"}]}' "$1" "$work/root/hello" "$2" |
        tr -d '\n'
}
serve
made kaggle "$(entry c1 /kaggle/working/deep/staged)"
mkdir -p "$work/output/deep"
cp "$work/root/hello" "$work/output/deep/staged"
ok 'a file of a kernel' run 1 wb-sync "$file"
ok 'is in the output' run_input \
    "{\"wandb_file\": \"$file\", \"output_dir\": \"$work/output\"}" 0 wb-sync
is 'so it is there' "$(artifacts kaggle)" '[["n",0,"COMMITTED"]]'
serve
made near "$(entry c1 hello)"
ok 'a relative path' run 0 wb-sync "$file"
is 'is one from where the program worked' "$(artifacts near)" \
    '[["n",0,"COMMITTED"]]'

# ---- what is not what was logged ----

serve
made changed "$(jq -n -c --arg r "$work/root" '{name: "a", client_id: "c1",
    entries: [{path: "good", file: ($r + "/hello")},
        {path: "grown", file: ($r + "/large")},
        {path: "other", file: ($r + "/other")}]},
    {name: "b", client_id: "c2", entries: [{path: "x",
        file: ($r + "/hello")}]}')"
printf 'OTHER bytes' >"$work/root/other"
printf 'more' >>"$work/root/large"
ok 'files that have changed' run 1 wb-sync "$file"
is 'are a conflict' "$(field failed.code)" conflict
ok 'are named' grep_err 'a/grown, a/other'
is 'are not sent' "$(state '.requests.upload')" 6
is 'the others are' "$(query '{ project(name: "made") { artifact(name:
    "b:v0") { state digest } } }' .data.project.artifact.state)" COMMITTED
is 'their artifact waits for them' "$(artifacts changed)" \
    '[["a",0,"PENDING"],["b",0,"COMMITTED"]]'
printf 'other bytes' >"$work/root/other"
head -c 300000 /dev/zero | tr '\0' 'x' >"$work/root/large"
before=$(state '.requests.upload')
ok 'when they are back' run 0 wb-sync "$file"
is 'they go up, and the manifest' "$(state '.requests.upload')" $((before + 3))
is 'no version more is made' "$(artifacts changed)" \
    '[["a",0,"COMMITTED"],["b",0,"COMMITTED"]]'
is 'nothing was wrong' "$(state .violations)" '[]'

serve
made digest "$(jq -n -c --arg r "$work/root" '{name: "a", client_id: "c1",
    digest: "00000000000000000000000000000000",
    entries: [{path: "p", file: ($r + "/hello")}]}')"
ok 'a list that is not its digest' run 1 wb-sync "$file"
is 'is damage' "$(field failed.code)" damaged
is 'and nothing is committed' "$(artifacts digest)" '[["a",0,"PENDING"]]'

# ---- all that an artifact may have ----

serve
made all "$(jq -n -c --arg r "$work/root" '{name: "all", type: "model",
    client_id: "c1", sequence_client_id: "s1", description: "what é is",
    metadata: "{\"a\": [1, {\"b\": null}]}", aliases: ["latest", "best"],
    tags: ["one", "two words"], ttl_duration_seconds: 3600,
    use_after_commit: true, entries: [
        {path: "a \"quoted\" ü", file: ($r + "/hello"), extra: {k: [1.5]}},
        {path: "dir/empty", file: ($r + "/empty")},
        {path: "same", file: ($r + "/hello")},
        {path: "zref", digest: "etag", ref: "s3://bucket/x", size: 99}]}')"
ok 'an artifact with everything' run 0 wb-sync "$file"
is 'has it' "$(query '{ project(name: "made") { artifact(name: "all:best") {
    description metadata ttlDurationSeconds tags { name }
    artifactType { name } size fileCount } } }' \
    '.data.project.artifact | [.description, .metadata, .ttlDurationSeconds,
    (.tags | map(.name)), .artifactType.name, .size, .fileCount]')" \
    '["what é is","{\"a\": [1, {\"b\": null}]}",3600,["one","two words"],"model",109,4]'
is 'and is used' "$(query '{ project(name: "made") { run(name: "all") {
    inputArtifacts { totalCount } } } }' \
    .data.project.run.inputArtifacts.totalCount)" 1
is 'its manifest says so' "$(query '{ project(name: "made") {
    artifact(name: "all:v0") { currentManifest { file { directUrl } } } } }' \
    .data.project.artifact.currentManifest.file.directUrl |
    xargs curl -sS | jq -c '[.version, .storagePolicy, .storagePolicyConfig,
        .contents["a \"quoted\" ü"].extra, .contents.zref,
        (.contents.same | keys)]')" \
    '[1,"wandb-storage-policy-v1",{"storageLayout":"V2"},{"k":[1.5]},{"digest":"etag","size":99,"ref":"s3://bucket/x"},["birthArtifactID","digest","size"]]'

# ---- references to artifacts that had no id yet ----

serve
made refs "$(jq -n -c --arg r "$work/root" '{name: "source", client_id: "c1",
        entries: [{path: "p", file: ($r + "/hello")}]},
    {name: "target", client_id: "c2", entries: [{path: "p/x", digest: "d",
        ref: "wandb-client-artifact://c1/p"}]}')"
ok 'a reference by a client id' run 0 wb-sync "$file"
artifact=$(query '{ project(name: "made") { artifact(name: "source:v0") {
    id } } }' .data.project.artifact.id)
is 'is one by id' "$(run_state refs \
    '.artifacts[1].contents["p/x"].ref')" \
    "wandb-artifact://$(printf %s "$artifact" | base64 -d | od -An -tx1 |
        tr -d ' \n')/p"
is 'that was known' "$(asked ClientIDMapping)" 0
made later "$(jq -n -c '{name: "later", client_id: "c3", entries: [
        {path: "x", digest: "d", ref: "wandb-client-artifact://c1/p"}]},
    {name: "never", client_id: "c4", entries: [
        {path: "x", digest: "d", ref: "wandb-client-artifact://c9/p"}]}')"
ok 'one to another run'"'"'s, and one to none' run 1 wb-sync "$file"
is 'the first is resolved' "$(run_state later '.artifacts[0].contents.x.ref' |
    cut -d/ -f1)" wandb-artifact:
is 'the second is said' "$(field failed.code)" not_found

# ---- other names ----

serve
made place "$(entry c1 hello)" 
ok 'a run' run 0 wb-sync --no-mark "$file"
ok 'its copy in another project' run 0 wb-sync -p copies "$file"
is 'has the artifact there' "$(state '.runs["tester/copies/place"].artifacts |
    map([.name, .state])')" '[["n","COMMITTED"]]'
before=$(writes)
ok 'again' run 0 wb-sync -p copies --again "$file"
stays 'the copy again'
ok 'a copy in another entity' run 0 wb-sync -e team "$file"
is 'has it too' "$(state '.runs["team/made/place"].artifacts | length')" 1

# ---- versions of one name ----

serve
made order "$(for n in 1 2 3 4; do
    jq -n -c --arg n $n --arg r "$work/root" '{name: "v", client_id: ("c" + $n),
        entries: [{path: $n, file: ($r + "/hello")}]}'
done)"
ok 'versions of one name' run 0 wb-sync "$file"
is 'are in the order of the file' "$(run_state order '.artifacts |
    map([.version, (.contents | keys[0])])')" \
    '[[0,"1"],[1,"2"],[2,"3"],[3,"4"]]'
is 'what is there is not sent again' "$(state .requests.upload)" 8

# One that could not be sent now keeps its place, whatever the server says; one
# whose files are gone does not stop those behind it.
for step in CreateArtifact:403 CreateArtifactManifest:403 \
    CreateArtifactManifest:409 CreateArtifactFiles:404 CommitArtifact:403; do
    status=${step#*:}
    step=${step%:*}
    serve --fault "match='graphql $step' status=$status"
    made order "$(for n in 1 2 3; do
        jq -n -c --arg n $n --arg r "$work/root" '{name: "v",
            client_id: ("c" + $n), aliases: ["latest"],
            entries: [{path: $n, file: ($r + "/hello")}]}'
    done)"
    ok "$step is refused ($status)" run 1 wb-sync "$file"
    ok "$step is refused: the others wait" grep_err '3 artifacts are not whole'
    is "$step is refused: nothing is committed" "$(run_state order \
        '.artifacts | map(select(.state == "COMMITTED"))')" '[]'
    ok "$step is refused: and then" run 0 wb-sync "$file"
    is "$step is refused: they are in their order" "$(run_state order \
        '.artifacts | map([.version, .aliases, (.contents | keys[0])])')" \
        '[[0,[],"1"],[1,[],"2"],[2,["latest"],"3"]]'
done
serve
made gone "$(for n in 1 2; do
    jq -n -c --arg n $n --arg r "$work/root" '{name: "v",
        client_id: ("c" + $n), entries: [{path: $n, file: ($r + "/hello"),
        local_path: (if $n == "1" then "/gone" else $r + "/hello" end)}]}'
done)"
ok 'files that are gone' run 1 wb-sync "$file"
is 'stop no later version' "$(run_state gone \
    '.artifacts | map(.state)')" '["PENDING","COMMITTED"]'
made gone "$(for n in 1 2; do
    jq -n -c --arg n $n --arg r "$work/root" '{name: "p",
        client_id: ("d" + $n), distributed_id: "g",
        finalize: (if $n == "1" then 0 else 1 end), entries: [{path: $n,
        file: ($r + (if $n == "1" then "/other" else "/hello" end)),
        local_path: (if $n == "1" then "/gone" else $r + "/hello" end)}]}'
done)"
ok 'but a part whose earlier one is' run 1 wb-sync --id=parts "$file"
is 'does not make the whole' "$(run_state parts '.artifacts |
    map(.state)')" '["PENDING"]'

# ---- in parts of the whole ----

serve
made base "$(jq -n -c --arg r "$work/root" '{name: "inc", client_id: "c1",
    entries: [{path: "a", file: ($r + "/hello")}]}')"
run 0 wb-sync "$file"
made more "$(jq -n -c --arg r "$work/root" '{name: "inc", client_id: "c2",
    incremental_beta1: true, entries: [{path: "b", file: ($r + "/other")}]}')"
ok 'an increment' run 0 wb-sync --no-mark "$file"
is 'is added to what was there' "$(run_state more \
    '.artifacts[0].contents | keys')" '["a","b"]'
before=$(writes)
ok 'again' run 0 wb-sync --again "$file"
stays 'an increment again'

serve
part() {
    jq -n -c --arg r "$work/root" --arg p "$1" --argjson f "$2" '{name: "d",
        client_id: ("c" + $p), distributed_id: "group", finalize: $f,
        entries: [{path: $p, file: ($r + "/hello")}]}'
}
made first "$(part a 0)"
ok 'a part of a whole' run 0 wb-sync --no-mark "$file"
is 'is not the last' "$(artifacts first)" '[["d",0,"PENDING"]]'
made last "$(part b 1)"
ok 'the last one' run 0 wb-sync "$file"
is 'makes it whole' "$(run_state first '.artifacts[0] |
    [.state, (.contents | keys)]')" '["COMMITTED",["a","b"]]'
made first "$(part a 0)"
before=$(writes)
ok 'the first again' run 0 wb-sync --again "$file"
stays 'a part again'
is 'nothing was wrong' "$(state .violations)" '[]'

# ---- XXH128 ----

other='{"features": ["ARTIFACT_DIGEST_ALGORITHM"]}'
xxh() {
    jq -n -c --arg r "$work/root" '{name: "x", client_id: "c1",
        digest_algorithm: "MANIFEST_XXH128", entries: [
            {path: "a", file: ($r + "/hello")},
            {path: "b", file: ($r + "/other")},
            {path: "c", digest: "etag", ref: "s3://b/c"}]}'
}
serve --load "$other"
made xxh "$(xxh)"
ok 'XXH128' run 0 wb-sync --no-mark "$file"
is 'is what the server has' "$(query '{ project(name: "made") {
    artifact(name: "x:v0") { state digestAlgorithm } } }' \
    '.data.project.artifact | [.state, .digestAlgorithm]')" \
    '["COMMITTED","MANIFEST_XXH128"]'
is 'of each file' "$(run_state xxh '.artifacts[0].contents.a.digest')" \
    tenBrQcbPn/Hec+qXlI4GA==
before=$(writes)
ok 'again' run 0 wb-sync --again "$file"
stays 'XXH128 again'
serve --load "$other"
printf 'OTHER bytes' >"$work/root/other"
ok 'XXH128: a file that has changed' run 1 wb-sync "$file"
is 'is a conflict' "$(field failed.code)" conflict
printf 'other bytes' >"$work/root/other"
serve
ok 'a server that knows MD5 only' run 0 wb-sync --no-mark "$file"
is 'gets it' "$(query '{ project(name: "made") {
    artifact(name: "x:v0") { state digestAlgorithm digest } } }' \
    '.data.project.artifact | [.state, .digestAlgorithm]')" \
    '["COMMITTED","MANIFEST_MD5"]'
is 'of each file' "$(run_state xxh '.artifacts[0].contents.a.digest')" \
    XUFAKrxLKna5cZ2REBfFkg==
ok 'again' run 0 wb-sync --again "$file"
is 'is the same' "$(artifacts xxh)" '[["x",0,"COMMITTED"]]'
serve
printf 'OTHER bytes' >"$work/root/other"
ok 'MD5 instead: a file that has changed' run 1 wb-sync "$file"
is 'is a conflict' "$(field failed.code)" conflict
is 'before anything is made' "$(asked CreateArtifact)" 0
printf 'other bytes' >"$work/root/other"
serve --load "$other"
made old "$(jq -n -c --arg r "$work/root" '{name: "x", client_id: "c0",
    entries: [{path: "a", file: ($r + "/hello")}]}')"
run 0 wb-sync "$file"
made xxh "$(xxh)"
ok 'a name that began with MD5' run 0 wb-sync "$file"
is 'goes on with it' "$(artifacts xxh)" '[["x",1,"COMMITTED"]]'
is 'nothing was wrong' "$(state .violations)" '[]'

# ---- files in parts ----

for features in '{}' "$other"; do
    serve --load "$features"
    made parts "$(jq -n -c --arg r "$work/root" --argjson f "$features" '{
        name: "p", client_id: "c1", digest_algorithm: (if $f == {}
            then "MANIFEST_MD5" else "MANIFEST_XXH128" end),
        entries: [{path: "large", file: ($r + "/large")},
            {path: "small", file: ($r + "/hello")}]}')"
    ok 'a file in parts' run 0 env KW_MULTIPART=200000 wb-sync "$file"
    is 'is whole' "$(artifacts parts)" '[["p",0,"COMMITTED"]]'
    is 'of so many' "$(state .requests.upload)" \
        $((30 + 1 + 1 + $(state '.runs[].files | length')))
    is 'put together once' "$(asked CompleteMultipartUploadArtifact)" 1
    is 'nothing was wrong' "$(state .violations)" '[]'
done
serve --fault 'match=/part nth=7 status=403'
rm -f "$file.synced"
made parts "$(jq -n -c --arg r "$work/root" '{name: "p", client_id: "c1",
    entries: [{path: "large", file: ($r + "/large")}]}')"
ok 'a part that is refused' run 0 env KW_MULTIPART=200000 wb-sync "$file"
is 'gets another address' "$(artifacts parts)" '[["p",0,"COMMITTED"]]'

# ---- many entries, and a list of them in a file ----

mkdir "$work/many"
(cd "$work/many" && seq 1 700 | while read -r n; do echo "$n" >"f$n"; done)
(cd "$work/many" && printf '{"path": "%s", "file": "%s"}\n' \
    $(for name in f*; do echo "$name" "$work/many/$name"; done)) |
    make-artifact | jq -c '.local_path = "many/" + .path' >"$work/list"
digest=$({ echo wandb-artifact-manifest-v1
    jq -r '.path + ":" + .digest' "$work/list" | LC_ALL=C sort -t: -k1,1
} | md5sum | cut -d' ' -f1)
shuf --random-source="$work/root/large" "$work/list" | gzip >"$work/list.gz"
list() {
    jq -n -c --arg f "$1" --arg d "$digest" '{name: "many", client_id: "c1",
        digest: $d, manifest_file_path: $f}'
}
serve
made many "$(list "$work/list.gz")"
ok 'a list in a file' run 0 wb-sync --map="$work/root=$work" "$file"
is 'in any order' "$(run_state many '.artifacts[0] | [.state, .digest,
    (.contents | length)]')" "[\"COMMITTED\",\"$digest\",700]"
is 'asked for in growing batches' "$(asked CreateArtifactFiles)" 4
ok 'the list stays' [ -s "$work/list.gz" ]
serve
head -c 9000 "$work/list.gz" >"$work/cut.gz"
made many "$(list "$work/cut.gz")"
ok 'a list that is cut' run 1 wb-sync --map="$work/root=$work" "$file"
is 'is damage' "$(field failed.code)" damaged
made many "$(list "$work/none.gz")"
ok 'a list that is not there' run 1 wb-sync "$file"
is 'is not found' "$(field failed.code)" not_found
is 'nothing is committed' "$(artifacts many)" '[["many",0,"PENDING"]]'

# ---- what the server says and does ----

serve --fault 'match=CommitArtifact times=always status=400 after'
made commit "$(entry c1 hello)"
ok 'a commit that is said to be refused' run 0 wb-sync "$file"
is 'and was done' "$(artifacts commit)" '[["n",0,"COMMITTED"]]'
serve --fault 'match=CommitArtifact times=always status=400'
made refused "$(entry c1 hello)"
ok 'one that is refused' run 1 wb-sync "$file"
is 'is said' "$(field failed.code) $(field artifacts)" 'rejected 0'
serve --fault 'match=CreateArtifactFiles status=200 body={"data":{}}'
made answer "$(entry c1 hello)"
ok 'an answer without addresses' run 1 wb-sync "$file"
is 'is said' "$(field failed.code)" unavailable
ok 'and then' run 0 wb-sync "$file"
serve
copy artifact media code
ok 'secrets stay' sync 0 -v
ok 'as do local paths' sh -c "! grep -q kaggle/working '$err'"

done_testing
