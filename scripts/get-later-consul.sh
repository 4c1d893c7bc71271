#!/usr/bin/env bash
# Get a Consul of later years than the one of scripts/get-consul.sh: it answers queries that wait out of streams of changes.
#   scripts/get-later-consul.sh    prints the path of the program on its last line
# Takes, in this order: LATER_CONSUL_BIN, one that is in .servers already, Consul 1.15.0 built from its Go module, which needs Go 1.21 or
# later and takes some minutes on two cores. The modules of later ones name folders that are not in them. Changes nothing outside of
# .servers but Go's own caches.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$root/.servers/later-consul
ours=$folder/consul
module=github.com/hashicorp/consul
version=v1.15.0

found() {
  "$1" version >/dev/null 2>&1 || { echo "get-later-consul: $1 is there, but \`$1 version\` fails" >&2; exit 1; }
  echo "get-later-consul: $("$1" version | head -n 1), $2" >&2
  echo "$1"
  exit 0
}

if [ -n "${LATER_CONSUL_BIN:-}" ]; then
  [ -x "$LATER_CONSUL_BIN" ] || { echo "get-later-consul: LATER_CONSUL_BIN=$LATER_CONSUL_BIN is no program" >&2; exit 1; }
  found "$LATER_CONSUL_BIN" "named by LATER_CONSUL_BIN"
fi
if [ -x "$ours" ]; then
  found "$ours" "built before"
fi

if ! command -v go >/dev/null; then
  cat >&2 <<MISSING
get-later-consul: it cannot be built: this takes Go, which is missing
get-later-consul: install Go 1.21 or later, or name a Consul: export LATER_CONSUL_BIN=/path/to/it
MISSING
  exit 1
fi

if ! source=$(go mod download -json "$module@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p') || [ -z "$source" ]; then
  echo "get-later-consul: $module@$version cannot be had; is there a way to a Go module proxy?" >&2
  exit 1
fi
# Built beside and moved in whole: what is in place is complete.
mkdir -p "$folder"
fresh=$(mktemp -d "$root/.servers/later-consul.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
(cd "$source" && CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags='-s -w' -o "$fresh/built" .)
mv "$fresh/built" "$ours"
found "$ours" "built from $module@$version"
