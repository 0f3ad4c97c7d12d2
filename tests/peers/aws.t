#!/bin/sh
# --aws-secret against moto 5.2.5, which plays AWS and checks each signature by
# botocore's signer, and beside botocore 1.44.8: where it looks for credentials,
# and what it signs. KW_PEERS_VENV is a virtual environment that has them (make
# check-peers makes one).
. "$srcdir/tests/lib.sh"

bin=${KW_PEERS_VENV:?a virtual environment with moto}/bin
tool=$(pwd)/tests/aws-secret
tests_dir=$(cd "$srcdir/tests" && pwd)
for name in $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p'); do
    unset "$name"
done
no_proxy=127.0.0.1
export no_proxy
boto() {
    "$bin/python" "$tests_dir/peers/aws.py" "$@"
}

servers=
clean_servers() {
    for pid in $servers; do
        kill "$pid"
        wait "$pid"
    done 2>/dev/null
    clean
}
trap clean_servers EXIT

# A free port, which moto does not find by itself.
port=$("$bin/python" -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$bin/moto_server" -H 127.0.0.1 -p "$port" >"$work/moto.out" 2>&1 &
servers=$!
at=http://127.0.0.1:$port
until curl -s -o /dev/null "$at/moto-api/"; do
    kill -0 "$servers" 2>/dev/null || {
        sed 's/^/# /' "$work/moto.out"
        echo 'Bail out! moto does not start'
        exit 1
    }
    sleep 0.05
done

is 'the versions that were checked' "$("$bin/python" -c '
import botocore, moto
print(moto.__version__, botocore.__version__)')" '5.2.5 1.44.8'
boto prepare "$at" dev/wandb \
    '{"WANDB_API_KEY": "the-key", "WANDB_ENTITY": "é"}' >"$work/made" || exit 1
. "$work/made"

# From here on each request must be signed, by who may do it.
checked() {
    curl -f -sS -o "$work/reply" -H 'Content-Type: text/plain' \
        --data-binary "$1" "$at/moto-api/reset-auth" || exit 1
}
checked 0

AWS_ENDPOINT_URL=$at
AWS_REGION=eu-west-1
AWS_EC2_METADATA_DISABLED=true
export AWS_ENDPOINT_URL AWS_REGION AWS_EC2_METADATA_DISABLED
reads() {
    _name=$1
    shift
    ok "$_name" run 0 env "$@" "$tool" -v "${secret_name:-dev/wandb}" \
        WANDB_API_KEY WANDB_ENTITY
    is 'it is the secret' "$(sed 's/ .*//' "$out" | tr '\n' ' ')" \
        'WANDB_API_KEY=the-key WANDB_ENTITY=é '
}
key="AWS_ACCESS_KEY_ID=${id:?} AWS_SECRET_ACCESS_KEY=${secret:?}"
# shellcheck disable=SC2086 # two words
reads 'the environment' $key
# shellcheck disable=SC2086
is 'as boto3 gets it' "$(env $key AWS_DEFAULT_REGION=eu-west-1 "$bin/python" \
    "$tests_dir/peers/aws.py" get dev/wandb | jq -c .)" \
    '{"WANDB_API_KEY":"the-key","WANDB_ENTITY":"é"}'
secret_name=${arn:?}
# shellcheck disable=SC2086
reads 'by its ARN' $key AWS_REGION=us-west-2
secret_name=

# fails CODE TYPE [VARIABLE=VALUE ...]
fails() {
    _code=$1
    _type=$2
    shift 2
    ok "$_type" run 1 env "$@" "$tool" "${secret_name:-dev/wandb}" WANDB_API_KEY
    is 'is an error' "$(sed 's/:.*//' "$out")" "$_code"
    ok 'by name' grep -q "$_type" "$out"
}
fails auth SignatureDoesNotMatch "AWS_ACCESS_KEY_ID=$id" \
    AWS_SECRET_ACCESS_KEY=wrong
fails auth InvalidClientTokenId AWS_ACCESS_KEY_ID=AKIAEXAMPLE \
    AWS_SECRET_ACCESS_KEY=wrong
fails auth AccessDenied "AWS_ACCESS_KEY_ID=${other_id:?}" \
    "AWS_SECRET_ACCESS_KEY=${other_secret:?}"
secret_name=dev/nothing
# shellcheck disable=SC2086
fails not_found ResourceNotFoundException $key
secret_name=

mkdir "$HOME/.aws"
cat >"$HOME/.aws/credentials" <<END
[default]
aws_access_key_id = $id
aws_secret_access_key = $secret
END
cat >"$HOME/.aws/config" <<END
# s3 = none
[profile "two words"]
s3 =
  aws_access_key_id = nested
aws_access_key_id = $id
aws_secret_access_key = $secret
[profile irsa]
role_arn = ${role:?}
web_identity_token_file = $work/token
END
chmod 600 "$HOME/.aws/credentials"
echo 'an.identity.token' >"$work/token"
reads 'a profile'
reads 'another, in the configuration' AWS_PROFILE='two words'
checked 1 # by STS' side the first is not, and need not be
reads 'a web identity, in the environment' AWS_ROLE_ARN="$role" \
    AWS_WEB_IDENTITY_TOKEN_FILE="$work/token"
checked 1
reads 'a web identity, in a profile' AWS_PROFILE=irsa

# ---- who wins, to botocore and to us ----
instance="AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT=$at"
checked inf
# asks SOURCE METHOD [VARIABLE=VALUE ...]
same() {
    _source=$1
    _method=$2
    shift 2
    is "botocore: $_method" "$(env -u KW_CLOCK "$@" "$bin/python" \
        "$tests_dir/peers/aws.py" method)" "$_method"
    ok 'ours' run 0 env "$@" "$tool" -v dev/wandb WANDB_API_KEY
    ok "is $_source" grep_err "AWS credentials: $_source"
}
web="AWS_ROLE_ARN=$role AWS_WEB_IDENTITY_TOKEN_FILE=$work/token"
no_files="AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_CONFIG_FILE=/dev/null"
# shellcheck disable=SC2086
{
    same AWS_ACCESS_KEY_ID env $key $web $instance AWS_PROFILE=irsa
    same 'the web identity' assume-role-with-web-identity $web $instance
    same 'the web identity' assume-role-with-web-identity $instance \
        AWS_PROFILE=irsa
    same 'the profile default' shared-credentials-file $instance
    same 'the profile two words' config-file $instance \
        AWS_PROFILE='two words'
    same "the instance's role default-role" iam-role $instance $no_files
}

# ---- the same signature ----
mkdir "$work/aws"
jq -n --arg id "$id" --arg s "$secret" '{($id): $s}' >"$work/aws/keys"
echo '{"body": {"SecretString": "{\"WANDB_API_KEY\": \"k\"}"}}' \
    >"$work/aws/GetSecretValue"
python3 "$tests_dir/aws-server.py" "$work/aws" &
servers="$servers $!"
while [ ! -s "$work/aws/port" ]; do
    sleep 0.01
done
AWS_ENDPOINT_URL=http://127.0.0.1:$(cat "$work/aws/port")
for name in dev/wandb 'é "x" \ <>&' "$(printf '%02048d' 0)"; do
    # shellcheck disable=SC2086
    env $key "$tool" "$name" WANDB_API_KEY >"$out" 2>"$err"
    # shellcheck disable=SC2086
    env $key AWS_SESSION_TOKEN="a-token+/=$(printf '%01000d' 0)" "$tool" \
        "$name" WANDB_API_KEY >"$out" 2>"$err"
done
is 'requests' "$(wc -l <"$work/aws/requests")" 6
is 'are signed as botocore would' \
    "$(jq -r .headers.authorization "$work/aws/requests" |
        sed 's/.*Signature=//')" \
    "$(boto sign "$work/aws/requests" "$secret")"
done_testing
