//! The argument grammar: what each word of a request is, by the rules of one script.
//!
//! `--name value` and `--name=value` are the same; the first `=` splits; names are exact; nothing is abbreviated; there are no
//! short options; `--` is never the caller's. Reads every word whatever it finds, so that all problems are told at once.

mod refusals;

use protocol::ProblemKind;

use crate::allow_list::{OptionRules, PositionalRules, ScriptRules, ValueRules};
use crate::compiled::Repository;
use crate::report::{Report, Words};
use crate::value::Refusal;

/// What the gate understood one value to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// No value: a flag, or an option whose value may be left out.
    Absent,
    /// The value itself.
    Text(&'a str),
    /// A repository, named by its alias.
    Repository {
        /// What the caller wrote.
        alias: &'a str,
        /// What it stands for.
        repository: &'a Repository,
    },
}

impl<'a> Value<'a> {
    /// What stands for it in the canonical arguments.
    pub fn emitted(self) -> Option<&'a str> {
        match self {
            Self::Absent => None,
            Self::Text(text) => Some(text),
            Self::Repository { repository, .. } => Some(&repository.url),
        }
    }
}

/// What one word was taken for. Whether it was also accepted, the problems say.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meaning<'a> {
    /// An option, with or without a value in the same word.
    Option(&'a OptionRules),
    /// The value of the option before it.
    ValueOf(&'a OptionRules),
    /// A positional.
    Positional(&'a PositionalRules),
    /// Probably the value of the refused option before it.
    ValueOfRefused,
    /// Nothing that the rules know.
    Unknown,
}

/// The words of a request as the rules of a script read them.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    /// Options that are given or have a default, in declared order, repeats in the caller's order.
    pub(crate) options: Vec<(&'a OptionRules, Value<'a>)>,
    /// Positionals in order.
    pub(crate) positionals: Vec<(&'a PositionalRules, Value<'a>)>,
    /// One for each argument.
    pub(crate) meanings: Vec<Meaning<'a>>,
}

/// Reads all arguments.
pub(crate) fn read<'a>(script: &'a ScriptRules, args: &'a [String], report: &mut Report) -> Reading<'a> {
    let mut reader = Reader {
        script,
        args,
        report,
        given: Vec::with_capacity(args.len()),
        counts: vec![0; script.options.len()],
        positionals: Vec::new(),
        repeats: 0,
        rule: 0,
        meanings: Vec::with_capacity(args.len()),
    };
    while let Some(word) = reader.args.get(reader.meanings.len()) {
        reader.word(word);
    }
    reader.missing();
    reader.finish()
}

/// Reads words from left to right. `meanings` has one entry for each word that has been read.
struct Reader<'a, 'r> {
    script: &'a ScriptRules,
    args: &'a [String],
    report: &'r mut Report,
    /// Place of the option among the declared ones, and its value.
    given: Vec<(usize, Value<'a>)>,
    /// How often each declared option was given, accepted or not.
    counts: Vec<u32>,
    positionals: Vec<(&'a PositionalRules, Value<'a>)>,
    /// Place of the positional that the next word fills, and how many words it has.
    rule: usize,
    repeats: u32,
    meanings: Vec<Meaning<'a>>,
}

impl<'a> Reader<'a, '_> {
    fn word(&mut self, word: &'a str) {
        if word == "--" {
            self.end_of_options();
        } else if let Some(rest) = word.strip_prefix('-') {
            match self.open_positional() {
                Some(rule) if !rest.starts_with('-') && self.takes_dash(rule) => self.positional(word, rule),
                Some(_) | None => self.option(word),
            }
        } else if let Some(rule) = self.open_positional() {
            self.positional(word, rule);
        } else {
            self.unexpected_positional(word);
        }
    }

    /// Where the next word stands.
    fn index(&self) -> usize {
        self.meanings.len()
    }

    fn option(&mut self, word: &'a str) {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        match self.script.options.get_full(name) {
            Some((place, _, rule)) => self.known_option(place, rule, word, value),
            None => self.unknown_option(word, name, value.is_none()),
        }
    }

    fn known_option(&mut self, place: usize, rule: &'a OptionRules, word: &'a str, value: Option<&'a str>) {
        let index = self.index();
        self.meanings.push(Meaning::Option(rule));
        self.count(place, rule, word, index);
        match value {
            Some(_) if rule.is_flag() => self.unexpected_value(rule, word, index),
            Some(value) => self.value(place, rule, value, index),
            None if rule.is_flag() || rule.spec.value_optional => self.given.push((place, Value::Absent)),
            None => self.value_in_next_word(place, rule, word, index),
        }
    }

    fn count(&mut self, place: usize, rule: &OptionRules, word: &str, index: usize) {
        let Some(count) = self.counts.get_mut(place) else {
            return;
        };
        *count += 1;
        if *count > rule.spec.max_repeats {
            let most = times(rule.spec.max_repeats);
            let words = Words::at(word, index, &rule.path);
            let message = format!("`{}` is given more than {most}", rule.name);
            self.report.add(
                ProblemKind::Repeated,
                words,
                message,
                format!("`{}` at most {most}", rule.name),
                None,
            );
        }
    }

    /// The next word is the value, unless it plainly is an option of its own, which a value could not be.
    fn value_in_next_word(&mut self, place: usize, rule: &'a OptionRules, word: &'a str, index: usize) {
        let next = self.args.get(index + 1).map(String::as_str);
        let next = next.filter(|next| *next != "--");
        match next.filter(|next| rule.value.checker.allows_leading_dashes() || !self.names_an_option(next)) {
            Some(value) => {
                self.meanings.push(Meaning::ValueOf(rule));
                self.value(place, rule, value, index + 1);
            }
            None => self.missing_value(rule, word, index),
        }
    }

    fn names_an_option(&self, word: &str) -> bool {
        let name = word.split_once('=').map_or(word, |(name, _)| name);
        self.script.options.contains_key(name) || self.script.fixed_options.contains_key(name)
    }

    fn value(&mut self, place: usize, rule: &'a OptionRules, value: &'a str, index: usize) {
        match rule.value.resolve(value) {
            Ok(value) => self.given.push((place, value)),
            Err(refusal) => self.refused_value(&rule.name, &rule.path, &rule.value, value, index, &refusal),
        }
    }

    fn open_positional(&self) -> Option<&'a PositionalRules> {
        self.script.positionals.get(self.rule)
    }

    /// A word with one dash is a positional only where the script cannot take it for an option.
    fn takes_dash(&self, rule: &PositionalRules) -> bool {
        self.script.style.end_of_options && rule.value.checker.allows_leading_dash()
    }

    fn positional(&mut self, word: &'a str, rule: &'a PositionalRules) {
        let index = self.index();
        self.meanings.push(Meaning::Positional(rule));
        self.repeats += 1;
        if self.repeats >= rule.spec.max_repeats {
            self.rule += 1;
            self.repeats = 0;
        }
        match rule.value.resolve(word) {
            Ok(value) => self.positionals.push((rule, value)),
            Err(refusal) => self.refused_value(&rule.spec.name, &rule.path, &rule.value, word, index, &refusal),
        }
    }

    /// Required options and positionals that no word stands for.
    fn missing(&mut self) {
        for ((_, rule), count) in self.script.options.iter().zip(&self.counts) {
            if rule.spec.required && *count == 0 {
                let message = format!("the option `{}` is required", rule.name);
                let accepted = format!("`{}` with {}", rule.name, rule.value.checker.accepts());
                self.report
                    .add(ProblemKind::Missing, Words::none(&rule.path), message, accepted, None);
            }
        }
        let begun = usize::from(self.repeats > 0);
        for rule in self.script.positionals.iter().skip(self.rule + begun) {
            if rule.spec.required {
                let message = format!("the argument `{}` is required", rule.spec.name);
                let accepted = rule.value.checker.accepts().to_owned();
                self.report
                    .add(ProblemKind::Missing, Words::none(&rule.path), message, accepted, None);
            }
        }
    }

    /// Puts options into declared order, each with its default where it was not given.
    fn finish(mut self) -> Reading<'a> {
        for (place, (rule, count)) in self.script.options.values().zip(&self.counts).enumerate() {
            let default = rule.spec.default.as_deref().filter(|_| *count == 0);
            if let Some(Ok(value)) = default.map(|default| rule.value.resolve(default)) {
                self.given.push((place, value));
            }
        }
        self.given.sort_by_key(|(place, _)| *place);
        let rule = |place: usize| self.script.options.get_index(place).map(|(_, rule)| rule);
        Reading {
            options: self
                .given
                .iter()
                .filter_map(|(place, value)| Some((rule(*place)?, *value)))
                .collect(),
            positionals: self.positionals,
            meanings: self.meanings,
        }
    }
}

impl ValueRules {
    /// Accepts the text and finds what it stands for.
    pub(crate) fn resolve<'a>(&'a self, text: &'a str) -> Result<Value<'a>, Refusal> {
        self.checker.check(text)?;
        if self.repositories.is_empty() {
            return Ok(Value::Text(text));
        }
        let repository = self.repositories.get(text).ok_or(Refusal::NotListed)?;
        Ok(Value::Repository {
            alias: text,
            repository,
        })
    }
}

fn times(count: u32) -> String {
    if count == 1 {
        "once".to_owned()
    } else {
        format!("{count} times")
    }
}
