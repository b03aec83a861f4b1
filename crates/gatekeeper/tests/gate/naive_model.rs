//! A second decision, written to be obviously right and not fast: it shares nothing with the gate but the types on the wire and in
//! the compiled allow-list. It looks everything up by walking, copies freely and decides each rule by itself.

mod paths;
mod task;
mod values;

use std::collections::BTreeSet;

use gatekeeper::compiled::{Compiled, OptionRule, PositionalRule, Repository, Script, ValueStyle, ValueType};
use protocol::{LaunchType, ProblemKind, RunRequest};
use values::Judgement;

/// A kind of problem and the argument it is about.
pub(crate) type Complaint = (String, Option<u32>);

/// What a permitted request comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    pub(crate) container: String,
    pub(crate) script: String,
    pub(crate) args: Vec<String>,
    pub(crate) repositories: Vec<String>,
    pub(crate) cpu: u32,
    pub(crate) memory: u32,
    pub(crate) launch_type: LaunchType,
    pub(crate) timeout_seconds: u32,
}

/// A word or two of the request, taken apart.
enum Piece {
    Option {
        name: String,
        value: Option<String>,
        at: u32,
        value_at: u32,
    },
    Positional {
        word: String,
        at: u32,
    },
}

#[derive(Default)]
struct Model {
    complaints: Vec<Complaint>,
}

/// Decides.
pub(crate) fn decide(list: &Compiled, request: &RunRequest) -> Result<Allowed, BTreeSet<Complaint>> {
    let mut model = Model::default();
    let allowed = model.request(list, request);
    match allowed {
        Some(allowed) if model.complaints.is_empty() => Ok(allowed),
        _ => Err(model.complaints.into_iter().collect()),
    }
}

impl Model {
    fn complain(&mut self, kind: ProblemKind, at: Option<u32>) {
        self.complaints.push((format!("{kind:?}"), at));
    }

    fn request(&mut self, list: &Compiled, request: &RunRequest) -> Option<Allowed> {
        let wanted = request.container.clone().or(list.default_container.clone());
        let container = list.containers.iter().find(|(name, _)| Some(*name) == wanted.as_ref());
        if container.is_none() {
            let kind = match &request.container {
                Some(name) if values::is_unsafe_word(name) => ProblemKind::UnsafeText,
                _ => ProblemKind::UnknownContainer,
            };
            self.complain(kind, None);
            if values::is_unsafe_word(&request.script) {
                self.complain(ProblemKind::UnsafeText, None);
            }
        }
        let script = container.and_then(|(_, rules)| rules.scripts.iter().find(|(name, _)| **name == request.script));
        if container.is_some() && script.is_none() {
            let unsafe_name = values::is_unsafe_word(&request.script);
            let kind = if unsafe_name {
                ProblemKind::UnsafeText
            } else {
                ProblemKind::UnknownScript
            };
            self.complain(kind, None);
        }
        if let Some((_, rules)) = container {
            for kind in task::complaints(&rules.task, &request.task) {
                self.complain(kind, None);
            }
        }
        let read = self.arguments(list, script.map(|(_, rules)| rules), &request.args);
        let (Some((container, rules)), Some((script, _)), Some((args, repositories))) = (container, script, read)
        else {
            return None;
        };
        let own = &rules.task;
        Some(Allowed {
            container: container.clone(),
            script: script.clone(),
            args,
            repositories,
            cpu: request.task.cpu.unwrap_or(own.cpu),
            memory: request.task.memory.unwrap_or(own.memory),
            launch_type: request.task.launch_type.unwrap_or(own.launch_types[0]),
            timeout_seconds: std::cmp::min(own.timeout_seconds, request.task.max_wait_seconds.unwrap_or(u32::MAX)),
        })
    }

    fn arguments(
        &mut self,
        list: &Compiled,
        script: Option<&Script>,
        args: &[String],
    ) -> Option<(Vec<String>, Vec<String>)> {
        if args.len() > 256 {
            self.complain(ProblemKind::TooLarge, None);
            return None;
        }
        let Some(script) = script else {
            for (at, word) in args.iter().enumerate() {
                if values::is_unsafe_word(word) {
                    self.complain(ProblemKind::UnsafeText, Some(number(at)));
                }
            }
            return None;
        };
        let pieces = self.pieces(script, args);
        self.judge_options(script, &pieces);
        self.judge_positionals(script, &pieces);
        if !self.complaints.is_empty() {
            return None;
        }
        let (words, repositories) = canonical(list, script, &pieces);
        let size: usize = words
            .iter()
            .map(|word| serde_json::to_string(word).unwrap().len() + 1)
            .sum();
        if size + 1_024 > 8_192 {
            self.complain(ProblemKind::TooLarge, None);
        }
        Some((words, repositories))
    }

