#!/usr/bin/env bash
# Builds the Lambda function's program as small as it gets, and prints where it is.
# Usage: scripts/lambda.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=scripts/paths.sh
. scripts/paths.sh
built=${CARGO_TARGET_DIR:-target}/lambda
cargo build --locked --profile lambda -p invoker-lambda --bin bootstrap >&2

# Its panics abort, so nothing ever unwinds: without the tables for that the download is a fifteenth smaller.
mkdir -p "$built/packed"
objcopy --remove-section .eh_frame --remove-section .eh_frame_hdr "$built/bootstrap" "$built/packed/bootstrap"
printf '%s\n' "$built/packed/bootstrap"
