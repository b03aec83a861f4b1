#!/usr/bin/env bash
# Puts a release together from what scripts/package.sh has built: target/releases/VERSION, with SHA256SUMS over everything in it.
# Usage: scripts/release.sh
#
# Responsible for archives, images, inventories, checksums, and for RELEASE.txt, which says what is not in it and why. docs/release.md
# describes each file. Never publishes anything.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
machine=$(uname -m)-linux
commit=$(git rev-parse HEAD)
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
export SOURCE_DATE_EPOCH
final=target/releases/$version
out=$final.new
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
missing=()

say() { printf 'release: %s\n' "$*" >&2; }
skip() {
    missing+=("$1: $2")
    say "not in this release: $1: $2"
}

[ -f target/package/deploy-runner-invoker.zip ] || {
    say "nothing is built: run \`make release\`"
    exit 1
}
rm -rf "$out"
mkdir -p "$out/package" "$out/sbom"
if [ -n "$(git status --porcelain --untracked-files=no)" ]; then
    skip "the exact commit" "files were changed after ${commit:0:12}"
fi

# archive NAME: packs $work/NAME.
archive() {
    cp LICENSE "$work/$1/"
    scripts/archive.sh "$work/$1" "$out/$1.tar.gz"
}

cli=infrastructure-deployer-$version-$machine
mkdir -p "$work/$cli/completions"
cp target/dist/bin/infrastructure-deployer "$work/$cli/"
cp docs/man/infrastructure-deployer.1 "$work/$cli/"
for shell in bash zsh fish powershell elvish; do
    target/dist/bin/infrastructure-deployer completions "$shell" >"$work/$cli/completions/infrastructure-deployer.$shell"
done
archive "$cli"

runner=deploy-runner-$version-$machine
mkdir -p "$work/$runner"
cp -r target/dist/bin/deploy-runner target/dist/bin/deploy-runner-local target/dist/bin/scripts "$work/$runner/"
archive "$runner"

function=deploy-runner-invoker-$version-$machine
mkdir -p "$work/$function"
cp "${CARGO_TARGET_DIR:-target}/lambda/packed/bootstrap" "$work/$function/"
archive "$function"

modules=deploy-runner-terraform-$version
mkdir -p "$work/$modules"
git ls-files -z terraform/modules terraform/examples | xargs -0 cp --parents -t "$work/$modules"
cp config/allow-list.yaml config/allow-list.schema.json "$work/$modules/"
archive "$modules"

cp target/package/{deploy-runner-invoker.zip,deploy-runner-invoker.json,allow-list.json} "$out/package/"

# images: each as an archive that any registry takes, with its digest and its inventory.
images() {
    local reason
    reason=$(scripts/setup.sh images 2>&1) || {
        skip "images and all inventories" "$(tail -n 1 <<<"$reason")"
        return
    }
    SYFT_CHECK_FOR_APP_UPDATE=false target/tools/sbom-venv/bin/syft scan file:Cargo.lock --quiet \
        --source-name deploy-runner --source-version "$version" --output "spdx-json=$out/sbom/programs.spdx.json"
    reason=$(scripts/images.sh 2>&1 && scripts/sbom.sh 2>&1) || {
        skip "images" "$(tail -n 1 <<<"$reason")"
        return
    }
    mkdir -p "$out/images"
    cp target/images/sbom/*.spdx.json "$out/sbom/"
    local image
    for image in terraform-runner packer-runner image-builder; do
        buildah --root "$PWD/target/images/root" --runroot "$PWD/target/images/run" --storage-driver vfs \
            push --quiet --digestfile "$work/digest" "localhost/deploy-runner/$image" \
            "oci-archive:$out/images/$image-$version-$machine.tar:deploy-runner/$image:$version"
        printf '%s  %s\n' "$(cat "$work/digest")" "$image" >>"$out/images/DIGESTS"
    done
    skip "image-builder with kaniko" "kaniko cannot be had as a package; the image here holds buildah"
}
images
skip "programs for ARM64, macOS and Windows" "they are built on such machines"

{
    printf 'deploy-runner %s, commit %s\n' "$version" "$commit"
    printf 'built with %s, %s\n\nNot in this release:\n' "$(rustc --version)" "$(cc --version | head -n 1)"
    printf -- '- %s\n' "${missing[@]}"
} >"$out/RELEASE.txt"
(cd "$out" && find . -type f -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum) >"$work/sums"
mv "$work/sums" "$out/SHA256SUMS"
rm -rf "$final"
mv "$out" "$final"
say "$(wc -l <"$final/SHA256SUMS") files in $final: \`cd $final && sha256sum --check SHA256SUMS\`"
