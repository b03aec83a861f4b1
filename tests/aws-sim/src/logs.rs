//! `CloudWatch` Logs: streams of events, each of which becomes readable at its own moment.
//!
//! Responsible for: the order of events, pages and tokens. Never: knows what a message means.

mod delivery;
mod filter;
mod get;

use std::collections::BTreeMap;

use serde::Deserialize;

pub(crate) use delivery::deliver;

use crate::reply::Fault;

/// Most bytes of messages on one page.
const PAGE_BYTES: usize = 1_048_576;
/// Most events on one page.
const PAGE_EVENTS: usize = 10_000;
/// A token is good for this long, in milliseconds.
const TOKEN_LIFE: u64 = 24 * 60 * 60 * 1_000;

/// Where an event stands among all others: by its timestamp, then by its place in the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) timestamp: u64,
    pub(crate) order: u64,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) key: Key,
    /// From this moment on it can be read, in milliseconds of Unix time.
    pub(crate) readable: u64,
    pub(crate) message: String,
}

/// The events of one container, in the order of their keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stream {
    /// From this moment on it exists; nothing while no event came.
    pub(crate) exists: Option<u64>,
    pub(crate) events: Vec<Event>,
}

/// All streams of the one log group.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) group: String,
    pub(crate) streams: BTreeMap<String, Stream>,
}

/// What strikes one request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Strikes {
    pub(crate) token_expired: bool,
    pub(crate) empty_page: bool,
}

impl Store {
    fn group(&self, named: Option<&str>) -> Result<(), Fault> {
        // An identifier may also be an ARN, whose last part is the group's name.
        let known =
            named.is_some_and(|named| named == self.group || named.ends_with(&format!(":log-group:{}", self.group)));
        if known {
            Ok(())
        } else {
            Err(Fault::client(
                "ResourceNotFoundException",
                "The specified log group does not exist.",
            ))
        }
    }

    fn stream(&self, name: &str, now: u64) -> Result<&Stream, Fault> {
        self.streams
            .get(name)
            .filter(|stream| stream.exists.is_some_and(|since| since <= now))
            .ok_or_else(|| Fault::client("ResourceNotFoundException", "The specified log stream does not exist."))
    }
}

impl Stream {
    /// The events from this key on that can be read now. Nothing is readable before its timestamp, so the future ends the search.
    fn readable(&self, from: Key, now: u64) -> impl Iterator<Item = &Event> {
        let first = self.events.partition_point(|event| event.key < from);
        self.events
            .iter()
            .skip(first)
            .take_while(move |event| event.key.timestamp <= now)
            .filter(move |event| event.readable <= now)
    }
}

/// Where a reader stands: behind which event, since when, and how many empty pages it was given there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token {
    /// The first event that has not been read.
    next: Key,
    issued: u64,
    empty: u32,
}

impl Token {
    fn write(self, side: char) -> String {
        format!(
            "{side}/{:017}{:039}/{}/{}",
            self.next.timestamp, self.next.order, self.issued, self.empty
        )
    }

    fn read(text: &str, side: char, now: u64) -> Result<Self, Fault> {
        let parsed = || {
            let rest = text.strip_prefix(side)?.strip_prefix('/')?;
            let mut parts = rest.split('/');
            let (place, issued, empty) = (parts.next()?, parts.next()?, parts.next()?);
            let (timestamp, order) = place.split_at_checked(17)?;
            Some(Self {
                next: Key {
                    timestamp: timestamp.parse().ok()?,
                    order: order.parse().ok()?,
                },
                issued: issued.parse().ok()?,
                empty: empty.parse().ok()?,
            })
        };
        parsed()
            .filter(|token| now.saturating_sub(token.issued) < TOKEN_LIFE)
            .ok_or_else(invalid_token)
    }
}

fn invalid_token() -> Fault {
    Fault::client("InvalidParameterException", "The specified nextToken is invalid.")
}

/// Takes events until the page is full. Answers whether it is.
fn fill<'a, T>(page: &mut Vec<T>, limit: usize, events: impl Iterator<Item = (&'a Event, T)>) -> Option<Key> {
    let mut bytes = 0;
    for (event, item) in events {
        bytes += event.message.len();
        if page.len() >= limit || (bytes > PAGE_BYTES && !page.is_empty()) {
            return Some(event.key);
        }
        page.push(item);
    }
    None
}

fn limit(asked: Option<u64>) -> Result<usize, Fault> {
    match asked {
        None => Ok(PAGE_EVENTS),
        Some(limit) if (1..=10_000).contains(&limit) => Ok(usize::try_from(limit).unwrap_or(PAGE_EVENTS)),
        Some(limit) => Err(Fault::client(
            "InvalidParameterException",
            format!(
                "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have value between 1 and 10000"
            ),
        )),
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|error| Fault::client("SerializationException", error.to_string()))
}

/// The id as `CloudWatch` writes it: 56 digits that sort as the events do.
fn event_id(key: Key) -> String {
    format!("{:017}{:039}", key.timestamp, key.order)
}
