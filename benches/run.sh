#!/usr/bin/env bash
# Prints what things cost: first as ratios that the product promises, then the criterion benches of the gate and of the frames.
# Usage: benches/run.sh (after scripts/dist.sh release; `make bench` does both)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo run --locked --release --quiet -p e2e --example measure
cargo bench --locked --quiet -p gatekeeper -p protocol --bench '*' -- --noplot 2>/dev/null |
    grep -E 'time:|thrpt:|^[a-z].*/' || {
    echo 'the benches of gatekeeper and protocol did not run: see cargo bench -p gatekeeper -p protocol' >&2
    exit 1
}
