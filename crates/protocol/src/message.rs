//! The messages that a caller sends, and their strict decoder: one reading of one message, or an error.

use serde::{Deserialize, Serialize};

use crate::{Cursor, IdempotencyKey, Origin, RunId, RunRequest};

/// The version that this build speaks.
pub const PROTOCOL_VERSION: u32 = 1;

/// Longest message in bytes. ECS takes 8,192 characters of overrides, so an honest message is far smaller.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;

/// The actions of the protocol, by their names on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Decide and, if allowed, start.
    Run,
    /// Decide and say why; start nothing.
    Explain,
    /// List what may be asked for.
    Describe,
    /// Read phases, new log frames and endings of runs.
    Observe,
    /// Stop a run gracefully.
    Stop,
}

impl Action {
    /// Every action, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Run, Self::Explain, Self::Describe, Self::Observe, Self::Stop];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Explain => "explain",
            Self::Describe => "describe",
            Self::Observe => "observe",
            Self::Stop => "stop",
        }
    }
}

/// A decoded message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Decide and start.
    Run(RunMessage),
    /// Decide only.
    Explain(ExplainMessage),
    /// List what may be asked for.
    Describe(DescribeMessage),
    /// Watch runs.
    Observe(ObserveMessage),
    /// Stop one run.
    Stop(StopMessage),
}

/// The body of `run`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunMessage {
    /// What to run.
    pub request: RunRequest,
    /// Makes a retry harmless.
    pub idempotency_key: IdempotencyKey,
    /// Where the call came from.
    #[serde(default)]
    pub origin: Origin,
}

/// The body of `explain`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExplainMessage {
    /// What would be run.
    pub request: RunRequest,
    /// Where the call came from.
    #[serde(default)]
    pub origin: Origin,
}

/// The body of `describe`: nothing but the action.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescribeMessage {}

/// The body of `observe`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObserveMessage {
    /// The runs to watch, each with the place its reader has reached. At most [`ObserveMessage::MAX_RUNS`].
    pub runs: Vec<ObserveRun>,
    /// How long the call may wait for news, in milliseconds; the engine caps it.
    #[serde(default)]
    pub wait_ms: u32,
}

impl ObserveMessage {
    /// Most runs in one call: what `DescribeTasks` and `FilterLogEvents` take.
    pub const MAX_RUNS: usize = 100;
    /// Longest wait in milliseconds: an observe call never holds the function.
    pub const MAX_WAIT_MS: u32 = 2_000;
}

/// One watched run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObserveRun {
    /// Which run.
    pub run: RunId,
    /// Where its reader stands.
    #[serde(default)]
    pub cursor: Cursor,
}

/// The body of `stop`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopMessage {
    /// Which run.
    pub run: RunId,
    /// Why, for the record; at most 255 characters are kept.
    #[serde(default)]
    pub reason: String,
    /// Where the call came from.
    #[serde(default)]
    pub origin: Origin,
}

/// Why a message was not understood. Nothing is ever half understood.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Larger than [`MAX_MESSAGE_BYTES`].
    #[error("message of {size} bytes is too large: at most {MAX_MESSAGE_BYTES} bytes are read")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// Something other than an object.
    #[error("message is not understood: expected one JSON object")]
    NotAnObject,
    /// Not one JSON object of the expected shape.
    #[error("message is not understood: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Another version of the protocol.
    #[error(
        "message speaks protocol {theirs}, this side speaks protocol {PROTOCOL_VERSION}: bring both sides to the same release"
    )]
    Version {
        /// The version in the message.
        theirs: u64,
    },
    /// No such action.
    #[error("unknown action `{0}`: this side knows run, explain, describe, observe, stop")]
    Action(String),
    /// More runs than one call takes.
    #[error("{0} runs in one observe message: at most {max} are taken", max = ObserveMessage::MAX_RUNS)]
    TooManyRuns(usize),
}

/// Only what is needed to tell a caller of another release what is wrong.
#[derive(Deserialize)]
struct Header {
    protocol: u64,
    action: String,
}

/// The strict frame around each body.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<Body> {
    protocol: u32,
    action: Action,
    body: Body,
}

