#!/usr/bin/env bash
# Get a real grpcurl for the tests that look inside a member with the tools of gRPC.
#   scripts/get-grpcurl.sh         prints the path of the program on its last line
# Takes, in this order: GRPCURL_BIN, a grpcurl in PATH, one that is in .servers already, grpcurl 1.9.4 built from its Go module,
# which needs Go 1.23 or later and takes a minute on two cores. Changes nothing outside of .servers but Go's own caches.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$root/.servers/grpcurl
ours=$folder/grpcurl
package=github.com/fullstorydev/grpcurl/cmd/grpcurl
version=v1.9.4

found() {
  "$1" -help >/dev/null 2>&1 || { echo "get-grpcurl: $1 is there, but \`$1 -help\` fails" >&2; exit 1; }
  echo "get-grpcurl: grpcurl, $2" >&2
  echo "$1"
  exit 0
}

if [ -n "${GRPCURL_BIN:-}" ]; then
  [ -x "$GRPCURL_BIN" ] || { echo "get-grpcurl: GRPCURL_BIN=$GRPCURL_BIN is no program" >&2; exit 1; }
  found "$GRPCURL_BIN" "named by GRPCURL_BIN"
fi
if in_path=$(command -v grpcurl); then
  found "$in_path" "found in PATH"
fi
if [ -x "$ours" ]; then
  found "$ours" "built before"
fi

if ! command -v go >/dev/null; then
  cat >&2 <<MISSING
get-grpcurl: there is no grpcurl here, and it cannot be built: this takes Go, which is missing
get-grpcurl: install Go 1.23 or later, or grpcurl; put it into PATH or name it: export GRPCURL_BIN=/path/to/it
MISSING
  exit 1
fi

# Built beside and moved in whole: what is in place is complete.
mkdir -p "$folder"
fresh=$(mktemp -d "$root/.servers/grpcurl.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
if ! GOBIN=$fresh CGO_ENABLED=0 go install -trimpath -ldflags='-s -w' "$package@$version"; then
  echo "get-grpcurl: $package@$version cannot be had; is there a way to a Go module proxy?" >&2
  exit 1
fi
mv "$fresh/grpcurl" "$ours"
found "$ours" "built from $package@$version"
