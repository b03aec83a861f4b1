//! One finished run whose pages were all built before the first request: what is left to measure is the reader.
//!
//! Serves the same output in three ways: as answers of the gate to `Invoke` (`run`, `observe`), and as pages of `GetLogEvents` and
//! `FilterLogEvents`. Every page holds at most 10,000 events and about a megabyte, as on AWS.

use std::collections::HashMap;

use http::{Request, Response, StatusCode};
use protocol::frame::{Cause, Channel, Encoder};
use protocol::{Cursor, Ending, Message, Observation, Observed, OutputForm, Phase, Reply, RunId, Started, Timings};
use serde_json::{Value, json};

use crate::reply::{Fault, answer};
use crate::route::route;

/// The one run.
pub const RUN: RunId = RunId::from_random([0x5a; 16]);

const PAGE_BYTES: usize = 1_000_000;
const PAGE_EVENTS: usize = 10_000;
/// When the run wrote its first line, in milliseconds of Unix time.
const BEGINNING: u64 = 1_795_132_800_000;

/// The pages.
#[derive(Debug)]
pub struct Pages {
    started: Vec<u8>,
    observed: Vec<Vec<u8>>,
    got: Vec<Vec<u8>>,
    /// The end of the log, as `GetLogEvents` tells it.
    got_end: Vec<u8>,
    filtered: Vec<Vec<u8>>,
    /// Where a reader goes on that names one of these tokens.
    tokens: HashMap<String, usize>,
}

impl Pages {
    /// Pages of so many lines of so many bytes, each with its line feed.
    pub fn new(lines: u32, width: usize) -> serde_json::Result<Self> {
        let pages = cut(&frames(lines, width)?);
        let last = pages.len().saturating_sub(1);
        let mut built = Self {
            started: encoded(Reply::Started(started()))?,
            observed: Vec::new(),
            got: Vec::new(),
            got_end: serde_json::to_vec(&json!({
                "events": [],
                "nextForwardToken": forward(pages.len()),
                "nextBackwardToken": "b/0",
            }))?,
            filtered: Vec::new(),
            tokens: HashMap::new(),
        };
        let mut event = 0;
        for (place, page) in pages.into_iter().enumerate() {
            let numbers = event..event + page.len() as u64;
            event = numbers.end;
            let events: Vec<Value> = numbers
                .zip(&page)
                .map(|(number, text)| log_event(number, text))
                .collect();
            built.got.push(serde_json::to_vec(&json!({
                "events": events,
                "nextForwardToken": forward(place + 1),
                "nextBackwardToken": "b/0",
            }))?);
            let mut filtered = json!({ "events": events, "searchedLogStreams": [] });
            if let Some(object) = filtered.as_object_mut().filter(|_| place < last) {
                object.insert("nextToken".to_owned(), forward(place + 1).into());
            }
            built.filtered.push(serde_json::to_vec(&filtered)?);
            built.observed.push(encoded(observed(page, place, last))?);
            built.tokens.insert(forward(place + 1), place + 1);
        }
        Ok(built)
    }

    /// Answers one request from memory.
    pub fn answer(&self, request: Request<Vec<u8>>) -> Response<Vec<u8>> {
        let call = route(request);
        let found = match call.action.as_str() {
            "Invoke" => self.invoke(&call.body),
            "GetLogEvents" => {
                let page = self.page(&call.body, "nextToken");
                Some(page.and_then(|page| self.got.get(page)).unwrap_or(&self.got_end))
            }
            "FilterLogEvents" => self
                .page(&call.body, "nextToken")
                .and_then(|page| self.filtered.get(page)),
            _ => None,
        };
        match found {
            Some(body) => answer(StatusCode::OK, "application/x-amz-json-1.1", body.clone()),
            None => Fault::client("InvalidParameterException", "there is no such page here").json(),
        }
    }

    fn invoke(&self, body: &[u8]) -> Option<&Vec<u8>> {
        match Message::decode(body).ok()? {
            Message::Run(_) => Some(&self.started),
            Message::Observe(message) => {
                let cursor = message.runs.first()?.cursor.as_str();
                let page = if cursor.is_empty() { 0 } else { cursor.parse().ok()? };
                self.observed.get(page)
            }
            Message::Explain(_) | Message::Describe(_) | Message::Stop(_) => None,
        }
    }

    fn page(&self, body: &[u8], key: &str) -> Option<usize> {
        let body: Value = serde_json::from_slice(body).ok()?;
        match body.get(key).and_then(Value::as_str) {
            None => Some(0),
            Some(token) => self.tokens.get(token).copied(),
        }
    }
}

