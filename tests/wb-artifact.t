#!/bin/sh
# wb-artifact: what was put is on the server, whole, once, and what was got is
# that; names from the server stay in the folder.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/wandb.sh"

root=$work/root
folder=$work/folder
got=$work/got

# put STATUS [OPTION ...] PATH; get and ls likewise
put() {
    _status=$1
    shift
    run "$_status" wb-artifact put -p p "$@"
}
get() {
    _status=$1
    shift
    run "$_status" wb-artifact get "$@"
}
ls_() {
    _status=$1
    shift
    run "$_status" wb-artifact ls "$@"
}

same() {
    diff -r "$1" "$2" >"$work/diff" && return
    sed 's/^/# /' "$work/diff"
    return 1
}

# What is of ours below a folder: parts.
parts() {
    find "$1" -name '.wb-artifact.*' | wc -l | tr -d ' '
}

# made LINE ...: artifacts as some client logs them, at tester/made
made() {
    printf '%s\n' "$@" | make-artifact other "$root" >"$work/run-other.wandb"
    ok 'others log' run 0 wb-sync --no-mark "$work/run-other.wandb"
}

# begin [FAULT]: a server that has folder as tester/p/data, and then fails
begin() {
    serve
    put 0 --name=data "$folder"
    [ $# -eq 0 ] || sandbox POST faults "$1" >"$work/reply"
    rm -rf "$got"
}

mkdir "$root"
printf hello >"$root/hello"
printf 'other bytes' >"$root/other"
mkdir -p "$folder/sub/deep" "$work/elsewhere"
printf 'one' >"$folder/one"
: >"$folder/sub/empty"
head -c 200000 /dev/zero | tr '\0' x >"$folder/sub/deep/large"
printf 'ü' >"$folder/sub/ünïcode ☃.txt"
printf 'quote' >"$folder/a \"quoted\\ name"
printf 'hidden' >"$folder/.hidden"
printf 'linked' >"$work/elsewhere/file"
ln -s "$work/elsewhere/file" "$folder/to-file"
ln -s "$work/elsewhere" "$folder/to-folder"
ln "$folder/one" "$folder/hard"

# ---- put ----

serve
ok 'a folder' put 0 --name=data --metadata='{"a": 1}' --description=d "$folder"
is 'is a version' "$(field artifact) $(field version) $(field state)" \
    'tester/p/data:v0 0 COMMITTED'
is 'of so much' "$(field files) $(field bytes)" '9 200031'
is 'as the latest' "$(field aliases) $(field type)" '["latest"] dataset'
is 'not unchanged' "$(field unchanged)" null
is 'nothing was wrong' "$(state .violations)" '[]'
digest=$(field digest)
rec=$(field run)
is 'it comes from a run' "$(state ".runs[\"$rec\"] |
    [.state, .exitcode, (.artifacts | length)]")" '["finished",0,1]'
is 'with what was said of it' "$(state ".runs[\"$rec\"].artifacts[0] |
    [.metadata, .description]")" '["{\"a\": 1}","d"]'
is 'questions' "$(state '.requests | del(.upload) | add')" 9
is 'each file goes up' "$(asked upload)" 10
before=$(writes)
ok 'the same again' put 0 --name=data "$folder"
is 'is unchanged' "$(field unchanged)" true
is 'and the same version' "$(field artifact) $(field digest)" \
    "tester/p/data:v0 $digest"
is 'nothing was sent' "$(writes)" "$before"
ok 'another alias' put 0 --name=data --alias=best --alias=v-1 "$folder"
is 'is added' "$(field aliases) $(field unchanged)" \
    '["latest","best","v-1"] true'
is 'to no new version' "$(field artifact)" tester/p/data:v0
ok 'metadata of what is there' put 0 --name=data --metadata='{"b": 2}' "$folder"
ok 'is not taken, which is said' grep_err 'metadata and description stay'
printf 'two' >"$folder/sub/two"
ok 'a dry run' put 0 -n --name=data "$folder"
is 'says so' "$(field dry_run) $(field artifact) $(field files)" \
    'true tester/p/data 10'
before=$(asked upload)
ok 'a file more' put 0 --name=data "$folder"
is 'is the next version' "$(field artifact) $(field files)" \
    'tester/p/data:v1 10'
is 'of which one file and the manifest went up' \
    "$(($(asked upload) - before))" 2
rm "$folder/sub/two"
ok 'some of them' put 0 --name=some --include='*e' --exclude='sub/*' "$folder"
is 'are those' "$(field files)" 4
ok 'a file' put 0 --type=model "$folder/one"
is 'by its name' "$(field artifact) $(field type) $(field bytes)" \
    'tester/p/one:v0 model 3'
ok 'a name is of one type' put 1 "$folder/one"
is 'as the server says' "$(field error.code)" rejected
ok 'a name of a folder with a slash' put 0 -n "$folder/"
is 'is the same' "$(field artifact)" tester/p/folder
ok 'references' put 0 s3://bucket/dir/key.bin https://example.com/d/
is 'are put as they are' "$(jq -c '[.artifact, .files, .bytes]' "$out")" \
    '["tester/p/key.bin:v0",1,0]
["tester/p/d:v0",1,0]'
for secret in https://u:geheim@host/x https://geheim@host \
    's3://u:geheim@b/k?x=@'; do
    before=$(writes)
    ok "a secret in a reference" put 1 "$secret"
    is 'is refused' "$(field error.code)" input
    is 'and not shown' "$(grep -c geheim "$out" "$err" | cut -d: -f2 |
        tr '\n' ' ')" '0 0 '
    is 'nor sent' "$(writes)" "$before"
done
ok 'a container' put 0 abfss://c@a.example/x@y:z/f
is 'is no secret' "$(field artifact)" tester/p/f:v0
ok 'records' run_input '{"path":"'"$folder/one"'","x":[1]}' 0 \
    wb-artifact put -p q -e other
is 'keep what they have' "$(field x) $(field artifact)" '[1] other/q/one:v0'
ok 'of a dry run' run_input '{"path":"'"$folder/one"'","dry_run":true}' 0 \
    wb-artifact put -p q2
is 'send nothing' "$(field dry_run)$(state '.runs | keys | map(select(
    contains("q2")))')" 'true[]'
