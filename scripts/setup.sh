#!/usr/bin/env bash
# Installs what a make target needs and is missing, and says what it installs.
# Usage: scripts/setup.sh build|images|demo|test|lint|bench
#
# Responsible for: system packages (bubblewrap, jq, git, a C compiler, what the scripts call; podman and docker for the tests), cargo tools, and the Python of the simulated AWS. Never touches what is there already,
# never installs terraform (it says how to get it), never changes a setting of the machine.
set -euo pipefail

# The product runs with 1.5; the tests of the modules need the mocks of 1.7.
readonly TERRAFORM_MIN_MINOR=5
readonly TERRAFORM_MIN_MINOR_FOR_TESTS=7
readonly NEXTEST_VERSION=0.9.143
readonly DENY_VERSION=0.20.2

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=$here/target/tools

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        fail "cannot install packages: not root, and there is no sudo" "run this as root: $*"
    fi
}

# without_servers COMMAND...: runs it while Debian's packages may start no server (man 8 invoke-rc.d); a rule that is there already stays.
without_servers() (
    rule=/usr/sbin/policy-rc.d
    if [ ! -e "$rule" ]; then
        trap 'as_root rm -f "$rule"' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin "$rule"
    fi
    "$@"
)

# install_packages PACKAGE...: with the system's own package manager. A server that a package brings is not started, now or later: the tests start their own.
install_packages() {
    say "installing with the system's package manager: $*"
    if have apt-get; then
        as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null >&2 ||
            say "apt-get update failed; trying with the package lists that are there"
        without_servers as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null ||
            fail "apt-get could not install: $*" "install them by hand, then run the same command again"
        if have systemctl && [[ " $* " == *" openssh-server "* ]]; then
            as_root systemctl disable --quiet ssh.service ssh.socket ||
                say "the new SSH server of this machine could not be disabled: the tests do not need it"
        fi
    elif have dnf; then
        fail "these programs are missing, and this set-up only knows apt-get" "run: sudo dnf install $*"
    elif have apk; then
        fail "these programs are missing, and this set-up only knows apt-get" "run: sudo apk add $*"
    else
        fail "these programs are missing: $*" "install them with your package manager, then run the same command again"
    fi
}

# packages COMMAND:PACKAGE...: installs the packages whose commands are missing, in one go.
packages() {
    local pair missing=()
    for pair in "$@"; do
        have "${pair%%:*}" || missing+=("${pair#*:}")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        install_packages "${missing[@]}"
    fi
}

rust() {
    have cargo || fail "cargo is missing" "install Rust from https://rustup.rs, then run the same command again"
    packages cc:gcc cc:libc6-dev git:git objcopy:binutils
}

# terraform_is_there MINOR: at least version 1.MINOR.
terraform_is_there() {
    local minor=$1
    local hint="get 1.$minor or later from https://developer.hashicorp.com/terraform/install and put it on PATH"
    have terraform || fail "terraform is missing" "$hint"
    local version
    version=$(TF_CLI_CONFIG_FILE=/dev/null CHECKPOINT_DISABLE=1 terraform version -json | jq -r .terraform_version)
    if ! [[ $version =~ ^([0-9]+)\.([0-9]+)\. ]]; then
        fail "terraform does not tell its version" "$hint"
    fi
    if [ "${BASH_REMATCH[1]}" -lt 1 ] ||
        { [ "${BASH_REMATCH[1]}" -eq 1 ] && [ "${BASH_REMATCH[2]}" -lt "$minor" ]; }; then
        fail "terraform $version is too old" "$hint"
    fi
}

# A kernel or a container may forbid unprivileged namespaces; without them nothing can be isolated.
sandbox_works() {
    local complaint
    if ! complaint=$(bwrap --unshare-user --unshare-pid --ro-bind / / true 2>&1); then
        fail "bubblewrap cannot make a sandbox here: $complaint" \
            "on Ubuntu 24.04 and later: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" \
            "in a container: start it so that user namespaces are allowed"
    fi
}

# cargo_tool COMMAND VERSION: a cargo subcommand, built into target/tools when the machine has none.
cargo_tool() {
    if have "$1" || [ -x "$tools/bin/$1" ]; then
        return 0
    fi
    say "installing $1 $2 into target/tools with cargo (some minutes, once)"
    cargo install --quiet --locked --root "$tools" "$1@$2" </dev/null >&2
}

# The simulated AWS of the tests: pinned packages with their hashes, in a virtual environment of its own.
test_ground() {
    local list=$here/tests/ground/requirements.txt venv=$here/target/tools/ground-venv
    have python3 || fail "python3 is missing" \
        "the tests run against a simulated AWS, which needs Python 3.11 or later: apt-get install python3 python3-venv"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "python3 is too old: the simulated AWS of the tests needs Python 3.11 or later"
    if cmp -s "$list" "$venv/installed.txt"; then
        return 0
    fi
    say "installing the simulated AWS of the tests into target/tools/ground-venv with pip"
    rm -rf "$venv"
    if ! python3 -m venv "$venv" >/dev/null 2>&1; then
        install_packages python3-venv
        rm -rf "$venv"
        python3 -m venv "$venv" || fail "python3 cannot make a virtual environment" "install its package \`python3-venv\`"
    fi
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$list" >&2 ||
        fail "pip could not install tests/ground/requirements.txt: its own message is above"
    cp "$list" "$venv/installed.txt"
}

