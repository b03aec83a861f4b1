//! Shows a denial: every problem, the rule behind it, what would be accepted and the probable intention.
//!
//! Never: decides anything or leaves a problem out.

use protocol::{Denial, Problem};

use crate::console::style;
use crate::layout::{Look, Page};

/// The denial as text for a person.
pub fn render(denial: &Denial, look: Look) -> String {
    let mut page = Page::new(look);
    let word = page.paint(style::BAD, "denied:");
    let count = counted(denial.problems.len());
    page.line(&format!("{word} {count}; nothing was started"));
    problems(&denial.problems, &mut page);
    page.finish()
}

/// The denial for a machine: JSON with a line end.
pub fn json(denial: &Denial) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(denial).map(|text| text + "\n")
}

/// The problems, numbered.
pub(crate) fn problems(problems: &[Problem], page: &mut Page) {
    let digits = problems.len().to_string().len();
    for (number, problem) in (1..).zip(problems) {
        page.blank();
        let lead = page.paint(style::STRONG, &format!("{number:>digits$}."));
        page.hanging(&lead, digits + 2, style::STRONG, &problem.message);
        let indent = digits + 2;
        page.field(indent, "word", style::BAD, &word(problem));
        page.field(indent, "rule", style::FAINT, &problem.rule);
        page.field(indent, "accepted", anstyle::Style::new(), &problem.accepted);
        let suggestion = problem.suggestion.as_deref().map(|word| format!("`{word}`"));
        page.field(indent, "perhaps", style::GOOD, &suggestion.unwrap_or_default());
    }
}

/// `one problem`, `3 problems`.
pub(crate) fn counted(count: usize) -> String {
    match count {
        1 => "one problem".to_owned(),
        more => format!("{more} problems"),
    }
}

fn word(problem: &Problem) -> String {
    match (&problem.word, problem.index) {
        (Some(word), Some(index)) => format!("`{word}`, argument {}", u64::from(index) + 1),
        (Some(word), None) => format!("`{word}`"),
        (None, _) => String::new(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use protocol::ProblemKind;

    use super::*;
    use crate::console::Colour;
    use crate::layout::tests::plain;

    const SCRIPT: &str = "containers.terraform-planner.scripts.infrastructure-deploy-script";

    /// A denial with a problem of each shape.
    pub(crate) fn sample() -> Denial {
        let problem = |kind, word: Option<&str>, index, rule: &str, message: &str, accepted: &str| Problem {
            kind,
            word: word.map(str::to_owned),
            index,
            rule: format!("{SCRIPT}{rule}"),
            message: message.to_owned(),
            accepted: accepted.to_owned(),
            suggestion: None,
        };
        let mut typo = problem(
            ProblemKind::UnknownOption,
            Some("--comand=plan"),
            Some(1),
            ".options",
            "there is no option `--comand`",
            "--repo, --ref, --command, --deploy-path, --var",
        );
        typo.suggestion = Some("--command".to_owned());
        Denial {
            problems: vec![
                typo,
                problem(
                    ProblemKind::InvalidValue,
                    Some("../../etc/passwd"),
                    Some(3),
                    ".options.--deploy-path",
                    "the value of `--deploy-path` has a `..`: a path stays within the checkout",
                    "a relative path without `..` that matches one of: staging/**, prod/**",
                ),
                problem(
                    ProblemKind::EndOfOptions,
                    Some("--"),
                    Some(4),
                    "",
                    "`--` is not accepted: the gate writes it itself where the script needs it",
                    "",
                ),
                problem(
                    ProblemKind::Missing,
                    None,
                    None,
                    ".options.--ref",
                    "the option `--ref` is required",
                    "`--ref` with a full commit id: 40 or 64 lower-case hexadecimal digits",
                ),
            ],
        }
    }

    #[test]
    fn a_denial_shows_every_problem_with_its_rule_and_the_way_out() {
        for width in [40, 80, 120] {
            insta::assert_snapshot!(format!("denial_{width}"), render(&sample(), plain(width)));
        }
    }

    #[test]
    fn a_denial_in_colours_says_the_same() {
        let look = Look {
            colour: Colour::On,
            ..plain(80)
        };
        let coloured = render(&sample(), look);
        let mut bare = String::new();
        for part in coloured.split('\x1b') {
            bare.push_str(
                part.split_once('m')
                    .filter(|_| part.starts_with('['))
                    .map_or(part, |(_, text)| text),
            );
        }
        assert!(coloured.contains("\x1b[1m\x1b[31mdenied:\x1b[0m"), "{coloured:?}");
        assert_eq!(bare, render(&sample(), plain(80)));
    }

    #[test]
    fn the_json_of_a_denial_reads_back_as_the_denial() {
        let text = json(&sample()).unwrap();
        assert_eq!(serde_json::from_str::<Denial>(&text).unwrap(), sample());
        assert!(text.ends_with("}\n"));
    }
}
