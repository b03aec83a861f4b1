//! Typed reading of the tree: collects every problem instead of stopping at the first.
//!
//! Each type of the model says once how it is read and what its schema is, so the two cannot differ. Knows no field.

use std::marker::PhantomData;
use std::ops::Deref;

use crate::value::shown;

use super::MAX_PROBLEMS;
use super::names::NameRule;
use super::node::{Definitions, SchemaNode, Wanted};
use super::scalar::{self, Scalar};
use super::yaml::{Entry, Fault, FaultAt, Kind, Mark, Node};

/// One problem of the file's form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{}:{}: {}{message}: expected {expected}{}", .mark.line, .mark.column, at(.path), hint(.suggestion.as_deref()))]
pub struct SourceError {
    /// The file's name, as it was given to the reader.
    pub file: String,
    /// Where in the file.
    pub mark: Mark,
    /// What sort of problem, for machines.
    pub code: &'static str,
    /// Where in the allow-list, such as `containers.planner.task.cpu`; empty at the top.
    pub path: String,
    /// What is wrong, in one line.
    pub message: String,
    /// What was expected instead.
    pub expected: String,
    /// The nearest name or word that would be right, for a probable typing mistake.
    pub suggestion: Option<String>,
}

fn at(path: &str) -> String {
    if path.is_empty() {
        String::new()
    } else {
        format!("`{path}`: ")
    }
}

fn hint(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |word| format!("; did you mean `{word}`?"))
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub mark: Mark,
}

/// Text and where it stands.
pub type Text = Located<String>;

impl<T: std::fmt::Display> std::fmt::Display for Located<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.value.fmt(f)
    }
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// A list and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T> {
    /// Its items, in the file's order.
    pub items: Vec<T>,
    /// Where it stands.
    pub mark: Mark,
}

/// Named entries in the file's order. `N` says what a name may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table<N, V> {
    /// Name and value of each entry; no name is there twice.
    pub entries: Vec<(Text, V)>,
    names: PhantomData<N>,
}

impl<N, V> Default for Table<N, V> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            names: PhantomData,
        }
    }
}

impl<N, V> Table<N, V> {
    /// The entry of this name.
    pub fn get(&self, name: &str) -> Option<&V> {
        self.entries
            .iter()
            .find(|(key, _)| key.value == name)
            .map(|(_, value)| value)
    }

    /// The names, in the file's order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(name, _)| name.value.as_str())
    }
}

/// A type of the model: how it is read, and its schema.
pub(crate) trait Shape: Sized {
    /// Reads it, or reports why not.
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self>;

    /// Its schema; types with a name of their own are added to the definitions.
    fn schema(definitions: &mut Definitions) -> SchemaNode;
}

/// Collects problems and knows where in the allow-list the reading stands.
pub(crate) struct Reader<'a> {
    file: &'a str,
    path: Vec<String>,
    problems: Vec<SourceError>,
    left_out: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a str, faults: Vec<FaultAt>) -> Self {
        let problems = faults.into_iter().map(|at| problem_of(file, &at)).collect();
        Self {
            file,
            path: Vec::new(),
            problems,
            left_out: false,
        }
    }

    /// Whether no entry was left out.
    pub(super) const fn is_whole(&self) -> bool {
        !self.left_out
    }

    /// The problems in the order of the file.
    pub(super) fn finish(mut self) -> Vec<SourceError> {
        self.problems.sort_by_key(|problem| problem.mark);
        self.problems
    }

    /// Reads something one step further down.
    pub(super) fn inside<T>(&mut self, step: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(shown(step));
        let result = read(self);
        self.path.pop();
        result
    }

    pub(super) fn problem(&mut self, mark: Mark, code: &'static str, message: String, expected: impl Into<String>) {
        self.problem_with(mark, code, message, expected.into(), None);
    }

    pub(super) fn problem_with(
        &mut self,
        mark: Mark,
        code: &'static str,
        message: String,
        expected: String,
        suggestion: Option<String>,
    ) {
        if self.problems.len() < MAX_PROBLEMS {
            let (file, path) = (self.file.to_owned(), join(&self.path));
            self.problems.push(SourceError {
                file,
                mark,
                code,
                path,
                message,
                expected,
                suggestion,
            });
        }
    }

    /// A value of the wrong kind.
    pub(super) fn wrong_kind(&mut self, node: &Node, expected: &str) {
        if let Some(found) = found(node) {
            self.problem(node.mark, "wrong-type", format!("found {found}"), expected);
        }
    }

    /// The entries of a mapping.
    pub(super) fn mapping<'n>(
        &mut self,
        node: &'n Node,
        expected: &str,
    ) -> Option<&'n indexmap::IndexMap<String, Entry>> {
        if let Kind::Mapping(entries) = &node.kind {
            return Some(entries);
        }
        self.wrong_kind(node, expected);
        None
    }
}

/// A path in the allow-list from its steps.
pub(crate) fn join(path: &[String]) -> String {
    let mut joined = String::new();
    for step in path {
        if !joined.is_empty() && !step.starts_with('[') {
            joined.push('.');
        }
        joined.push_str(step);
    }
    joined
}

