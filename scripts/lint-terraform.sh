#!/usr/bin/env bash
# Lints the Terraform modules and examples. Usage: scripts/lint-terraform.sh
#
# Responsible for the format, and for what checkov finds; an exception stands beside its resource, with the reason. Needs no provider. That everything is
# valid, and what it makes, are tests: tests/tests/terraform_*.rs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly CHECKOV=checkov==3.3.30

say() { printf 'terraform: %s\n' "$*"; }

export TF_CLI_CONFIG_FILE=/dev/null CHECKPOINT_DISABLE=1
if ! terraform fmt -check -diff -recursive terraform || ! terraform fmt -check -diff -recursive tests/fixtures; then
    say "not formatted: run terraform fmt -recursive terraform, and the same for tests/fixtures" >&2
    exit 1
fi

tools=$PWD/target/tools/terraform-lint
if [ "$(cat "$tools/versions" 2>/dev/null)" != "$CHECKOV" ]; then
    say "installing $CHECKOV into target/tools/terraform-lint (once)"
    rm -rf "$tools"
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check "$CHECKOV"
    printf '%s\n' "$CHECKOV" >"$tools/versions"
fi
said=$("$tools/bin/checkov" --skip-download --framework terraform --compact --quiet --directory terraform 2>&1) || {
    printf '%s\n' "$said" >&2
    exit 1
}
say "formatted; checkov finds nothing without a reasoned exception"
