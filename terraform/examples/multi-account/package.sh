#!/usr/bin/env bash
# Puts an account's allow-list together from the shared parts, and packages it. What an account is, is said once: in its file in `accounts`.
# Usage: package.sh ACCOUNT [BOOTSTRAP]   (BOOTSTRAP: the built function, target/lambda/packed/bootstrap)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

account=${1:?usage: package.sh ACCOUNT [BOOTSTRAP]}
bootstrap=${2:-../../../target/lambda/packed/bootstrap}
build=${BUILD_DIR:-build}/$account
described=accounts/$account.tfvars.json

mkdir -p "$build"
git_token=$(jq -er .git_token "$described")
mapfile -t parts < <(jq -er '.parts[]' "$described")
rm -f "$build/allow-list.yaml"
for part in head "${parts[@]}"; do
    sed -e "s|@account@|$account|g" -e "s|@git_token@|$git_token|g" "parts/$part.yaml" >>"$build/allow-list.yaml"
done

infrastructure-deployer package "$build/allow-list.yaml" \
    --lambda "$bootstrap" \
    --output "$build/function.zip" \
    --compiled "$build/allow-list.json" \
    --manifest "$build/manifest.json"
