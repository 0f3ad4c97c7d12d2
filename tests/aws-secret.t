#!/bin/sh
# --aws-secret: where the credentials come from, what is signed, what a secret
# may be, each refusal, and that nothing shows a value.
. "$srcdir/tests/lib.sh"

tool=$(pwd)/tests/aws-secret
aws=$work/aws
mkdir "$aws" "$HOME/.aws"
unset WANDB_API_KEY DD_API_KEY WANDB_ENTITY WANDB_PROJECT
for name in $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p'); do
    unset "$name"
done
no_proxy=127.0.0.1
export no_proxy
KEY=0123456789abcdef0123456789abcdef01234567
SECRET=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY

# begin [WHAT JSON] ...: a new server with these replies, and one secret.
begin() {
    end
    rm -rf "$aws"
    mkdir "$aws"
    : >"$aws/requests"
    jq -n --arg s "$SECRET" '{AKIDEXAMPLE: $s, AKIDFILE: "file+secret/1",
        AKIDROLE: "role+secret/2", AKIDTASK: "task+secret/3"}' >"$aws/keys"
    secret "$(jq -n -c --arg k "$KEY" '{WANDB_API_KEY: $k,
        WANDB_ENTITY: "team", DD_API_KEY: "dd-value", OTHER: "other-value"}')"
    while [ $# -gt 0 ]; do
        printf '%s\n' "$2" >"$aws/$1"
        shift 2
    done
    python3 "$srcdir/tests/aws-server.py" "$aws" 2>"$work/server.err" &
    server_pid=$!
    while [ ! -s "$aws/port" ]; do
        kill -0 "$server_pid" 2>/dev/null || {
            sed 's/^/# /' "$work/server.err"
            echo 'Bail out! the server does not start'
            exit 1
        }
        sleep 0.01
    done
    at=http://127.0.0.1:$(cat "$aws/port")
    forget_waits
    AWS_ENDPOINT_URL=$at
    AWS_EC2_METADATA_DISABLED=true
    AWS_REGION=eu-west-1
    export AWS_ENDPOINT_URL AWS_EC2_METADATA_DISABLED AWS_REGION
}

server_pid=
end() {
    [ -z "$server_pid" ] && return 0
    kill "$server_pid" 2>/dev/null
    wait "$server_pid" 2>/dev/null
    server_pid=
}
trap 'end; clean' EXIT

# secret TEXT: what Secrets Manager holds.
secret() {
    jq -n -c --arg s "$1" '{body: {ARN: "arn:aws:secretsmanager:x", Name: "n",
        SecretString: $s, VersionStages: ["AWSCURRENT"]}}' \
        >"$aws/GetSecretValue"
}

# refusal STATUS TYPE [WORDS]: an answer of Secrets Manager's.
refusal() {
    jq -n -c --arg t "$2" --arg w "${3-no}" \
        "{status: $1, body: {__type: \$t, Message: \$w}}"
}

# How often, and with which part of the last request.
asked_aws() {
    grep -c "\"what\": \"$1\"" "$aws/requests"
}
last() {
    jq -r --arg w "$1" "select(.what == \$w) | $2" "$aws/requests" | tail -n 1
}


# No value is in what the tool said, but where it was to print them.
hidden() {
    grep -v '^[A-Z_]*=' "$out" | cat - "$err" >"$work/said"
    ! grep -q -e "$SECRET" -e "$KEY" -e dd-value -e other-value \
        -e 'secret/[123]' -e TOKENEXAMPLE -e identity-token -e task-token \
        "$work/said" || {
        sed 's/^/# /' "$work/said"
        false
    }
}

# get [VARIABLE=VALUE ...]: the tool in such an environment, with -v.
get() {
    env "$@" "$tool" -v dev/wandb WANDB_API_KEY
}

# gets SOURCE [VARIABLE=VALUE ...]: there is the secret, and who was asked.
gets() {
    _source=$1
    shift
    ok "by $_source" run 0 get "$@"
    is 'it comes' "$(cat "$out")" \
        "WANDB_API_KEY=$KEY (WANDB_API_KEY of the AWS secret dev/wandb)"
    ok 'and is told' grep_err "AWS credentials: $_source"
    ok 'without a value' hidden
}

# refused CODE WORDS [VARIABLE=VALUE ...]: there is none, for such a reason.
refused() {
    _code=$1
    _words=$2
    shift 2
    ok "no secret: $_words" run 1 get "$@"
    is 'is an error' "$(sed 's/:.*//' "$out")" "$_code"
    ok 'for that' grep -q -e "$_words" "$out"
    ok 'without a value' hidden
}

id=AWS_ACCESS_KEY_ID=AKIDEXAMPLE
secret=AWS_SECRET_ACCESS_KEY=$SECRET

