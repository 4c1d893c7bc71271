#!/usr/bin/env bash
# Measure anew what docs/performance.md says, on a machine that does nothing else. All of it takes half an hour beside the build, and
# 4 GB for the data of ten million hotels; or name some tables:
#   scripts/performance.sh [hop|hotels|cost|cost-requests|endpoints|pick|discovery|start|geo|search]…
set -euo pipefail
cd "$(dirname "$0")/.."

hops=() vast=()
for table in "$@"; do
  case $table in
    geo | search) vast+=("$table") ;;
    *) hops+=("$table") ;;
  esac
done
# Before anything is measured, not in between.
cargo bench -p e2e --bench hops --bench vast --no-run
if [ $# -eq 0 ] || [[ " $* " == *" hop "* ]]; then
  GINEPRO_CALLER=$(scripts/ginepro-caller.sh)
  export GINEPRO_CALLER
fi

if [ $# -eq 0 ] || [ ${#hops[@]} -gt 0 ]; then
  cargo bench -p e2e --bench hops -- --write "${hops[@]}"
fi
if [ $# -eq 0 ] || [ ${#vast[@]} -gt 0 ]; then
  cargo bench -p e2e --bench vast -- --write "${vast[@]}"
fi