is 'nothing was wrong' "$(state .violations)" '[]'

serve
made '{"name":"x","client_id":"c1","entries":[]}'
ok 'a run of which it is' put 0 --run=tester/made/other "$folder/one"
is 'has it' "$(field run) $(run_state other '.artifacts | map(.name)')" \
    'tester/made/other ["one","x"]'
is 'and goes on as it was' "$(run_state other .state)" finished
ok 'a run that is not there' put 1 --run=tester/made/none "$root/other"
is 'is an error' "$(field error.code)" not_found
WANDB_PROJECT=env WANDB_ENTITY=ent run 0 wb-artifact put "$folder/one"
is 'place from the environment' "$(field artifact)" ent/env/one:v0

# ---- nothing is committed ----

serve
nothing() {
    is "$1: nothing is there" "$(state '[.runs[].artifacts[] |
        select(.state == "COMMITTED")]')" '[]'
}
ok 'a path that is not there' put 1 "$work/none" "$folder/one"
is 'is an error, the rest goes on' "$(jq -c '.error.code // .artifact' "$out")" \
    '"not_found"
"tester/p/one:v0"'
serve
mkdir "$work/bad"
printf x >"$work/bad/file"
ln -s nowhere "$work/bad/link"
ok 'a link that leads nowhere' put 1 "$work/bad"
is 'is an error' "$(field error.code)" not_found
rm "$work/bad/link"
ln -s ../bad "$work/bad/link"
ok 'a link in a circle' put 1 "$work/bad"
is 'is an error, too' "$(field error.code)" input
rm "$work/bad/link"
mkfifo "$work/bad/fifo"
ok 'a FIFO' put 1 "$work/bad"
is 'is no file' "$(field error.code)" io
ok 'unless it is left out' put 0 -n --exclude=fifo "$work/bad"
rm "$work/bad/fifo"
printf x >"$work/bad/$(printf '\377')"
ok 'a name that is not UTF-8' put 1 "$work/bad"
is 'cannot be said' "$(field error.code)" input
rm -r "$work/bad"
mkdir "$work/bad"
ok 'an empty folder' put 1 "$work/bad"
is 'is none' "$(field error.code)" input
ok 'a name that is none' put 1 "$folder/sub/ünïcode ☃.txt"
is 'is an error' "$(field error.code)" input
nothing 'after errors'