    /// Takes the words apart by what their beginnings say.
    fn pieces(&mut self, script: &Script, args: &[String]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut positionals = 0;
        let mut at = 0;
        while at < args.len() {
            let word = &args[at];
            let place = number(at);
            at += 1;
            if word == "--" {
                self.complain(ProblemKind::EndOfOptions, Some(place));
                continue;
            }
            let rule = positional_rule(script, positionals);
            let dash_positional = word.starts_with('-')
                && !word.starts_with("--")
                && script.parameter_style.end_of_options
                && rule.is_some_and(|rule| values::may_begin_with_dash(&rule.value));
            if !word.starts_with('-') || dash_positional {
                positionals += 1;
                pieces.push(Piece::Positional {
                    word: word.clone(),
                    at: place,
                });
                continue;
            }
            let (name, value) = match word.find('=') {
                Some(equals) => (word[..equals].to_owned(), Some(word[equals + 1..].to_owned())),
                None => (word.clone(), None),
            };
            let Some((_, option)) = script.options.iter().find(|(known, _)| **known == name) else {
                let no_positional_left = rule.is_none();
                at += self.unknown_option(word, place, args.get(at).filter(|_| no_positional_left));
                continue;
            };
            let wants_value = option.value != ValueType::Flag && !option.value_optional;
            let mut piece_value = value.clone();
            let mut value_at = place;
            if value.is_none() && wants_value {
                match args.get(at) {
                    Some(next) if next != "--" && (values::is_dashed_text(&option.value) || !named(script, next)) => {
                        piece_value = Some(next.clone());
                        value_at = number(at);
                        at += 1;
                    }
                    _ => self.complain(ProblemKind::MissingValue, Some(place)),
                }
            }
            pieces.push(Piece::Option {
                name,
                value: piece_value,
                at: place,
                value_at,
            });
        }
        pieces
    }

    /// How many words behind it are taken for its value, and not complained about as well.
    fn unknown_option(&mut self, word: &str, at: u32, next: Option<&String>) -> usize {
        let unsafe_word = values::is_unsafe_word(word);
        let kind = if unsafe_word {
            ProblemKind::UnsafeText
        } else {
            ProblemKind::UnknownOption
        };
        self.complain(kind, Some(at));
        let taken = next.is_some_and(|next| !next.starts_with('-') && !values::is_unsafe_word(next));
        usize::from(taken && word != "-" && !word.contains('='))
    }

    fn judge_options(&mut self, script: &Script, pieces: &[Piece]) {
        for (rule_name, rule) in &script.options {
            let mut times = 0;
            for piece in pieces {
                let Piece::Option {
                    name,
                    value,
                    at,
                    value_at,
                } = piece
                else {
                    continue;
                };
                if name != rule_name {
                    continue;
                }
                times += 1;
                if times > rule.max_repeats {
                    self.complain(ProblemKind::Repeated, Some(*at));
                }
                match (value, &rule.value) {
                    (Some(_), ValueType::Flag) => self.complain(ProblemKind::UnexpectedValue, Some(*at)),
                    (Some(value), kind) => self.judge_value(kind, value, *value_at),
                    (None, _) => {}
                }
            }
            if rule.required && times == 0 {
                self.complain(ProblemKind::Missing, None);
            }
        }
    }

