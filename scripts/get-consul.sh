#!/usr/bin/env bash
# Get a real Consul for the tests that are about one.
#   scripts/get-consul.sh          prints the path of the program on its last line
# Takes, in this order: CONSUL_BIN, a consul in PATH, one that is in .servers already, Consul 1.8.7 out of Debian's own archive,
# which needs apt. Changes nothing outside of .servers.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$root/.servers/consul
ours=$folder/usr/bin/consul

found() {
  "$1" version >/dev/null 2>&1 || { echo "get-consul: $1 is there, but \`$1 version\` fails" >&2; exit 1; }
  echo "get-consul: $("$1" version | head -n 1), $2" >&2
  echo "$1"
  exit 0
}

if [ -n "${CONSUL_BIN:-}" ]; then
  [ -x "$CONSUL_BIN" ] || { echo "get-consul: CONSUL_BIN=$CONSUL_BIN is no program" >&2; exit 1; }
  found "$CONSUL_BIN" "named by CONSUL_BIN"
fi
if in_path=$(command -v consul); then
  found "$in_path" "found in PATH"
fi
if [ -x "$ours" ]; then
  found "$ours" "fetched before"
fi

missing=
for tool in apt-get dpkg; do
  command -v "$tool" >/dev/null || missing="$missing $tool"
done
[ -e /etc/apt/sources.list.d/debian.sources ] || missing="$missing /etc/apt/sources.list.d/debian.sources"
if [ -n "$missing" ]; then
  cat >&2 <<MISSING
get-consul: there is no Consul here, and it cannot be fetched: this takes Debian's apt, and these are missing:$missing
get-consul: install Consul 1.8 or later by hand, then put it into PATH or name it: export CONSUL_BIN=/path/to/consul
MISSING
  exit 1
fi

# Unpacked beside and moved in whole: what is in place is complete.
mkdir -p "$root/.servers"
fresh=$(mktemp -d "$root/.servers/consul.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
if ! "$root/scripts/deb-from.sh" bullseye consul "$fresh"; then
  echo "get-consul: Debian's archive does not give out consul (suite bullseye); is there a way to it?" >&2
  echo "get-consul: otherwise install Consul by hand and name it: export CONSUL_BIN=/path/to/consul" >&2
  exit 1
fi
rm -rf "$folder"
mv "$fresh" "$folder"
found "$ours" "fetched from Debian's archive"
