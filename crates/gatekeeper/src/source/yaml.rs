//! YAML text to a tree of spanned nodes: the only place that knows the YAML parser.
//!
//! Responsible for what is the same in every strict file: one document, text keys, no key twice, no anchors, aliases, merge
//! keys or tags, bounded size and depth. Never knows a field of the allow-list.

use indexmap::IndexMap;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span};

use crate::value::{is_visible, shown};

/// Largest file, in bytes.
pub(super) const MAX_BYTES: usize = 1024 * 1024;
/// Deepest nesting; the deepest place of a legal allow-list is at 10.
const MAX_DEPTH: usize = 24;

/// A place in the file, both counted from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

impl Mark {
    /// The first character of a file.
    pub(super) const START: Self = Self { line: 1, column: 1 };

    fn of(marker: Marker) -> Self {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            line: number(marker.line()).max(1),
            column: number(marker.col()).saturating_add(1),
        }
    }
}

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub(super) mark: Mark,
    pub(super) kind: Kind,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Kind {
    Scalar {
        text: String,
        plain: bool,
    },
    Sequence(Vec<Node>),
    Mapping(IndexMap<String, Entry>),
    /// Stands for an alias, which has been reported.
    Refused,
}

/// One field of a mapping: where its key stands, and its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) mark: Mark,
    pub(super) value: Node,
}

/// What is wrong with a file before any field is looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("the file has {0} bytes")]
    TooLarge(usize),
    #[error("the file holds the character U+{:04X}, which no allow-list needs and which can hide what it says", u32::from(*.0))]
    Character(char),
    #[error("the file is empty")]
    Empty,
    #[error("not YAML: {0}")]
    Syntax(String),
    #[error("values are nested more than {MAX_DEPTH} deep")]
    TooDeep,
    #[error("a second document starts here")]
    SecondDocument,
    #[error("the anchor or alias here would let one text stand in two places")]
    Anchor,
    #[error("the tag here would change how the value is read")]
    Tag,
    #[error("`<<` merges another mapping into this one")]
    Merge,
    #[error("the key is {found}, not text")]
    Key { found: &'static str },
    #[error("`{key}` is here a second time; the first is at line {}, column {}", .first.line, .first.column)]
    Duplicate { key: String, first: Mark },
}

/// A fault and its place; the path is the keys that lead there.
#[derive(Debug)]
pub(super) struct FaultAt {
    pub(super) fault: Fault,
    pub(super) mark: Mark,
    pub(super) path: Vec<String>,
}

/// Reads one document. The tree is there whenever the text could be followed to its end, so that its fields can be checked
/// together with the faults.
pub(super) fn parse(text: &str) -> (Option<Node>, Vec<FaultAt>) {
    let mut builder = Builder::default();
    if let Some(at) = unreadable(text) {
        return (None, vec![at]);
    }
    let mut parser = Parser::new_from_str(text);
    while let Some(next) = parser.next_event() {
        let step = match next {
            Ok((event, span)) => builder.take(event, span),
            Err(error) => builder.syntax(&error),
        };
        if matches!(step, Step::Stop) {
            return (None, builder.faults);
        }
    }
    if builder.root.is_none() && builder.faults.is_empty() {
        builder.fault(Fault::Empty, Mark::START);
    }
    (builder.root, builder.faults)
}

/// Refuses what must not even reach the parser, which takes a NUL for the end of the file.
fn unreadable(text: &str) -> Option<FaultAt> {
    if text.len() > MAX_BYTES {
        return Some(FaultAt {
            fault: Fault::TooLarge(text.len()),
            mark: Mark::START,
            path: Vec::new(),
        });
    }
    let mut mark = Mark::START;
    for character in text.chars() {
        if !is_visible(character) && !matches!(character, '\n' | '\r' | '\t') {
            return Some(FaultAt {
                fault: Fault::Character(character),
                mark,
                path: Vec::new(),
            });
        }
        if character == '\n' {
            mark = Mark {
                line: mark.line.saturating_add(1),
                column: 1,
            };
        } else {
            mark.column = mark.column.saturating_add(1);
        }
    }
    None
}

enum Step {
    Go,
    Stop,
}

/// A collection that is being filled.
enum Open {
    Sequence {
        mark: Mark,
        items: Vec<Node>,
    },
    Mapping {
        mark: Mark,
        entries: IndexMap<String, Entry>,
        key: Option<(String, Mark)>,
        keep: bool,
    },
    /// Stands where a key should be; its content is dropped.
    ComplexKey,
}