# ---- the signature ----
# As for the service itself, which a proxy stands for: values from elsewhere.
begin
clock=$(cat "$KW_CLOCK")
echo 1768003200 >"$KW_CLOCK" # 2026-01-10T00:00:00Z
official() {
    env "$id" "$secret" http_proxy="$at" no_proxy= AWS_REGION=us-east-1 \
        AWS_ENDPOINT_URL=http://secretsmanager.us-east-1.amazonaws.com "$@" \
        "$tool" wandb/api-key WANDB_API_KEY
}
ok 'the known request' run 0 official
is 'has the known signature' "$(last GetSecretValue '.body, .headers.authorization')" \
    '{"SecretId":"wandb/api-key"}
AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260110/us-east-1/secretsmanager/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=a1153d04394d25bad3fe0e7c7e19484b8834a571b84218cfa1dcd21bdabb4e0b'
ok 'with a session token' run 0 official AWS_SESSION_TOKEN=TOKENEXAMPLE
is 'it has that signature' "$(last GetSecretValue .headers.authorization | sed 's/.*Signature=//')" \
    742fc2d106dd377d955955cfc92d48c958c84c522824d5cd579230cfa04934d6
is 'what is sent' "$(last GetSecretValue '.headers | keys[]' | tr '\n' ' ')" \
    'accept authorization content-length content-type host proxy-connection user-agent x-amz-date x-amz-security-token x-amz-target '
long=$(printf '%02000d' 7)
ok 'a long token' run 0 official AWS_SESSION_TOKEN="$long"
is 'goes along' "$(last GetSecretValue '.headers["x-amz-security-token"]')" \
    "$long"
echo "$clock" >"$KW_CLOCK"

# ---- what there is need not be asked for ----
begin
ok 'all is set' run 0 env WANDB_API_KEY=k WANDB_ENTITY=e "$tool" -v dev/wandb \
    WANDB_API_KEY WANDB_ENTITY
is 'it stays' "$(cat "$out")" 'WANDB_API_KEY=k (WANDB_API_KEY)
WANDB_ENTITY=e (WANDB_ENTITY)'
is 'nobody is asked' "$(cat "$aws/requests")" ''
ok 'one is not set' run 0 env "$id" "$secret" WANDB_API_KEY=k "$tool" -v \
    dev/wandb WANDB_API_KEY WANDB_ENTITY WANDB_PROJECT
is 'that one comes' "$(cat "$out")" 'WANDB_API_KEY=k (WANDB_API_KEY)
WANDB_ENTITY=team (WANDB_ENTITY of the AWS secret dev/wandb)'
ok 'the others are not shown' hidden
ok 'a child' run 0 env "$id" "$secret" "$tool" -s dev/wandb WANDB_API_KEY
ok 'does not see it, nor does /proc' sh -c "! grep -a -q $KEY $out"
ok 'although it saw the rest' grep -q "$id" "$out"

# ---- what a secret may be ----
secret " $KEY
"
gets AWS_ACCESS_KEY_ID "$id" "$secret"
ok 'bare text for two keys' run 1 env "$id" "$secret" "$tool" dev/wandb \
    WANDB_API_KEY DD_API_KEY
is 'is of no use' "$(cut -c 1-81 "$out")" \
    'input: the AWS secret dev/wandb in eu-west-1 (AWS_REGION): bare text, where sever'
ok 'and not shown' hidden
for text in "{\"WANDB_API_KEY\": \"$KEY" "{\"DD_API_KEY\": \"dd-value\"}" \
    '{"WANDB_API_KEY": 7}' '{"WANDB_API_KEY": "a\u0000b"}' \
    '{"WANDB_API_KEY": "a\nb"}' ''; do
    secret "$text"
    refused input 'the AWS secret dev/wandb in eu-west-1' "$id" "$secret"
done
echo '{"body": {"SecretBinary": "aGVsbG8="}}' >"$aws/GetSecretValue"
refused input binary "$id" "$secret"

# ---- the environment ----
begin
refused input 'AWS_ACCESS_KEY_ID: the secret of the access key is missing' "$id"
gets AWS_ACCESS_KEY_ID "$id" "$secret" AWS_SECURITY_TOKEN=TOKENEXAMPLE
is 'the old token' "$(last GetSecretValue '.headers["x-amz-security-token"]')" \
    TOKENEXAMPLE

# ---- regions ----
region() {
    run 0 env "$@" && last GetSecretValue .headers.authorization |
        cut -d/ -f3
}
profile_region='[default]
region = ap-south-1'
printf '%s\n' "$profile_region" >"$HOME/.aws/config"
arn=arn:aws:secretsmanager:us-west-2:123456789012:secret:dev/wandb-a1b2c3
is 'AWS_REGION' "$(region "$id" "$secret" AWS_DEFAULT_REGION=eu-west-3 \
    "$tool" n WANDB_API_KEY)" eu-west-1
is 'AWS_DEFAULT_REGION' "$(region "$id" "$secret" -u AWS_REGION \
    AWS_DEFAULT_REGION=eu-west-3 "$tool" n WANDB_API_KEY)" ''
