#!/usr/bin/env bash
# Get a real OpenTelemetry Collector for the tests of deploy/otel-collector.yaml.
#   scripts/get-otel-collector.sh  prints the path of the program on its last line
# Takes, in this order: OTELCOL_BIN, an otelcol-contrib in PATH, one that is in .servers already, one of the few parts that the
# configuration needs, which scripts/otel-collector names: built with Go 1.21 or later, in a minute behind Jaeger, with which it
# shares most of what it is built of. Changes nothing outside of .servers but Go's own caches.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$root/.servers/otel-collector
ours=$folder/otelcol
source=$root/scripts/otel-collector

found() {
  "$1" --version >/dev/null 2>&1 || { echo "get-otel-collector: $1 is there, but \`$1 --version\` fails" >&2; exit 1; }
  echo "get-otel-collector: $("$1" --version), $2" >&2
  echo "$1"
  exit 0
}

if [ -n "${OTELCOL_BIN:-}" ]; then
  [ -x "$OTELCOL_BIN" ] || { echo "get-otel-collector: OTELCOL_BIN=$OTELCOL_BIN is no program" >&2; exit 1; }
  found "$OTELCOL_BIN" "named by OTELCOL_BIN"
fi
if in_path=$(command -v otelcol-contrib); then
  found "$in_path" "found in PATH"
fi
if [ -x "$ours" ] && [ -z "$(find "$source" -newer "$ours" -print -quit)" ]; then
  found "$ours" "built before"
fi

if ! command -v go >/dev/null; then
  cat >&2 <<MISSING
get-otel-collector: there is no OpenTelemetry Collector here, and it cannot be built: this takes Go, which is missing
get-otel-collector: install Go 1.21 or later, or the collector's contrib distribution, 0.140 or later; put that into PATH or name it:
  export OTELCOL_BIN=/path/to/otelcol-contrib
MISSING
  exit 1
fi

# Built beside and moved in whole: what is in place is complete.
mkdir -p "$folder"
fresh=$(mktemp -d "$root/.servers/otelcol.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
if ! (cd "$source" && CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags='-s -w' -o "$fresh/otelcol" .); then
  echo "get-otel-collector: it cannot be built from $source; is there a way to a Go module proxy?" >&2
  exit 1
fi
mv "$fresh/otelcol" "$ours"
found "$ours" "built from scripts/otel-collector"