# Docker for the tests, which start a daemon of their own: unpacked and not installed, because the package starts a daemon for the whole
# machine, at every boot from then on, and its group is root.
docker_daemon() {
    if have dockerd || [ -e "$tools/docker/usr/bin/docker" ]; then
        return 0
    fi
    have apt-get || fail "dockerd is missing, and this set-up only knows apt-get" "install Docker with your package manager, then run the same command again"
    say "unpacking docker.io and containerd into target/tools/docker: they are not installed, and no service starts"
    local download
    download=$(mktemp -d)
    if ! (cd "$download" && apt-get download -qq docker.io containerd >&2); then
        as_root apt-get update -qq </dev/null >&2
        (cd "$download" && apt-get download -qq docker.io containerd >&2) || fail "apt-get could not download docker.io and containerd"
    fi
    rm -rf "$tools/docker.new" "$tools/docker"
    mkdir -p "$tools/docker.new"
    local package
    for package in "$download"/*.deb; do
        dpkg-deb --extract "$package" "$tools/docker.new"
    done
    rm -r "$download"
    mv "$tools/docker.new" "$tools/docker"
}

# What makes networks of Podman's containers. It has no place of its own on PATH.
podman_networks() {
    local folder
    for folder in /usr/lib/podman /usr/libexec/podman /usr/local/lib/podman /usr/local/libexec/podman; do
        if [ -x "$folder/netavark" ]; then
            return 0
        fi
    done
    install_packages netavark
}

# syft, for inventories of images, pinned with its hash in a virtual environment of its own.
sbom_tool() {
    local list=$here/runner-images/sbom-requirements.txt venv=$tools/sbom-venv
    if cmp -s "$list" "$venv/installed.txt"; then
        return 0
    fi
    say "installing syft into target/tools/sbom-venv with pip"
    rm -rf "$venv"
    python3 -m venv "$venv" >/dev/null 2>&1 || fail "python3 cannot make a virtual environment" "install its package \`python3-venv\`"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement "$list" >&2 ||
        fail "pip could not install runner-images/sbom-requirements.txt: its own message is above"
    cp "$list" "$venv/installed.txt"
}

# A Debian to build images from without a registry, out of the sources that this machine's own apt has, by the same way to them.
debian_base() {
    local base=$tools/debian.tar release sources way=() scheme proxy
    if [ -s "$base" ]; then
        return 0
    fi
    packages mmdebstrap:mmdebstrap
    say "making a Debian of this machine's package sources in target/tools (a minute or two, once)"
    # shellcheck source=/dev/null
    release=$(. /etc/os-release && printf '%s %s' "${ID^}" "$VERSION_CODENAME")
    # shellcheck disable=SC2016
    sources=$(apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Identifier: Packages' "Origin: ${release% *}" | grep " ${release#* }" | sort -u) ||
        fail "apt knows no package source of ${release#* }" "run: apt-get update"
    for scheme in http https; do
        proxy=
        eval "$(apt-config shell proxy "Acquire::$scheme::Proxy")"
        [ -z "$proxy" ] || way+=(--aptopt="Acquire::$scheme::Proxy \"$proxy\"")
    done
    mkdir -p "$tools"
    mmdebstrap --quiet --variant=minbase "${way[@]}" --format=tar "${release#* }" "$base.new" - <<<"$sources" >&2 ||
        fail "mmdebstrap made no base: its own message is above"
    mv "$base.new" "$base"
}

case ${1-} in
build)
    rust
    ;;
demo)
    rust
    packages bwrap:bubblewrap jq:jq
    terraform_is_there "$TERRAFORM_MIN_MINOR"
    sandbox_works
    ;;
test)
    rust
    packages bwrap:bubblewrap jq:jq podman:podman runc:runc packer:packer buildah:buildah skopeo:skopeo docker-registry:docker-registry ssh:openssh-client /usr/sbin/sshd:openssh-server openssl:openssl ip:iproute2 iptables:iptables newuidmap:uidmap
    podman_networks
    docker_daemon
    terraform_is_there "$TERRAFORM_MIN_MINOR_FOR_TESTS"
    sandbox_works
    test_ground
    sbom_tool
    debian_base
    cargo_tool cargo-nextest "$NEXTEST_VERSION" ||
        say "cargo-nextest could not be installed: the tests run with cargo test"
    ;;
images)
    rust
    packages packer:packer buildah:buildah skopeo:skopeo ssh:openssh-client jq:jq python3:python3
    terraform_is_there "$TERRAFORM_MIN_MINOR"
    python3 -c 'import ensurepip' 2>/dev/null || install_packages python3-venv
    sbom_tool
    ;;
bench)
    rust
    packages python3:python3
    python3 -c 'import ensurepip' 2>/dev/null || install_packages python3-venv
    ;;
lint)
    rust
    packages python3:python3 jq:jq
    terraform_is_there "$TERRAFORM_MIN_MINOR_FOR_TESTS"
    python3 -c 'import ensurepip' 2>/dev/null || install_packages python3-venv
    cargo_tool cargo-deny "$DENY_VERSION" ||
        fail "cargo-deny could not be installed" "run: cargo install --locked cargo-deny@$DENY_VERSION"
    ;;
*)
    fail "usage: scripts/setup.sh build|images|demo|test|lint|bench"
    ;;
esac
