//! Patterns: what they match beyond what their author can have meant, and what they never match.

use crate::compiled::TextRule;
use crate::source::{Mark, Text};
use crate::value::shown;

use super::language::{Language, Part, Seen, Watch};
use super::report::Report;

/// Where the value of a pattern stands in the argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// The whole value: it could begin like an option.
    Whole,
    /// After `key=`.
    AfterKey,
}

/// The rule of a text and where its fields stand. The pattern itself is known to be usable.
pub(super) struct Place<'a> {
    pub(super) rule: TextRule,
    pub(super) pattern: Option<&'a Text>,
    pub(super) position: Position,
    pub(super) max_length: Mark,
    pub(super) allow_empty: Mark,
    pub(super) allow_leading_dash: Mark,
}

pub(super) fn check(place: &Place<'_>, report: &mut Report) {
    let Some(pattern) = place.pattern else {
        without_pattern(place, report);
        return;
    };
    report.at("pattern", |report| {
        anchors(pattern, report);
        open_ends(pattern, report);
    });
    if let Some(language) = Language::of(pattern) {
        matches_something(place, pattern, &language, report);
        options(place, &language, report);
        escapes(pattern, &language, report);
        without_effect(place, &language, report);
    }
}

fn without_pattern(place: &Place<'_>, report: &mut Report) {
    let message = "any text is accepted";
    report.warning(
        "text-without-pattern",
        place.max_length,
        message,
        "say in `pattern` what the whole value looks like",
    );
    if place.rule.allow_leading_dash && place.position == Position::Whole {
        let message = "any option is accepted as a value, such as `--x`";
        report.warning(
            "matches-option",
            place.allow_leading_dash,
            message,
            "add a `pattern` that says how it may begin",
        );
    }
}

/// A pattern always matches the whole value, so `^` and `$` say nothing; in the middle they match nothing.
fn anchors(pattern: &Text, report: &mut Report) {
    let bare = pattern
        .strip_prefix('^')
        .or_else(|| pattern.strip_prefix(r"\A"))
        .unwrap_or(pattern);
    let ends_in_anchor = bare.ends_with('$') && !bare.ends_with(r"\$");
    let bare = if ends_in_anchor {
        bare.strip_suffix('$')
    } else {
        bare.strip_suffix(r"\z")
    }
    .unwrap_or(bare);
    if bare.len() != pattern.len() {
        let message = format!(
            "`{}` is anchored, but every pattern matches the whole value anyway",
            shown(pattern)
        );
        report.warning(
            "redundant-anchor",
            pattern.mark,
            message,
            format!("write `{}`", shown(bare)),
        );
    }
}

/// `.*` at an end is a habit from tools that search; here it accepts whatever stands there.
fn open_ends(pattern: &Text, report: &mut Report) {
    let bare = pattern.trim_start_matches('^').trim_end_matches('$');
    let begins = bare.starts_with(".*") || bare.starts_with(".+");
    let ends = (bare.ends_with(".*") || bare.ends_with(".+")) && !bare.ends_with(r"\.*") && !bare.ends_with(r"\.+");
    if begins || ends {
        let message = format!(
            "`{}` accepts anything at its {}",
            shown(pattern),
            if begins { "beginning" } else { "end" }
        );
        report.warning(
            "open-ended-pattern",
            pattern.mark,
            message,
            "name the characters that may stand there, such as `[a-z0-9-]*`",
        );
    }
}

fn matches_something(place: &Place<'_>, pattern: &Text, language: &Language, report: &mut Report) {
    let TextRule {
        allow_empty,
        allow_leading_dash,
        max_length,
        ..
    } = place.rule;
    let watch = Watch::Value {
        seen: Seen::Nothing,
        allow_empty,
        allow_leading_dash,
    };
    match language.example(watch) {
        Ok(None) => report.at("pattern", |report| {
            let message = format!("`{}` matches no value that the type accepts", shown(pattern));
            let help =
                "no caller can satisfy it: an empty value and a leading dash are refused unless the type allows them";
            report.error("matches-nothing", pattern.mark, message, help);
        }),
        Ok(Some(shortest)) if shortest.chars().count() > usize::try_from(max_length).unwrap_or(usize::MAX) => {
            let message = format!(
                "the pattern needs {} characters, more than `max_length: {max_length}`",
                shortest.len()
            );
            report.error(
                "matches-nothing",
                place.max_length,
                message,
                "raise `max_length` or shorten the pattern",
            );
        }
        Ok(Some(_)) | Err(_) => {}
    }
}

fn options(place: &Place<'_>, language: &Language, report: &mut Report) {
    if !place.rule.allow_leading_dash || place.position == Position::AfterKey {
        return;
    }
    if let Ok(Some(example)) = language.example(Watch::Dash(Seen::Nothing)) {
        let message = format!("the value can be an option, such as `{}`", shown(&example));
        let help = "remove `allow_leading_dash`, unless the script takes its values in no other way";
        report.warning("matches-option", place.allow_leading_dash, message, help);
    }
}

fn escapes(pattern: &Text, language: &Language, report: &mut Report) {
    if let Ok(Some(example)) = language.example(Watch::Escape(Part::Start)) {
        let message = format!(
            "`{}` matches a path that leaves its directory, such as `{}`",
            shown(pattern),
            shown(&example)
        );
        let help = "use the type `path`, or write the parts between slashes so that none can be `..`";
        report.at("pattern", |report| {
            report.warning("matches-path-escape", pattern.mark, message, help);
        });
    }
}

/// Permissions that the pattern takes back.
fn without_effect(place: &Place<'_>, language: &Language, report: &mut Report) {
    if place.rule.allow_leading_dash && language.example(Watch::Dash(Seen::Nothing)) == Ok(None) {
        let message = "`allow_leading_dash` has no effect: the pattern matches nothing that begins with a dash";
        report.warning("no-effect", place.allow_leading_dash, message, "remove it");
    }
    let anything = Watch::Value {
        seen: Seen::Nothing,
        allow_empty: true,
        allow_leading_dash: true,
    };
    if place.rule.allow_empty
        && language
            .example(anything)
            .is_ok_and(|shortest| shortest.is_some_and(|text| !text.is_empty()))
    {
        let message = "`allow_empty` has no effect: the pattern does not match the empty text";
        report.warning("no-effect", place.allow_empty, message, "remove it");
    }
}
