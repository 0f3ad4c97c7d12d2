#!/bin/sh
# examples/slurm-array under Debian's Slurm: a controller and a node of this
# machine, started here, whose tasks sync runs and fetch kernels. Needs root
# and slurm-wlm.
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/wandb.sh"

PATH=$PATH:/usr/sbin
if [ "$(id -u)" -ne 0 ] || ! command -v slurmctld slurmd munged >/dev/null; then
    echo '1..0 # SKIP needs root and slurm-wlm'
    exit
fi
srcdir=$(cd "$srcdir" && pwd)
PATH=$srcdir/examples:$PATH
cd "$work" || exit 1

. "$srcdir/tests/peers/daemons.sh"

# ---- a cluster of one node ----
mkdir munge kept spool
head -c 1024 /dev/urandom >munge/key
chmod 600 munge/key
ports=$(python3 -c '
import socket
both = [socket.socket(), socket.socket()]
for one in both:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in both))')
cat >slurm.conf <<END_CONF
ClusterName=kw
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
SlurmctldPort=${ports% *}
SlurmdPort=${ports#* }
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
StateSaveLocation=$work/kept
SlurmdSpoolDir=$work/spool
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
MailProg=/bin/true
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END_CONF
SLURM_CONF=$work/slurm.conf
export SLURM_CONF
daemon munged --foreground --force --socket="$work/munge/socket" \
    --key-file="$work/munge/key" --log-file="$work/munge/log" \
    --pid-file="$work/munge/pid" --seed-file="$work/munge/seed"
until_true test -S munge/socket
daemon slurmctld -D
daemon slurmd -D
until_true sh -c 'sinfo -h -o %T | grep -qx idle'

# array STATUS TASKS COMMAND
array() {
    run "$1" timeout 300 sbatch --wait --array="$2" \
        "$srcdir/examples/slurm-array" parts "$3"
}
all() {
    cat parts/*.out
}

# ---- runs ----
copy typical steps sweep resumed_restart
wb-find-runs "$work/runs" >found
files=$(wc -l <found | tr -d ' ')
split-records 4 parts <found
serve
ok 'an array of four tasks' array 0 0-3%2 'wb-sync -j 1'
is 'every run is there' "$(all | jq -s 'map(select(.synced and .verified)) |
    length')" "$files"
for kind in typical steps sweep resumed_restart; do
    is "$kind: as it should be" "$(held "$kind")" '"equal"'
done
is 'what a task says has a file' "$(ls parts/*.log)" \
    "$(printf 'parts/%s.log\n' 0 1 2 3)"

before=$(writes)
find "$work/runs" -name '*.synced' -delete
echo '{"wandb_file":"/no/such.wandb"}' >>parts/1.in
ok 'again, with one that is not there' array 1 0-3 'cat | wb-sync -j 1'
is 'which is said' "$(all | jq -c 'select(.error) | .wandb_file')" \
    '"/no/such.wandb"'
is 'the others are told' "$(all | jq -s 'map(select(.synced)) | length')" \
    "$files"
is 'and nothing is sent twice' "$(writes)" "$before"

# ---- kernels ----
serve --load "$(jq -n --arg runs "$srcdir/tests/data/runs" '{kernels:
    {"u/minimal": {output: "\($runs)/minimal"},
     "u/steps": {output: "\($runs)/steps"}}}')"
printf 'u/minimal\nu/steps\n' | split-records 2 parts
ok 'kernels' array 0 0-1 'kgl-output -d outputs | wb-find-runs | wb-sync'
is 'are fetched and synced' \
    "$(all | jq -r 'select(.synced) | .kernel' | sort | tr '\n' ' ')" \
    'u/minimal u/steps '
done_testing