impl Message {
    /// Reads exactly one JSON object; unknown or duplicate keys, a second value and anything too large are errors.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(DecodeError::TooLarge { size: bytes.len() });
        }
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(DecodeError::NotAnObject);
        }
        let header: Header = serde_json::from_slice(bytes)?;
        if header.protocol != u64::from(PROTOCOL_VERSION) {
            return Err(DecodeError::Version {
                theirs: header.protocol,
            });
        }
        let Some(action) = Action::ALL.into_iter().find(|action| action.as_str() == header.action) else {
            return Err(DecodeError::Action(header.action.chars().take(64).collect()));
        };
        let message = match action {
            Action::Run => Self::Run(body(bytes)?),
            Action::Explain => Self::Explain(body(bytes)?),
            Action::Describe => Self::Describe(body(bytes)?),
            Action::Observe => Self::Observe(body(bytes)?),
            Action::Stop => Self::Stop(body(bytes)?),
        };
        match &message {
            Self::Observe(observe) if observe.runs.len() > ObserveMessage::MAX_RUNS => {
                Err(DecodeError::TooManyRuns(observe.runs.len()))
            }
            Self::Run(_) | Self::Explain(_) | Self::Describe(_) | Self::Observe(_) | Self::Stop(_) => Ok(message),
        }
    }

    /// What it asks for.
    pub const fn action(&self) -> Action {
        match self {
            Self::Run(_) => Action::Run,
            Self::Explain(_) => Action::Explain,
            Self::Describe(_) => Action::Describe,
            Self::Observe(_) => Action::Observe,
            Self::Stop(_) => Action::Stop,
        }
    }

    /// Writes the message as the other side reads it.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        match self {
            Self::Run(body) => envelope(Action::Run, body),
            Self::Explain(body) => envelope(Action::Explain, body),
            Self::Describe(body) => envelope(Action::Describe, body),
            Self::Observe(body) => envelope(Action::Observe, body),
            Self::Stop(body) => envelope(Action::Stop, body),
        }
    }
}

fn body<'a, Body: Deserialize<'a>>(bytes: &'a [u8]) -> Result<Body, serde_json::Error> {
    serde_json::from_slice::<Envelope<Body>>(bytes).map(|envelope| envelope.body)
}

fn envelope<Body: Serialize>(action: Action, body: &Body) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Envelope {
        protocol: PROTOCOL_VERSION,
        action,
        body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(json: &str, expected: &str) {
        let error = Message::decode(json.as_bytes()).expect_err("the message must be refused");
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[test]
    fn a_message_reads_back_as_it_was_written() {
        let message = Message::Run(RunMessage {
            request: RunRequest {
                container: Some("c".into()),
                script: "s".into(),
                args: vec!["--a=b".into()],
                ..RunRequest::default()
            },
            idempotency_key: IdempotencyKey::from_random([7; 16]),
            origin: Origin {
                actor: Some("someone".into()),
                ..Origin::default()
            },
        });
        assert_eq!(Message::decode(&message.encode().unwrap()).unwrap(), message);
    }

    #[test]
    fn another_version_is_named_together_with_ours_even_when_its_shape_is_unknown() {
        refused(
            r#"{"protocol":2,"action":"fly","wings":2}"#,
            "speaks protocol 2, this side speaks protocol 1",
        );
    }

    #[test]
    fn an_unknown_action_is_named_together_with_the_known_ones() {
        refused(
            r#"{"protocol":1,"action":"fly","body":{}}"#,
            "unknown action `fly`: this side knows run, explain",
        );
    }

    #[test]
    fn a_duplicate_key_is_refused_at_every_depth() {
        refused(
            r#"{"protocol":1,"protocol":1,"action":"describe","body":{}}"#,
            "duplicate field `protocol`",
        );
        refused(
            r#"{"protocol":1,"action":"explain","body":{"request":{"script":"a","script":"b"}}}"#,
            "duplicate field `script`",
        );
    }

    #[test]
    fn an_unknown_key_is_refused_at_every_depth() {
        refused(
            r#"{"protocol":1,"action":"describe","body":{},"x":1}"#,
            "unknown field `x`",
        );
        refused(
            r#"{"protocol":1,"action":"describe","body":{"x":1}}"#,
            "unknown field `x`",
        );
        refused(
            r#"{"protocol":1,"action":"explain","body":{"request":{"script":"a","Args":[]}}}"#,
            "unknown field `Args`",
        );
    }

    #[test]
    fn a_second_value_after_the_message_is_refused() {
        refused(
            r#"{"protocol":1,"action":"describe","body":{}} {}"#,
            "trailing characters",
        );
    }

    #[test]
    fn a_message_over_the_limit_is_refused_before_it_is_parsed() {
        let error = Message::decode(&vec![b'['; 6_000_000]).expect_err("too large");
        assert!(matches!(error, DecodeError::TooLarge { size: 6_000_000 }));
    }

    #[test]
    fn nesting_as_deep_as_the_limit_allows_is_refused_without_a_crash() {
        refused(&"[".repeat(MAX_MESSAGE_BYTES), "not understood");
        let deep = format!(r#"{{"protocol":1,"action":"describe","body":{}"#, "[".repeat(200_000));
        refused(&deep, "not understood");
        refused(r#"[1,"describe",{}]"#, "expected one JSON object");
    }

    #[test]
    fn one_observe_takes_at_most_a_hundred_runs() {
        let run = ObserveRun {
            run: RunId::from_random([1; 16]),
            cursor: Cursor::default(),
        };
        let of = |count| {
            Message::Observe(ObserveMessage {
                runs: vec![run.clone(); count],
                wait_ms: 0,
            })
            .encode()
            .unwrap()
        };
        assert!(matches!(Message::decode(&of(100)), Ok(Message::Observe(_))));
        assert!(matches!(Message::decode(&of(101)), Err(DecodeError::TooManyRuns(101))));
    }
}
