#!/bin/sh
# Makes the secrets of a Consul once, each in the folder of who needs it; what is there stays. Runs in Consul's image, as root.
#   /secrets/consul     its configuration, certificate and key, and the key of gossip
#   /secrets/operator   the token that may do everything, and those of all services
#   /secrets/SERVICE    a token of its own, and whom it is to trust
# And changes them, one step at a time; docs/operations.md has what is between the steps.
#   new-token SERVICE   makes one more token, which nobody uses yet
#   use-token SERVICE   gives it to the service, in the place of the one before
#   new-certificate     makes another authority, which all trust beside the one before, and by it a certificate, which is not used yet
#   use-certificate     gives it to Consul, in the place of the one before
#   only-authority      has nobody trust the authority before
set -eu
consul_user=100:1000
services="geo rate profile search frontend prometheus"
operator=/secrets/operator
umask 077

uuid() { cat /proc/sys/kernel/random/uuid; }

fail() { echo "$*" >&2; exit 1; }

user_of() {
  case $1 in
    consul | operator) echo "$consul_user" ;;
    prometheus) echo 65534:65534 ;;
    *) echo 65532:65532 ;;
  esac
}

# A file of a folder in /secrets, from what comes in: whoever reads it sees the one before, or all of this one.
put() {
  (umask 377 && cat >"/secrets/$1/.$2")
  chown "$(user_of "$1")" "/secrets/$1/.$2"
  mv -f "/secrets/$1/.$2" "/secrets/$1/$2"
}

# The folder itself; only who owns it may say who else may look into it.
give() { chown 0:0 "/secrets/$1" && chmod 500 "/secrets/$1" && chown "$(user_of "$1")" "/secrets/$1"; }

# Whom all trust.
trusted() {
  cat >/tmp/trusted
  for folder in $services consul operator; do
    put "$folder" ca.pem </tmp/trusted
  done
}

# An authority and what it signs, in /tmp. Its key goes with this container: nothing more is to be signed by it.
sign() {
  cd /tmp
  consul tls ca create -days=3650
  # `consul` is how the others call it.
  consul tls cert create -server -dc=dc1 -days=3650 -additional-dnsname=consul
}

# The agent does what it does for itself by the operator's token: one of its own is only known once there is a leader, and until then
# nobody could register.
# These names are understood by every Consul from 1.8 on; later ones say that they have newer ones.
configuration() {
  cat <<CONFIG
{
  "server": true,
  "bootstrap_expect": 1,
  "data_dir": "/consul/data",
  "bind_addr": "127.0.0.1",
  "client_addr": "0.0.0.0",
  "ui": true,
  "performance": {"raft_multiplier": 1},
  "ports": {"http": -1, "https": 8501, "grpc": -1, "dns": -1},
  "encrypt": "$(consul keygen)",
  "ca_file": "/consul/secrets/ca.pem",
  "cert_file": "/consul/secrets/server.pem",
  "key_file": "/consul/secrets/server-key.pem",
  "verify_incoming_rpc": true,
  "verify_outgoing": true,
  "verify_server_hostname": true,
  "tls_min_version": "tls12",
  "acl": {
    "enabled": true,
    "default_policy": "deny",
    "down_policy": "extend-cache",
    "tokens": {"master": "$1", "agent": "$1"}
  }
}
CONFIG
}

everything() {
  for folder in $services consul operator; do give "$folder"; done
  chown "$consul_user" /secrets/data
  # Those of a run that was interrupted are known to nobody.
  for service in $services; do rm -f "$operator/$service"; done
  sign
  trusted <consul-agent-ca.pem
  put consul server.pem <dc1-server-consul-0.pem
  put consul server-key.pem <dc1-server-consul-0-key.pem
  token=$(uuid)
  configuration "$token" | put consul consul.json
  # Last, for it says that all of it is there.
  echo "$token" | put operator token
}

# Of a service that has none.
first_token() {
  give "$1"
  put "$1" ca.pem <"$operator/ca.pem"
  uuid >/tmp/token
  put "$1" token </tmp/token
  put operator "$1" </tmp/token
}

case ${1:-} in
  '')
    if [ -e "$operator/token" ]; then echo "secrets are there already"; else everything; fi
    for service in $services; do
      [ -e "$operator/$service" ] || first_token "$service"
    done
    # From 1.14 on there is a second port of gRPC, open unless it is shut, of which an older Consul knows nothing.
    ports='{}'
    if consul agent -help 2>&1 | grep -q grpc-tls-port; then ports='{"ports": {"grpc_tls": -1}}'; fi
    echo "$ports" | put consul ports.json
    ;;
  new-token)
    [ -e "$operator/$2" ] && [ "$2" != token ] || fail "there is no service $2"
    [ -e "$operator/$2.new" ] || uuid | put operator "$2.new"
    ;;
  use-token)
    [ -e "$operator/$2.new" ] || fail "there is no new token of $2"
    put "$2" token <"$operator/$2.new"
    mv -f "$operator/$2.new" "$operator/$2"
    ;;
  new-certificate)
    [ ! -e "$operator/next-ca.pem" ] || fail "there is one already"
    sign
    put consul next.pem <dc1-server-consul-0.pem
    put consul next-key.pem <dc1-server-consul-0-key.pem
    cat "$operator/ca.pem" consul-agent-ca.pem | trusted
    # Last, for it says that all of it is there.
    put operator next-ca.pem <consul-agent-ca.pem
    ;;
  use-certificate)
    [ -e "$operator/next-ca.pem" ] && [ -e /secrets/consul/next.pem ] || fail "there is no new certificate"
    [ ! -e /secrets/consul/next-key.pem ] || mv -f /secrets/consul/next-key.pem /secrets/consul/server-key.pem
    mv -f /secrets/consul/next.pem /secrets/consul/server.pem
    ;;
  only-authority)
    [ -e "$operator/next-ca.pem" ] && [ ! -e /secrets/consul/next.pem ] || fail "there is no new certificate in use"
    trusted <"$operator/next-ca.pem"
    rm -f "$operator/next-ca.pem"
    ;;
  *) fail "$1 is no step" ;;
esac