    fn judge_positionals(&mut self, script: &Script, pieces: &[Piece]) {
        let words: Vec<(&String, u32)> = pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Positional { word, at } => Some((word, *at)),
                Piece::Option { .. } => None,
            })
            .collect();
        for (place, (word, at)) in words.iter().enumerate() {
            match positional_rule(script, place) {
                Some(rule) => self.judge_value(&rule.value, word, *at),
                None if values::is_unsafe_word(word) => self.complain(ProblemKind::UnsafeText, Some(*at)),
                None => self.complain(ProblemKind::UnexpectedPositional, Some(*at)),
            }
        }
        for (place, rule) in script.positionals.iter().enumerate() {
            if rule.required && words.len() <= place {
                self.complain(ProblemKind::Missing, None);
            }
        }
    }

    fn judge_value(&mut self, kind: &ValueType, value: &str, at: u32) {
        match values::judge(kind, value) {
            Judgement::Good => {}
            Judgement::Bad => self.complain(ProblemKind::InvalidValue, Some(at)),
            Judgement::Unsafe => self.complain(ProblemKind::UnsafeText, Some(at)),
        }
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap()
}

fn named(script: &Script, word: &str) -> bool {
    let name = word.split('=').next().unwrap_or_default();
    script
        .options
        .keys()
        .chain(script.fixed_options.keys())
        .any(|known| known == name)
}

/// Only the last positional repeats, so that the rule of a word follows from its place.
fn positional_rule(script: &Script, place: usize) -> Option<&PositionalRule> {
    let mut places: Vec<&PositionalRule> = Vec::new();
    for rule in &script.positionals {
        for _ in 0..rule.max_repeats {
            places.push(rule);
        }
    }
    places.get(place).copied()
}

fn canonical(list: &Compiled, script: &Script, pieces: &[Piece]) -> (Vec<String>, Vec<String>) {
    let mut out = Vec::new();
    let mut repositories = Vec::new();
    for (name, values) in &script.fixed_options {
        if values.is_empty() {
            out.push(name.clone());
        }
        for value in values {
            write(script, name, value, &mut out);
        }
    }
    for (rule_name, rule) in &script.options {
        let mut given: Vec<Option<String>> = pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Option { name, value, .. } if name == rule_name => Some(value.clone()),
                Piece::Option { .. } | Piece::Positional { .. } => None,
            })
            .collect();
        if given.is_empty() {
            given.extend(rule.default.clone().map(Some));
        }
        for value in given {
            write_option(list, script, rule_name, rule, value, &mut out, &mut repositories);
        }
    }
    let mut positionals = Vec::new();
    let words = pieces.iter().filter_map(|piece| match piece {
        Piece::Positional { word, .. } => Some(word),
        Piece::Option { .. } => None,
    });
    for (place, word) in words.enumerate() {
        let rule = positional_rule(script, place).unwrap();
        positionals.push(stand_in(list, script, &rule.value, word, &mut out, &mut repositories));
    }
    if script.parameter_style.end_of_options && script.fixed_positionals.len() + positionals.len() > 0 {
        out.push("--".to_owned());
    }
    out.extend(script.fixed_positionals.clone());
    out.extend(positionals);
    (out, repositories)
}

fn write_option(
    list: &Compiled,
    script: &Script,
    name: &str,
    rule: &OptionRule,
    value: Option<String>,
    out: &mut Vec<String>,
    used: &mut Vec<String>,
) {
    let Some(value) = value else {
        out.push(name.to_owned());
        return;
    };
    if rule.value_optional {
        out.push(format!("{name}={value}"));
        return;
    }
    let mut refs = Vec::new();
    let value = stand_in(list, script, &rule.value, &value, &mut refs, used);
    write(script, name, &value, out);
    out.extend(refs);
}

/// What stands for a value in the canonical arguments; protected refs go to `refs`.
fn stand_in(
    list: &Compiled,
    script: &Script,
    kind: &ValueType,
    value: &str,
    refs: &mut Vec<String>,
    used: &mut Vec<String>,
) -> String {
    let ValueType::Repository { protected_refs_as, .. } = kind else {
        return value.to_owned();
    };
    let repository: &Repository = &list.repositories[value];
    if !used.contains(&repository.url) {
        used.push(repository.url.clone());
    }
    if let Some(carrier) = protected_refs_as {
        for name in &repository.protected_refs {
            write(script, carrier, name, refs);
        }
    }
    repository.url.clone()
}

fn write(script: &Script, name: &str, value: &str, out: &mut Vec<String>) {
    if script.parameter_style.values == ValueStyle::Equals {
        out.push(format!("{name}={value}"));
    } else {
        out.push(name.to_owned());
        out.push(value.to_owned());
    }
}