# changed HOW: while its artifact is made
changed() {
    serve --fault 'match=CreateArtifactManifest delay=2'
    cp -R "$folder/sub" "$work/changing"
    printf 'as it was' >"$work/changing/file"
    wb-artifact put -p p "$work/changing" >"$out" 2>"$err" &
    until [ "$(asked CreateArtifactManifest)" = 1 ]; do sleep 0.01; done
    eval "$1"
    wait $!
    status=$?
    is "$1: is an error" "$status $(field error.code)" "1 $2"
    ok "$1: which names it" grep_err changing/file
    nothing "$1"
    is "$1: its run has failed" "$(state '[.runs[].exitcode]')" '[1]'
    rm -rf "$work/changing"
}
changed 'printf more >>"$work/changing/file"' conflict
changed 'printf "as it is!" >"$work/changing/file"' conflict
changed 'printf "as it was" >"$work/new"; mv "$work/new" "$work/changing/file"' \
    conflict
changed 'rm "$work/changing/file"' not_found

# ---- get ----

begin
ok 'an artifact' get 0 -o "$got" tester/p/data:v0
ok 'is what was put' same "$folder" "$got"
is 'all of it' "$(field files) $(field fetched) $(field bytes)" '9 9 200031'
is 'there' "$(field output_dir)" "$got"
is 'and what it is' "$(field artifact) $(field digest)" \
    "tester/p/data:v0 $digest"
is 'without parts' "$(parts "$got")" 0
before=$(asked download)
ok 'again' get 0 -o "$got" tester/p/data
is 'only its manifest' "$(($(asked download) - before)) $(field fetched)" '1 0'
printf 'oNe' >"$got/one"
rm "$got/sub/empty"
printf 'mine' >"$got/mine"
ok 'what is missing or damaged' get 0 -o "$got" tester/p/data:latest
is 'is fetched' "$(field fetched)" 2
is 'and what is not of it stays' "$(cat "$got/mine")" mine
rm "$got/mine"
ok 'all is as it was' same "$folder" "$got"
(cd "$work" && wb-artifact get tester/p/data) >"$out" 2>"$err"
is 'a folder of its own' "$(field output_dir)" artifacts/data:v0
ok 'has it' same "$folder" "$work/artifacts/data:v0"
rm -rf "$got"
ok 'some of it' get 0 -o "$got" --include='*e' --exclude='sub/*' \
    -e tester -p p data
is 'is that' "$(field files)" 4
ok 'no such artifact' get 1 -o "$got" tester/p/none
is 'is not found' "$(field error.code)" not_found
ok 'no such version' get 1 -o "$got" tester/p/data:v7
is 'is not found' "$(field error.code)" not_found
put 0 --name=other "$folder/one"
ok 'two into one folder' get 1 -o "$got" tester/p/data tester/p/other
is 'are a conflict' "$(field error.code)" conflict
put 0 --name=third "$folder/one"
rm -rf "$got"
ok 'nor more at once' get 1 -j3 -o "$got" tester/p/data tester/p/other \
    tester/p/third
is 'which does not pass' "$(jq -c '.error | select(.) |
    [.code, .temporary]' "$out" | sort -u)" '["conflict",false]'
ok 'a folder that is a file' get 1 -o "$folder/one" tester/p/data
is 'is an error' "$(field error.code)" io
ok 'from put to get' run_input "$(wb-artifact put -p p --name=data "$folder")" 0 \
    wb-artifact get -o "$work/again"
ok 'it is the same' same "$folder" "$work/again"
is 'nothing was wrong' "$(state .violations)" '[]'

# ---- cut, killed, damaged ----

begin 'match=/large stall=120000'
interrupted '[ -n "$(find "$got" -name ".wb-artifact.*" -size +200 2>&-)" ]' \
    wb-artifact get -o "$got" tester/p/data
ok 'what was killed is gone on with' get 0 -o "$got" tester/p/data
ok 'to what it is' same "$folder" "$got"
is 'without parts' "$(parts "$got")" 0

