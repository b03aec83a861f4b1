#!/usr/bin/env bash
# Builds the images of runner-images/ on this machine, without a registry: from the programs that scripts/dist.sh has built and from this
# machine's own terraform, packer, git and buildah. The public bases of the same files are named in each Containerfile.
# Usage: scripts/images.sh [store [image...]]      (target/images unless given; the images stay in its folder `root`; all of them unless named)
# With KANIKO_EXECUTOR=/path/to/executor, `image-builder-kaniko` can be named too.
#
# Responsible for: the inputs of the Containerfiles, one image each, and their sizes. Never pulls anything, never pushes anything.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

store=$(realpath -m "${1:-target/images}")
images=("${@:2}")
[ ${#images[@]} -gt 0 ] || images=(terraform-runner packer-runner image-builder)
programs=target/dist/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf 'images: %s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 1
}

[ "$(id -u)" -eq 0 ] || fail "the files of an image belong to root: run this as root, or in \`buildah unshare\`"
[ -x "$programs/deploy-runner" ] || fail "the programs are not built: run \`make build\`"
for tool in buildah skopeo packer terraform; do
    command -v "$tool" >/dev/null || fail "\`$tool\` is missing: run \`scripts/setup.sh images\`"
done

rm -rf "$store"
mkdir -p "$store"
buildah=(buildah --root "$store/root" --runroot "$store/run" --storage-driver vfs)

# build NAME CONTEXT [OPTION...]: quietly, and never from a registry.
build() {
    local name=$1 context=$2
    shift 2
    "${buildah[@]}" build --quiet --isolation chroot --pull-never --layers=false --timestamp 0 \
        --build-arg VERSION="$version" --build-arg REVISION="$revision" \
        "$@" --tag "localhost/deploy-runner/$name" "$context" >/dev/null
    # What the stages were built in is left behind, as large as they are.
    "${buildah[@]}" rm --all >/dev/null
}

# The size of what an image unpacks to, in bytes.
size_of() {
    local container place size
    container=$("${buildah[@]}" from --pull-never "localhost/deploy-runner/$1")
    place=$("${buildah[@]}" mount "$container")
    size=$(du --summarize --bytes "$place${2-}" | cut -f1)
    "${buildah[@]}" umount "$container" >/dev/null
    "${buildah[@]}" rm "$container" >/dev/null
    printf '%s' "$size"
}

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
# A base of files that are copied is the machine's own: what it is made of is known to its package manager.
files=runner-images/base

mapfile -t base_programs <"$files/programs.txt"
sh "$files/collect.sh" "$work/base" "${base_programs[@]}"
sh "$files/links.sh" "$work/base"
build base "$work/base" --file "$files/Containerfile" --target local

mkdir -p "$work/programs/scripts"
strip -o "$work/programs/deploy-runner" "$programs/deploy-runner"
for script in "$programs"/scripts/*; do
    strip -o "$work/programs/scripts/$(basename "$script")" "$script"
done
chmod -R u+rwX,go+rX "$work/programs"
build programs "$work/programs" --file runner-images/programs/Containerfile --target local

# tool NAME PROGRAM...: an image that holds a tool as its vendor's does, in /bin.
tool() {
    local name=$1
    install -D -m 755 "$(command -v "$name")" "$work/$name/bin/$name"
    printf 'FROM scratch\nCOPY . /\n' | build "$name" "$work/$name" --file -
}

here=localhost/deploy-runner
terraform_runner() {
    tool terraform
    build terraform-runner runner-images/terraform-runner --build-arg TERRAFORM=$here/terraform
}

packer_runner() {
    tool packer
    build packer-runner runner-images/packer-runner --build-arg PACKER=$here/packer
}

# gathered NAME PROGRAM...: an image of programs with their libraries and what skopeo and buildah read of registries.
gathered() {
    local name=$1
    shift
    sh "$files/collect.sh" "$work/$name" "$@"
    cp -r runner-images/builder-tools/containers "$work/$name/etc/"
    printf 'FROM scratch\nCOPY . /\n' | build "$name" "$work/$name" --file -
}

image_builder() {
    gathered buildah "$(command -v buildah)" "$(command -v skopeo)" "$(command -v unshare)"
    build image-builder runner-images/image-builder --target buildah
}

# kaniko cannot be had as a package: its image is built here only from a program that is given.
image_builder_kaniko() {
    [ -x "${KANIKO_EXECUTOR-}" ] || fail "\`image-builder-kaniko\` needs KANIKO_EXECUTOR, the path of kaniko's program"
    gathered skopeo "$(command -v skopeo)"
    install -D -m 755 "$KANIKO_EXECUTOR" "$work/kaniko/kaniko/executor"
    printf 'FROM scratch\nCOPY . /\n' | build kaniko "$work/kaniko" --file -
    build image-builder-kaniko runner-images/image-builder --target kaniko --build-arg KANIKO=$here/kaniko
}

for image in "${images[@]}"; do
    case $image in
    terraform-runner) terraform_runner ;;
    packer-runner) packer_runner ;;
    image-builder) image_builder ;;
    image-builder-kaniko) image_builder_kaniko ;;
    *) fail "\`$image\` is no image: terraform-runner, packer-runner, image-builder, image-builder-kaniko" ;;
    esac
done

printf '%-18s %12s\n' image bytes
for image in "${images[@]}"; do
    printf '%-18s %12s\n' "$image" "$(size_of "$image")"
done
printf '%-18s %12s\n' "runner and scripts" "$(size_of programs)"
