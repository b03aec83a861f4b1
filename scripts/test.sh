#!/usr/bin/env bash
# Runs every test of the workspace, whole-product tests included. The programs must have been built by scripts/dist.sh.
# Usage: scripts/test.sh [nextest arguments...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH=$PWD/target/tools/bin:$PATH

if command -v cargo-nextest >/dev/null 2>&1; then
    exec cargo nextest run --locked --workspace --no-fail-fast "$@" </dev/null
fi
exec cargo test --locked --workspace --no-fail-fast "$@" </dev/null
