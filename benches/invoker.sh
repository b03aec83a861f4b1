#!/usr/bin/env bash
# The Lambda function: from its start to its first question for work, against a Python handler that does the same, and the size of its package.
# Exits with 1 if a promise is not kept. Usage: benches/invoker.sh (after scripts/dist.sh release and benches/tools.sh)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly ROUNDS=11 AT_LEAST_FASTER=30 AT_MOST_BYTES=3000000

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bootstrap=$(scripts/lambda.sh 2>/dev/null)
target/dist/bin/infrastructure-deployer package --lambda "$bootstrap" --output "$work/invoker.zip" \
    --compiled "$work/allow-list.json" config/allow-list.yaml >/dev/null 2>&1

read -r ours theirs ratio < <(python3 benches/first_poll.py "$bootstrap" "$work/allow-list.json" target/tools/bench/bin/python "$ROUNDS")
bytes=$(wc -c <"$work/invoker.zip")
awk -v ours="$ours" -v theirs="$theirs" -v ratio="$ratio" -v a="$AT_LEAST_FASTER" -v bytes="$bytes" -v b="$AT_MOST_BYTES" '
function promise(kept, text) { print (kept ? "kept   " : "BROKEN ") text; return kept }
BEGIN {
    one = promise(ratio >= a, sprintf("the function, from its start to its first question for work: %.1f ms, %.0f x faster than Python with boto3 at %.0f ms (at least %d x)", ours, ratio, theirs, a))
    two = promise(bytes <= b, sprintf("its deployment package: %.2f MB (at most %.0f MB)", bytes / 1e6, b / 1e6))
    exit !(one && two)
}'
