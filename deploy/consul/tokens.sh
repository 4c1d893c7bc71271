#!/bin/sh
# Tells a Consul what the tokens of secrets.sh allow: each what deploy/consul/policies has under its name. May run as often as you like.
#   only-token SERVICE   takes away all others that were made so for a service
set -eu

# A new leader is not at once one that takes policies.
tries=30
until consul acl policy list >/dev/null 2>/tmp/why; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || { echo "Consul takes no policies:" >&2; cat /tmp/why >&2; exit 1; }
  sleep 1
done

# By which Consul calls a token whose secret is in a file. Some, 1.15 among them, ask for an id with `-self` too, and take any.
accessor() {
  { consul acl token read -self -token-file "$1" || consul acl token read -self -id self -token-file "$1"; } |
    awk '$1 == "AccessorID:" { print $2 }'
}

# Up to 1.14 an accessor is called an id.
forget() { consul acl token delete -accessor-id "$1" 2>/dev/null || consul acl token delete -id "$1"; }

is_known() { [ -n "$(accessor "$1" 2>/dev/null)" ]; }

# A token is told by its secret: where that is there, another one like it cannot be made.
make() {
  consul acl token create -description "$policy" -policy-name "$policy" -secret "$(cat "$1")" >/dev/null 2>/tmp/why ||
    is_known "$1" || { cat /tmp/why >&2; exit 1; }
}

if [ "${1:-}" = only-token ]; then
  policy=hotels-$2
  keep=$(accessor "/secrets/$2" 2>/dev/null)
  [ -n "$keep" ] || { echo "Consul does not know the token of $2" >&2; exit 1; }
  consul acl token list | awk -v policy="$policy" '$1 == "AccessorID:" { id = $2 } $1 == "Description:" && $2 == policy { print id }' |
    while read -r id; do
      [ "$id" = "$keep" ] || forget "$id"
    done
  exit
fi

for rules in /setup/policies/*.hcl; do
  service=$(basename "$rules" .hcl)
  policy=hotels-$service
  if consul acl policy read -name "$policy" >/dev/null 2>&1; then
    consul acl policy update -name "$policy" -rules "@$rules" >/dev/null
  else
    consul acl policy create -name "$policy" -rules "@$rules" >/dev/null
  fi
  # One that is asked for and not there stays unknown for half a minute, therefore not without a sign that it may be.
  if ! consul acl token list | grep -q "^Description: *$policy\$" || ! is_known "/secrets/$service"; then
    make "/secrets/$service"
  fi
  # One that is to take its place.
  [ ! -e "/secrets/$service.new" ] || make "/secrets/$service.new"
  echo "$service may do what $policy says"
done
