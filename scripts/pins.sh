#!/usr/bin/env bash
# The public bases of images are build arguments with a tag, which people read, and a digest, which counts:
#   ARG DEBIAN=docker.io/library/debian:12-slim@sha256:…
# Usage: scripts/pins.sh check [DIRECTORY]     which digest each tag has today; exits with 1 if a pin is another one
#        scripts/pins.sh update [DIRECTORY]    writes today's digests into the Containerfiles
# DIRECTORY is runner-images unless given. Needs skopeo and a way to the registries.
#
# Responsible for: pins being what a registry says, for every platform of an image (the digest of its index). Builds and pulls nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'pins: %s\n' "$*" >&2; }
fail() {
    say "$1"
    exit "${2:-1}"
}

verb=${1-}
directory=${2:-runner-images}
[ "$verb" = check ] || [ "$verb" = update ] || fail "say what to do: check or update" 2
command -v skopeo >/dev/null || fail "\`skopeo\` is missing: run \`scripts/setup.sh images\`"

# today NAME:TAG: the digest of what the registry has under this name.
today() {
    local answer tls=()
    case $1 in 127.0.0.1:* | localhost:*) tls=(--tls-verify=false) ;; esac
    answer=$(mktemp)
    skopeo inspect "${tls[@]}" --raw "docker://$1" >"$answer" || { rm -f "$answer"; return 1; }
    printf 'sha256:%s' "$(sha256sum <"$answer" | cut -d' ' -f1)"
    rm -f "$answer"
}

# Arguments without a digest are images that are built here.
mapfile -t pins < <(grep -rnE '^ARG [A-Z_]+=[^[:space:]@]+@sha256:[0-9a-f]{64}$' "$directory" --include=Containerfile | sort)
[ ${#pins[@]} -gt 0 ] || fail "no base in \`$directory\` has a digest"

moved=0
for pin in "${pins[@]}"; do
    file=${pin%%:*}
    reference=${pin#*=}
    name=${reference%@*}
    pinned=${reference#*@}
    current=$(today "$name") || fail "cannot ask what \`$name\` of $file is today"
    if [ "$current" = "$pinned" ]; then
        say "$name: $pinned, as today"
        continue
    fi
    moved=$((moved + 1))
    say "$name: $pinned, today $current"
    [ "$verb" = check ] || sed -i "s|=$name@$pinned\$|=$name@$current|" "$file"
done
[ "$moved" -eq 0 ] && exit 0
[ "$verb" = update ] && { say "$moved written: build the images, run their tests, and read what changed in the bases"; exit 0; }
fail "$moved of ${#pins[@]} are other images today: \`make pins\` writes today's digests"
