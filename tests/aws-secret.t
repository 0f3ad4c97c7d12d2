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
    jq -s -r --arg w "$1" "map(select(.what == \$w)) | last | $2" \
        "$aws/requests"
}


# No value is in what the tool said, but where it was to print them.
hidden() {
    grep -v '^[A-Z_]*=' "$out" | cat - "$err" >"$work/said"
    ! grep -q -e "$SECRET" -e "$KEY" -e dd-value -e other-value \
        -e 'secret/[123]' -e TOKENEXAMPLE -e identity-token -e task-token -e f81d4fae \
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
ok 'does not see it' sh -c "! grep -a -q $KEY $out"
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
secret '{"OTHER": "other-value"}'
ok 'other keys' run 1 env "$id" "$secret" "$tool" dev/wandb WANDB_API_KEY \
    WANDB_ENTITY DD_API_KEY
ok 'are of no use' grep -q \
    '^input: .*: has none of WANDB_API_KEY, WANDB_ENTITY, DD_API_KEY$' "$out"
ok 'and not shown' hidden
echo '{"body": {"SecretBinary": "aGVsbG8="}}' >"$aws/GetSecretValue"
refused input binary "$id" "$secret"
for text in '' ', "SecretString": "a\u0000b"'; do
    echo "{\"body\": {\"ARN\": \"a\"$text}}" >"$aws/GetSecretValue"
    refused input 'no text, or one with a NUL' "$id" "$secret"
done

# ---- the environment ----
begin
refused input 'AWS_ACCESS_KEY_ID: the secret of the access key is missing' "$id"
gets AWS_ACCESS_KEY_ID "$id" "$secret" AWS_SECURITY_TOKEN=TOKENEXAMPLE
is 'the old token' "$(last GetSecretValue '.headers["x-amz-security-token"]')" \
    TOKENEXAMPLE

# ---- regions ----
# region NAME [ENV'S OPTION OR VARIABLE ...]: the one that was signed for.
region() {
    _secret=$1
    shift
    env -u AWS_REGION "$id" "$secret" "$@" "$tool" "$_secret" WANDB_API_KEY \
        >"$out" 2>"$err" && last GetSecretValue .headers.authorization |
        cut -d/ -f3
}
arn=arn:aws:secretsmanager:us-west-2:123456789012:secret:dev/wandb-a1b2c3
is 'the default region' "$(region n)" us-east-1
is 'the one of the ARN' "$(region "$arn" AWS_REGION=eu-west-1)" us-west-2
is 'which is asked for' "$(last GetSecretValue '.body | fromjson.SecretId')" \
    "$arn"
cat >"$HOME/.aws/config" <<END
[default]
region = ap-south-1
[profile other]
region = sa-east-1
END
is 'the one of the profile' "$(region n)" ap-south-1
is 'of another profile' "$(region n AWS_PROFILE=other)" sa-east-1
is 'AWS_DEFAULT_REGION' "$(region n AWS_DEFAULT_REGION=eu-west-3)" eu-west-3
is 'AWS_REGION' "$(region n AWS_DEFAULT_REGION=eu-west-3 \
    AWS_REGION=eu-west-1)" eu-west-1
rm "$HOME/.aws/config"
refused input 'no AWS region' "$id" "$secret" AWS_REGION=evil.example/x
ok 'a name of nothing' run 1 env "$id" "$secret" "$tool" '' WANDB_API_KEY
is 'is none' "$(cut -d: -f1 "$out")" input

# ---- endpoints ----
gets AWS_ACCESS_KEY_ID "$id" "$secret" AWS_ENDPOINT_URL=http://127.0.0.1:1/x \
    AWS_ENDPOINT_URL_SECRETS_MANAGER="$at/"
for url in ftp://127.0.0.1 "http://u:p@127.0.0.1" 'http://127.0.0.1/?a'; do
    refused input 'AWS_ENDPOINT_URL: an http or https URL' "$id" "$secret" \
        AWS_ENDPOINT_URL="$url"
done
# A proxy hears where the real ones are.
own() {
    : >"$aws/requests"
    env https_proxy="$at" no_proxy= AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true \
        "$@" "$tool" n WANDB_API_KEY >"$out" 2>"$err"
    jq -r .path "$aws/requests" | sort -u
}
is 'the endpoint of a region' "$(own "$id" "$secret")" \
    secretsmanager.eu-west-1.amazonaws.com:443
is 'in China' "$(own "$id" "$secret" AWS_REGION=cn-north-1)" \
    secretsmanager.cn-north-1.amazonaws.com.cn:443
is 'by FIPS' "$(own "$id" "$secret" AWS_REGION=us-east-1 \
    AWS_USE_FIPS_ENDPOINT=true)" \
    secretsmanager-fips.us-east-1.amazonaws.com:443

# ---- a web identity ----
printf 'eyJ.identity-token/+=\n' >"$work/token"
cat >"$work/sts.xml" <<END
<AssumeRoleWithWebIdentityResponse
    xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn>
      <AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser>
    <Credentials><SessionToken>session&amp;TOKENEXAMPLE</SessionToken>
      <SecretAccessKey>role+secret/2</SecretAccessKey>
      <Expiration>2026-11-21T07:00:00Z</Expiration>
      <AccessKeyId>AKIDROLE</AccessKeyId></Credentials>
  </AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>
END
sts=$(jq -c -R -s '{body: .}' "$work/sts.xml")
# sts_error STATUS CODE
sts_error() {
    jq -n -c --arg c "$2" '{body: ("<ErrorResponse xmlns=\"x\"><Error>" +
        "<Type>Sender</Type><Code>" + $c + "</Code><Message>it&apos;s " +
        "no</Message></Error></ErrorResponse>")}' | jq -c ".status = $1"
}
role=AWS_ROLE_ARN=arn:aws:iam::123456789012:role/r
begin AssumeRoleWithWebIdentity "$sts"
file=AWS_WEB_IDENTITY_TOKEN_FILE=$work/token
gets 'the web identity for arn:aws:iam::123456789012:role/r' "$file" "$role" \
    AWS_ROLE_SESSION_NAME=a+b
