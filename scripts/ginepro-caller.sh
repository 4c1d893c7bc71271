#!/usr/bin/env bash
# Build the callers of ginepro's row in docs/performance.md, which have a lock file of their own: ginepro is for an earlier tonic.
#   scripts/ginepro-caller.sh      prints the path of the program on its last line
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")/ginepro
cargo build --release --locked --manifest-path tests/benches/ginepro/Cargo.toml --target-dir "$target" >&2
echo "$target/release/ginepro-caller"
