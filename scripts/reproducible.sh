#!/usr/bin/env bash
# Builds one commit twice, from nothing, as differently as one machine can, and compares every program and the Lambda function's package.
# Usage: scripts/reproducible.sh [commit]        (HEAD unless given; takes twice a full release build)
#
# Differs between the two: folder, home, cargo's folder, umask, time zone, language, number of jobs, time. Shared: the compilers and the
# archives of the libraries' sources, whose checksums Cargo.lock has. Leaves nothing behind but target/reproducible.txt, the digests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

commit=$(git rev-parse --verify "${1:-HEAD}^{commit}")
registry=$(realpath "${CARGO_HOME:-$HOME/.cargo}")/registry
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf 'reproducible: %s\n' "$*" >&2; }

cargo fetch --locked --quiet

# The sources are unpacked anew by each build; only the archives are taken along.
give_libraries() {
    mkdir -p "$1/registry"
    cp -a "$registry/cache" "$registry/index" "$1/registry/"
    for settings in "$(dirname "$registry")"/config.toml "$(dirname "$registry")"/config; do
        [ ! -f "$settings" ] || cp "$settings" "$1/"
    done
}

# build_in FOLDER JOBS UMASK ZONE LANGUAGE
build_in() {
    local folder=$1 jobs=$2
    git clone --quiet --no-hardlinks . "$folder/source"
    git -C "$folder/source" checkout --quiet --detach "$commit"
    give_libraries "$folder/cargo"
    mkdir -p "$folder/home"
    say "building ${commit:0:12} in $folder/source"
    (
        umask "$3"
        cd "$folder/source"
        env -u CARGO_TARGET_DIR -u RUSTFLAGS -u CFLAGS HOME="$folder/home" CARGO_HOME="$folder/cargo" RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}" \
            CARGO_BUILD_JOBS="$jobs" CARGO_INCREMENTAL=0 TZ="$4" LC_ALL="$5" \
            scripts/package.sh >"$folder/build.log" 2>&1
    ) || {
        tail -n 40 "$folder/build.log" >&2
        exit 1
    }
    (cd "$folder/source/target" && find dist/bin dist/lambda package -type f | LC_ALL=C sort | xargs sha256sum)
}

build_in "$work/a" "$(nproc)" 022 UTC C >"$work/first"
rm -rf "$work/a/source/target"
build_in "$work/another-folder/with-a-longer-name/b" "$(($(nproc) + 1))" 077 Asia/Kathmandu C.UTF-8 >"$work/second"

if ! diff "$work/first" "$work/second" >&2; then
    say "these differ"
    exit 1
fi
mkdir -p target
{
    printf '# Two builds of %s gave these bytes.\n' "$commit"
    cat "$work/first"
} >target/reproducible.txt
say "$(wc -l <"$work/first") files are the same in both builds: target/reproducible.txt"
