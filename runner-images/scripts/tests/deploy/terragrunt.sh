# shellcheck shell=sh
# Stands in for Terragrunt, which cannot be had for these tests: what its source says that it does with the words of the
# script (versions 0.74 to 1.1.3: internal/runner/run/run.go, internal/runner/common/unit_runner.go, internal/component/unit.go,
# internal/tf/run_cmd.go, pkg/config/dependency.go), with the real engine below. Left out: generated code, sources elsewhere, retries,
# outputs as inputs. Units run one after the other by their names, so the name of a dependency has to come first.
#
# Blocks and attributes of `terragrunt.hcl` are files here: `before_hook.COMMAND` is a shell script, `extra_arguments.COMMAND` has one
# argument a line, `env_vars.COMMAND` is one variable of such a block, `exclude.COMMAND` keeps the unit from running, `errors` lets every
# error be ignored, `download_dir` holds an absolute path, `dependency` the path of a unit, and `mock_outputs.COMMAND` lets its outputs be
# missing.
set -u
version=@VERSION@

refuse() {
    printf '%s\n' "$1" >&2
    exit 1
}

# Lines of the engine become lines of the log, in the format `pretty`.
as_log() {
    while IFS= read -r line; do printf '12:34:56.789 %-6s %s%s: %s\n' "$1" "$prefix" "${TG_TF_PATH##*/}" "$line"; done
}

# The engine, with the variables that the unit has for this command.
engine() {
    if [ -f "$unit/env_vars.$1" ]; then env "$(cat "$unit/env_vars.$1")" "$TG_TF_PATH" "$@"; else "$TG_TF_PATH" "$@"; fi
}

# Where copies are made: what the environment says comes before what the unit says.
download_dir() {
    if [ -n "${TG_DOWNLOAD_DIR:-}" ]; then
        echo "$TG_DOWNLOAD_DIR"
    elif [ -f "$unit/download_dir" ]; then
        cat "$unit/download_dir"
    else
        echo "$unit/.terragrunt-cache"
    fi
}

# A unit cannot be read, whatever the command, before its dependency has outputs. To ask for them, that one is initialised.
read_dependency() {
    [ -f "$unit/dependency" ] || return 0
    outputs=$(cd "$unit/$(cat "$unit/dependency")" && "$0" output -json)
    if [ "$outputs" = '{}' ] && [ ! -f "$unit/mock_outputs.$1" ]; then
        printf '%s is a dependency of %s but detected no outputs.\n' "$(cat "$unit/dependency")" "$unit" >&2
        return 1
    fi
}

# One command in the unit `$unit`. Before 1.0 code without a source is run where it is, since then always in a copy.
run_unit() {
    read_dependency "$1" || return 1
    command=$1
    shift
    if [ -f "$unit/exclude.$command" ]; then
        printf '12:34:56.789 INFO   Early exit in terragrunt unit %s due to exclude block with no_run = true\n' "$unit" >&2
        return 0
    fi
    case $version in
    0.*) work=$unit ;;
    *)
        work=$(download_dir)/$(printf %s "$unit" | cksum | cut -d' ' -f1)/code
        mkdir -p "$work" && cp "$unit"/*.tf "$work" || return 1
        ;;
    esac
    cd "$work" || return 1
    add_extra_arguments "$@" >"$work/.arguments"
    [ ! -f "$unit/before_hook.$command" ] || sh "$unit/before_hook.$command" || return 1
    if [ "$command" != init ] && [ ! -d .terraform/providers ]; then
        engine init -no-color >.stdout 2>.stderr || { as_log ERROR <.stderr >&2 && return 1; }
        case $command in plan | apply) as_log INFO <.stdout >&2 ;; esac
    fi
    set -- "$command"
    while IFS= read -r word; do set -- "$@" "$word"; done <.arguments
    case " $* " in
    *" -json "* | " output "*)
        engine "$@"
        return
        ;;
    esac
    engine "$@" >.stdout 2>.stderr
    code=$?
    as_log STDOUT <.stdout
    as_log STDERR <.stderr >&2
    case $code:" $* " in
    0:* | 2:*" -detailed-exitcode "*) ;;
    *) printf '12:34:56.789 ERROR  %s%s invocation failed in %s\n' "$prefix" "${TG_TF_PATH##*/}" "$work" >&2 ;;
    esac
    [ ! -f "$unit/errors" ] || return 0
    return $code
}

