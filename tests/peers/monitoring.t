#!/bin/sh
# wb-collect's forms as others read them, and examples/monitoring as those want
# them: Prometheus with a Pushgateway and node_exporter, started here, the
# parsers of OpenMetrics and InfluxDB's lines, Kubernetes' schemas, systemd,
# hadolint. Needs Debian's prometheus, prometheus-pushgateway and
# prometheus-node-exporter, and KW_PEERS_VENV.
. "$srcdir/tests/lib.sh"

venv=${KW_PEERS_VENV:?a virtual environment}
for program in promtool prometheus prometheus-pushgateway \
    prometheus-node-exporter; do
    command -v "$program" >/dev/null || {
        echo "1..0 # SKIP no $program"
        exit
    }
done
for program in hadolint moto_server; do
    [ -x "$venv/bin/$program" ] || {
        echo "1..0 # SKIP no $program in KW_PEERS_VENV"
        exit
    }
done
srcdir=$(cd "$srcdir" && pwd)
monitoring=$srcdir/examples/monitoring
PATH=$monitoring:$PATH
bin=$(dirname "$(command -v wb-collect)")
cd "$work" || exit 1
# Prometheus has the true time.
unset KW_CLOCK
for name in $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p'); do
    unset "$name"
done

. "$srcdir/tests/peers/daemons.sh"
same() {
    "$venv/bin/python" "$srcdir/tests/peers/metrics.py" "$@" >"$out" 2>"$err" &&
        return
    sed 's/^/# /' "$out" "$err"
    return 1
}

# ---- runs of two projects; names that must be escaped ----
printf '{}' >"$work/load.json"
: >"$work/options"
start_sandbox
now=$(date +%s)
"$venv/bin/python" "$srcdir/tests/bench/runs.py" "$url" acme/metta "$now" 500 400
"$venv/bin/python" "$srcdir/tests/bench/runs.py" "$url" 'acme/a b,c=d' "$now" 40 40
collect() {
    wb-collect --window=24h "$@" acme/metta 'acme/a b,c=d'
}
ok 'records' run 0 collect
cp "$out" want
is 'are 20 of each project' "$(jq -s 'group_by(.project) | map(length)' -c want)" \
    '[20,20]'

# ---- the forms ----
for form in prometheus openmetrics influx; do
    ok "$form" run 0 collect --format="$form"
    cp "$out" "$form"
done
check_metrics() {
    promtool check metrics <"$1" >"$out" 2>"$err"
    ended $? "$2"
}
ok 'promtool reads the metrics' check_metrics prometheus 3
is 'and finds nothing to say but that hours are no seconds' \
    "$(grep -v 'use base unit "seconds" instead of "hours"' "$out" "$err")" ''
sed 's/ gauge$/ guage/' prometheus >wrong
ok 'others it does not' check_metrics wrong 1
ok 'the OpenMetrics parser reads the same' same openmetrics want openmetrics
is 'and two metrics more' "$(sed -n 's/^also \([a-z_]*\) .*/\1/p' "$out" | sort -u |
    tr '\n' ' ')" \
    'wandb_collect_duration_seconds wandb_collect_last_success_timestamp_seconds '
sed '$d' openmetrics >wrong
ok 'another text it does not' sh -c '! "$@" 2>/dev/null' sh "$venv/bin/python" \
    "$srcdir/tests/peers/metrics.py" openmetrics want wrong
ok 'the parser of InfluxDB lines reads the same' same influx want influx
is 'and nothing more' "$(cat "$out")" ''

# ---- Prometheus, scraping what the examples leave ----
ports=$(python3 -c '
import socket
all = [socket.socket() for _ in range(4)]
for one in all:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in all))')
# shellcheck disable=SC2086 # four words
set -- $ports
cat >prometheus.yml <<END_YML
global: {scrape_interval: 1s}
rule_files: ['$monitoring/alerts.yaml']
scrape_configs:
  - job_name: textfile
    static_configs: [{targets: ['127.0.0.1:$1']}]
  - job_name: pushed
    honor_labels: true
    static_configs: [{targets: ['127.0.0.1:$2']}]
END_YML
mkdir textfiles
daemon prometheus-node-exporter --web.listen-address="127.0.0.1:$1" \
    --collector.disable-defaults --collector.textfile \
    --collector.textfile.directory="$work/textfiles"
daemon prometheus-pushgateway --web.listen-address="127.0.0.1:$2"
daemon prometheus --config.file=prometheus.yml --storage.tsdb.path=tsdb \
    --web.listen-address="127.0.0.1:$3"