is 'what is asked' "$(last AssumeRoleWithWebIdentity \
    '.body, .headers["content-type"], .headers.authorization')" \
    'Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fr&RoleSessionName=a%2Bb&WebIdentityToken=eyJ.identity-token%2F%2B%3D
application/x-www-form-urlencoded; charset=utf-8
null'
is 'its token is signed' "$(last GetSecretValue \
    '.headers["x-amz-security-token"]')" 'session&TOKENEXAMPLE'
ok 'a name is made up' run 0 get "$file" "$role"
is 'for the session' "$(last AssumeRoleWithWebIdentity .body |
    grep -c 'RoleSessionName=kwtools-[0-9]*&')" 1
gets AWS_ACCESS_KEY_ID "$id" "$secret" "$file" "$role"
gets 'the web identity for' "$file" "$role" AWS_ENDPOINT_URL=http://127.0.0.1:1 \
    AWS_ENDPOINT_URL_STS="$at" AWS_ENDPOINT_URL_SECRETS_MANAGER="$at"
is 'the region of STS' "$(own "$file" "$role")" \
    sts.eu-west-1.amazonaws.com:443
refused input 'without a role' "$file"
refused input 'token: .*/nowhere' "$role" AWS_WEB_IDENTITY_TOKEN_FILE=/nowhere
for code in ExpiredTokenException InvalidIdentityToken AccessDenied; do
    begin AssumeRoleWithWebIdentity "$(sts_error 403 "$code")"
    refused auth "role/r in eu-west-1 (AWS_REGION): HTTP 403: $code: it's no" \
        "$file" "$role"
    is 'at once' "$(asked_aws AssumeRoleWithWebIdentity)" 1
done
begin AssumeRoleWithWebIdentity "$(sts_error 400 IDPCommunicationError)
$(sts_error 500 InternalFailure)
$sts"
gets 'the web identity for' "$file" "$role"
is 'after some tries' "$(asked_aws AssumeRoleWithWebIdentity)" 3
begin AssumeRoleWithWebIdentity '{"body": "<html>"}'
refused unavailable 'the answer has none' "$file" "$role"

