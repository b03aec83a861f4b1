//! The message of the commit.
//!
//! Responsible for its first line saying what was set where, and for no mark in it that steers a pipeline unless that was asked
//! for: a value or a path with `[skip ci]` in it is not repeated.

use super::arguments::{Order, Pipelines};
use crate::values::{Setting, VariableName};

const SKIP_CI: &str = "[skip ci]";
/// Longer ones are summed up.
const MAX_SUBJECT_CHARACTERS: usize = 120;

/// The whole message: one line, and a list of the variables when they are not all named in it.
pub(super) fn message(order: &Order, changed: &[VariableName]) -> String {
    let settings: Vec<_> = order
        .settings
        .iter()
        .filter(|setting| changed.contains(&setting.name))
        .collect();
    let mut message = match &order.message {
        Some(message) => message.to_string(),
        None => subject(order, &settings),
    };
    if order.pipelines == Pipelines::Skipped {
        message.push(' ');
        message.push_str(SKIP_CI);
    }
    let list: Vec<_> = settings
        .into_iter()
        .map(|setting| format!("- {}\n", told(setting)))
        .collect();
    message + "\n\n" + &list.concat()
}

fn subject(order: &Order, settings: &[&Setting]) -> String {
    let path = order.path.to_string();
    let place = if is_plain(&path) {
        format!(" in {path}")
    } else {
        String::new()
    };
    let all: Vec<_> = settings.iter().map(|setting| told(setting)).collect();
    let subject = format!("Set {}{place}", all.join(", "));
    if subject.chars().count() <= MAX_SUBJECT_CHARACTERS {
        return subject;
    }
    match settings {
        [one] => format!("Set {}", one.name),
        several => format!("Set {} variables", several.len()),
    }
}

fn told(setting: &Setting) -> String {
    let value = setting.value.as_str();
    if is_plain(value) && value.len() <= 80 {
        format!("{} to {value}", setting.name)
    } else {
        setting.name.to_string()
    }
}

/// Words in which nobody finds a mark.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/' | b':' | b'@' | b'+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(words: &[&str]) -> Order {
        let fixed = [
            "terraform-update-variable",
            "--repo=https://git.example.com/live.git",
            "--branch=refs/heads/main",
            "--author-name=A",
            "--author-email=a@example.com",
        ];
        Order::parse(fixed.iter().chain(words).map(Into::into)).unwrap()
    }

    #[track_caller]
    fn check(words: &[&str], expected: &str) {
        let order = order(words);
        let changed: Vec<_> = order.settings.iter().map(|setting| setting.name.clone()).collect();
        assert_eq!(message(&order, &changed), expected);
    }

    #[test]
    fn the_first_line_says_what_was_set_where() {
        check(
            &["--vars-path=prod/a.tfvars", "--name=v", "--value=1.5.0"],
            "Set v to 1.5.0 in prod/a.tfvars\n\n- v to 1.5.0\n",
        );
        check(
            &[
                "--vars-path=a.tf",
                "--name=v",
                "--value=1",
                "--name=w",
                "--value=x y",
                "--skip-ci",
            ],
            "Set v to 1, w in a.tf [skip ci]\n\n- v to 1\n- w\n",
        );
        check(
            &[
                "--vars-path=a.tf",
                "--name=v",
                "--value=1",
                "--message=Release (1)",
                "--skip-ci",
            ],
            "Release (1) [skip ci]\n\n- v to 1\n",
        );
        let long = format!("--vars-path={}/a.tf", "x".repeat(130));
        check(&[&long, "--name=v", "--value=1"], "Set v\n\n- v to 1\n");
    }

    #[test]
    fn only_what_changed_is_told() {
        let order = order(&["--vars-path=a.tf", "--name=v", "--value=1", "--name=w", "--value=2"]);
        assert_eq!(
            message(&order, &["w".parse().unwrap()]),
            "Set w to 2 in a.tf\n\n- w to 2\n"
        );
    }

    #[test]
    fn no_value_or_path_smuggles_a_mark_for_pipelines() {
        for mark in [
            "[skip ci]",
            "[ci skip]",
            "***NO_CI***",
            "x [no ci] y",
            "skip-checks: true",
        ] {
            let (path, value) = (format!("--vars-path={mark}/a.tf"), format!("--value={mark}"));
            check(&[&path, "--name=v", &value], "Set v\n\n- v\n");
        }
    }
}
