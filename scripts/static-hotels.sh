#!/usr/bin/env bash
# Build the program that goes into the images of tests: static, so that an image needs nothing else.
#   scripts/static-hotels.sh       prints the path of the program on its last line
# The one that people run is linked with musl, in the Dockerfile. That would be another target here, with everything compiled once more;
# of the machine's own target only the last step is another, and all crates are those that `cargo build --profile quick` has built.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
target=${CARGO_TARGET_DIR:-target}
cargo rustc --profile quick --locked -p e2e --bin hotels-under-test -- -C target-feature=+crt-static -C strip=symbols >&2
mkdir -p "$target/static"
# Moved, for the next build of the other kind would not see that this one is there.
mv "$target/quick/hotels-under-test" "$target/static/hotels"
realpath "$target/static/hotels"