# Extra arguments come right after the command; with a plan's file as the last word, those about variables are left out.
add_extra_arguments() {
    last=
    for word; do last=$word; done
    if [ -f "$unit/extra_arguments.$command" ]; then
        case $command in apply | destroy) [ ! -f "$last" ] ;; esac && all=yes || all=no
        while IFS= read -r word; do
            case $all:$word in no:-var*) ;; *) printf '%s\n' "$word" ;; esac
        done <"$unit/extra_arguments.$command"
    fi
    for word; do printf '%s\n' "$word"; done
}

# Whether a unit is at (`DIR`) or below (`DIR/**`) one of these.
is_in() {
    while IFS= read -r filter; do
        case $filter in
        */\*\*) case $1 in "${filter%/\*\*}"/*) return 0 ;; esac ;;
        *) [ "$1" != "$filter" ] || return 0 ;;
        esac
    done <"$2"
    return 1
}

# One unit of `run --all`, given as its file: called for each of them.
unit_of_all() {
    lists=$1 json=$2 place=${3%/terragrunt.hcl}
    shift 3
    if { [ -s "$lists/include" ] && ! is_in "$place" "$lists/include"; } || is_in "$place" "$lists/exclude"; then
        return
    fi
    name=${place#./} unit=$PWD/${place#./}
    [ ! -f "$unit/exclude.$1" ] || return
    prefix="[$name] "
    detailed=0
    case " $* " in *" -detailed-exitcode "*) detailed=2 ;; esac
    case $1:$json in plan:/*) set -- "$@" -out=tfplan.tfplan ;; apply:* | destroy:*) set -- "$@" -auto-approve ;; esac
    (run_unit "$@")
    code=$?
    if [ "$1" = plan ] && [ -n "$json" ] && { [ $code = 0 ] || [ $code = $detailed ]; }; then
        if (run_unit show -json tfplan.tfplan) >"$lists/shown"; then
            mkdir -p "$json/$name" && mv "$lists/shown" "$json/$name/tfplan.json"
        else
            code=1
        fi
    fi
    echo "$code" >>"$lists/codes"
}

run_all() {
    lists=$(mktemp -d) || exit 1
    trap 'rm -rf "$lists"' EXIT
    : >"$lists/include" && : >"$lists/exclude" && : >"$lists/codes"
    json='' asks=yes
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        case $1 in
        --all | --no-color | --queue-exclude-external | --queue-strict-include) ;;
        --non-interactive) asks=no ;;
        --queue-include-dir=*) printf '%s\n' "${1#*=}" >>"$lists/include" ;;
        --queue-exclude-dir=*) printf '%s\n' "${1#*=}" >>"$lists/exclude" ;;
        --json-out-dir=/*) json=${1#*=} ;;
        *) refuse "flag provided but not defined: $1" ;;
        esac
        shift
    done
    [ $# -gt 1 ] || refuse "missing command"
    shift
    [ $asks = no ] || refuse "Are you sure?"
    case $1 in destroy) order=-rz ;; *) order=-z ;; esac
    find . \( -name .terragrunt-cache -o -name .terraform -o -name .git \) -prune -o -name terragrunt.hcl -print0 |
        sort $order | xargs -0 -I @UNIT@ "$0" --of-all "$lists" "$json" @UNIT@ "$@"
    printf '\n❯❯ Run Summary  %s units\n' "$(wc -l <"$lists/codes")"
    case " $* " in *" -detailed-exitcode "*) changes=2 ;; *) changes=none ;; esac
    worst=0
    while read -r code; do
        case $code:$worst in
        "$changes":0) worst=2 ;;
        0:* | "$changes":*) ;;
        *) worst=1 ;;
        esac
    done <"$lists/codes"
    exit $worst
}

prefix=''
case ${1-} in
--version) echo "terragrunt version v$version" ;;
--of-all)
    shift
    unit_of_all "$@"
    ;;
run)
    shift
    run_all "$@"
    ;;
init | plan | apply | destroy | show | output | validate)
    [ -f terragrunt.hcl ] || refuse "You attempted to run terragrunt in a folder that does not contain a terragrunt.hcl file."
    unit=$PWD
    run_unit "$@"
    ;;
*) refuse "unknown command: ${1-}" ;;
esac
