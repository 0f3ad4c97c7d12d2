#!/bin/sh
# W&B servers of one's own: the official wandb 0.31.0 and wb-sync through the same
# proxy's path and the same private authority leave the same on the server; and
# examples/self-hosted by the compose specification and hadolint. KW_PEERS_VENV
# is a virtual environment that has wandb, check-jsonschema and hadolint.
. "$srcdir/tests/lib.sh"
srcdir=$(cd "$srcdir" && pwd)
. "$srcdir/tests/wandb.sh"
. "$srcdir/tests/tls.sh"

bin=${KW_PEERS_VENV:?a virtual environment with wandb}/bin
for program in wandb check-jsonschema hadolint; do
    [ -x "$bin/$program" ] || {
        echo "1..0 # SKIP no $program in KW_PEERS_VENV"
        exit
    }
done
export WANDB_ERROR_REPORTING=false WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL=1 \
    WANDB_X_GRAPHQL_RETRY_MAX=2 WANDB_X_FILE_STREAM_RETRY_MAX=2 \
    WANDB_X_FILE_TRANSFER_RETRY_MAX=2 WANDB_X_FILE_TRANSFER_RETRY_WAIT_MAX_SECONDS=1 \
    WANDB_CONFIG_DIR="$work/config" WANDB_CACHE_DIR="$work/cache" \
    WANDB_DATA_DIR="$work/data"
make_ca
SSL_CERT_FILE=$work/ca.pem
export SSL_CERT_FILE
kinds='typical console files resumed system nested'

official() {
    sed 's|[^/]*$|files|' "$work/files" | while read -r folder; do
        mkdir -p "$folder"
    done
    # shellcheck disable=SC2046
    (cd "$work" && "$bin/wandb" sync $(sed 's|/[^/]*$||' files)) \
        >"$out" 2>"$err"
}

# hosted SCHEME [OPTION ...]: below /wandb.
hosted() {
    scheme=$1
    shift
    serve --prefix=/wandb "$@"
    url=$scheme://127.0.0.1:$(cat "$work/port")
    WANDB_BASE_URL=$url/wandb
}

# left_by CLIENT NAME: what it leaves of each kind.
left_by() {
    # shellcheck disable=SC2086
    copy $kinds
    ok "$2: $1" eval "$1"
    curl -sS --cacert "$work/ca.pem" "$url/sandbox/state" >"$work/state"
    is "$2: $1: by the rules" "$(jq -c .violations "$work/state")" '[]'
}

for scheme in http https; do
    set --
    [ "$scheme" = http ] || set -- --tls="$work/server.pem"
    for client in official 'sync 0'; do
        hosted "$scheme" "$@"
        left_by "$client" "$scheme"
        for kind in $kinds; do
            is "$scheme: $client: $kind" "$(held "$kind" "$work/state")" \
                '"equal"'
        done
    done
    # Earlier official clients put the endpoint before a path; 0.31.0 ends
    # with 0, and no file is there.
    for storage in '' /wandb; do
        name="$scheme, files at '$storage'"
        hosted "$scheme" "$@" --storage="$storage"
        left_by 'sync 0' "$name"
        for kind in $kinds; do
            is "$name: $kind" "$(held "$kind" "$work/state")" '"equal"'
        done
        hosted "$scheme" "$@" --storage="$storage"
        left_by official "$name"
        is "$name: official: without files" \
            "$(jq '[.runs[].files | length] | add' "$work/state")" 0
    done
done

# ---- examples ----

here=$srcdir/examples/self-hosted
valid() {
    run "$1" "$bin/check-jsonschema" --builtin-schema vendor.compose-spec "$2"
}
ok 'compose.yaml' valid 0 "$here/compose.yaml"
ok 'compose.storage.yaml' valid 0 "$here/compose.storage.yaml"
sed 's/^    healthcheck:/    health:/' "$here/compose.yaml" >"$work/other.yaml"
ok 'another one is noticed' valid 1 "$work/other.yaml"
ok 'Dockerfile' run 0 "$bin/hadolint" "$here/Dockerfile"

done_testing