begin 'match=/large cut=120000 times=1'
interrupted '[ -n "$(find "$got" -name ".wb-artifact.*" -size +200 2>&-)" ]' \
    wb-artifact get -o "$got" tester/p/data
[ "$(parts "$got")" = 0 ] ||
    for part in "$got"/.wb-artifact.*; do printf X >"$part"; done
ok 'a part that is none of it' get 0 -o "$got" tester/p/data
ok 'does no harm' same "$folder" "$got"

begin 'match=/.hidden times=always status=200 body=hIdden'
ok 'another content' get 1 -o "$got" tester/p/data
is 'is a failure' "$(field failed.code) $(field files)" 'damaged 8'
ok 'which names it' grep_err hidden
is 'it is not kept' "$(find "$got" -name .hidden)$(parts "$got")" 0
sandbox DELETE faults >"$work/reply"
ok 'later' get 0 -o "$got" tester/p/data
ok 'it is whole' same "$folder" "$got"
begin 'match=/.hidden times=always status=200 body=twenty-bytes-too-many'
ok 'more than there should be' get 1 -o "$got" tester/p/data
is 'is a failure' "$(field failed.code)$(parts "$got")" damaged0
begin 'match=/large status=403'
ok 'an address that has expired' get 0 -o "$got" tester/p/data
is 'is asked for again' "$(asked ArtifactFileURLsByManifestEntries)" 2
ok 'and it is whole' same "$folder" "$got"
begin 'match=wandb_manifest.json status=200 body=<html>'
ok 'a manifest that is none' get 1 -o "$got" tester/p/data
is 'is damaged' "$(field error.code)" damaged

serve --fault 'match=upload nth=4 silence'
interrupted '[ "$(asked upload)" -gt 4 ]' \
    wb-artifact put -p p --name=data "$folder"
is 'a put that was killed: nothing is there' \
    "$(state '[.runs[].artifacts[].state]')" '["PENDING"]'
ok 'again' put 0 --name=data "$folder"
is 'it is a version' "$(field artifact)$(field unchanged)" tester/p/data:v0null
is 'of the same run' "$(state '.runs | length')" 1

serve --fault 'match=CommitArtifact times=always status=500 after'
ok 'a commit without an answer' put 0 --name=data "$folder"
is 'is looked up' "$(field state)" COMMITTED

# ---- in parts ----

serve
ok 'a file in parts' run 0 env KW_MULTIPART=200000 wb-artifact put -p p \
    --name=data "$folder"
is 'as it is' "$(field digest)" "$digest"
is 'put together' "$(asked CompleteMultipartUploadArtifact)" 1
ok 'is got' get 0 -o "$work/parts" tester/p/data
ok 'whole' same "$folder" "$work/parts"
is 'nothing was wrong' "$(state .violations)" '[]'

begin
parts='"uploadMultipartUrls":{"uploadID":"u","uploadUrlParts":[{"partNumber":1,'
sandbox POST faults "match=CreateArtifactFiles status=200 \
body='{\"data\":{\"createArtifactFiles\":{\"files\":{\"edges\":[{\"node\":{\
\"storagePath\":\"x\",\"uploadUrl\":\"$url/x\",\"artifact\":{\"id\":\"x\"},\
$parts\"uploadUrl\":\"$url/one-part\"}]}}}]}}}}'" >"$work/reply"
sandbox POST faults 'match=/one-part status=200 header=ETag:x body=' \
    >"$work/reply"
ok 'addresses for one part of 3' run 1 env KW_MULTIPART=3 wb-artifact put \
    -p p --name=parted "$folder/one"
is 'are too few' "$(field error.code)" unavailable
ok 'which is said' grep_err "1 of 3"
is 'they are not put together' "$(asked CompleteMultipartUploadArtifact)" 0

# ---- a large one, whose digest another process makes ----

