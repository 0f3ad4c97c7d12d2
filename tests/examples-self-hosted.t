#!/bin/sh
# examples/self-hosted: backup, restore and route-events against a docker, a
# volume and a curl that are played; whether its files are what Docker wants is
# in tests/peers/self-hosted.t.
. "$srcdir/tests/lib.sh"

# Not in the tree: .env is read there.
tree=$(cd "$srcdir/examples/self-hosted" && pwd)
cp -R "$tree" "$work/here"
chmod -R u+w "$work/here"
PATH=$work/here:$work/bin:$PATH
vol=$work/vol
cd "$work" || exit 1
mkdir bin backups
QUEUE_PAUSE=0
export vol QUEUE_PAUSE

# ---- a docker that has one volume, which is a folder ----

cat >bin/docker <<'END'
#!/bin/sh
# $vol is /vol; $work/docker.log is what was asked; $work/queue how many events
# wait; $work/fault makes one command fail.
log=${vol%/vol}/docker.log
echo "$*" >>"$log"
case $* in
"$(cat "${vol%/vol}/fault" 2>/dev/null || echo no)"*) exit 1 ;;
'compose ps '*) [ ! -e "${vol%/vol}/stopped" ] && echo 4f1d2a7c9b3e; exit 0 ;;
'compose stop '*) touch "${vol%/vol}/stopped" && exit ;;
'compose up '*) rm -f "${vol%/vol}/stopped" && exit ;;
'compose exec -T wandb redis-cli '*) cat "${vol%/vol}/queue" && exit ;;
'compose exec -T wandb sh '*) echo 0 && exit ;;
'compose run --rm --no-deps -T --entrypoint '*)
    [ -e "${vol%/vol}/stopped" ] || {
        echo 'the database is open' >&2
        exit 1
    }
    program=$7
    shift 8
    for word; do
        [ "$word" = /vol ] && word=$vol
        set -- "$@" "$word"
        shift
    done
    exec "$program" "$@" ;;
