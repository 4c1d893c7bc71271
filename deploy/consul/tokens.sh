#!/bin/sh
# Tells a Consul what the tokens of secrets.sh allow: each what deploy/consul/policies has under its name. May run as often as you like.
set -eu

# A new leader is not at once one that takes policies.
tries=30
until consul acl policy list >/dev/null 2>/tmp/why; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || { echo "Consul takes no policies:" >&2; cat /tmp/why >&2; exit 1; }
  sleep 1
done

for rules in /setup/policies/*.hcl; do
  service=$(basename "$rules" .hcl)
  policy=hotels-$service
  if consul acl policy read -name "$policy" >/dev/null 2>&1; then
    consul acl policy update -name "$policy" -rules "@$rules" >/dev/null
  else
    consul acl policy create -name "$policy" -rules "@$rules" >/dev/null
  fi
  token=$(cat "/secrets/$service")
  # Asked for by itself, one that is not there yet would be unknown for half a minute more.
  if ! consul acl token list | grep -q "^Description: *$policy\$"; then
    consul acl token create -description "$policy" -policy-name "$policy" -secret "$token" >/dev/null
  fi
  echo "$service may do what $policy says"
done