# ---- profiles ----
begin AssumeRoleWithWebIdentity "$sts"
cat >"$HOME/.aws/credentials" <<END
# keys
[default]
aws_access_key_id = AKIDFILE
aws_secret_access_key = file+secret/1
[half]
aws_access_key_id = AKIDFILE
[with token]
AWS_ACCESS_KEY_ID=AKIDFILE
aws_secret_access_key: file+secret/1
aws_session_token = TOKENEXAMPLE=
END
chmod 600 "$HOME/.aws/credentials"
cat >"$HOME/.aws/config" <<END
[profile "with token"]
region = eu-north-1
s3 =
    region = nested
[profile plain]
  aws_access_key_id = AKIDFILE
  aws_secret_access_key = file+secret/1
[profile irsa]
role_arn = arn:aws:iam::1:role/irsa
web_identity_token_file = $work/token
[profile chain]
role_arn = arn:aws:iam::1:role/chain
source_profile = default
[profile sso]
sso_session = s
aws_access_key_id = AKIDFILE
aws_secret_access_key = file+secret/1
[profile old-sso]
sso_start_url = https://example.com
[profile program]
credential_process = touch $work/was-run
[profile login]
login_session = arn
END
gets "the profile default in $HOME/.aws/credentials"
ok 'by a file of ours' sh -c "! grep readable $err"
chmod 644 "$HOME/.aws/credentials"
gets 'the profile default'
ok 'which others can read' grep_err 'credentials: readable by others'
chmod 600 "$HOME/.aws/credentials"
gets "the profile with token in $HOME/.aws/credentials" \
    AWS_PROFILE='with token' AWS_REGION=
is 'its token' "$(last GetSecretValue '.headers["x-amz-security-token"]')" \
    TOKENEXAMPLE=
is 'its region' "$(last GetSecretValue .headers.authorization |
    cut -d/ -f3)" eu-north-1
gets "the profile plain in $HOME/.aws/config" AWS_DEFAULT_PROFILE=plain
gets 'the web identity for arn:aws:iam::1:role/irsa' AWS_PROFILE=irsa
gets AWS_ACCESS_KEY_ID "$id" "$secret" AWS_PROFILE=sso
gets 'the web identity for' "$file" "$role" AWS_PROFILE=sso
refused input 'the profile half .*secret of the access key is missing' \
    AWS_PROFILE=half
for profile in chain:role_arn sso:sso_session old-sso:sso_start_url \
    program:credential_process login:login_session; do
    refused input "${profile%:*} has ${profile#*:}, which is not supported: .*export-credentials --profile ${profile%:*} --format env" \
        AWS_PROFILE="${profile%:*}"
done
ok 'no program was run' test ! -e "$work/was-run"
refused input 'AWS_PROFILE: no profile nope' AWS_PROFILE=nope
mv "$HOME/.aws" "$work/files"
gets "the profile default in $work/files/credentials" \
    AWS_SHARED_CREDENTIALS_FILE="$work/files/credentials"
gets "the profile plain in $work/files/config" AWS_PROFILE=plain \
    AWS_CONFIG_FILE="$work/files/config"
# shellcheck disable=SC2088 # the tool's to expand
gets "the profile plain in $work/files/config" AWS_PROFILE=plain \
    AWS_CONFIG_FILE='~/config' HOME="$work/files"

# ---- containers ----
task=$(jq -n -c '{body: {RoleArn: "r", AccessKeyId: "AKIDTASK",
    SecretAccessKey: "task+secret/3", Token: "TOKENEXAMPLE",
    Expiration: "2026-11-21T07:00:00Z"}}')
begin container "$task"
# These are asked by no proxy.
http_proxy=http://127.0.0.1:1
export http_proxy
uuid=f81d4fae-7dec-11d0-a765-00a0c91e6bf6
near="AWS_CONTAINER_CREDENTIALS_FULL_URI=$at/v2/credentials/$uuid?y=z"
gets 'the container' "$near" AWS_EC2_METADATA_DISABLED=false \
    AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1
