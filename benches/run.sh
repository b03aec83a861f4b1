#!/usr/bin/env bash
# Prints what things cost: first as ratios that the product promises, then the criterion benches of the gate and of the frames.
# Usage: benches/run.sh (after scripts/dist.sh release; `make bench` does both). Exits with 1 if a promise is not kept.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

broken=0
benches/tools.sh
# What it measures are the released programs; it is itself built as the tests are, with their libraries.
cargo build --locked --quiet --workspace --example measure
"${CARGO_TARGET_DIR:-target}/debug/examples/measure" || broken=1
benches/logs.sh || broken=1
benches/invoker.sh || broken=1
benches/script.sh || broken=1
cargo bench --locked --quiet -p gatekeeper -p protocol --bench '*' -- --noplot 2>/dev/null |
    grep -E 'time:|thrpt:|^[a-z].*/' || {
    echo 'the benches of gatekeeper and protocol did not run: see cargo bench -p gatekeeper -p protocol' >&2
    exit 1
}
exit "$broken"
