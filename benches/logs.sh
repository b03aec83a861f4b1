#!/usr/bin/env bash
# CPU time for printing a log of 100,000 lines whose pages were all built before: the CLI against the least that a Rust program can do, a boto3
# loop and `aws logs tail`. Exits with 1 if a promise is not kept.
# Usage: benches/logs.sh (after scripts/dist.sh release and benches/tools.sh)
#
# The CLI reads the answers of the gate, proves that nothing is missing and prints; the others read CloudWatch Logs and print. What reading CloudWatch
# Logs costs the gate is a cost of the Lambda function, and not in these figures.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly LINES=100000 ROUNDS=5
readonly AT_MOST_PLAIN=2 AT_LEAST_TAIL=20 AT_LEAST_BOTO=7
readonly GROUP=/deploy-runner/jobs RUN=5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a
built=${CARGO_TARGET_DIR:-target}/release
tools=target/tools/bench

export AWS_ACCESS_KEY_ID=an-example AWS_SECRET_ACCESS_KEY=an-example AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1
export AWS_EC2_METADATA_DISABLED=true AWS_PAGER='' NO_COLOR=1
unset CI GITHUB_ACTIONS GITLAB_CI BUILDKITE AWS_PROFILE AWS_SESSION_TOKEN

work=$(mktemp -d)
cargo build --locked --release --quiet -p aws-sim --features server --example aws-sim --example plain_reader
"$built/examples/aws-sim" --pages "$LINES" --width 100 >"$work/address" &
server=$!
trap 'kill "$server"; rm -rf "$work"' EXIT
until [ -s "$work/address" ]; do sleep 0.1; done
address=$(cat "$work/address")
export AWS_ENDPOINT_URL=$address

# cpu COMMAND...: the least CPU seconds of some rounds, user and system. Each round has to print every line.
cpu() {
    local TIMEFORMAT='%3U %3S' lines
    for ((round = 0; round < ROUNDS; round++)); do
        { time "$@" >"$work/out" 2>"$work/err"; } 2>"$work/time" || { cat "$work/err" >&2; return 1; }
        lines=$(grep -c 'line [0-9]' "$work/out") || true
        [ "$lines" -eq "$LINES" ] || { echo "$1 printed $lines lines" >&2; return 1; }
        awk '{ print $1 + $2 }' "$work/time"
    done | sort -n | head -1
}

plain=$(cpu "$built/examples/plain_reader" "${address#http://}" "$GROUP" "deploy-runner/job/$RUN")
cli=$(cpu target/dist/bin/infrastructure-deployer attach "$RUN")
boto=$(cpu "$tools/bin/python" benches/read_log.py "$GROUP" "deploy-runner/job/$RUN")
# Older versions of it do not know AWS_ENDPOINT_URL.
tail=$(cpu "$(cat "$tools/aws")" --endpoint-url "$address" logs tail "$GROUP" --since 100w)

awk -v cli="$cli" -v plain="$plain" -v boto="$boto" -v tail="$tail" -v a="$AT_MOST_PLAIN" -v b="$AT_LEAST_TAIL" -v c="$AT_LEAST_BOTO" '
function promise(kept, text) { print (kept ? "kept   " : "BROKEN ") text; return kept }
BEGIN {
    printf "CPU for 100,000 lines: CLI %.3f s, plain Rust client %.3f s, boto3 loop %.3f s, aws logs tail %.3f s\n", cli, plain, boto, tail
    one = promise(cli <= a * plain, sprintf("printing a log: %.1f x a plain Rust client (at most %d x)", cli / plain, a))
    two = promise(tail >= b * cli, sprintf("printing a log: %.1f x faster than `aws logs tail` (at least %d x)", tail / cli, b))
    three = promise(boto >= c * cli, sprintf("printing a log: %.1f x faster than a boto3 loop (at least %d x)", boto / cli, c))
    exit !(one && two && three)
}'
