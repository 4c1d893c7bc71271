#!/usr/bin/env bash
# Get a real Prometheus, for the tests that scrape with one and for `promtool`, which checks what is in deploy/.
#   scripts/get-prometheus.sh      prints the path of the program on its last line; promtool lies beside it
# Takes, in this order: PROMETHEUS_BIN, a prometheus in PATH, one that is in .servers already, Prometheus 2.42 out of Debian's own
# archive, which needs apt. Changes nothing outside of .servers.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$root/.servers/prometheus
ours=$folder/usr/bin/prometheus

found() {
  local promtool
  promtool=$(dirname "$1")/promtool
  for program in "$1" "$promtool"; do
    "$program" --version >/dev/null 2>&1 || { echo "get-prometheus: \`$program --version\` fails" >&2; exit 1; }
  done
  echo "get-prometheus: $("$1" --version 2>&1 | head -n 1 | cut -d ' ' -f 1-3), $2" >&2
  echo "$1"
  exit 0
}

if [ -n "${PROMETHEUS_BIN:-}" ]; then
  [ -x "$PROMETHEUS_BIN" ] || { echo "get-prometheus: PROMETHEUS_BIN=$PROMETHEUS_BIN is no program" >&2; exit 1; }
  found "$PROMETHEUS_BIN" "named by PROMETHEUS_BIN"
fi
if in_path=$(command -v prometheus); then
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
get-prometheus: there is no Prometheus here, and it cannot be fetched: this takes Debian's apt, and these are missing:$missing
get-prometheus: install Prometheus 2.42 or later by hand, then put it into PATH or name it:
  export PROMETHEUS_BIN=/path/to/prometheus
MISSING
  exit 1
fi

# Unpacked beside and moved in whole: what is in place is complete.
mkdir -p "$root/.servers"
fresh=$(mktemp -d "$root/.servers/prometheus.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
if ! "$root/scripts/deb-from.sh" bookworm prometheus "$fresh"; then
  echo "get-prometheus: Debian's archive does not give out prometheus (suite bookworm); is there a way to it?" >&2
  echo "get-prometheus: otherwise install it by hand and name it: export PROMETHEUS_BIN=/path/to/prometheus" >&2
  exit 1
fi
rm -rf "$folder"
mv "$fresh" "$folder"
found "$ours" "fetched from Debian's archive"