#[derive(Default)]
struct Builder {
    root: Option<Node>,
    open: Vec<Open>,
    documents: usize,
    faults: Vec<FaultAt>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Step {
        let mark = Mark::of(span.start);
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Step::Go,
            Event::DocumentStart(_) => self.document(mark),
            Event::Alias(_) => {
                self.fault(Fault::Anchor, mark);
                self.alias(mark)
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.properties(anchor, tag.is_some(), mark);
                self.scalar(text.into_owned(), style == ScalarStyle::Plain, mark)
            }
            Event::SequenceStart(anchor, tag) => {
                self.properties(anchor, tag.is_some(), mark);
                self.start(
                    Open::Sequence {
                        mark,
                        items: Vec::new(),
                    },
                    mark,
                )
            }
            Event::MappingStart(anchor, tag) => {
                self.properties(anchor, tag.is_some(), mark);
                self.start(
                    Open::Mapping {
                        mark,
                        entries: IndexMap::new(),
                        key: None,
                        keep: true,
                    },
                    mark,
                )
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
        }
    }

    fn document(&mut self, mark: Mark) -> Step {
        self.documents += 1;
        if self.documents == 1 {
            return Step::Go;
        }
        self.fault(Fault::SecondDocument, mark);
        Step::Stop
    }

    fn properties(&mut self, anchor: usize, tagged: bool, mark: Mark) {
        if anchor != 0 {
            self.fault(Fault::Anchor, mark);
        }
        if tagged {
            self.fault(Fault::Tag, mark);
        }
    }

    fn start(&mut self, open: Open, mark: Mark) -> Step {
        if self.open.len() >= MAX_DEPTH {
            self.fault(Fault::TooDeep, mark);
            return Step::Stop;
        }
        if self.awaits_key() {
            let found = if matches!(open, Open::Sequence { .. }) {
                "a list"
            } else {
                "a mapping"
            };
            self.fault(Fault::Key { found }, mark);
            self.open.push(Open::ComplexKey);
        } else {
            self.open.push(open);
        }
        Step::Go
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Mapping { key: None, .. }))
    }

    fn scalar(&mut self, text: String, plain: bool, mark: Mark) -> Step {
        if self.awaits_key() {
            self.key(text, plain, mark);
        } else {
            self.value(Node {
                mark,
                kind: Kind::Scalar { text, plain },
            });
        }
        Step::Go
    }

    fn alias(&mut self, mark: Mark) -> Step {
        if self.awaits_key() {
            self.drop_key();
        } else {
            self.value(Node {
                mark,
                kind: Kind::Refused,
            });
        }
        Step::Go
    }

    fn key(&mut self, text: String, plain: bool, mark: Mark) {
        let duplicate = self.first_of(&text);
        let fault = if plain && text == "<<" {
            Some(Fault::Merge)
        } else if let Some(found) = plain.then(|| super::scalar::not_text(&text)).flatten() {
            Some(Fault::Key { found })
        } else {
            duplicate.map(|first| Fault::Duplicate {
                key: shown(&text),
                first,
            })
        };
        let fine = fault.is_none();
        if let Some(fault) = fault {
            self.fault(fault, mark);
        }
        if let Some(Open::Mapping { key, keep, .. }) = self.open.last_mut() {
            *key = Some((text, mark));
            *keep = fine;
        }
    }

    fn first_of(&self, wanted: &str) -> Option<Mark> {
        let Some(Open::Mapping { entries, .. }) = self.open.last() else {
            return None;
        };
        entries.get(wanted).map(|entry| entry.mark)
    }

    fn value(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Sequence { items, .. }) => items.push(node),
            Some(Open::Mapping { entries, key, keep, .. }) => {
                if let Some((name, mark)) = key.take().filter(|_| *keep) {
                    entries.insert(name, Entry { mark, value: node });
                }
            }
            Some(Open::ComplexKey) => {}
        }
    }

    fn end(&mut self) -> Step {
        match self.open.pop() {
            Some(Open::Sequence { mark, items }) => self.value(Node {
                mark,
                kind: Kind::Sequence(items),
            }),
            Some(Open::Mapping { mark, entries, .. }) => self.value(Node {
                mark,
                kind: Kind::Mapping(entries),
            }),
            Some(Open::ComplexKey) => self.drop_key(),
            None => {}
        }
        Step::Go
    }

    /// The value of a key that is not text is read and dropped.
    fn drop_key(&mut self) {
        if let Some(Open::Mapping { key, keep, mark, .. }) = self.open.last_mut() {
            *key = Some((String::new(), *mark));
            *keep = false;
        }
    }

    fn syntax(&mut self, error: &ScanError) -> Step {
        self.fault(Fault::Syntax(error.info().to_owned()), Mark::of(*error.marker()));
        Step::Stop
    }

    fn fault(&mut self, fault: Fault, mark: Mark) {
        if self.faults.len() >= super::MAX_PROBLEMS {
            return;
        }
        let path = self.open.iter().filter_map(step_of).collect();
        self.faults.push(FaultAt { fault, mark, path });
    }
}

/// The step that an open collection adds to the path of what is being read in it.
fn step_of(open: &Open) -> Option<String> {
    match open {
        Open::Sequence { items, .. } => Some(format!("[{}]", items.len())),
        Open::Mapping { key, .. } => key.as_ref().map(|(name, _)| shown(name)),
        Open::ComplexKey => None,
    }
}
