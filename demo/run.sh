#!/usr/bin/env bash
# Shows the whole product at work: a small Terraform repository goes through the gate into a sandbox on this machine.
# `make demo` builds what this needs. Every step checks its exit code and its output; the first that is off ends the demo with 1.
# Everything is made in one temporary folder, which is removed at the end.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly bin=$here/../target/dist/bin
readonly planner=(terraform-planner infrastructure-deploy-script)
readonly applier=(terraform-applier infrastructure-deploy-script)
work=$(mktemp -d "${TMPDIR:-/tmp}/deploy-runner-demo.XXXXXX")
readonly work

bold='' dim='' green='' red='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
    bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
fi
step=0

say() { printf '%s\n' "$*"; }
title() {
    step=$((step + 1))
    printf '\n%s%d. %s%s\n' "$bold" "$step" "$1" "$plain"
}
good() { printf '%s   ✓ %s%s\n' "$green" "$*" "$plain"; }
fail() {
    printf '%s   ✗ %s%s\n' "$red" "$*" "$plain" >&2
    exit 1
}

finish() {
    local code=$?
    # Stop what this demo started, should a step have failed half-way.
    local run
    for run in $(deployer runs --json 2>/dev/null | jq -r '.[] | select(.phase != "ended") | .run' 2>/dev/null); do
        deployer cancel "$run" >/dev/null 2>&1 || true
    done
    rm -rf "$work"
    [ "$code" -eq 0 ] || printf '%sThe demo failed.%s\n' "$red" "$plain" >&2
    exit "$code"
}

# The product in an environment of its own, so that no setting of this shell changes what is shown.
environment=(PATH="$bin:$PATH" HOME="$work" LANG=C.UTF-8 TERM="${TERM:-dumb}" XDG_STATE_HOME="$work/state"
    DEPLOY_RUNNER_LOCAL=true DEPLOY_RUNNER_CONFIG="$work/demo.yaml" ${NO_COLOR:+NO_COLOR=$NO_COLOR})
deployer() { env -i "${environment[@]}" "$bin/infrastructure-deployer" "$@"; }
git_as_demo() {
    env -i PATH="$PATH" HOME="$work" GIT_CONFIG_NOSYSTEM=1 \
        git -c user.name=demo -c user.email=demo@example.com -c init.defaultBranch=main "$@"
}

# background FILE ARGS...: starts the CLI as a terminal would (Ctrl-C reaches it); its process id is in `caller`.
background() {
    local file=$1
    shift
    set -m
    env -i "${environment[@]}" "$bin/infrastructure-deployer" "$@" >"$file" 2>&1 &
    caller=$!
    set +m
}

# expect CODE ARGS...: shows the command as a user would type it, runs it, and checks its exit code.
expect() {
    local expected=$1 code=0
    shift
    printf '%s$ infrastructure-deployer %s%s\n' "$dim" "$(sed -E 's/([0-9a-f]{8})[0-9a-f]{32}/\1…/g' <<<"$*")" "$plain"
    deployer "$@" || code=$?
    [ "$code" -eq "$expected" ] || fail "exit code $code, expected $expected"
    good "exit code $code"
}

# wait_for TEXT FILE: until a run that was started in the background has printed it.
wait_for() {
    local tries=0
    until grep -qF "$1" "$2" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || fail "\`$1\` did not appear within a minute: $(tail -n 5 "$2")"
        sleep 0.1
    done
}

make_repository() {
    cp -R "$here/infrastructure-live" "$work/clone"
    git_as_demo init -q "$work/clone"
    git_as_demo -C "$work/clone" add -A
    git_as_demo -C "$work/clone" commit -q -m "The demo's infrastructure"
    git_as_demo clone -q --bare "$work/clone" "$work/infrastructure-live.git"
    sed "s|file:///srv/git/infrastructure-live.git|file://$work/infrastructure-live.git|" \
        "$here/../config/demo.yaml" >"$work/demo.yaml"
    reviewed=$(git_as_demo -C "$work/clone" rev-parse HEAD)
}

change_on_a_branch() {
    sed -i.old 's/"1\.4\.0"/"1.5.0"/' "$work/clone/staging/web/main.tf"
    rm "$work/clone/staging/web/main.tf.old"
    git_as_demo -C "$work/clone" checkout -q -b upgrade
    git_as_demo -C "$work/clone" commit -q -a -m "Roll out 1.5.0"
    git_as_demo -C "$work/clone" push -q "$work/infrastructure-live.git" upgrade
    proposed=$(git_as_demo -C "$work/clone" rev-parse HEAD)
}

# asked COMMAND COMMIT PATH: the arguments of the deploy script.
asked() { printf -- '--repo=infrastructure-live --ref=%s --command=%s --deploy-path=%s' "$2" "$1" "$3"; }

trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
[ -x "$bin/infrastructure-deployer" ] || fail "nothing is built: run \`make demo\`"
make_repository

say "${bold}deploy-runner, end to end on this machine${plain}"
say "A repository of Terraform code and an allow-list are in $work."

title "The allow-list says what may run. It is checked first."
expect 0 check "$work/demo.yaml"
expect 0 --describe-containers

title "Plan: the gate lets it through, a sandbox runs it."
read -ra plan_staging <<<"$(asked plan "$reviewed" staging/web)"
read -ra apply_staging <<<"$(asked apply "$reviewed" staging/web)"
expect 0 -- "${planner[@]}" "${plan_staging[@]}"

title "Apply: only a commit of a protected branch may be applied."
expect 0 -- "${applier[@]}" "${apply_staging[@]}"

title "Plan again: nothing is left to do, and 0 says so."
expect 0 -- "${planner[@]}" "${plan_staging[@]}" --detailed-exitcode

title "Outputs are pure JSON on standard output."
read -ra outputs <<<"$(asked output "$reviewed" staging/web)"
say "${dim}\$ infrastructure-deployer -- … --command=output --json | jq -c .replicas.value${plain}"
deployer -- "${planner[@]}" "${outputs[@]}" --json 2>"$work/messages" >"$work/outputs.json" || fail "exit code $?: $(cat "$work/messages")"
jq -c .replicas.value "$work/outputs.json" || fail "standard output is not JSON: $(head -c 300 "$work/outputs.json")"
good "jq can read it"

title "A branch proposes version 1.5.0. Its plan ends with 2: there are changes."
change_on_a_branch
read -ra plan_proposed <<<"$(asked plan "$proposed" staging/web)"
expect 2 -- "${planner[@]}" "${plan_proposed[@]}" --detailed-exitcode

title "The branch is not reviewed, so it cannot be applied."
read -ra apply_proposed <<<"$(asked apply "$proposed" staging/web)"
code=0
deployer -- "${applier[@]}" "${apply_proposed[@]}" >"$work/refused" 2>&1 || code=$?
cat "$work/refused"
if [ "$code" -eq 0 ] || ! grep -q protected "$work/refused"; then
    fail "exit code $code, expected a refusal that names the protected refs"
fi
good "exit code $code, nothing was applied"

title "A request that the allow-list does not allow: every problem at once."
expect 120 -- "${planner[@]}" --repo=infrastructure-live --ref=main \
    --comand=apply --deploy-path=../../etc -lock=false

title "Ctrl-C in mid-apply: Terraform gets time to release its lock."
read -ra rollout <<<"$(asked apply "$reviewed" staging/rollout)"
say "${dim}\$ infrastructure-deployer -- … --command=apply … staging/rollout${plain}"
background "$work/cancelled" -- "${applier[@]}" "${rollout[@]}" --var=seconds=60
wait_for 'replica 2 of 60' "$work/cancelled"
kill -INT "$caller"
code=0
wait "$caller" || code=$?
tail -n 6 "$work/cancelled"
[ "$code" -eq 130 ] || fail "exit code $code, expected 130"
good "exit code $code"
[ -z "$(find "$work/state" -name '.*.lock.info')" ] || fail "the state is still locked"
good "the state is not locked"

title "kill -9 of the CLI in mid-apply: the run goes on, attach brings it back."
background "$work/killed" -- "${applier[@]}" "${rollout[@]}" --var=seconds=6
wait_for 'replica 2 of 6' "$work/killed"
# The braces swallow what bash has to say about a killed job.
{
    kill -KILL "$caller"
    wait "$caller" || true
} 2>/dev/null
good "the CLI is dead"
run=$(deployer runs --json | jq -r '[.[] | select(.phase != "ended")][0].run')
code=0
deployer attach "$run" >"$work/attached" 2>"$work/messages" || code=$?
grep -E 'replica [1-6] of 6 is up' "$work/attached"
[ "$code" -eq 0 ] || fail "exit code $code, expected 0: $(cat "$work/messages")"
[ "$(grep -cE 'replica [1-6] of 6 is up' "$work/attached")" -eq 6 ] || fail "a line is missing or came twice"
good "every line once, from the first; exit code $code"

title "Nothing is left behind."
expect 0 runs
# The supervisor of the last run needs a moment to end after it wrote the ending.
for _ in 1 2 3 4 5 6 7 8 9 10; do
    left=$(pgrep -f "$work" || true)
    [ -n "$left" ] || break
    sleep 0.2
done
[ -z "$left" ] || fail "processes are left: $left"
if grep -qF "$work" /proc/self/mounts; then fail "mounts are left"; fi
good "no process, no mount; the folder goes with this demo"

printf '\n%sDone.%s Point the same CLI at your own: docs/your-own-repository.md\n' "$bold" "$plain"
