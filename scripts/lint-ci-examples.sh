#!/usr/bin/env bash
# Lints the CI examples of docs/ci. Usage: scripts/lint-ci-examples.sh
#
# Responsible for: the schema of every YAML example, the security lints of the GitHub workflow, the grammar of the Jenkinsfile.
# Says what it does not check. That their command lines are understood and allowed is a test:
# tests/tests/ci_examples.rs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly TOOLS=(check-jsonschema==0.39.0 zizmor==1.32.0 tree-sitter==0.26.1 tree-sitter-groovy==0.1.2)

say() { printf 'ci examples: %s\n' "$*"; }

tools=$PWD/target/tools/ci-lint
if [ "$(cat "$tools/versions" 2>/dev/null)" != "${TOOLS[*]}" ]; then
    say "installing ${TOOLS[*]} into target/tools/ci-lint (once)"
    rm -rf "$tools"
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check "${TOOLS[@]}"
    printf '%s\n' "${TOOLS[*]}" >"$tools/versions"
fi

# The schemas are those that check-jsonschema carries; nothing is fetched.
schema() {
    local said
    said=$("$tools/bin/check-jsonschema" --builtin-schema "vendor.$1" "${@:2}") || { printf '%s\n' "$said" >&2; exit 1; }
}
schema github-workflows docs/ci/github-actions.yml
schema gitlab-ci --data-transform gitlab-ci docs/ci/gitlab-ci.yml
schema circle-ci docs/ci/circleci.yml
schema buildkite docs/ci/buildkite.yml
"$tools/bin/zizmor" --offline --no-progress --quiet --persona=pedantic docs/ci/github-actions.yml >/dev/null ||
    { "$tools/bin/zizmor" --offline --no-progress --persona=pedantic docs/ci/github-actions.yml; exit 1; }
"$tools/bin/python" - docs/ci/Jenkinsfile <<'PYTHON'
import sys
import tree_sitter, tree_sitter_groovy

parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_groovy.language()))
with open(sys.argv[1], "rb") as file:
    root = parser.parse(file.read()).root_node

def first_error(node):
    if node.type == "ERROR" or node.is_missing:
        return node
    return next((found for found in map(first_error, node.children) if found), None)

if root.has_error:
    sys.exit(f"{sys.argv[1]}:{first_error(root).start_point.row + 1}: not valid Groovy from here on")
PYTHON
say "the four YAML files follow their schemas, zizmor finds nothing in the workflow, the Jenkinsfile is valid Groovy"
say "not checked: what Jenkins makes of the declarative pipeline, which only a Jenkins can tell"
