#!/bin/sh
# A private CA, a certificate for each part and the secrets they share, each part's in a folder of its own:
#   sh docs/deploy/compose/setup.sh FOLDER
# compose.yaml runs it before everything else. What is there stays; certificates that end within 60 days are made
# anew (then restart the parts), and a folder that is removed is filled again. The CA's key is mounted nowhere else.
set -eu
umask 077
root=${1:?folder}

random() { openssl rand -hex 24; }

# keep FILE TEXT: the file with this text, where there is none yet.
keep() { [ -s "$1" ] || printf '%s\n' "$2" >"$1"; }

# sign NAME: key and certificate of this part; servers of one cluster show each other theirs, too.
sign() {
  folder=$root/$1
  cp -f "$root/ca/ca.crt" "$folder/ca.crt"
  openssl x509 -in "$folder/tls.crt" -noout -checkend 5184000 >/dev/null 2>&1 && return
  cat >"$root/ca/request.cnf" <<END
[req]
distinguished_name = name
[name]
[server]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:$1, DNS:localhost, IP:127.0.0.1
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
END
  openssl ecparam -genkey -name prime256v1 -noout | openssl pkcs8 -topk8 -nocrypt -out "$folder/new.key"
  openssl req -new -key "$folder/new.key" -subj "/CN=$1" -config "$root/ca/request.cnf" |
    openssl x509 -req -CA "$root/ca/ca.crt" -CAkey "$root/ca/ca.key" -set_serial "0x$(openssl rand -hex 16)" -days 397 \
      -extfile "$root/ca/request.cnf" -extensions server -out "$folder/new.crt" 2>/dev/null
  mv -f "$folder/new.key" "$folder/tls.key"
  mv -f "$folder/new.crt" "$folder/tls.crt"
  rm "$root/ca/request.cnf"
}

# own NAME USER: the folder is this user's, as far as we may say so.
own() {
  [ "$(id -u)" != 0 ] || chown -R "$2" "$root/$1"
  chmod 0500 "$root/$1"
  chmod 0400 "$root/$1"/*
}

for part in ca elasticsearch postgres proxy tingzhen; do
  mkdir -p "$root/$part"
  chmod 0700 "$root/$part"
done
if [ ! -s "$root/ca/ca.crt" ]; then
  cat >"$root/ca/ca.cnf" <<END
[req]
distinguished_name = name
x509_extensions = authority
[name]
[authority]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
END
  openssl ecparam -genkey -name prime256v1 -noout -out "$root/ca/ca.key"
  openssl req -x509 -new -key "$root/ca/ca.key" -subj "/CN=tingzhen $(openssl rand -hex 4)" -days 3650 \
    -config "$root/ca/ca.cnf" -out "$root/ca/ca.crt"
  rm "$root/ca/ca.cnf"
fi
for part in elasticsearch postgres proxy; do
  sign "$part"
done
keep "$root/elasticsearch/password" "$(random)"
keep "$root/postgres/password" "$(random)"

ours=$root/tingzhen
cp -f "$root/ca/ca.crt" "$ours/ca.crt"
keep "$ours/tingzhen_index" "https://tingzhen:$(cat "$root/elasticsearch/password")@elasticsearch:9200"
tls='sslmode=verify-full&sslrootcert=/run/secrets/ca.crt'
keep "$ours/tingzhen_records" "postgresql://tingzhen:$(cat "$root/postgres/password")@postgres:5432/tingzhen?$tls"
keep "$ours/tingzhen_secret" "$(random)"
keep "$ours/tingzhen_channel_key" "$(random)"

# The users of the images.
own elasticsearch 1000:0
own postgres 999:999
own proxy 101:101
own tingzhen 10001:10001