gateway=http://127.0.0.1:$2
prometheus=http://127.0.0.1:$3
aws_port=$4
until_true curl -sSf "http://127.0.0.1:$1/metrics"
until_true curl -sSf "$gateway/-/ready"
until_true curl -sSf "$prometheus/-/ready"
ask() {
    curl -sS --get --data-urlencode "query=$1" "$prometheus/api/v1/query"
}
has() {
    ask "$1" | jq -e '.data.result != []'
}

ok 'to-textfile' run 0 to-textfile textfiles acme/metta 'acme/a b,c=d'
until_true has '{job="textfile", __name__="wandb_runs_active", project="a b,c=d"}'
ask '{job="textfile", __name__=~"wandb_.*"}' >answer
ok 'Prometheus has them from node_exporter' same prometheus want answer
is 'which found nothing wrong' "$(ask 'node_textfile_scrape_error' |
    jq -r '.data.result[0].value[1]')" 0

ok 'to-pushgateway' run 0 to-pushgateway "$gateway" acme/metta
ok 'and another project' run 0 to-pushgateway "$gateway" 'acme/a b,c=d'
until_true has '{job="wb_collect", __name__="wandb_runs_active", project="a b,c=d"}'
ask '{job="wb_collect", __name__=~"wandb_.*"}' >answer
ok 'Prometheus has them from the Pushgateway' same prometheus want answer
is 'by project' "$(jq -c '[.data.result[].metric.instance] | unique' answer)" \
    '["acme/a b,c=d","acme/metta"]'
ok 'what it does not take' run 22 to-pushgateway "$gateway/no" acme/metta

# ---- alerts ----
ok 'rules' run 0 promtool check rules "$monitoring/alerts.yaml"
is 'Prometheus has loaded them' "$(curl -sS "$prometheus/api/v1/rules" |
    jq -c '[.data.groups[].rules[].name]')" \
    '["WandbCollectStale","WandbCollectMissing","WandbPushToMainFailing"]'
# An hour of minutes: collected until the 20th; and success that sinks.
cat >rules.yaml <<END_YML
rule_files: ['$monitoring/alerts.yaml']
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - series: wandb_collect_last_success_timestamp_seconds{entity="e",project="p"}
        values: 0+60x20 1200x120
      - series: wandb_push_to_main_success_rate_pct{entity="e",project="p"}
        values: 90x5 70x120
    alert_rule_test:
      - {eval_time: 60m, alertname: WandbCollectStale}
      - {eval_time: 30m, alertname: WandbPushToMainFailing}
      - {eval_time: 60m, alertname: WandbCollectMissing}
      - eval_time: 75m
        alertname: WandbCollectStale
        exp_alerts:
          - exp_labels: {severity: warning, entity: e, project: p}
            exp_annotations: {summary: No metrics of e/p for 55m 0s}
      - eval_time: 40m
        alertname: WandbPushToMainFailing
        exp_alerts:
          - exp_labels: {severity: critical, entity: e, project: p}
            exp_annotations: {summary: Of the CI runs of e/p 70 % succeed}
      - {eval_time: 90m, alertname: WandbPushToMainFailing}
  - interval: 1m
    input_series: []
    alert_rule_test:
      - {eval_time: 20m, alertname: WandbCollectMissing}
      - eval_time: 31m
        alertname: WandbCollectMissing
        exp_alerts:
          - exp_labels: {severity: warning}
            exp_annotations: {summary: There are no metrics of W&B runs at all}
END_YML
ok 'alerts come when they should' run 0 promtool test rules rules.yaml

# ---- Kubernetes ----
valid() {
    run "$1" "$venv/bin/kubernetes-validate" --strict "$2"
}
ok 'the CronJob' valid 0 "$monitoring/kubernetes/cronjob.yaml"
sed 's/concurrencyPolicy: Forbid/concurrency: Forbid/' \
    "$monitoring/kubernetes/cronjob.yaml" >cronjob.yaml
ok 'another is noticed' valid 1 cronjob.yaml
ok 'the service account' valid 0 \
    "$monitoring/kubernetes-irsa/service-account.yaml"
if command -v kubectl >/dev/null; then
    kubectl kustomize "$monitoring/kubernetes-irsa" >irsa.yaml
    ok 'both together' valid 0 irsa.yaml
    is 'the keys are in no secret of the cluster' \
        "$(grep -cE 'secretKeyRef|API_KEY' irsa.yaml)" 0
    is 'the account is the one' \
        "$(grep -c 'serviceAccountName: wb-collect' irsa.yaml)" 1
