//! The words that the tool gets.
//!
//! Responsible for one word per option, so that no value can become an option of its own, and for the words being shown without
//! the values that are nobody's business. Never starts anything.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::PlanPlace;
use crate::deploy::arguments::{Format, Inputs, Operation, Order, PlanExit, Scope};

/// The words of `init`. None when the command needs none, or when it changes nothing in all units: there Terragrunt does it for each
/// unit in its turn.
pub(super) fn of_init(order: &Order) -> Option<Vec<OsString>> {
    if matches!(order.scope, Scope::Units { .. }) && !order.operation.is_change() {
        return None;
    }
    let mut words = of_scope(&order.scope, None);
    words.extend(["init", "-input=false", "-no-color"].map(OsString::from));
    match order.operation {
        // Checking code needs no state, and so no credentials for it.
        Operation::Validate(_) => words.push("-backend=false".into()),
        Operation::Find(_) | Operation::HclValidate => return None,
        Operation::Plan(..)
        | Operation::Apply(_)
        | Operation::ApplySaved(_)
        | Operation::Destroy(..)
        | Operation::Output(..) => {
            words.extend(
                order
                    .backend_config
                    .iter()
                    .map(|setting| format!("-backend-config={setting}").into()),
            );
        }
    }
    Some(words)
}

/// The words of the command itself.
/// `plan` is where a plan is written to, or read from.
pub(super) fn of_command(operation: &Operation, order: &Order, files: &[PathBuf], plan: &PlanPlace) -> Vec<OsString> {
    let (plan, shown) = match plan {
        PlanPlace::Nowhere => (None, None),
        PlanPlace::File(file) => (Some(file.as_path()), None),
        PlanPlace::Units(directory) => (None, Some(directory.as_path())),
    };
    let mut words = of_scope(&order.scope, shown);
    match operation {
        Operation::Find(format) => {
            words.extend(["find".into(), "--no-color".into()]);
            words.extend((*format == Format::Json).then(|| "--json".into()));
        }
        Operation::HclValidate => words.extend(["hcl", "validate", "--no-color"].map(OsString::from)),
        Operation::Plan(inputs, exit, _) => {
            words.extend(["plan".into(), "-no-color".into()]);
            words.extend((*exit == PlanExit::Detailed).then(|| "-detailed-exitcode".into()));
            words.extend(plan.map(|file| joined("-out=", file)));
            words.extend(of_inputs(inputs, order, files));
        }
        Operation::ApplySaved(_) => {
            words.extend(["apply", "-no-color", "-input=false"].map(OsString::from));
            words.extend(of_lock(order));
            words.extend(plan.map(|plan| plan.as_os_str().to_owned()));
        }
        Operation::Apply(inputs) | Operation::Destroy(inputs, _) => {
            words.extend([operation.name(), "-no-color", "-auto-approve"].map(OsString::from));
            words.extend(of_inputs(inputs, order, files));
        }
        Operation::Validate(format) => {
            words.extend(["validate".into(), "-no-color".into()]);
            words.extend(of_format(*format));
        }
        Operation::Output(format, name) => {
            words.extend(["output".into(), "-no-color".into()]);
            words.extend(of_format(*format));
            words.extend(name.iter().map(|name| name.as_str().into()));
        }
    }
    words
}

/// Terragrunt's own words before the command, ended by `--`.
///
/// Dependencies outside of the directory and outside of the filters stay untouched: newer versions do so by themselves and accept
/// the two flags; older ones need them. `shown` is where what each unit's plan shows is written to: every version that has
/// `run --all` has that flag.
fn of_scope(scope: &Scope, shown: Option<&Path>) -> Vec<OsString> {
    let Scope::Units { include, exclude } = scope else {
        return Vec::new();
    };
    let mut words: Vec<OsString> = [
        "run",
        "--all",
        "--non-interactive",
        "--no-color",
        "--queue-exclude-external",
        "--queue-strict-include",
    ]
    .map(OsString::from)
    .into();
    for (option, paths) in [("--queue-include-dir", include), ("--queue-exclude-dir", exclude)] {
        // The directory itself may be a unit, and there may be units below it: not every version takes one pattern for both.
        let both = |path| ["", "/**"].map(|below| format!("{option}=./{path}{below}").into());
        words.extend(paths.iter().flat_map(both));
    }
    words.extend(shown.map(|directory| joined("--json-out-dir=", directory)));
    words.push("--".into());
    words
}

fn of_inputs(inputs: &Inputs, order: &Order, files: &[PathBuf]) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["-input=false".into()];
    words.extend(of_lock(order));
    words.extend(files.iter().map(|file| joined("-var-file=", file)));
    words.extend(
        inputs
            .variables
            .iter()
            .map(|variable| format!("-var={variable}").into()),
    );
    words.extend(inputs.targets.iter().map(|target| format!("-target={target}").into()));
    words
}

fn of_lock(order: &Order) -> Option<OsString> {
    let timeout = order.lock_timeout.as_ref()?;
    Some(format!("-lock-timeout={timeout}").into())
}

fn joined(option: &str, path: &Path) -> OsString {
    let mut word = OsString::from(option);
    word.push(path);
    word
}

fn of_format(format: Format) -> Option<OsString> {
    match format {
        Format::Text => None,
        Format::Json => Some("-json".into()),
    }
}

/// The words without the values of variables and backend settings.
pub(super) fn shown(arguments: &[OsString]) -> String {
    let hide = |word: &OsString| {
        let word = word.to_string_lossy();
        let mut parts = word.splitn(3, '=');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(option @ ("-var" | "-backend-config")), Some(key), Some(_)) => format!("{option}={key}=…"),
            _ => word.into_owned(),
        }
    };
    arguments.iter().map(hide).collect::<Vec<_>>().join(" ")
}