gets 'the profile default' "$near" \
    AWS_SHARED_CREDENTIALS_FILE="$work/files/credentials"
is 'where it is' "$(last container .path)" "/v2/credentials/$uuid?y=z"
is 'without a token' "$(last container .headers.authorization)" null
ok 'with one' run 0 get "$near" AWS_CONTAINER_AUTHORIZATION_TOKEN='Basic task-token'
is 'it is sent' "$(last container .headers.authorization)" 'Basic task-token'
ok 'it is not shown' hidden
echo 'task-token of a file' >"$work/task"
ok 'with one in a file' run 0 get "$near" AWS_CONTAINER_AUTHORIZATION_TOKEN=x \
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="$work/task"
is 'that one is sent' "$(last container .headers.authorization)" \
    'task-token of a file'
refused input 'a line break' "$near" AWS_CONTAINER_AUTHORIZATION_TOKEN="task-token${nl}x: y"
refused input 'TOKEN_FILE: ' "$near" \
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/nowhere
for url in http://example.com/ http://127.0.0.1.example.com/ \
    http://127.0.0.1@example.com/ http://169.254.169.254/ ftp://localhost/; do
    refused input 'nor on this machine' \
        AWS_CONTAINER_CREDENTIALS_FULL_URI="$url"
done
refused input RELATIVE_URI AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=@example.com/
begin container "{\"status\": 302, \"headers\": {\"Location\": \"$at/other\"}}"
near="AWS_CONTAINER_CREDENTIALS_FULL_URI=$at/x"
refused rejected 'the container: HTTP 302' "$near"
is 'a redirect is not followed' "$(asked_aws container)" 1
begin container '{"status": 500}
{"status": 503}
'"$task"
near="AWS_CONTAINER_CREDENTIALS_FULL_URI=$at/x"
gets 'the container' "$near"
begin container '{"body": {"AccessKeyId": "AKIDTASK"}}'
refused unavailable 'the container: the answer has none' \
    "AWS_CONTAINER_CREDENTIALS_FULL_URI=$at/x"
begin container '{"status": 500}'
near="AWS_CONTAINER_CREDENTIALS_FULL_URI=$at/x"
refused unavailable 'the container: HTTP 500' "$near"
is 'after three tries' "$(asked_aws container)" 3

# ---- instances ----
instance='AWS_EC2_METADATA_DISABLED=false'
begin token '{"body": "metadata-token"}' roles '{"body": "a role\nb"}' \
    role "$(echo "$task" | jq -c '.body.Code = "Success"')"
there=AWS_EC2_METADATA_SERVICE_ENDPOINT=$at/
gets "the instance's role a role" "$instance" "$there"
is 'the token' "$(last token '.method, .path,
    .headers["x-aws-ec2-metadata-token-ttl-seconds"]')" 'PUT
/latest/api/token
21600'
is 'goes along' "$(last role '.method, .path,
    .headers["x-aws-ec2-metadata-token"]')" 'GET
/latest/meta-data/iam/security-credentials/a%20role
metadata-token'
refused auth 'no AWS credentials: looked at AWS_ACCESS_KEY_ID.*DISABLED' "$there"
is 'it is not asked again' "$(asked_aws token)" 1
echo '{"body": {"Code": "AssumeRoleUnauthorizedAccess"}}' >"$aws/role"
refused auth 'no AWS credentials' "$instance" "$there"
ok 'for a reason' grep_err 'the instance: AssumeRoleUnauthorizedAccess'
echo '{"status": 404}' >"$aws/roles"
refused auth 'no AWS credentials' "$instance" "$there"
KW_LIMITS=0.05
export KW_LIMITS
echo '{"silence": true}' >"$aws/token"
: >"$aws/requests"
refused auth 'no AWS credentials' "$instance" "$there"
is 'once' "$(asked_aws token),$(slept)" 1,0
refused auth 'no AWS credentials' "$instance" \
    AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1
