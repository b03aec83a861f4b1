#!/usr/bin/env bash
# The deploy script: its own time up to the tool's first line, and fetching one commit of 10,000 files against `git clone --depth 1`.
# Exits with 1 if a promise is not kept. Usage: benches/script.sh (after scripts/dist.sh release)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly ROUNDS=5 AT_MOST_MS=150

read -r own fetch clone < <(python3 benches/deploy_script.py "$PWD/target/dist/bin/scripts/infrastructure-deploy-script" "$ROUNDS")
awk -v own="$own" -v fetch="$fetch" -v clone="$clone" -v a="$AT_MOST_MS" '
function promise(kept, text) { print (kept ? "kept   " : "BROKEN ") text; return kept }
BEGIN {
    one = promise(own <= a, sprintf("infrastructure-deploy-script, from its start to the first line of the tool, without the fetch: %.0f ms (at most %d)", own, a))
    two = promise(fetch <= clone * 1.05, sprintf("fetching and checking out one commit of 10,000 files: %.0f ms, %.2f x `git clone --depth 1` (at most 1 x, and 5 %% for the noise of measuring)", fetch, fetch / clone))
    exit !(one && two)
}'