esac
echo "docker: $*: not played" >&2
exit 1
END
chmod +x bin/docker
fill() {
    rm -rf "$vol"
    mkdir -p "$vol/minio/local-files/acme/p/r1" "$vol/mysql/wandb_local" \
        "$vol/env"
    echo rows >"$vol/mysql/wandb_local/files.ibd"
    echo '{}' >"$vol/minio/local-files/acme/p/r1/wandb-summary.json"
    echo space >"$vol/minio/local-files/acme/p/r1/a b й.txt"
    chmod 600 "$vol/env"/* 2>/dev/null
    ln -s ../env "$vol/mysql/link"
}
listing() {
    (cd "$vol" && find . -printf '%p %m %s %l\n' | LC_ALL=C sort &&
        find . -type f -exec sha256sum {} + | LC_ALL=C sort)
}
fill
echo 0 >queue

# ---- backup ----

before=$(listing)
ok 'backup' run 0 backup backups
archive=$(ls backups/wandb-*.tar.gz)
is 'leaves an archive and its digest' "$(ls backups | wc -l | tr -d ' ')" 2
is 'that others cannot read' "$(find backups -type f ! -perm 600)" ''
is 'the server was stopped, and goes on' \
    "$(grep -oE '^compose (stop|up|run)' docker.log | uniq | tr '\n' ' ')" \
    'compose stop compose run compose up '
is 'the volume is as it was' "$(listing)" "$before"
ok 'the digest is right' sh -c 'cd backups && sha256sum --quiet -c ./*.sha256'

rm -rf backups/*
echo 3 >queue
ok 'events that wait' run 1 backup backups
ok 'are told' grep_err '3 events wait'
is 'nothing was done' "$(ls backups; tail -n 1 docker.log | grep -c stop)" 0
ok 'unless they are to be ignored' run 0 env QUEUE=ignore backup backups
rm -rf backups/*
echo 0 >queue
echo 'compose run --rm --no-deps -T --entrypoint tar wandb -C /vol --numeric-owner -df' >fault
ok 'an archive that is not what the volume is' run 1 backup backups
is 'is none' "$(ls backups)" ''
ok 'the server goes on' test ! -e stopped
for one in 'redis-cli' 'sh -c'; do
    echo "compose exec -T wandb $one" >fault
    ok "nobody can say how many events wait: $one" run 1 backup backups
    is 'no archive' "$(ls backups)" ''
done
echo 'compose up' >fault
ok 'a server that does not start again' run 1 backup backups
ok 'is told' grep_err 'does not start'
is 'the archive is there' "$(ls backups | wc -l | tr -d ' ')" 2
rm -rf backups/* stopped fault
: >docker.log
ok 'a folder that is not there' run 1 backup none
is 'costs no stop' "$(grep -c 'compose stop' docker.log)" 0
mkdir 'backups/a b'
ok 'one with a space' run 0 backup 'backups/a b'
is 'has it' "$(ls 'backups/a b' | wc -l | tr -d ' ')" 2
rm -rf backups/*
rm -f fault
touch stopped
ok 'a server that was stopped' run 0 backup backups
ok 'stays so' test -e stopped
rm stopped
archive=$(ls backups/wandb-*.tar.gz)

# ---- restore ----

ok 'over what is there' run 1 restore "$archive"
ok 'is refused' grep_err 'holds something'
is 'nothing was changed' "$(listing)" "$before"
ok 'the server goes on' test ! -e stopped
echo more >"$vol/mysql/more"
rm "$vol/mysql/link"
ok '--over' run 0 restore --over "$archive"
is 'all is as it was' "$(listing)" "$before"
ok 'the server goes on' test ! -e stopped
rm -rf "$vol" && mkdir "$vol"
ok 'into an empty volume' run 0 restore "$archive"
is 'all is there' "$(listing)" "$before"

cp "$archive" whole
printf 'x' | dd of="$archive" bs=1 seek=40 conv=notrunc 2>dd.log
ok 'an archive with another byte' run 1 restore --over "$archive"
ok 'is told' grep_err 'not what was written; nothing was done'
is 'nothing was touched' "$(listing)" "$before"
cp whole "$archive"
echo 'compose run --rm --no-deps -T --entrypoint tar wandb -C /vol --numeric-owner -df' >fault
ok 'a volume that is not what the archive is' run 1 restore --over "$archive"
ok 'is told' grep_err 'not whole, and the server stays stopped'
ok 'and it does' test -e stopped
rm -f stopped
before=$(listing)
echo 'compose run --rm --no-deps -T --entrypoint find wandb /vol -mindepth 1 -maxdepth' >fault
ok 'a volume that cannot be looked at' run 1 restore "$archive"
is 'is not taken for empty' "$(listing)" "$before"
is 'by any program' "$(tail -n 1 docker.log | grep -c 'entrypoint tar')" 0
rm -f stopped
echo 'compose run --rm --no-deps -T --entrypoint find wandb /vol -mindepth 1 -delete' >fault
ok 'one that cannot be emptied' run 1 restore --over "$archive"
ok 'is told' grep_err 'not whole, and the server stays stopped'
rm -f fault stopped
mv "$archive.sha256" digest
ok 'an archive without its digest' run 1 restore --over "$archive"
ok 'is told' grep_err 'not what was written; nothing was done'
mv digest "$archive.sha256"
ok 'without an archive' run 1 restore

# ---- MinIO's events ----

cat >bin/curl <<'END'
#!/bin/sh
cat >>"${vol%/vol}/curl.key"
echo "$*" >>"${vol%/vol}/curl.log"
case $* in
*'-w %{http_code}'*) cat "${vol%/vol}/bucket" ;;
*' -X PUT '*notification=*) touch "${vol%/vol}/notified" ;;
*notification=*)
    [ ! -e "${vol%/vol}/notified" ] || echo '<Queue>arn:minio:sqs::KW:redis</Queue>' ;;
esac
END
chmod +x bin/curl
printf '%s\n' MINIO_ADDRESS=lab.example:9000 MINIO_ROOT_USER=me \
    MINIO_ROOT_PASSWORD=not-in-arguments >here/.env
for code in 200 409; do
    printf '%s' $code >bucket
    ok "route-events, $code" run 0 route-events
done
is 'the key is no argument' "$(grep -c not-in-arguments curl.log)" 0
ok 'it was given' grep -q '^user = "me:not-in-arguments"$' curl.key
printf '%s\n' "MINIO_ROOT_PASSWORD='a\"b\\c'" >>here/.env
ok 'a password with a quote' run 0 route-events
ok 'is the same to curl' grep -qF 'user = "me:a\"b\\c"' curl.key
is 'both kinds of events' "$(grep -o 's3:Object[A-Za-z]*:\*' curl.log | sort -u |
    tr '\n' ' ')" 's3:ObjectCreated:* s3:ObjectRemoved:* '
printf 403 >bucket
ok 'a refusal' run 1 route-events
ok 'is told' grep_err 'HTTP 403'

# ---- what is in the files ----

here=$tree
is 'they are there' "$(cat "$here"/*.yaml | grep -c '^services:')" 2
is 'no LOCAL_RESTORE is left on' "$(cat "$here"/*.yaml "$here/Dockerfile" \
    "$here/.env.example" | grep -c LOCAL_RESTORE)" 0
is 'the bucket is the one that wb-events-sql takes, everywhere' \
    "$(grep -hoE 'MINIO_BUCKET:-[a-z-]+' "$here/compose.storage.yaml" \
        "$here/route-events" | sort -u)" MINIO_BUCKET:-local-files
is 'no secret has a value' "$(grep -hE '(LICENSE|PASSWORD|USER)[A-Z_]*[:=]' \
    "$here"/*.yaml "$here/.env.example" | grep -vcE '=$|: ("s3://)?\$\{')" 0
is 'each variable of compose.yaml is in .env.example' "$(
    grep -oE '\$\{[A-Z_]+' "$here/compose.yaml" | tr -d '${' | sort -u |
        while read -r name; do
            grep -q "^$name=" "$here/.env.example" || echo "$name"
        done)" ''

done_testing
