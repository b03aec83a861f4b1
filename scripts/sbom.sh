#!/usr/bin/env bash
# Writes an inventory (SPDX, JSON) of each image that scripts/images.sh built: STORE/sbom/IMAGE.spdx.json.
# Usage: scripts/sbom.sh [store [image...]]
#
# Responsible for: giving an image's files to syft, and the crates of our own programs to what it found. What Debian's files are from is told by
# the images themselves. Never reaches out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

store=$(realpath -m "${1:-target/images}")
shift || true
[ $# -gt 0 ] || set -- terraform-runner packer-runner image-builder
buildah=(buildah --root "$store/root" --runroot "$store/run" --storage-driver vfs)
syft=$PWD/target/tools/sbom-venv/bin/syft

[ -x "$syft" ] || {
    printf 'sbom: %s\n' "syft is missing: run \`scripts/setup.sh images\`" >&2
    exit 1
}
mkdir -p "$store/sbom"
for image; do
    container=$("${buildah[@]}" from --pull-never "localhost/deploy-runner/$image")
    files=$("${buildah[@]}" mount "$container")
    SYFT_CHECK_FOR_APP_UPDATE=false "$syft" scan "dir:$files" --quiet --source-name "$image" \
        --output "spdx-json=$store/sbom/$image.spdx.json"
    scripts/sbom-crates.py "$store/sbom/$image.spdx.json"
    "${buildah[@]}" umount "$container" >/dev/null
    "${buildah[@]}" rm "$container" >/dev/null
    printf 'sbom: %s\n' "$store/sbom/$image.spdx.json" >&2
done
