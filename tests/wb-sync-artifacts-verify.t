#!/bin/sh
# wb-sync --verify: an artifact is there if it is committed with the digest of
# the log, or, a part of one, if its files are in the whole; nothing else is.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/wandb.sh"

# made RUN [LINE ...]: a file whose run logged these artifacts, in $file
made() {
    file=$work/run-$1.wandb
    id=$1
    shift
    printf '%s\n' "$@" | make-artifact "$id" "$work/root" >"$file"
    rm -f "$file.synced"
}

graphql() {
    jq -n -c --arg q "$1" '{query: $q}' | curl -sS -u "api:$WANDB_API_KEY" \
        --data-binary @- "$url/graphql"
}

# artifact_id NAME:ALIAS [PROJECT]
artifact_id() {
    graphql "{ project(name: \"${2:-made}\") { artifact(name: \"$1\") { id } } }" |
        jq -r .data.project.artifact.id
}

# The next answer to the operation is this one, whatever is there.
lie() {
    sandbox POST faults "match=\"graphql $1\" status=200 body='$2'" >/dev/null
}

# --verify of $file finds that $2, and sends nothing.
lacks() {
    before=$(writes)
    ok "$1" run 1 wb-sync --verify "$file"
    ok "$1: it is said" grep_err "$2"
    is "$1: nothing is verified" "$(field verified)$(field synced)" falsefalse
    is "$1: the code" "$(field failed.code)" "${3:-conflict}"
    is "$1: nothing is sent" "$(writes)" "$before"
}

# All of $file is there.
there() {
    before=$(writes)
    ok "$1" run 0 wb-sync --verify "$file"
    is "$1: is verified" "$(field verified)$(field synced)" truetrue
    is "$1: nothing is sent" "$(writes)" "$before"
}

mkdir "$work/root"
printf hello >"$work/root/hello"
printf 'other bytes' >"$work/root/other"

# ---- the recorded runs ----

