//! Shows an explanation: word by word, which rule accepted or refused it, and what the script would receive.
//!
//! Never: decides anything.

use anstyle::Style;
use protocol::{Explanation, Verdict, WordVerdict};
use unicode_width::UnicodeWidthStr as _;

use crate::console::style;
use crate::denial_view;
use crate::layout::{Look, Page};

/// Columns that a reading needs beside its word.
const ROOM_FOR_READING: usize = 40;

/// The explanation as text for a person.
pub fn render(explanation: &Explanation, look: Look) -> String {
    let mut page = Page::new(look);
    if explanation.allowed {
        let word = page.paint(style::GOOD, "allowed:");
        page.line(&format!("{word} this request would run; nothing was started"));
    } else {
        let word = page.paint(style::BAD, "denied:");
        let count = denial_view::counted(explanation.problems.len());
        page.line(&format!("{word} {count}; nothing was started"));
    }
    page.blank();
    let columns = word_columns(&explanation.words, page.width());
    for word in &explanation.words {
        verdict(word, columns, &mut page);
    }
    if explanation.allowed {
        received(&explanation.canonical_args, &mut page);
    }
    denial_view::problems(&explanation.problems, &mut page);
    page.blank();
    page.field(0, "request", style::FAINT, &explanation.request_digest);
    page.field(0, "allow-list", style::FAINT, &explanation.allow_list_digest);
    page.finish()
}

/// The explanation for a machine: JSON with a line end.
pub fn json(explanation: &Explanation) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(explanation).map(|text| text + "\n")
}

/// Columns for the words, so that their readings line up; none when the page is too narrow or a word too long for that.
fn word_columns(words: &[WordVerdict], width: usize) -> Option<usize> {
    let longest = words.iter().map(|word| shown(&word.word).width()).max()?;
    (longest + ROOM_FOR_READING <= width).then_some(longest)
}

fn verdict(word: &WordVerdict, columns: Option<usize>, page: &mut Page) {
    let (mark, style) = match word.verdict {
        Verdict::Accepted => ("✓", style::GOOD),
        Verdict::Refused => ("✗", style::BAD),
    };
    let mark = page.paint(style, mark);
    let text = shown(&word.word);
    if let Some(columns) = columns {
        let padding = " ".repeat(columns.saturating_sub(text.width()));
        let lead = format!("{mark} {}{padding} ", page.paint(style::STRONG, text));
        page.hanging(&lead, columns + 4, Style::new(), &word.reading);
    } else {
        page.hanging(&mark, 2, style::STRONG, text);
        page.paragraph(4, Style::new(), &word.reading);
    }
    page.paragraph(4, style::FAINT, &word.rule);
}

fn received(args: &[String], page: &mut Page) {
    page.blank();
    if args.is_empty() {
        page.line("The script would receive no arguments.");
        return;
    }
    page.line("The script would receive:");
    for arg in args {
        page.paragraph(4, style::STRONG, shown(arg));
    }
}

/// An empty word is invisible otherwise.
const fn shown(word: &str) -> &str {
    if word.is_empty() { "(empty)" } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::denial_view::tests::sample;
    use crate::layout::tests::plain;

    const PLANNER: &str = "containers.terraform-planner";
    const SCRIPT: &str = "containers.terraform-planner.scripts.infrastructure-deploy-script";

    fn word(word: &str, verdict: Verdict, rule: &str, reading: &str) -> WordVerdict {
        WordVerdict {
            word: word.to_owned(),
            verdict,
            rule: rule.to_owned(),
            reading: reading.to_owned(),
        }
    }

    fn names() -> Vec<WordVerdict> {
        vec![
            word("terraform-planner", Verdict::Accepted, PLANNER, "the container"),
            word("infrastructure-deploy-script", Verdict::Accepted, SCRIPT, "the script"),
        ]
    }

    fn allowed() -> Explanation {
        let mut words = names();
        words.push(word(
            "--repo=infrastructure-live",
            Verdict::Accepted,
            &format!("{SCRIPT}.options.--repo"),
            "the option `--repo`",
        ));
        words.push(word(
            "--command",
            Verdict::Accepted,
            &format!("{SCRIPT}.options.--command"),
            "the option `--command`",
        ));
        words.push(word(
            "plan",
            Verdict::Accepted,
            &format!("{SCRIPT}.options.--command"),
            "the value of `--command`",
        ));
        Explanation {
            allowed: true,
            words,
            canonical_args: vec![
                "--repo=https://git.example.com/acme/infrastructure-live.git".to_owned(),
                "--protected-ref=refs/heads/main".to_owned(),
                "--command=plan".to_owned(),
            ],
            problems: Vec::new(),
            request_digest: "1".repeat(64),
            allow_list_digest: "a".repeat(64),
        }
    }

    fn denied() -> Explanation {
        let mut words = names();
        words.push(word(
            "--comand=plan",
            Verdict::Refused,
            &format!("{SCRIPT}.options"),
            "there is no option `--comand`",
        ));
        words.push(word("", Verdict::Refused, SCRIPT, "no positional is allowed here"));
        Explanation {
            allowed: false,
            words,
            canonical_args: Vec::new(),
            problems: sample().problems,
            ..allowed()
        }
    }

    #[test]
    fn an_allowed_request_shows_the_rule_of_each_word_and_what_the_script_would_receive() {
        for width in [40, 80, 120] {
            insta::assert_snapshot!(format!("explain_allowed_{width}"), render(&allowed(), plain(width)));
        }
    }

    #[test]
    fn a_denied_request_shows_which_words_were_refused_and_every_problem() {
        for width in [40, 80, 120] {
            insta::assert_snapshot!(format!("explain_denied_{width}"), render(&denied(), plain(width)));
        }
    }

    #[test]
    fn the_json_of_an_explanation_reads_back_as_the_explanation() {
        let text = json(&denied()).unwrap();
        assert_eq!(serde_json::from_str::<Explanation>(&text).unwrap(), denied());
    }
}
