# shellcheck shell=sh
# tls.sh - a private certificate authority, beside lib.sh
#
# make_ca	in $work: ca.pem, the authority; cas, a folder with it by its
#		hash; other.pem, another one; server.pem, certificate and key
#		for 127.0.0.1 and localhost

make_ca() {
    (
        cd "$work" || exit 1
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
            -nodes -keyout ca.key -out ca.pem -days 2 -subj '/CN=Private CA' &&
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
                -nodes -keyout server.key -out server.csr -subj '/CN=wandb' &&
            echo 'subjectAltName=IP:127.0.0.1,DNS:localhost' >extensions &&
            openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key \
                -CAcreateserial -days 2 -extfile extensions -out server.crt &&
            cat server.crt server.key >server.pem &&
            openssl req -x509 -newkey ec \
                -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
                -keyout other.key -out other.pem -days 2 -subj '/CN=Other' &&
            mkdir cas && cp ca.pem cas/ && openssl rehash cas
    ) >"$work/ca.log" 2>&1 && return
    sed 's/^/# /' "$work/ca.log"
    echo 'Bail out! no certificate authority (openssl)'
    exit 1
}
