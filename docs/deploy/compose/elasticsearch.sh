#!/bin/sh
# Elasticsearch with the one user of tingzhen, who may do what docs/elasticsearch.md says and nothing else.
set -eu
known=/usr/share/elasticsearch/config
cp /etc/tingzhen/roles.yml "$known/roles.yml"
elasticsearch-users list | grep -q '^tingzhen ' ||
  elasticsearch-users useradd tingzhen -p "$(cat "$known/certs/password")" -r tingzhen
exec /usr/local/bin/docker-entrypoint.sh
