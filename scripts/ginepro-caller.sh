#!/usr/bin/env bash
# Build the callers of ginepro's row in docs/performance.md, which have a lock file of their own: ginepro is for an earlier tonic.
#   scripts/ginepro-caller.sh [PROFILE]      prints the path of the program
set -euo pipefail
cd "$(dirname "$0")/.."
profile=${1:-release}
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")/ginepro
cargo build --profile "$profile" --locked --manifest-path tests/benches/ginepro/Cargo.toml --target-dir "$target" >&2
[ "$profile" != dev ] || profile=debug
echo "$target/$profile/ginepro-caller"
