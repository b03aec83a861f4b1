#!/usr/bin/env bash
# Gets what the product is measured against: boto3 (a virtual environment in target/tools/bench) and version 2 of the AWS CLI.
# Usage: benches/tools.sh. Says what it installs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly BOTO3=boto3==1.44.5
tools=$PWD/target/tools/bench

# `aws logs tail` is in version 2 only, which PyPI does not have; Debian and Ubuntu do.
is_version_2() { [ -x "$1" ] && "$1" --version 2>/dev/null | grep -q '^aws-cli/2'; }
find_aws() {
    local candidate
    for candidate in "$(command -v aws || true)" /usr/bin/aws /usr/local/bin/aws; do
        if is_version_2 "$candidate"; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    return 1
}

if [ "$(cat "$tools/version" 2>/dev/null)" != "$BOTO3" ]; then
    echo "bench: installing $BOTO3 into target/tools/bench (once)" >&2
    rm -rf "$tools"
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check "$BOTO3"
    echo "$BOTO3" >"$tools/version"
fi
if ! find_aws >"$tools/aws"; then
    echo "bench: installing awscli with the system's package manager" >&2
    if [ "$(id -u)" -eq 0 ]; then as_root=(); else as_root=(sudo); fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends awscli </dev/null >/dev/null
    find_aws >"$tools/aws" || {
        echo "bench: version 2 of the AWS CLI is missing: see https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html" >&2
        exit 1
    }
fi
