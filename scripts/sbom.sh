#!/usr/bin/env bash
# Say what the image's program is made of, as CycloneDX.
#   scripts/sbom.sh                prints the path of the bill of materials on its last line
# By cargo-cyclonedx, which it builds into .servers for a minute where that is not there. All that is linked is on the bill, and what cargo
# resolves beside it for tests: three or four crates. The same for the same commit.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
version=0.5.9
folder=.servers/cargo-cyclonedx
target=x86_64-unknown-linux-musl
bill=${CARGO_TARGET_DIR:-target}/sbom/hotels.cdx.json

if [ ! -x "$folder/$version/bin/cargo-cyclonedx" ]; then
  # As with cargo-deny: it runs for seconds.
  CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_DEBUG=0 \
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS=256 CARGO_TARGET_DIR=target/cargo-cyclonedx \
    cargo install cargo-cyclonedx --quiet --locked --version "$version" --root "$folder/$version" --force >&2
  rm -rf target/cargo-cyclonedx
fi
tool=$(realpath "$folder/$version/bin/cargo-cyclonedx")

# It writes beside every manifest, so these are copies.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
find . -name node_modules -prune -o \( -name target -o -name '.[a-z]*' \) -prune -o -type f \( -name '*.rs' -o -name 'Cargo.*' \) -print0 |
  xargs -0 cp --parents -t "$copy"
(cd "$copy" && SOURCE_DATE_EPOCH=0 "$tool" cyclonedx --quiet --manifest-path hotels/Cargo.toml --format json --spec-version 1.5 \
  --no-build-deps --target "$target" >&2)
mkdir -p "$(dirname "$bill")"
sed "s|$copy|.|g" "$copy/hotels/hotels.cdx.json" >"$bill"

linked=$(cargo tree --locked -p hotels -e normal --target "$target" --prefix none --no-dedupe --format '{p}' |
  awk '{ print $1 "@" substr($2, 2) }' | sort -u)
named=$(grep -o '"purl": "pkg:cargo/[^"?]*' "$bill" | sed 's|.*cargo/||' | sort -u)
missing=$(comm -23 <(printf '%s\n' "$linked") <(printf '%s\n' "$named"))
[ -z "$missing" ] || { printf 'sbom: linked, and not on the bill: %s\n' "$missing" >&2; exit 1; }
echo "sbom: $(wc -l <<<"$linked") crates are linked, all of them on the bill of $(wc -l <<<"$named")" >&2
realpath "$bill"