/// What a node is, for messages; nothing when it has been reported already.
fn found(node: &Node) -> Option<String> {
    Some(match &node.kind {
        Kind::Refused => return None,
        Kind::Sequence(_) => "a list".to_owned(),
        Kind::Mapping(_) => "a mapping".to_owned(),
        Kind::Scalar { text, plain: true } if text.is_empty() => "nothing".to_owned(),
        Kind::Scalar { text, plain } => {
            let kind = plain.then(|| scalar::not_text(text)).flatten().unwrap_or("the text");
            format!("{kind} `{}`", shown(text))
        }
    })
}

fn problem_of(file: &str, at: &FaultAt) -> SourceError {
    let (code, expected) = match &at.fault {
        Fault::TooLarge(_) => ("too-large", "at most 1 MiB"),
        Fault::Character(_) => (
            "character",
            "text without control or invisible characters (in double quotes, write `\\u…`)",
        ),
        Fault::Empty => ("empty", "an allow-list, beginning with `version: 1`"),
        Fault::Syntax(_) => ("syntax", "a YAML document"),
        Fault::TooDeep => ("too-deep", "the nesting that the reference of the allow-list shows"),
        Fault::SecondDocument => ("second-document", "one document in one file"),
        Fault::Anchor => ("anchor", "the value itself, written out"),
        Fault::Tag => ("tag", "the value without a tag"),
        Fault::Merge => ("merge-key", "the fields themselves, written out"),
        Fault::Key { .. } => ("key", "a text key; put it in quotes"),
        Fault::Duplicate { .. } => ("duplicate-key", "each key once"),
    };
    SourceError {
        file: file.to_owned(),
        mark: at.mark,
        code,
        path: join(&at.path),
        message: at.fault.to_string(),
        expected: expected.to_owned(),
        suggestion: None,
    }
}

impl<T: Scalar> Shape for Located<T> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Kind::Scalar { text, plain } = &node.kind else {
            reader.wrong_kind(node, T::EXPECTED);
            return None;
        };
        if !has_kind(T::WANTED, text, *plain) {
            let expected = expected_kind::<T>(text, *plain);
            reader.wrong_kind(node, &expected);
            return None;
        }
        let value = T::parse(text);
        if value.is_none() {
            let message = format!("`{}` is not accepted here", shown(text));
            reader.problem_with(
                node.mark,
                "wrong-value",
                message,
                T::EXPECTED.to_owned(),
                T::suggestion(text),
            );
        }
        value.map(|value| Self { value, mark: node.mark })
    }

    fn schema(_definitions: &mut Definitions) -> SchemaNode {
        SchemaNode::scalar(T::WANTED, T::limits())
    }
}

/// What to write instead of a scalar of the wrong kind.
fn expected_kind<T: Scalar>(text: &str, plain: bool) -> String {
    match T::WANTED {
        Wanted::Text | Wanted::TextOrInteger if plain && !text.is_empty() && T::FREE_TEXT => {
            "text; put it in quotes".to_owned()
        }
        Wanted::Integer | Wanted::Boolean if !plain => format!("{}; write it without quotes", T::EXPECTED),
        Wanted::Text | Wanted::TextOrInteger | Wanted::Integer | Wanted::Boolean => T::EXPECTED.to_owned(),
    }
}

fn has_kind(wanted: Wanted, text: &str, plain: bool) -> bool {
    match wanted {
        Wanted::Text => !plain || scalar::not_text(text).is_none(),
        Wanted::TextOrInteger => !plain || scalar::not_text(text).is_none() || is_integer(text),
        Wanted::Integer => plain && is_integer(text),
        Wanted::Boolean => plain && matches!(text, "true" | "false"),
    }
}

/// A decimal integer that every YAML reader reads alike.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = digits == "0" || !digits.starts_with('0');
    !digits.is_empty() && canonical && text != "-0" && digits.bytes().all(|byte| byte.is_ascii_digit())
}

impl<T: Shape> Shape for List<T> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Kind::Sequence(nodes) = &node.kind else {
            reader.wrong_kind(node, "a list");
            return None;
        };
        let read: Vec<Option<T>> = nodes
            .iter()
            .enumerate()
            .map(|(index, item)| reader.inside(&format!("[{index}]"), |reader| T::read(item, reader)))
            .collect();
        let items = read.into_iter().collect::<Option<Vec<T>>>()?;
        Some(Self { items, mark: node.mark })
    }

    fn schema(definitions: &mut Definitions) -> SchemaNode {
        SchemaNode::list(T::schema(definitions))
    }
}

impl<N: NameRule, V: Shape> Shape for Table<N, V> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let entries = reader.mapping(node, N::TABLE)?;
        let read: Vec<(Text, V)> = entries
            .iter()
            .filter_map(|(name, entry)| reader.inside(name, |reader| read_entry::<N, V>(name, entry, reader)))
            .collect();
        reader.left_out |= read.len() < entries.len();
        Some(Self {
            entries: read,
            names: PhantomData,
        })
    }

    fn schema(definitions: &mut Definitions) -> SchemaNode {
        SchemaNode::table(N::PATTERN, V::schema(definitions))
    }
}

fn read_entry<N: NameRule, V: Shape>(name: &str, entry: &Entry, reader: &mut Reader<'_>) -> Option<(Text, V)> {
    let good = N::accepts(name);
    if !good {
        reader.problem(
            entry.mark,
            "name",
            format!("`{}` cannot be a name here", shown(name)),
            N::EXPECTED,
        );
    }
    let value = V::read(&entry.value, reader)?;
    good.then(|| {
        (
            Located {
                value: name.to_owned(),
                mark: entry.mark,
            },
            value,
        )
    })
}
