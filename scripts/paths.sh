# Read by the scripts that build what is given to others. Sets the compilers' flags so that no path of this machine gets into a program:
# the same sources give the same bytes wherever they lie. See docs/release.md.
# shellcheck shell=bash

# The sources of the libraries have to be there before their folders can be named.
cargo fetch --locked --quiet

remap() { printf -- ' --remap-path-prefix=%s=%s' "$1" "$2"; }
map() { printf -- ' -ffile-prefix-map=%s=%s' "$1" "$2"; }

cargo_home=$(realpath "${CARGO_HOME:-$HOME/.cargo}")
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
# The last that fits is taken, so what lies inside comes after what it lies in.
paths=("$cargo_home" /cargo "$PWD" /source "$target" /target)
for folder in "$cargo_home"/registry/src/*/; do
    # Its name depends on the registry that the libraries came from.
    [ -d "$folder" ] && paths+=("${folder%/}" /libraries)
done
rust=${RUSTFLAGS-}
c=${CFLAGS-}
if [[ $cargo_home$PWD$target == *[[:space:]]* ]]; then
    printf 'paths: %s\n' "a folder's name has a space, which the compilers' flags cannot say: the programs will hold this machine's paths" >&2
    paths=()
fi
for ((at = 0; at < ${#paths[@]}; at += 2)); do
    rust+=$(remap "${paths[at]}" "${paths[at + 1]}")
    c+=$(map "${paths[at]}" "${paths[at + 1]}")
done
export RUSTFLAGS=$rust CFLAGS=$c
unset cargo_home target paths folder rust c at
