//! What is said of each word that the grammar refuses: the rule, what would be accepted, and the nearest name.
//!
//! Never decides that a word is refused.

use protocol::ProblemKind;

use crate::allow_list::{OptionRules, ValueRules};
use crate::report::Words;
use crate::value::{Refusal, check_word, nearest, shown};

use super::{Meaning, Reader};

impl Reader<'_, '_> {
    pub(super) fn end_of_options(&mut self) {
        let rule = "built-in.end-of-options";
        let words = Words::at("--", self.index(), rule);
        let message = "`--` is not accepted: the gate writes it itself where the script needs it".to_owned();
        self.report
            .add(ProblemKind::EndOfOptions, words, message, String::new(), None);
        self.meanings.push(Meaning::Unknown);
    }

    pub(super) fn unknown_option(&mut self, word: &str, name: &str, alone: bool) {
        let index = self.index();
        self.meanings.push(Meaning::Unknown);
        match check_word(word) {
            Err(problem) => self.report.unsafe_text(word, Some(index), &problem),
            Ok(()) => self.no_such_option(word, name, index),
        }
        let next = self.args.get(index + 1);
        let value_follows = next.is_some_and(|next| !next.starts_with('-') && check_word(next).is_ok());
        if alone && word != "-" && value_follows && self.open_positional().is_none() {
            self.meanings.push(Meaning::ValueOfRefused);
        }
    }

    fn no_such_option(&mut self, word: &str, name: &str, index: usize) {
        let script = self.script;
        let (rule, message) = if script.fixed_options.contains_key(name) {
            let rule = format!("{}.fixed_options.{name}", script.path);
            (rule, format!("`{name}` is fixed by the allow-list: leave it out"))
        } else if let Some(rule) = script.carries_protected_refs(name) {
            (
                rule.to_owned(),
                format!("`{name}` is set by the gate itself: leave it out"),
            )
        } else {
            let shown = shown(name);
            let message = if name.starts_with("--") {
                format!("there is no option `{shown}`")
            } else {
                format!("there is no option `{shown}`: options have two dashes, and none has a short form")
            };
            (format!("{}.options", script.path), message)
        };
        let names = script.options.keys().map(String::as_str);
        let suggestion = self.report.suggest(|| nearest(name, names).map(str::to_owned));
        let accepted = script.accepted_options();
        let words = Words::at(word, index, &rule);
        self.report
            .add(ProblemKind::UnknownOption, words, message, accepted, suggestion);
    }

    pub(super) fn unexpected_value(&mut self, rule: &OptionRules, word: &str, index: usize) {
        let message = format!("`{}` takes no value", rule.name);
        let accepted = format!("`{}` alone", rule.name);
        let words = Words::at(word, index, &rule.path);
        self.report.add(
            ProblemKind::UnexpectedValue,
            words,
            message,
            accepted,
            Some(rule.name.clone()),
        );
    }

    pub(super) fn missing_value(&mut self, rule: &OptionRules, word: &str, index: usize) {
        let message = format!("`{}` needs a value, and none follows it", rule.name);
        let accepted = rule.value.checker.accepts().to_owned();
        self.report.add(
            ProblemKind::MissingValue,
            Words::at(word, index, &rule.path),
            message,
            accepted,
            None,
        );
    }

    pub(super) fn refused_value(
        &mut self,
        name: &str,
        path: &str,
        rules: &ValueRules,
        value: &str,
        index: usize,
        refusal: &Refusal,
    ) {
        let kind = match refusal {
            Refusal::Unsafe(_) => ProblemKind::UnsafeText,
            Refusal::TakesNoValue
            | Refusal::Empty
            | Refusal::LeadingDash
            | Refusal::TooLong { .. }
            | Refusal::NotListed
            | Refusal::NotACommit(_)
            | Refusal::NotARef(_)
            | Refusal::NotAPath(_)
            | Refusal::NotAnInteger(_)
            | Refusal::Pattern
            | Refusal::Key => ProblemKind::InvalidValue,
        };
        let message = format!("`{name}`: `{}` {refusal}", shown(value));
        let suggestion = self.report.suggest(|| rules.checker.suggestion(value));
        let accepted = rules.checker.accepts().to_owned();
        let word = self.args.get(index).map_or(value, String::as_str);
        self.report
            .add(kind, Words::at(word, index, path), message, accepted, suggestion);
    }

    pub(super) fn unexpected_positional(&mut self, word: &str) {
        let index = self.index();
        self.meanings.push(Meaning::Unknown);
        if let Err(problem) = check_word(word) {
            return self.report.unsafe_text(word, Some(index), &problem);
        }
        let rule = format!("{}.positionals", self.script.path);
        let (message, accepted) = match self.script.positionals.len() {
            0 => (
                format!("`{}` is no option, and the script takes nothing else", shown(word)),
                "options only",
            ),
            _ => (
                format!("`{}` is one argument too many", shown(word)),
                "fewer arguments that are no options",
            ),
        };
        let names = self.script.options.keys().map(String::as_str);
        let suggestion = self.report.suggest(|| nearest(word, names).map(str::to_owned));
        let words = Words::at(word, index, &rule);
        self.report.add(
            ProblemKind::UnexpectedPositional,
            words,
            message,
            accepted.to_owned(),
            suggestion,
        );
    }
}