fn frames(lines: u32, width: usize) -> serde_json::Result<Vec<String>> {
    let mut encoder = Encoder::new();
    let mut text = Vec::new();
    for number in 1..=lines {
        let line = format!(
            "{:<filled$}\n",
            format!("line {number} "),
            filled = width.saturating_sub(1)
        );
        encoder.encode(Channel::Stdout, line.replace("  ", " .").as_bytes(), &mut text);
    }
    encoder.finish(0, Cause::Exited, &mut text)?;
    Ok(String::from_utf8_lossy(&text).lines().map(str::to_owned).collect())
}

fn cut(frames: &[String]) -> Vec<Vec<String>> {
    let mut pages = vec![Vec::new()];
    let mut bytes = 0;
    for frame in frames {
        bytes += frame.len();
        let full = bytes > PAGE_BYTES || pages.last().is_some_and(|page| page.len() >= PAGE_EVENTS);
        if full {
            pages.push(Vec::new());
            bytes = frame.len();
        }
        if let Some(page) = pages.last_mut() {
            page.push(frame.clone());
        }
    }
    pages
}

fn started() -> Started {
    Started {
        run: RUN,
        repeated: false,
        deadline_seconds: 3_600,
        request_digest: "0".repeat(64),
        allow_list_digest: "0".repeat(64),
        notices: Vec::new(),
    }
}

fn observed(frames: Vec<String>, place: usize, last: usize) -> Reply {
    let is_last = place == last;
    Reply::Observed(vec![Observed::Run(Observation {
        run: RUN,
        phase: if is_last { Phase::Ended } else { Phase::Running },
        output: OutputForm::Framed,
        frames,
        cursor: Cursor::new((place + 1).to_string()),
        more: !is_last,
        ending: is_last.then_some(Ending::Exited { code: 0 }),
        timings: Timings::default(),
        ask_again_ms: 0,
        remark: None,
    })])
}

fn log_event(number: u64, text: &str) -> Value {
    json!({
        "eventId": format!("{number:056}"),
        "logStreamName": format!("deploy-runner/job/{RUN}"),
        "timestamp": BEGINNING + number / 10,
        "ingestionTime": BEGINNING + number / 10 + 100,
        "message": text,
    })
}

fn encoded(reply: Reply) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&protocol::Response::from(reply))
}

fn forward(page: usize) -> String {
    format!("f/{page}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::frame::{Assembler, Completeness};
    use protocol::{ObserveMessage, ObserveRun};

    fn ask(pages: &Pages, target: Option<&str>, body: Vec<u8>) -> Value {
        let request = match target {
            Some(action) => Request::post("/").header("x-amz-target", format!("Logs_20140328.{action}")),
            None => Request::post("/2015-03-31/functions/gate/invocations"),
        };
        let response = pages.answer(request.body(body).unwrap());
        assert_eq!(response.status(), 200, "{}", String::from_utf8_lossy(response.body()));
        serde_json::from_slice(response.body()).unwrap()
    }

    #[track_caller]
    fn complete(frames: &[String]) {
        let mut assembler = Assembler::new();
        for frame in frames {
            assembler.push(frame, |_| ()).unwrap();
        }
        assert!(matches!(assembler.finish(|_| ()), Completeness::Complete { .. }));
    }

    #[test]
    fn all_three_ways_give_the_whole_output() {
        let pages = Pages::new(25_000, 80).unwrap();

        let (mut frames, mut cursor) = (Vec::new(), Cursor::default());
        loop {
            let runs = vec![ObserveRun { run: RUN, cursor }];
            let message = Message::Observe(ObserveMessage { runs, wait_ms: 0 });
            let answer = ask(&pages, None, message.encode().unwrap());
            let response: protocol::Response = serde_json::from_value(answer).unwrap();
            let Reply::Observed(mut news) = response.reply else {
                panic!()
            };
            let Some(Observed::Run(news)) = news.pop() else {
                panic!()
            };
            frames.extend(news.frames);
            cursor = news.cursor;
            if !news.more {
                break;
            }
        }
        complete(&frames);

        for action in ["GetLogEvents", "FilterLogEvents"] {
            let (mut read, mut body) = (Vec::new(), json!({}));
            loop {
                let page = ask(&pages, Some(action), body.to_string().into_bytes());
                let events = page["events"].as_array().unwrap();
                read.extend(events.iter().map(|event| event["message"].as_str().unwrap().to_owned()));
                match page.get("nextToken").or_else(|| page.get("nextForwardToken")) {
                    Some(token) if body.get("nextToken") != Some(token) => body["nextToken"] = token.clone(),
                    Some(_) | None => break,
                }
            }
            assert_eq!(read, frames, "{action}");
        }
    }
}
