//! Names: those that point elsewhere in the file, and those that look alike.

use std::collections::HashMap;

use crate::source::{Text, listed};
use crate::value::nearest;

use super::report::Report;

/// Reports a name that nothing has.
pub(super) fn known<'a>(
    name: &Text,
    names: impl Iterator<Item = &'a str>,
    kind: &str,
    code: &'static str,
    report: &mut Report,
) {
    let names: Vec<_> = names.collect();
    if names.contains(&name.value.as_str()) {
        return;
    }
    let help = match nearest(name, names.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None if names.is_empty() => format!("declare the {kind} first: there is none"),
        None => format!("one of {}", listed(&names)),
    };
    report.error(code, name.mark, format!("there is no {kind} `{name}`"), help);
}

/// Reports names that a person could take for another: they differ in letter case or in characters that look the same.
pub(super) fn look_alikes<'a>(names: impl Iterator<Item = &'a Text>, report: &mut Report) {
    let mut seen: HashMap<String, &Text> = HashMap::new();
    for name in names {
        let skeleton = skeleton(name);
        if let Some(first) = seen.get(&skeleton) {
            let message = format!("`{name}` is easily taken for `{first}`");
            report.warning("look-alike", name.mark, message, "choose names that cannot be mixed up");
        } else {
            seen.insert(skeleton, name);
        }
    }
}

/// What a person remembers of a name.
fn skeleton(name: &str) -> String {
    name.chars()
        .map(|character| match character.to_ascii_lowercase() {
            '0' => 'o',
            '1' | 'i' => 'l',
            '_' | '.' => '-',
            other => other,
        })
        .collect()
}
