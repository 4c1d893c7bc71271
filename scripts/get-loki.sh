#!/usr/bin/env bash
# Get a real Loki for the tests that look for log lines in one.
#   scripts/get-loki.sh            prints the path of the program on its last line
# Takes, in this order: LOKI_BIN, a loki in PATH, one that is in .servers already, Loki 3.5 built from its Go module, which needs
# Go 1.21 or later and takes some minutes on two cores. Debian's `loki` is another program. Changes nothing outside of .servers but
# Go's own caches.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$root/.servers/loki
ours=$folder/loki
module=github.com/grafana/loki/v3
version=v3.5.7
# A part of it that is a module of its own, which its makers replace by a folder that is not in the module.
part=github.com/grafana/loki/pkg/push
part_version=v0.0.0-20250630054201-94c0ba7b0952

is_loki() {
  "$1" -version 2>/dev/null | head -n 1 | grep -q '^loki, version'
}

found() {
  is_loki "$1" || { echo "get-loki: $1 is there, but \`$1 -version\` names no Loki" >&2; exit 1; }
  echo "get-loki: Loki, $2" >&2
  echo "$1"
  exit 0
}

if [ -n "${LOKI_BIN:-}" ]; then
  [ -x "$LOKI_BIN" ] || { echo "get-loki: LOKI_BIN=$LOKI_BIN is no program" >&2; exit 1; }
  found "$LOKI_BIN" "named by LOKI_BIN"
fi
if in_path=$(command -v loki) && is_loki "$in_path"; then
  found "$in_path" "found in PATH"
fi
if [ -x "$ours" ]; then
  found "$ours" "built before"
fi

if ! command -v go >/dev/null; then
  cat >&2 <<MISSING
get-loki: there is no Loki here, and it cannot be built: this takes Go, which is missing
get-loki: install Go 1.21 or later, or Loki 3.5; put it into PATH or name it: export LOKI_BIN=/path/to/it
MISSING
  exit 1
fi

if ! source=$(go mod download -json "$module@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p') || [ -z "$source" ]; then
  echo "get-loki: $module@$version cannot be had; is there a way to a Go module proxy?" >&2
  exit 1
fi
# Built beside and moved in whole: what is in place is complete.
mkdir -p "$folder"
fresh=$(mktemp -d "$root/.servers/loki.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
# The part asks for a newer gRPC than Loki, which does not fit that.
grpc=$(sed -n 's/^\tgoogle.golang.org\/grpc \(v[0-9.]*\)$/\1/p' "$source/go.mod")
sed "s#^replace $part => .*#replace $part => $part $part_version#" "$source/go.mod" >"$fresh/go.mod"
echo "replace google.golang.org/grpc => google.golang.org/grpc $grpc" >>"$fresh/go.mod"
cat "$source/go.sum" >"$fresh/go.sum"
(cd "$source" && CGO_ENABLED=0 go build -mod=mod -modfile="$fresh/go.mod" -buildvcs=false -trimpath -ldflags='-s -w' \
  -o "$fresh/built" ./cmd/loki)
mv "$fresh/built" "$ours"
found "$ours" "built from $module@$version"
