#!/bin/sh
# The official wandb 0.31.0 and wb-artifact on one server: what one puts the
# other knows by its digest and gets, as it was. KW_PEERS_VENV is a virtual
# environment that has it (make check-peers makes one).
. "$srcdir/tests/lib.sh"

bin=${KW_PEERS_VENV:?a virtual environment with wandb}/bin
export WANDB_ERROR_REPORTING=false WANDB_SILENT=true WANDB_DIR="$work" \
    WANDB_X_GRAPHQL_RETRY_MAX=2 WANDB_CONFIG_DIR="$work/config" \
    WANDB_CACHE_DIR="$work/cache" WANDB_DATA_DIR="$work/data"
cd "$work" || exit 1
is 'the version that was checked' "$("$bin/wandb" --version)" \
    'wandb, version 0.31.0'

# But for empty folders, which are nothing to an artifact.
same() {
    diff -r -x nothing "$1" "$2" >diff && return
    sed 's/^/# /' diff
    return 1
}

mkdir -p folder/sub/deep elsewhere/below
printf one >folder/one
printf one >folder/sub/one-again
: >folder/sub/empty
head -c 3000000 /dev/urandom >folder/sub/deep/large
printf ü >'folder/sub/ünïcode ☃.txt'
printf q >'folder/a "quoted\ name'
printf h >folder/.hidden
printf l >elsewhere/below/file
ln -s ../elsewhere folder/to-folder
ln -s one folder/to-file
mkdir folder/nothing
# Whose order differs by how names are compared.
printf 1 >folder/sub-1
printf 2 >folder/sub.2
printf 3 >folder/Sub

# ---- the same content has the same digest ----

serve
ok 'the client puts a folder' run 0 "$bin/wandb" artifact put \
    --name tester/p/data --type dataset folder
ok 'so do we' run 0 wb-artifact put -p p --name=data folder
is 'it is the same' "$(field unchanged) $(field version)" 'true 0'
theirs=$(field digest)
ok 'what the client put' run 0 wb-artifact get -o got tester/p/data
is 'is got' "$(field digest) $(field failed)" "$theirs null"
ok 'as it was' same folder got

serve
ok 'we put a folder' run 0 wb-artifact put -p p --name=data --alias=latest \
    --alias=best --metadata='{"a":{"b":[1]}}' --description=text folder
is 'with the same digest' "$(field digest)" "$theirs"
ok 'what we put' run 0 "$bin/wandb" artifact get --root got.peer \
    tester/p/data:best
ok 'is got by the client' same folder got.peer
ok 'which puts it, too' run 0 "$bin/wandb" artifact put \
    --name tester/p/data --type dataset folder
ok 'versions' run 0 wb-artifact ls tester/p/data
is 'there is one' "$(jq -c .version "$out")" 0
cat >use.py <<'END'
"""What wb-artifact has put, as the client sees it; and versions of its own."""
import sys
import wandb

api = wandb.Api()
a = api.artifact("tester/p/data:best")
assert a.type == "dataset" and a.version == "v0", (a.type, a.version)
assert a.metadata == {"a": {"b": [1]}}, a.metadata
assert a.description == "text", a.description
assert sorted(a.aliases) == ["best", "latest"], a.aliases
assert a.digest == sys.argv[1], a.digest
assert a.state == "COMMITTED" and a.file_count == 12, a.file_count
assert a.logged_by().state == "finished"
a.verify(root="got.peer")

with wandb.init(entity="tester", project="p", id="use") as run:
    used = run.use_artifact("data:latest")
    assert used.get_entry("one").size == 3
    draft = used.new_draft()
    draft.remove("Sub")
    with draft.new_file("added") as f:
        f.write("added")
    run.log_artifact(draft).wait()
    fast = wandb.Artifact("fast", "model", digest_algorithm="XXH128")
    fast.add_dir("folder")
    fast.add_reference("https://host/key", checksum=False)
    run.log_artifact(fast).wait()
END
ok 'the client uses it, and goes on from it' run 0 "$bin/python" use.py \
    "$theirs"
ok 'that version' run 0 wb-artifact get -o draft tester/p/data:v1
is 'is got' "$(cat draft/added) $(ls draft/Sub 2>&-)" 'added '
cp -RL folder whole
rm whole/Sub
printf added >whole/added
ok 'as it was' same whole draft
ok 'and by us' run 0 wb-artifact put -p p --name=data whole
is 'it is the same' "$(field unchanged) $(field version)" 'true 1'
ok 'what may have XXH128' run 0 wb-artifact get -o fast tester/p/fast
ok 'is got' same folder fast
is 'without what it refers to' "$(field references)" 1
is 'without a violation' "$(state .violations)" '[]'

# ---- with XXH128 for certain ----

serve --load '{"features": ["ARTIFACT_DIGEST_ALGORITHM"]}'
cat >fast.py <<'END'
import wandb

with wandb.init(entity="tester", project="p") as run:
    fast = wandb.Artifact("fast", "model", digest_algorithm="XXH128")
    fast.add_dir("folder")
    run.log_artifact(fast).wait()
END
ok 'the client logs XXH128' run 0 "$bin/python" fast.py
ok 'what it logged' run 0 wb-artifact ls tester/p/fast:v0
is 'has that' "$(jq -r .digest_algorithm "$out" | sort -u)" XXH128
rm -rf fast
ok 'and' run 0 wb-artifact get -o fast tester/p/fast
ok 'is got' same folder fast

# ---- references ----

serve
cat >refer.py <<'END'
import wandb

with wandb.init(entity="tester", project="p") as run:
    for scheme in "https", "tape":
        a = wandb.Artifact(scheme, "dataset")
        a.add_reference(scheme + "://host/dir/key.bin", name="key.bin",
                        checksum=False)
        run.log_artifact(a).wait()
END
ok 'the client logs references' run 0 "$bin/python" refer.py
for kind in https tape; do
    ok "we put it: $kind" run 0 wb-artifact put -p p --name=$kind \
        $kind://host/dir/key.bin
    is 'it is the same' "$(field unchanged)" true
done
is 'without a violation' "$(state .violations)" '[]'
done_testing
