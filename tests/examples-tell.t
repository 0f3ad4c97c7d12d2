#!/bin/sh
# examples/tell: the records and the status go through, and what is told is
# what they say. sendmail is played, the webhook is kw-sandbox's.
. "$srcdir/tests/lib.sh"

PATH=$(cd "$srcdir/examples" && pwd):$PATH
cd "$work" || exit 1
unset MAIL_TO CHAT_WEBHOOK
cat >sendmail <<'END_MAIL'
#!/bin/sh
echo "$*" >>mail.args
cat >mail
exit "${MAIL_STATUS:-0}"
END_MAIL
chmod +x sendmail
SENDMAIL=$work/sendmail
export SENDMAIL
serve --fault 'match=/hook status=200 body=ok times=always'
hook=$url/hook/secret0secret
chat() {
    sandbox GET requests | jq -s -r "map(select(.path == \"$1\")) | last.body$2"
}

good='{"run":"e/p/1","url":"https://wandb.ai/e/p/runs/1","synced":true}'
bad='{"kernel":"u/k","status":"ERROR","failed":{"tool":"kgl-status",
    "code":"kernel_failed","message":"ended: <b>&\n.\nBcc: x@y é","temporary":false}}'
bad=$(printf '%s' "$bad" | jq -c .)
two=$good$nl$bad

ok 'nobody to tell' run 2 tell true
ok 'is a wrong call' grep_err MAIL_TO

export MAIL_TO=me@example.org
ok 'a mail' run_input "$good" 0 tell
is 'passes records on' "$(cat "$out")" "$good"
is 'goes to whom the mail says' "$(cat mail.args)" '-t -oi'
is 'who is this' "$(grep -i '^to:' mail)" 'To: me@example.org'
is 'says what came of it' "$(sed -n 's/^Subject: .*: //p' mail)" '1 done'
is 'and where' "$(sed '1,/^$/d' mail)" https://wandb.ai/e/p/runs/1

ok 'a failure' run_input "$two" 1 tell
is 'passes, too' "$(cat "$out")" "$two"
is 'is counted' "$(sed -n 's/^Subject: .*: //p' mail)" '1 of 2 failed (status 1)'
is 'and told in one line' "$(sed '1,/^$/d' mail | head -n 1)" \
    'u/k: kgl-status: kernel_failed: ended: <b>& . Bcc: x@y é'
is 'so no header comes of it' "$(sed '/^$/q' mail | grep -c Bcc)" 0

ok 'no record' run_input '' 1 tell
is 'is no success' "$(sed -n 's/^Subject: .*: //p' mail)" 'no record (status 1)'
for line in 'Traceback: x' 3 '["a"]' '{"error":"text"}'; do
    ok "$line" run_input "$line" 1 tell
    ok 'is a failure' grep -q '1 of 1 failed' mail
done

ok 'a command that fails' run 3 tell sh -c "echo '$good'; exit 3"
is 'ends with its status' "$(sed -n 's/^Subject: .*: //p' mail)" \
    '1 done (status 3)'
is 'and its records pass' "$(cat "$out")" "$good"
ok 'one that is not there' run 127 tell no-such-command
ok 'a mail that cannot be sent' env MAIL_STATUS=75 sh -c \
    "echo '$good' | tell >out 2>err; test \$? -eq 1"
ok 'is said' grep -q 'could be told' err
unset MAIL_TO

export CHAT_WEBHOOK="$hook"
ok 'a chat message' run_input "$two" 1 tell
is 'has its text' "$(chat /hook/secret0secret .text | head -n 1 | sed 's/.*: //')" \
    '1 of 2 failed (status 1)'
is 'in which nothing is markup' "$(chat /hook/secret0secret .text | sed -n 2p)" \
    'u/k: kgl-status: kernel_failed: ended: &lt;b&gt;&amp; . Bcc: x@y é'
is 'for Slack nothing else' "$(chat /hook/secret0secret '|keys[]')" text

# To Discord by way of a proxy, which the sandbox can be.
export CHAT_WEBHOOK=http://discord.com/api/webhooks/hook/secret0secret
long=$(jq -n -c '[range(30)] | map({kernel: "u/\(.)", error:
    {tool: "t", code: "io", message: ("x" * 300)}}) | .[]')
ok 'Discord' run_input "$long" 1 env http_proxy="$url" tell
body=$(sandbox GET requests | jq -s -c 'last.body')
is 'reads another field' "$(printf '%s' "$body" | jq -c 'keys')" \
    '["allowed_mentions","content"]'
is 'of a length that it takes' \
    "$(printf '%s' "$body" | jq '.content | length <= 2000')" true

export CHAT_WEBHOOK="$url/nobody/secret0secret"
ok 'a webhook that is refused' run_input "$good" 1 tell
ok 'is said' grep_err 'could be told'
ok 'without its address' sh -c '! grep -q secret0secret "$1"' sh "$err"

# What ps shows while it is told.
cat >curl <<'END_CURL'
#!/bin/sh
echo "$*" >>"${0%/*}/curl.args"
exec /usr/bin/env PATH="${PATH#*:}" curl "$@"
END_CURL
cat >jq <<'END_JQ'
#!/bin/sh
echo "$*" >>"${0%/*}/jq.args"
exec /usr/bin/env PATH="${PATH#*:}" jq "$@"
END_JQ
chmod +x curl jq
export CHAT_WEBHOOK="$hook"
ok 'told once more' run_input "$good" 0 env PATH="$work:$PATH" tell
ok 'by curl' test -s curl.args
ok 'the address is in no option' sh -c '! grep -q secret0 curl.args jq.args'
done_testing