unset http_proxy KW_LIMITS

# ---- what Secrets Manager says ----
# Each is: code, status, type.
while read -r code status type; do
    begin
    refusal "$status" "$type" "It says so." >"$aws/GetSecretValue"
    refused "$code" "^$code: the AWS secret dev/wandb in eu-west-1 (AWS_REGION): HTTP $status: ${type##*#}: It says so" \
        "$id" "$secret"
    [ "$code" = unavailable ] ||
        is 'at once' "$(asked_aws GetSecretValue)" 1
done <<END
not_found 400 ResourceNotFoundException
auth 400 AccessDeniedException
auth 400 com.amazon.coral.service#UnrecognizedClientException
auth 403 ExpiredTokenException
auth 403 RequestExpired
rejected 400 InvalidRequestException
rejected 400 DecryptionFailure
unavailable 400 ThrottlingException
unavailable 500 InternalServiceError
END
begin
echo '{"status": 404, "body": "<html>"}' >"$aws/GetSecretValue"
refused rejected 'HTTP 404$' "$id" "$secret"
refusal 400 ResourceNotFoundException >"$aws/GetSecretValue"
refused not_found 'dev/wandb in us-east-1 (no region is set): HTTP 400' \
    "$id" "$secret" AWS_REGION=
refusal 400 ExpiredTokenException >"$aws/GetSecretValue"
refused auth 'the credentials are from AWS_ACCESS_KEY_ID' "$id" "$secret"
refused auth "InvalidSignatureException: The signature does not match.; the credentials are from AWS_ACCESS_KEY_ID; this machine's clock says 2026-11-21T06:0" \
    "$id" AWS_SECRET_ACCESS_KEY=wrong AWS_SESSION_TOKEN=TOKENEXAMPLE
jq -n -c --arg w "for $(printf '%0300d' 0) and $SECRET" \
    '{status: 400, body: {__type: "InvalidRequestException", message: $w}}' \
    >"$aws/GetSecretValue"
refused rejected 'InvalidRequestException$' "$id" "$secret"
jq -n -c --arg w "for $(printf '%0300d' 0)" \
    '{status: 400, body: {__type: "InvalidRequestException", message: $w}}' \
    >"$aws/GetSecretValue"
refused rejected 'InvalidRequestException: for ...$' "$id" "$secret"
echo "{\"status\": 307, \"headers\": {\"Location\": \"$at/\"}}" \
    >"$aws/GetSecretValue"
: >"$aws/requests"
refused rejected 'HTTP 307' "$id" "$secret"
is 'a redirect is not followed' "$(asked_aws GetSecretValue)" 1

# ---- trouble that passes ----
KW_LIMITS=0.005
export KW_LIMITS
good=$(cat "$aws/GetSecretValue")
for trouble in '{"status": 500}' '{"status": 429}' '{"silence": true}' \
    '{"body": "<html>a page</html>"}' "$(refusal 400 ThrottlingException)"; do
    begin
    good=$(cat "$aws/GetSecretValue")
    printf '%s\n' "$trouble" "$trouble" "$good" >"$aws/GetSecretValue"
    gets AWS_ACCESS_KEY_ID "$id" "$secret"
    is 'after two tries' "$(asked_aws GetSecretValue)" 3
done
is 'each signed anew' "$(jq -r '.headers["x-amz-date"]' "$aws/requests" |
    sort -u | wc -l)" 3
begin
echo '{"silence": true}' >"$aws/GetSecretValue"
refused timeout 'no whole answer within' "$id" "$secret"
unset KW_LIMITS
refused unavailable '127.0.0.1' "$id" "$secret" \
    AWS_ENDPOINT_URL=http://127.0.0.1:1
echo '{"status": 500}' >"$aws/GetSecretValue"
ok 'a deadline' run 1 env "$id" "$secret" "$tool" --timeout=2s dev/wandb \
    WANDB_API_KEY
ok 'ends it' test "$(slept | cut -d. -f1)" -lt 40

done_testing
