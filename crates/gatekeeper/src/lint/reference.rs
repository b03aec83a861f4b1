//! Names that point elsewhere in the file: containers, volumes, repositories.

use crate::source::{Source, Text};
use crate::value::nearest;

use super::report::Report;

pub(super) fn check(source: &Source, report: &mut Report) {
    let default = source
        .defaults
        .as_ref()
        .and_then(|defaults| defaults.container.as_ref());
    if let Some(name) = default {
        report.at("defaults.container", |report| {
            known(name, source.containers.names(), "container", report);
        });
    }
    for (container_name, container) in &source.containers.entries {
        for (volume, _) in &container.volumes.entries {
            let path = format!("containers.{container_name}.volumes.{volume}");
            report.at(&path, |report| known(volume, source.volumes.names(), "volume", report));
        }
    }
}

/// Reports a name that nothing has.
fn known<'a>(name: &Text, names: impl Iterator<Item = &'a str>, kind: &str, report: &mut Report) {
    let names: Vec<_> = names.collect();
    if names.contains(&name.value.as_str()) {
        return;
    }
    let hint = nearest(name, names.iter().copied());
    let help = match hint {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None if names.is_empty() => format!("declare the {kind} first"),
        None => format!("one of {}", crate::source::listed(&names)),
    };
    let code = match kind {
        "container" => "unknown-container",
        "volume" => "unknown-volume",
        _ => "unknown-repository",
    };
    report.error(code, name.mark, format!("there is no {kind} `{name}`"), help);
}
