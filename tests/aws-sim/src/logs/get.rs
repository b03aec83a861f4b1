//! `GetLogEvents`: one stream, page by page, in both directions.

use serde::{Deserialize, Serialize};

use super::{Event, Key, Store, Stream, Strikes, Token, fill, invalid_token, limit, read};
use crate::reply::Fault;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: String,
    start_time: Option<u64>,
    end_time: Option<u64>,
    next_token: Option<String>,
    limit: Option<u64>,
    #[serde(default)]
    start_from_head: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output<'a> {
    events: Vec<Line<'a>>,
    next_forward_token: String,
    next_backward_token: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    timestamp: u64,
    message: &'a str,
    ingestion_time: u64,
}

impl<'a> Line<'a> {
    fn of(event: &'a Event) -> Self {
        Self {
            timestamp: event.key.timestamp,
            message: &event.message,
            ingestion_time: event.readable,
        }
    }
}

impl Store {
    /// Answers the page, or the refusal. A forward token that comes back unchanged says that nothing more can be read now; later it can.
    pub(crate) fn get(&self, body: &[u8], now: u64, strikes: Strikes) -> Result<Output<'_>, Fault> {
        let input: Input = read(body)?;
        self.group(
            input
                .log_group_name
                .as_deref()
                .or(input.log_group_identifier.as_deref()),
        )?;
        let stream = self.stream(&input.log_stream_name, now)?;
        let limit = limit(input.limit)?;
        if strikes.token_expired && input.next_token.is_some() {
            return Err(invalid_token());
        }
        let window = Window {
            stream,
            from: Key {
                timestamp: input.start_time.unwrap_or_default(),
                order: 0,
            },
            until: input.end_time.unwrap_or(u64::MAX),
            now,
        };
        let token = input.next_token.as_deref();
        if token.is_some_and(|token| token.starts_with('b')) || (token.is_none() && !input.start_from_head) {
            window.backward(token, limit)
        } else {
            window.forward(token, limit, strikes.empty_page)
        }
    }
}

/// The part of a stream that was asked for.
struct Window<'a> {
    stream: &'a Stream,
    from: Key,
    until: u64,
    now: u64,
}

impl<'a> Window<'a> {
    fn events(&self, from: Key) -> impl Iterator<Item = &'a Event> {
        let until = self.until;
        self.stream
            .readable(from.max(self.from), self.now)
            .take_while(move |event| event.key.timestamp < until)
    }

    fn backward(&self, token: Option<&str>, limit: usize) -> Result<Output<'a>, Fault> {
        let last = Key {
            timestamp: u64::MAX,
            order: u64::MAX,
        };
        let before = token.map_or(Ok(last), |token| {
            Token::read(token, 'b', self.now).map(|token| token.next)
        })?;
        let all: Vec<&Event> = self
            .events(Key::default())
            .take_while(|event| event.key < before)
            .collect();
        let first = all.len().saturating_sub(limit);
        Ok(page(all.get(first..).unwrap_or_default(), before, self.now, token))
    }

    fn forward(&self, token: Option<&str>, limit: usize, empty: bool) -> Result<Output<'a>, Fault> {
        let start = Token {
            next: Key::default(),
            issued: self.now,
            empty: 0,
        };
        let at = token.map_or(Ok(start), |token| Token::read(token, 'f', self.now))?;
        if empty && self.events(at.next).next().is_some() {
            let next = Token {
                empty: at.empty + 1,
                ..at
            };
            return Ok(Output {
                events: Vec::new(),
                next_forward_token: next.write('f'),
                next_backward_token: next.write('b'),
            });
        }
        let mut events = Vec::new();
        // The page is full or not: either way the next one starts behind its last event.
        let _full = fill(&mut events, limit, self.events(at.next).map(|event| (event, event)));
        Ok(page(&events, at.next, self.now, token))
    }
}

fn page<'a>(events: &[&'a Event], at: Key, now: u64, asked_with: Option<&str>) -> Output<'a> {
    let write = |next, side| {
        Token {
            next,
            issued: now,
            empty: 0,
        }
        .write(side)
    };
    let behind = |key: Key| Key {
        order: key.order + 1,
        ..key
    };
    let own = |side| asked_with.filter(|token| token.starts_with(side)).map(str::to_owned);
    Output {
        events: events.iter().map(|event| Line::of(event)).collect(),
        next_forward_token: match events.last() {
            Some(last) => write(behind(last.key), 'f'),
            None => own('f').unwrap_or_else(|| write(at, 'f')),
        },
        next_backward_token: match events.first() {
            Some(first) => write(first.key, 'b'),
            None => own('b').unwrap_or_else(|| write(at, 'b')),
        },
    }
}
