#!/bin/sh
# Makes the secrets of a Consul once, each in the folder of who needs it; what is there stays. Runs in Consul's image, as root.
#   /secrets/consul     its configuration, certificate and key, and the key of gossip
#   /secrets/operator   the token that may do everything
#   /secrets/SERVICE    a token of its own, and whom it is to trust
set -eu
consul_user=100:1000
member_user=65532:65532
umask 077

uuid() { cat /proc/sys/kernel/random/uuid; }

# Of which folder, to whom it belongs; from an earlier run that was interrupted it may be given away already.
give() { chown -R 0:0 "$1" && chmod 500 "$1" && find "$1" -type f -exec chmod 400 {} + && chown -R "$2" "$1"; }

if [ -e /secrets/operator/token ]; then
  echo "secrets are there already"
  exit 0
fi

cd /tmp
consul tls ca create -days=3650
# `consul` is how the others call it.
consul tls cert create -server -dc=dc1 -days=3650 -additional-dnsname=consul
trust=consul-agent-ca.pem

uuid >operator-token
for service in geo rate profile search frontend; do
  uuid >"/secrets/$service/token"
  cat "/secrets/$service/token" >"/secrets/operator/$service"
  cat "$trust" >"/secrets/$service/ca.pem"
  give "/secrets/$service" "$member_user"
done

# The agent does what it does for itself by the operator's token: one of its own is only known once there is a leader, and until then
# nobody could register.
# These names are understood by every Consul from 1.8 on; later ones say that they have newer ones.
cat >/secrets/consul/consul.json <<CONFIG
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
    "tokens": {"master": "$(cat operator-token)", "agent": "$(cat operator-token)"}
  }
}
CONFIG
cat "$trust" >/secrets/consul/ca.pem
cat dc1-server-consul-0.pem >/secrets/consul/server.pem
cat dc1-server-consul-0-key.pem >/secrets/consul/server-key.pem
give /secrets/consul "$consul_user"
chown "$consul_user" /secrets/data

# The key of the authority goes with this container: nothing more is to be signed by it.
cat "$trust" >/secrets/operator/ca.pem
# Last, for it says that all of it is there.
cat operator-token >/secrets/operator/token
give /secrets/operator "$consul_user"
