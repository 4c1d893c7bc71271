#!/usr/bin/env bash
# Get a real Prometheus that finds its targets through Consul, and promtool, which checks what is in deploy/.
#   scripts/get-prometheus.sh      prints the path of the program on its last line; promtool lies beside it
# Takes, in this order: PROMETHEUS_BIN, a prometheus in PATH, one that is in .servers already, Prometheus 3.11 built from its Go
# module with Consul for its only discovery, which needs Go 1.21 or later and takes four minutes on two cores. It has no web pages.
# Debian's own Prometheus does not know Consul. Changes nothing outside of .servers but Go's own caches.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$root/.servers/prometheus
ours=$folder/prometheus
module=github.com/prometheus/prometheus
version=v0.311.3

# Both programs, and with Consul.
is_whole() {
  local promtool
  promtool=$(dirname "$1")/promtool
  [ -x "$1" ] && [ -x "$promtool" ] && "$1" --version >/dev/null 2>&1 &&
    (cd "$root/deploy" && "$promtool" check config --syntax-only prometheus.yml >/dev/null 2>&1)
}

found() {
  echo "get-prometheus: $("$1" --version 2>&1 | head -n 1 | cut -d ' ' -f 1-3), $2" >&2
  echo "$1"
  exit 0
}

if [ -n "${PROMETHEUS_BIN:-}" ]; then
  is_whole "$PROMETHEUS_BIN" ||
    { echo "get-prometheus: PROMETHEUS_BIN=$PROMETHEUS_BIN is no Prometheus with promtool beside it that knows Consul" >&2; exit 1; }
  found "$PROMETHEUS_BIN" "named by PROMETHEUS_BIN"
fi
if in_path=$(command -v prometheus) && is_whole "$in_path"; then
  found "$in_path" "found in PATH"
fi
if is_whole "$ours"; then
  found "$ours" "built before"
fi

if ! command -v go >/dev/null; then
  cat >&2 <<MISSING
get-prometheus: there is no Prometheus here that knows Consul, and it cannot be built: this takes Go, which is missing
get-prometheus: install Go 1.21 or later, or Prometheus 2.42 or later from its own makers; put that into PATH or name it:
  export PROMETHEUS_BIN=/path/to/prometheus
MISSING
  exit 1
fi

# Its makers' version comes from the linker, and the module's own workspace lacks what is not part of the module: it is built
# where it lies.
if ! source=$(go mod download -json "$module@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p') || [ -z "$source" ]; then
  echo "get-prometheus: $module@$version cannot be had; is there a way to a Go module proxy?" >&2
  exit 1
fi
# Built beside and moved in whole: what is in place is complete.
mkdir -p "$root/.servers"
fresh=$(mktemp -d "$root/.servers/prometheus.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
(cd "$source" && GOWORK=off CGO_ENABLED=0 go build -buildvcs=false -trimpath -tags netgo,remove_all_sd,enable_consul_sd \
  -ldflags="-s -w -X github.com/prometheus/common/version.Version=3.11.3" -o "$fresh/" ./cmd/prometheus ./cmd/promtool)
rm -rf "$folder"
mv "$fresh" "$folder"
found "$ours" "built from $module@$version"