else
    ok 'both together # SKIP no kubectl' true
fi

# ---- a pod of kubernetes-irsa, with what EKS gives it; moto plays AWS ----
# in_pod NAME: the value that the pod has
in_pod() {
    sed -n "/name: $1\$/{n; s/^ *value: //p}" \
        "$monitoring/kubernetes-irsa/kustomization.yaml"
}
daemon "$venv/bin/moto_server" -H 127.0.0.1 -p "$aws_port"
aws=http://127.0.0.1:$aws_port
until_true curl -sSf "$aws/moto-api/"
AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b "$venv/bin/python" -c '
import boto3, json, sys
url, region, name, wandb, datadog = sys.argv[1:]
boto3.client("secretsmanager", region, endpoint_url=url).create_secret(
    Name=name, SecretString=json.dumps(
        {"WANDB_API_KEY": wandb, "DD_API_KEY": datadog}))
' "$aws" "$(in_pod AWS_REGION)" "$(in_pod WB_SECRET_ID)" "$WANDB_API_KEY" \
    "$DD_API_KEY" 2>"$err" || sed 's/^/# /' "$err"
printf '{"alg":"RS256"}.{"sub":"system:serviceaccount:default:wb-collect"}.x' \
    >token
in_irsa() {
    env -u WANDB_API_KEY -u DD_API_KEY AWS_ENDPOINT_URL="$aws" \
        AWS_WEB_IDENTITY_TOKEN_FILE="$work/token" AWS_ROLE_ARN="$(sed -n \
            's/.*role-arn: //p' "$monitoring/kubernetes-irsa/service-account.yaml")" \
        AWS_REGION="$(in_pod AWS_REGION)" WB_SECRET_ID="$1" to-datadog acme/metta
}
ok 'a pod without keys' run 0 in_irsa "$(in_pod WB_SECRET_ID)"
is 'brings the metrics to Datadog' "$(state '.points | length')" \
    "$(jq -s 'map(select(.value != null and .project == "acme/metta")) | length' want)"
ok 'a secret that is not there' run 2 in_irsa monitoring/none

# ---- systemd ----
if command -v systemd-analyze >/dev/null; then
    mkdir units
    for unit in wb-collect.service wb-collect.timer; do
        sed "s,^ExecStart=/usr/local/bin,ExecStart=$monitoring," \
            "$monitoring/$unit" >"units/$unit"
    done
    ok 'the units' run 0 systemd-analyze verify units/wb-collect.service \
        units/wb-collect.timer
    is 'are in order' "$(cat "$out" "$err")" ''
    ok 'and hardened: 2.0 of 10 are left' run 0 systemd-analyze security \
        --offline=true --threshold=20 --no-pager units/wb-collect.service
    sed -i 's/^ProtectSystem=.*/ProtectSytem=strict/' units/wb-collect.service
    systemd-analyze verify units/wb-collect.service >"$out" 2>&1
    ok 'what it does not know is noticed' grep -q ProtectSytem "$out"
else
    ok 'the units # SKIP no systemd-analyze' true
fi

# ---- the image: it cannot be built here, without Docker ----
ok 'the Containerfile' run 0 "$venv/bin/hadolint" "$monitoring/Containerfile"
sed 's/apt-get install -y/apt-get install/' "$monitoring/Containerfile" >wrong
ok 'another is noticed' run 1 "$venv/bin/hadolint" wrong
# The last stage's packages hold the libraries that the programs ask for.
packages=$(sed -n '/^FROM/h; /^FROM/!H; ${x; p}' "$monitoring/Containerfile" |
    sed -n '/--no-install/,/&&/{/--no-install/d; /&&/d; p}' | tr -d '\\')
# package PATH: of the library there; /lib is /usr/lib
package() {
    (dpkg -S "$1" || dpkg -S "/usr$1" || dpkg -S "${1#/usr}") 2>/dev/null |
        sed 's/:.*//'
}
# shellcheck disable=SC2086 # words
is 'each library that is asked for is in the image, and no other' \
    "$(for program in wb-collect dd-push; do
        readelf -d "$bin/$program" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' |
            while read -r library; do
                package "$(ldd "$bin/$program" |
                    awk -v name="$library" '$1 == name { print $3 }')"
            done
    done | sort -u | grep -vx libc6 | tr '\n' ' ')" "$(printf '%s\n' $packages |
        grep -vx ca-certificates | sort | tr '\n' ' ')"
done_testing
