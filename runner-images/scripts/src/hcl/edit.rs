//! The edit: find each value, and put the new one exactly there.

use std::ops::Range;

use hcl_edit::parser::parse_body;
use hcl_edit::structure::Body;

use super::place::{Place, places};
use super::{EditError, EditErrors, FileKind, Literal, position};
use crate::values::{Setting, VariableName};

/// Names as similar as this are offered as what may have been meant (1 is equal).
const SIMILAR: f64 = 0.7;
const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// A file with its variables set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The whole new text.
    pub text: String,
    /// The variables whose values are other ones now. Empty: nothing to change.
    pub changed: Vec<VariableName>,
}

/// Sets variables in the text of a file. Either all of them are set, or everything that is in the way is reported.
pub fn edit(bytes: &[u8], kind: FileKind, settings: &[Setting]) -> Result<Edited, EditErrors> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let (line, column) = position(bytes, error.valid_up_to());
        EditError::NotText { line, column }
    })?;
    let hcl = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let skipped = text.len() - hcl.len();
    let body = parse(hcl)?;
    let changes = changes(hcl, &places(&body, kind), kind, settings)?;

    let mut text = text.to_owned();
    // From the end, so that the places in front of a change stay where they are.
    for change in changes.iter().rev() {
        text.replace_range(
            change.span.start + skipped..change.span.end + skipped,
            &change.new.write(),
        );
    }
    let edited = Edited {
        changed: settings
            .iter()
            .map(|setting| &setting.name)
            .filter(|name| changes.iter().any(|change| change.name == name.as_str()))
            .cloned()
            .collect(),
        text,
    };
    require_faithful(hcl, &body, &edited.text, kind, &changes)?;
    Ok(edited)
}

fn parse(text: &str) -> Result<Body, EditError> {
    parse_body(text).map_err(|error| EditError::NotHcl {
        line: error.location().line(),
        column: error.location().column(),
        reason: error.message().split_whitespace().collect::<Vec<_>>().join(" "),
    })
}

/// A value that becomes another one.
struct Change {
    name: String,
    span: Range<usize>,
    new: Literal,
}

/// The changes, ordered by where they are.
fn changes(text: &str, places: &[Place<'_>], kind: FileKind, settings: &[Setting]) -> Result<Vec<Change>, EditErrors> {
    let (mut changes, mut errors) = (Vec::new(), Vec::new());
    for (index, setting) in settings.iter().enumerate() {
        if settings.iter().take(index).any(|earlier| earlier.name == setting.name) {
            errors.push(EditError::Twice(setting.name.to_string()));
            continue;
        }
        match change(text, places, kind, setting) {
            Ok(change) => changes.extend(change),
            Err(error) => errors.push(error),
        }
    }
    changes.sort_by_key(|change: &Change| change.span.start);
    if errors.is_empty() {
        Ok(changes)
    } else {
        Err(EditErrors(errors))
    }
}

/// What one setting changes, if it changes anything.
fn change(text: &str, places: &[Place<'_>], kind: FileKind, setting: &Setting) -> Result<Option<Change>, EditError> {
    let name = setting.name.as_str();
    let found: Vec<_> = places.iter().filter(|place| place.name == name).collect();
    let line = |place: &Place<'_>| position(text.as_bytes(), place.span.start).0;
    let place = match found.as_slice() {
        [] => return Err(missing(places, kind, name)),
        [place] => place,
        several => {
            let mut lines: Vec<_> = several.iter().map(|place| line(place)).collect();
            lines.sort_unstable();
            return Err(EditError::Ambiguous {
                name: name.to_owned(),
                count: several.len(),
                lines: lines.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            });
        }
    };
    let value = place.value.ok_or_else(|| EditError::NoDefault(name.to_owned()))?;
    let written = text.get(place.span.clone()).unwrap_or_default();
    let present = Literal::read(value, written).map_err(|kind| EditError::NotPlain {
        name: name.to_owned(),
        line: line(place),
        kind,
    })?;
    let new = present.retyped(setting)?;
    Ok((new != present).then(|| Change {
        name: name.to_owned(),
        span: place.span.clone(),
        new,
    }))
}

fn missing(places: &[Place<'_>], kind: FileKind, name: &str) -> EditError {
    let nearest = places
        .iter()
        .map(|place| (strsim::jaro_winkler(name, &place.name), place.name.as_str()))
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    let hint = match nearest {
        Some((_, nearest)) => format!(": did you mean `{nearest}`?"),
        None => format!(": add it as {} first", kind.looked_for()),
    };
    EditError::Missing {
        name: name.to_owned(),
        hint,
    }
}

/// Reads the result again: the changed values are what was asked for, and every other value is what it was.
fn require_faithful(
    before: &str,
    body: &Body,
    after: &str,
    kind: FileKind,
    changes: &[Change],
) -> Result<(), EditErrors> {
    let after = after.strip_prefix(BYTE_ORDER_MARK).unwrap_or(after);
    let new_body = parse(after)?;
    let (old, new) = (places(body, kind), places(&new_body, kind));
    let unfaithful = |name: &str| Err(EditError::Unfaithful(name.to_owned()).into());
    for (was, is) in old.iter().zip(&new) {
        let written = |text: &str, place: &Place<'_>| text.get(place.span.clone()).map(str::to_owned);
        let change = changes.iter().find(|change| change.span == was.span);
        let as_it_should_be = match (change, is.value, written(after, is)) {
            (Some(change), Some(value), Some(written)) => Literal::read(value, &written).as_ref() == Ok(&change.new),
            (Some(_), None, _) | (Some(_), _, None) => false,
            // A value that holds a changed one is written differently; its own parts are compared instead.
            (None, ..) if changes.iter().any(|change| contains(&was.span, &change.span)) => true,
            (None, ..) => written(before, was) == written(after, is),
        };
        if was.name != is.name || !as_it_should_be {
            return unfaithful(&was.name);
        }
    }
    match old.get(new.len()).or(new.get(old.len())) {
        Some(place) => unfaithful(&place.name),
        None => Ok(()),
    }
}

fn contains(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}
