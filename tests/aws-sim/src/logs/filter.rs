//! `FilterLogEvents`: many streams at once, in the order of their events' timestamps.

use serde::{Deserialize, Serialize};

use super::{Event, Key, Store, Stream, Strikes, Token, event_id, fill, invalid_token, limit, read};
use crate::reply::Fault;

/// Most stream names in one call.
const MAX_STREAMS: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<u64>,
    end_time: Option<u64>,
    filter_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output<'a> {
    events: Vec<Line<'a>>,
    searched_log_streams: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    log_stream_name: &'a str,
    timestamp: u64,
    message: &'a str,
    ingestion_time: u64,
    event_id: String,
}

impl<'a> Line<'a> {
    fn of(name: &'a str, event: &'a Event) -> Self {
        Self {
            log_stream_name: name,
            timestamp: event.key.timestamp,
            message: &event.message,
            ingestion_time: event.readable,
            event_id: event_id(event.key),
        }
    }
}

impl Store {
    /// Answers the page, or the refusal. One stream that does not exist fails the whole call, as it does on AWS.
    pub(crate) fn filter(&self, body: &[u8], now: u64, strikes: Strikes) -> Result<Output<'_>, Fault> {
        let input: Input = read(body)?;
        self.group(
            input
                .log_group_name
                .as_deref()
                .or(input.log_group_identifier.as_deref()),
        )?;
        let limit = limit(input.limit)?;
        if input
            .filter_pattern
            .as_deref()
            .is_some_and(|pattern| !pattern.is_empty())
        {
            return Err(Fault::client(
                "InvalidParameterException",
                "this simulation knows no filter patterns",
            ));
        }
        let from = match input.next_token.as_deref() {
            Some(_) if strikes.token_expired => return Err(invalid_token()),
            Some(token) => Token::read(token, 'n', now)?,
            None => Token {
                next: Key::default(),
                issued: now,
                empty: 0,
            },
        };
        let streams = self.chosen(&input, now)?;
        let start = from.next.max(Key {
            timestamp: input.start_time.unwrap_or_default(),
            order: 0,
        });
        let end = input.end_time.unwrap_or(u64::MAX);
        let found = merged(&streams, start, end, now);
        if strikes.empty_page && !found.is_empty() {
            let next = Token {
                next: from.next,
                issued: now,
                empty: from.empty + 1,
            };
            return Ok(Output::new(Vec::new(), Some(next)));
        }
        let mut events = Vec::new();
        let next = fill(
            &mut events,
            limit,
            found.iter().map(|(name, event)| (*event, Line::of(name, event))),
        );
        let next = next.map(|next| Token {
            next,
            issued: now,
            empty: 0,
        });
        Ok(Output::new(events, next))
    }

    fn chosen(&self, input: &Input, now: u64) -> Result<Vec<(&str, &Stream)>, Fault> {
        if let Some(names) = &input.log_stream_names {
            if names.is_empty() || names.len() > MAX_STREAMS || input.log_stream_name_prefix.is_some() {
                return Err(Fault::client(
                    "InvalidParameterException",
                    format!(
                        "1 validation error detected: between 1 and {MAX_STREAMS} log stream names are taken, without a prefix"
                    ),
                ));
            }
            let mut chosen = Vec::with_capacity(names.len());
            for name in names {
                let stream = self.stream(name, now)?;
                let name = self.streams.get_key_value(name).map_or("", |(name, _)| name.as_str());
                chosen.push((name, stream));
            }
            return Ok(chosen);
        }
        let prefix = input.log_stream_name_prefix.as_deref().unwrap_or_default();
        let exists = |stream: &Stream| stream.exists.is_some_and(|since| since <= now);
        Ok(self
            .streams
            .iter()
            .filter(|(name, stream)| name.starts_with(prefix) && exists(stream))
            .map(|(name, stream)| (name.as_str(), stream))
            .collect())
    }
}

/// Everything between the two moments, both included, in order.
fn merged<'a>(streams: &[(&'a str, &'a Stream)], start: Key, end: u64, now: u64) -> Vec<(&'a str, &'a Event)> {
    let mut found: Vec<(&str, &Event)> = streams
        .iter()
        .flat_map(|(name, stream)| {
            let within = stream
                .readable(start, now)
                .take_while(|event| event.key.timestamp <= end);
            within.map(|event| (*name, event))
        })
        .collect();
    found.sort_unstable_by_key(|(_, event)| event.key);
    found
}

impl<'a> Output<'a> {
    fn new(events: Vec<Line<'a>>, next: Option<Token>) -> Self {
        Self {
            events,
            searched_log_streams: [],
            next_token: next.map(|next| next.write('n')),
        }
    }
}