serve
copy artifact media code
sync 0 --no-mark
rm -rf "$work/runs"/*/wandb-data
before=$(writes)
ok 'recorded artifacts, their files gone' sync 0 --verify
is 'are verified' "$(jq -c '[.verified, .artifacts]' "$out" | sort |
    tr '\n' ' ')" '[true,1] [true,2] [true,5] '
is 'nothing is sent' "$(writes)" "$before"

for kind in artifact media code; do
    serve
    copy $kind
    sync 0 --no-mark --skip=artifacts
    lacks "$kind: none" 'does not show it with its digest'
    is "$kind: none: is counted" "$(field artifacts)" 0
    serve --fault 'match=CommitArtifact times=always status=400'
    copy $kind
    sync 1 --no-mark
    sandbox DELETE faults >/dev/null
    lacks "$kind: not committed" 'it is PENDING, not COMMITTED'
    sync 0 --no-mark
    there "$kind: then it is"
    lie ClientIDMapping '{"data":{"clientIDMapping":null}}'
    there "$kind: known by its digest where the id leads to nothing"
done

# ---- other contents, lists, names ----

one() { # ALIASES TAGS FILE
    jq -n -c --arg r "$work/root" --argjson a "$1" --argjson t "$2" \
        --arg f "$3" '{name: "n", client_id: "c1", aliases: $a, tags: $t,
        entries: [{path: "p", file: ($r + "/" + $f)}]}'
}
serve
made one "$(one '[]' '[]' hello)"
run 0 wb-sync "$file"
made one "$(one '[]' '[]' other)"
lacks 'another content' 'does not show it with its digest'

serve
made list "$(jq -n -c --arg r "$work/root" '{name: "a", client_id: "c1",
    digest: "00000000000000000000000000000000",
    entries: [{path: "p", file: ($r + "/hello")}]}')"
run 1 wb-sync "$file"
lie Artifact '{"data": {"artifact": {"state": "COMMITTED", "digest": "00000000000000000000000000000000"}}}'
lacks 'a list that is not its digest' 'not what its digest is of' damaged

serve
made one "$(one '["latest", "best"]' '["one", "two words"]' hello)"
run 0 wb-sync "$file"
there 'aliases and tags'
cp "$file" "$work/first"
made two "$(one '["latest"]' '[]' other | jq -c '.client_id = "c2"')"
run 0 wb-sync "$file"
file=$work/run-one.wandb
there 'an alias that a later version has'
is 'it does' "$(artifact_id n:latest)" "$(artifact_id n:v1)"
graphql "mutation { deleteAliases(input: {artifactID: \"$(artifact_id n:best)\",
    aliases: [{artifactCollectionName: \"n\", alias: \"best\"}]}) { success } }" \
    >/dev/null
lacks 'an alias that nobody has' 'the alias best'
graphql "mutation { addAliases(input: {artifactID: \"$(artifact_id n:v0)\",
    aliases: [{artifactCollectionName: \"n\", alias: \"best\"}]}) { success } }" \
    >/dev/null
there 'with it again'
lie ArtifactNames '{"data": {"artifact": {"aliases": [{"alias": "latest"}, {"alias": "best"}], "tags": [{"name": "one"}]}}}'
lacks 'a tag that is gone' 'its tag two words'

# ---- deleted, and sent once more ----

serve
made one "$(one '[]' '[]' hello)"
run 0 wb-sync "$file"
graphql "mutation { deleteArtifact(input: {artifactID:
    \"$(artifact_id n:v0)\"}) { artifact { id } } }" >/dev/null
lacks 'a deleted one' 'does not show it with its digest'
ok 'it is sent' run 0 wb-sync --again "$file"
there 'as a version that has another id'

serve
made noid "$(one '[]' '[]' hello | jq -c 'del(.client_id)')"
run 0 wb-sync "$file"
there 'one without a client id'

# ---- increments ----

serve
inc() { # CLIENT_ID INCREMENTAL PATH FILE
    jq -n -c --arg r "$work/root" --arg c "$1" --argjson i "$2" --arg p "$3" \
        --arg f "$4" '{name: "inc", client_id: $c, incremental_beta1: $i,
        entries: [{path: $p, file: ($r + "/" + $f)},
            {path: ($p + "ref"), digest: "etag", ref: "s3://b/x", size: 7}]}'
}
made base "$(inc c1 0 a hello)"
run 0 wb-sync "$file"
made more "$(inc c2 1 b other)"
run 0 wb-sync "$file"
there 'an increment'
printf 'OTHER bytes' >"$work/root/other"
made more "$(inc c2 1 b other)"
lacks 'an increment with another file' 'without b as it was logged'
ok 'it is not sent over the other' run 1 wb-sync "$file"
is 'but said' "$(field failed.code)" conflict
printf 'other bytes' >"$work/root/other"
made more "$(inc c2 1 b other | jq -c '.entries[1].ref = "s3://b/y"')"
lacks 'with another reference' 'without bref as it was logged'
made more "$(inc c2 1 b other | jq -c '.entries[1].size = 8')"
lacks 'of another size' 'without bref as it was logged'
made more "$(inc c2 1 c other)"
lacks 'with a file that the whole has not' 'without c as it was logged'
made more "$(inc c2 1 b other)"
sandbox POST faults 'match=download status=200 body=nonsense' >/dev/null
lacks 'a manifest that is none' 'its manifest is none'
sandbox POST faults 'match=download times=always status=404' >/dev/null
lacks 'a manifest that cannot be had' 'wandb_manifest.json' not_found
sandbox DELETE faults >/dev/null
there 'and then'
is 'nothing was wrong' "$(state .violations)" '[]'

# ---- parts of a distributed artifact ----

part() { # PATH FINALIZE
    jq -n -c --arg r "$work/root" --arg p "$1" --argjson f "$2" '{name: "d",
        client_id: ("c" + $p), distributed_id: "group", finalize: $f,
        entries: [{path: $p, file: ($r + "/hello")}]}'
}
serve
made first "$(part a 0)"
run 0 wb-sync --skip=artifacts "$file"
lacks 'a part that is not there' 'does not show it'
run 0 wb-sync --no-mark "$file"
lacks 'a part of what is not whole' 'it is PENDING'
made last "$(part b 1)"
run 0 wb-sync "$file"
there 'the last part'
file=$work/run-first.wandb
there 'and the first'
is 'nothing was wrong' "$(state .violations)" '[]'

serve
made last "$(part b 1)"
run 0 wb-sync "$file"
made first "$(part a 0)"
ok 'a part that comes too late' run 1 wb-sync "$file"
is 'is a conflict' "$(field failed.code)$(field verified)" conflictfalse
ok 'not marked' [ ! -e "$file.synced" ]
lacks 'nor verified' 'without a as it was logged'

# The whole is committed between the part's manifest and its end.
serve
made first "$(part a 0)"
lie Artifact '{"data": {"artifact": {"state": "COMMITTED", "digest": "x"}}}'
ok 'a whole that was committed meanwhile' run 1 wb-sync "$file"
is 'is a conflict, too' "$(field failed.code)" conflict

# ---- XXH128 ----

other='{"features": ["ARTIFACT_DIGEST_ALGORITHM"]}'
xxh() { # INCREMENTAL
    jq -n -c --arg r "$work/root" --argjson i "$1" '{name: "x",
        client_id: "c1", digest_algorithm: "MANIFEST_XXH128",
        incremental_beta1: $i, entries: [
            {path: "a", file: ($r + "/hello")},
            {path: "b", file: ($r + "/other")}]}'
}
for incremental in 0 1; do
    for features in '{}' "$other"; do
        name="XXH128, $incremental, $features"
        serve --load "$features"
        made xxh "$(xxh $incremental)"
        ok "$name" run 0 wb-sync "$file"
        there "$name: there"
        printf 'OTHER bytes' >"$work/root/other"
        if [ "$features" = '{}' ]; then
            lacks "$name: what is not here cannot be compared" \
                'its digest is another'
        else
            there "$name: needs no files"
        fi
        printf 'other bytes' >"$work/root/other"
    done
done

done_testing