mkdir "$work/big"
head -c 20000000 /dev/urandom >"$work/big/file"
serve
put 0 "$work/big"
rm -rf "$got"
sandbox POST faults 'match=/file cut=17000000' >"$work/reply"
ok 'a large file that is cut' get 0 -o "$got" tester/p/big
ok 'is whole' same "$work/big" "$got"
rm -rf "$got"
sandbox POST faults 'match=/file stall=17000000' >"$work/reply"
# shellcheck disable=SC2016 # evaluated later
large='[ -n "$(find "$got" -name ".wb-artifact.*" -size +33000 2>&-)" ]'
interrupted "$large" wb-artifact get -o "$got" tester/p/big
ok 'one that was killed' get 0 -o "$got" tester/p/big
ok 'is whole' same "$work/big" "$got"
rm -rf "$got"
sandbox POST faults 'match=/file stall=17000000' >"$work/reply"
interrupted "$large" wb-artifact get -o "$got" tester/p/big
for part in "$got"/.wb-artifact.*; do
    printf X | dd of="$part" bs=1 conv=notrunc 2>&-
done
ok 'one whose part was damaged' get 0 -o "$got" tester/p/big
ok 'is whole' same "$work/big" "$got"
is 'without parts' "$(parts "$got")" 0

# ---- names and digests that others chose ----

entry() {
    jq -nc --arg path "$1" --arg file "$root/hello" \
        '{path: $path, file: $file}'
}
serve
rm -rf "$got"
made "$(jq -sc '{name: "evil", aliases: ["latest"], entries: .}' <<END
$(entry ../up)
$(entry ./here)
$(entry .wb-artifact.mine)
$(entry /tmp/kwtools-absolute)
$(entry a//b)
$(entry dir)
$(entry dir/below)
$(entry good)
$(entry link/through)
$(entry sub/../../up2)
$(entry 'with
line')
END
)"
mkdir -p "$got" "$work/outside"
ln -s ../outside "$got/link"
ok 'names that lead elsewhere' get 1 -o "$got" tester/made/evil
is 'fail' "$(field failed.code) $(field files)" 'input 3'
ok 'are named' grep_err '\.\./up'
is 'the others are here' "$(cat "$got/good" "$got/dir"* "$got/with
line" 2>&1)" "hellohellohello"
is 'nothing is elsewhere' "$(find "$work/outside" "$work/up" "$work/up2" \
    /tmp/kwtools-absolute -type f 2>&-)" ''

serve --load '{"features": ["ARTIFACT_DIGEST_ALGORITHM"]}'
made "$(jq -nc --arg r "$root" '{name: "x", aliases: ["latest"],
    digest_algorithm: "MANIFEST_XXH128", entries: [
        {path: "a", file: ($r + "/hello")},
        {path: "b", file: ($r + "/other")},
        {path: "c", digest: "etag", ref: "s3://b/c"}]}')"
rm -rf "$got"
ok 'XXH128' get 0 -o "$got" tester/made/x
is 'is here' "$(cat "$got/a" "$got/b")" 'helloother bytes'
is 'without what it refers to' "$(field references) $(field files)" '1 2'
ok 'again' get 0 -o "$got" tester/made/x
is 'nothing is missing' "$(field fetched)" 0
ok 'it is listed' ls_ 0 tester/made/x:latest
is 'with what it refers to' "$(jq -c '[.name, .bytes, .ref]' "$out")" \
    '["a",5,null]
["b",11,null]
["c",0,"s3://b/c"]'
is 'and how' "$(head -n 1 "$out" | jq -r .digest_algorithm)" XXH128

# ---- ls ----

begin
put 0 --type=model "$folder/one"
printf 1 >"$folder/new"
put 0 --name=data "$folder"
rm "$folder/new"
ok 'a project' ls_ 0 tester/p
is 'by its types' "$(jq -c '[.artifact, .type, .version]' "$out")" \
    '["tester/p/data","dataset",1]
["tester/p/one","model",0]'
ok 'one type' ls_ 0 --type=model p -e tester
is 'of it' "$(field artifact)" tester/p/one
ok 'versions' ls_ 0 tester/p/data
is 'newest first' "$(jq -c '[.artifact, .files, .aliases]' "$out")" \
    '["tester/p/data:v1",10,["latest"]]
["tester/p/data:v0",9,[]]'
ok 'files' ls_ 0 --exclude='to-*' tester/p/data:v0
is 'in order' "$(jq -r .name "$out" | tr '\n' ,)" \
    '.hidden,a "quoted\ name,hard,one,sub/deep/large,sub/empty,sub/ünïcode ☃.txt,'
