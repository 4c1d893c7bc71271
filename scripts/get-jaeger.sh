#!/usr/bin/env bash
# Get a real Jaeger for the tests that look at traces in one.
#   scripts/get-jaeger.sh          prints the path of the program on its last line
# Takes, in this order: JAEGER_BIN, a jaeger-all-in-one in PATH, one that is in .servers already, Jaeger 1.76's all-in-one built
# from its Go module, which needs Go 1.21 or later and takes three minutes on two cores. It has no web pages. Changes nothing
# outside of .servers but Go's own caches.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$root/.servers/jaeger
ours=$folder/jaeger-all-in-one
module=github.com/jaegertracing/jaeger
version=v1.76.0

found() {
  "$1" help >/dev/null 2>&1 || { echo "get-jaeger: $1 is there, but \`$1 help\` fails" >&2; exit 1; }
  echo "get-jaeger: Jaeger's all-in-one, $2" >&2
  echo "$1"
  exit 0
}

if [ -n "${JAEGER_BIN:-}" ]; then
  [ -x "$JAEGER_BIN" ] || { echo "get-jaeger: JAEGER_BIN=$JAEGER_BIN is no program" >&2; exit 1; }
  found "$JAEGER_BIN" "named by JAEGER_BIN"
fi
if in_path=$(command -v jaeger-all-in-one); then
  found "$in_path" "found in PATH"
fi
if [ -x "$ours" ]; then
  found "$ours" "built before"
fi

if ! command -v go >/dev/null; then
  cat >&2 <<MISSING
get-jaeger: there is no Jaeger here, and it cannot be built: this takes Go, which is missing
get-jaeger: install Go 1.21 or later, or Jaeger's all-in-one, 1.76; put it into PATH or name it: export JAEGER_BIN=/path/to/it
MISSING
  exit 1
fi

# The module replaces one that it needs, so it is built where it lies and not by `go install`.
if ! source=$(go mod download -json "$module@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p') || [ -z "$source" ]; then
  echo "get-jaeger: $module@$version cannot be had; is there a way to a Go module proxy?" >&2
  exit 1
fi
# Built beside and moved in whole: what is in place is complete.
mkdir -p "$folder"
fresh=$(mktemp -d "$root/.servers/jaeger.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
(cd "$source" && CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags='-s -w' -o "$fresh/built" ./cmd/all-in-one)
mv "$fresh/built" "$ours"
found "$ours" "built from $module@$version"
