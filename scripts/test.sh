#!/usr/bin/env bash
# Runs every test of the workspace, whole-product tests included. The programs must have been built by scripts/dist.sh.
# Usage: scripts/test.sh [nextest arguments...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH=$PWD/target/tools/bin:$PATH

# Docker and networks of containers need a machine of their own, which only root can make.
unprivileged=()
if [ "$(id -u)" -ne 0 ]; then
    echo "test: not root: the tests over Docker, and those of networks of containers, are left out" >&2
    unprivileged=(--profile unprivileged)
fi

if command -v cargo-nextest >/dev/null 2>&1; then
    exec cargo nextest run --locked --workspace --no-fail-fast "${unprivileged[@]}" "$@" </dev/null
fi
if [ ${#unprivileged[@]} -gt 0 ]; then
    set -- "$@" -- --skip as_root::
fi
exec cargo test --locked --workspace --no-fail-fast "$@" </dev/null
