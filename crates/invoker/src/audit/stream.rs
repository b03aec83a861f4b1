//! An audit log on a stream that somebody else keeps, such as the standard output of a function: nothing in it can be changed later.
//!
//! So an event whose outcome is not known yet is one line (`decision`), and its outcome is another (`outcome`) with the same event id
//! and every field again, so that either line can be searched alone. A decision without an outcome line was never completed.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::{AuditError, AuditEvent, AuditLog};

/// Lines on a stream. Each is written and flushed as a whole, and never between the halves of another.
#[derive(Debug)]
pub struct StreamLog<W> {
    stream: Mutex<W>,
    name: &'static str,
}

/// The id that joins a decision with its outcome: 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventId(String);

/// One line.
#[derive(Serialize)]
struct Line<'a> {
    audit: Kind,
    event: &'a str,
    #[serde(flatten)]
    body: &'a AuditEvent,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Decision,
    Outcome,
}

impl<W: Write + Send> StreamLog<W> {
    /// A log on that stream; the name is for messages.
    pub const fn new(stream: W, name: &'static str) -> Self {
        Self {
            stream: Mutex::new(stream),
            name,
        }
    }

    fn decision(&self, event: &AuditEvent) -> Result<EventId, AuditError> {
        let id = EventId::random()?;
        self.write(Kind::Decision, &id, event)?;
        Ok(id)
    }

    fn write(&self, audit: Kind, id: &EventId, body: &AuditEvent) -> Result<(), AuditError> {
        let mut line = serde_json::to_vec(&Line {
            audit,
            event: &id.0,
            body,
        })?;
        line.push(b'\n');
        // A thread that died while it wrote left the stream usable.
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let written = stream.write_all(&line).and_then(|()| stream.flush());
        written.map_err(|source| AuditError::Unwritable {
            log: self.name.to_owned(),
            source,
        })
    }
}

impl EventId {
    fn random() -> Result<Self, AuditError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(hex::encode(bytes)))
    }
}

impl<W: Write + Send> AuditLog for StreamLog<W> {
    type Entry = EventId;

    fn open(&self, event: &AuditEvent) -> Result<EventId, AuditError> {
        self.decision(event)
    }

    fn complete(&self, entry: EventId, event: &AuditEvent) -> Result<(), AuditError> {
        self.write(Kind::Outcome, &entry, event)
    }

    fn record(&self, event: &AuditEvent) -> Result<(), AuditError> {
        self.decision(event).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use jiff::Timestamp;
    use protocol::{Origin, RunId};
    use serde_json::{Value, json};

    use super::*;
    use crate::audit::{Audited, Decided, Outcome};

    fn event() -> AuditEvent {
        let time = Timestamp::UNIX_EPOCH;
        AuditEvent::new(time, Audited::Run, &Origin::default(), Decided::Allowed).asked_for(Some("box"), "run")
    }

    fn lines(log: StreamLog<Vec<u8>>) -> Vec<Value> {
        let text = String::from_utf8(log.stream.into_inner().unwrap()).unwrap();
        assert!(text.ends_with('\n'), "{text}");
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_decision_and_its_outcome_are_two_lines_with_one_id_and_every_field() {
        let log = StreamLog::new(Vec::new(), "memory");
        let entry = log.open(&event().about(None, Outcome::Starting)).unwrap();
        let run = RunId::from_random([7; 16]);
        log.complete(entry, &event().about(Some(run), Outcome::Started))
            .unwrap();
        let lines = lines(log);
        let id = lines[0]["event"].clone();
        assert_eq!(id.as_str().unwrap().len(), 32);
        let expected = |kind: &str, outcome: &str| {
            json!({
                "audit": kind, "event": id, "time": "1970-01-01T00:00:00Z", "action": "run", "origin": {},
                "container": "box", "script": "run", "decision": "allowed", "outcome": { "what": outcome },
            })
        };
        let mut outcome = expected("outcome", "started");
        outcome["run"] = json!(run);
        assert_eq!(lines, [expected("decision", "starting"), outcome]);
    }

    #[test]
    fn an_event_that_is_whole_is_one_line_with_an_id_of_its_own() {
        let log = StreamLog::new(Vec::new(), "memory");
        log.record(&event()).unwrap();
        log.record(&event()).unwrap();
        let lines = lines(log);
        assert_eq!((&lines[0]["audit"], lines.len()), (&json!("decision"), 2));
        assert_ne!(lines[0]["event"], lines[1]["event"]);
    }

    #[test]
    fn a_stream_that_takes_nothing_is_an_error_with_its_name() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = StreamLog::new(Full, "standard output").open(&event()).unwrap_err();
        assert!(error.to_string().contains("audit log `standard output`: "), "{error}");
    }
}
