#!/usr/bin/env bash
# Builds the Lambda function as small as it gets, and packs it with an allow-list into target/package.
# Usage: scripts/package.sh [allow-list.yaml]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

allow_list=${1:-config/allow-list.yaml}
package=target/package

# As `make build` does, so that whoever has built has this already.
scripts/dist.sh release
program=$(scripts/lambda.sh)

mkdir -p "$package"
target/dist/bin/infrastructure-deployer package "$allow_list" \
    --lambda "$program" \
    --output "$package/deploy-runner-invoker.zip" \
    --compiled "$package/allow-list.json" \
    --manifest "$package/deploy-runner-invoker.json"

printf '%s\n' \
    "package: $package/deploy-runner-invoker.zip, with $package/allow-list.json as the gate reads it" \
    "next: give $package/deploy-runner-invoker.json to the Terraform module as \`package\` (docs/aws.md)" >&2
