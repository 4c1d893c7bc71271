#!/usr/bin/env bash
# Get Docker Compose v2, to check docker-compose.yml; no Docker is needed for that.
#   scripts/get-compose.sh         prints the path of the program on its last line
# Takes, in this order: COMPOSE_BIN, a docker-compose of version 2 or later in PATH or among Docker's plugins, one that is in
# .servers already, the one out of Debian's own archive, which needs apt. Changes nothing outside of .servers.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$root/.servers/compose
inside=usr/libexec/docker/cli-plugins/docker-compose

# Version 1 is another program with other rules.
is_current() { [ -x "$1" ] && version=$("$1" version --short 2>/dev/null) && [[ ${version#v} =~ ^([2-9]|[1-9][0-9])\. ]]; }

found() {
  echo "get-compose: Docker Compose ${version#v}, $2" >&2
  echo "$1"
  exit 0
}

if [ -n "${COMPOSE_BIN:-}" ]; then
  is_current "$COMPOSE_BIN" || { echo "get-compose: COMPOSE_BIN=$COMPOSE_BIN is no Docker Compose v2" >&2; exit 1; }
  found "$COMPOSE_BIN" "named by COMPOSE_BIN"
fi
for candidate in "$(command -v docker-compose || true)" \
  {"${HOME:-/nonexistent}/.docker",/usr/local/lib/docker,/usr/local/libexec/docker,/usr/lib/docker,/usr/libexec/docker}/cli-plugins/docker-compose
do
  if is_current "$candidate"; then
    found "$candidate" "found on this machine"
  fi
done
if is_current "$folder/$inside"; then
  found "$folder/$inside" "fetched before"
fi

missing=
for tool in apt-get dpkg; do
  command -v "$tool" >/dev/null || missing="$missing $tool"
done
[ -e /etc/apt/sources.list.d/debian.sources ] || missing="$missing /etc/apt/sources.list.d/debian.sources"
if [ -n "$missing" ]; then
  cat >&2 <<MISSING
get-compose: there is no Docker Compose v2 here, and it cannot be fetched: this takes Debian's apt, and these are missing:$missing
get-compose: install it by hand, then put it into PATH or name it: export COMPOSE_BIN=/path/to/docker-compose
MISSING
  exit 1
fi

mkdir -p "$root/.servers"
fresh=$(mktemp -d "$root/.servers/compose.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
if ! "$root/scripts/deb-from.sh" trixie docker-compose "$fresh"; then
  echo "get-compose: Debian's archive does not give out docker-compose (suite trixie); is there a way to it?" >&2
  echo "get-compose: otherwise install it by hand and name it: export COMPOSE_BIN=/path/to/docker-compose" >&2
  exit 1
fi
rm -rf "$folder"
mv "$fresh" "$folder"
is_current "$folder/$inside" || { echo "get-compose: what came from Debian's archive is no Docker Compose v2" >&2; exit 1; }
found "$folder/$inside" "fetched from Debian's archive"
