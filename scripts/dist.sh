#!/usr/bin/env bash
# Builds the programs and lays them out as they are installed: target/dist/bin, with the job scripts in bin/scripts, and the
# Lambda function's program in target/dist/lambda.
# Usage: scripts/dist.sh [cargo profile]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

profile=${1:-release}
built=${CARGO_TARGET_DIR:-target}/$([ "$profile" = dev ] && echo debug || echo "$profile")
dist=target/dist/bin

# What others get holds no path of this machine. What is only tried out keeps the flags, and with them the libraries, of `cargo test`.
if [ "$profile" = release ]; then
    # shellcheck source=scripts/paths.sh
    . scripts/paths.sh
fi

cargo build --locked --profile "$profile" \
    -p infrastructure-deployer -p deploy-runner -p engine-local -p deploy-scripts -p invoker-lambda --bins

mkdir -p "$dist/scripts"
# What the sizes of images are held to depends on it.
printf '%s\n' "$profile" >target/dist/profile
# Installed by renaming, so that a program that is running keeps its own file.
install_as() {
    install -m 755 "$1" "$2.new"
    mv -f "$2.new" "$2"
}
for program in infrastructure-deployer deploy-runner deploy-runner-local; do
    install_as "$built/$program" "$dist/$program"
done
# The scripts folder holds nothing but scripts: whatever is in it can be run by a permit.
rm -rf "$dist/scripts.new"
mkdir "$dist/scripts.new"
for script in infrastructure-deploy-script terraform-update-variable build-packer-artifact build-docker-image; do
    install_as "$built/$script" "$dist/scripts.new/$script"
done
rm -rf "$dist/scripts"
mv "$dist/scripts.new" "$dist/scripts"

mkdir -p target/dist/lambda
install_as "$built/bootstrap" target/dist/lambda/bootstrap