is 'with their digests' "$(jq -r 'select(.name == "one").digest' "$out")" \
    "$(printf one | openssl dgst -md5 -binary | base64)"
ok 'what is not there' ls_ 1 none/p tester/p/none tester/p/none:v0
is 'is not found' "$(jq -r .error.code "$out" | sort -u)" not_found

# project OPERATION JSON: what the server then says of the project
project() {
    begin "match=$1 status=200 body='{\"data\":{\"project\":$2}}'"
}
for page in '{"edges":[],"pageInfo":{"hasNextPage":true,"endCursor":null}}' \
    '{"edges":null,"pageInfo":{"hasNextPage":false}}'; do
    project ArtifactVersions \
        "{\"artifactCollection\":{\"artifacts\":$page}}"
    ok 'a list that is not whole' ls_ 1 tester/p/data
    is 'is an error' "$(field error.code)" unavailable
    ok 'of which that is said' grep_err 'no page of a list'
done

names='"artifactSequence":{"name":"data","project":{"name":"p","entity":{"name":"tester"}}}'
begin
sandbox POST faults "match=ArtifactByName status=200 \
body='{\"data\":{\"project\":{\"artifact\":{\"id\":\"x\",\"versionIndex\":null,\
$names,\"currentManifest\":{\"file\":{\"directUrl\":\"$url/none\"}}}}}}'" \
    >"$work/reply"
sandbox POST faults "match=/none status=200 body='{\"contents\":{}}'" \
    >"$work/reply"
(cd "$work" && wb-artifact get tester/p/data:x) >"$out" 2>"$err"
is 'a version without a number is not taken for v0' \
    "$? $(field error.code) $(field artifact) $(field version)" \
    '1 input tester/p/data null'

# ---- many ----

mkdir "$work/many"
seq 10000 | split -a 4 -l 1 - "$work/many/f"
serve
ok '10,000 files' put 0 "$work/many"
is 'are there' "$(field files) $(asked CreateArtifactFiles)" '10000 5'
ok 'and here' get 0 -o "$work/many2" tester/p/many
ok 'as they were' same "$work/many" "$work/many2"
is 'in so many questions' "$(asked ArtifactFileURLsByManifestEntries)" 10

# ---- calls ----

serve
dead='{"x":1,"error":{"tool":"t","code":"io","message":"m"},"y":[1]}'
for command in 'put -p p' get ls; do
    # shellcheck disable=SC2086 # words
    set -- wb-artifact $command
    ok "$command: an earlier error" run_input "$dead" 1 "$@"
    is 'is passed on' "$(jq -c . "$out")" "$dead"
    ok 'a record without its key' run_input '{"note":1}' 1 "$@"
    is 'is an input error' "$(field error.code)$(field note)" input1
    ok 'broken input' run_input '{"broken": ' 3 "$@"
    ok 'a full disk' sh -c 'printf "%s\n" "$0" | "$@" >/dev/full 2>&-
        [ $? -eq 3 ]' "$dead" "$@"
    ok 'a wrong option' run 2 "$@" --no-such-option x
    ok 'no credential' run 2 env -u WANDB_API_KEY "$@" x
    ok 'names where one may be' grep_err netrc
done
ok '--help' run 0 wb-artifact --help
ok 'begins with the usage' grep -q '^usage: wb-artifact put' "$out"
ok '--version' run 0 wb-artifact --version
for wrong in '' show 'put x' 'put -p p --name=a x y' 'put -p p --name=a/b x' \
    'put -p p --metadata=[1] x' 'put -p p --metadata={ x' \
    'put -p p --alias=a:b x' 'put --run=r x' '--output= get x' \
    'put --run=e/p/r:v0 x' 'get -n e/p/x' 'get --type=t e/p/x' \
    'put -p p -o d x' 'ls --name=n e/p'; do
    # shellcheck disable=SC2086 # words
    ok "a wrong call: $wrong" run 2 wb-artifact $wrong
done
for option in type alias description; do
    ok "a wrong call: --$option is no UTF-8" run 2 wb-artifact put -p p \
        "--$option=$(printf '\377')" x
done
ok 'no artifact' get 1 a/b/c/d a/b/:x a//b
is 'is an input error' "$(field error.code)" input
done_testing
