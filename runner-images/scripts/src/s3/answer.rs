//! What an answer of S3 means.
//!
//! Responsible for taking nothing but a code and a Region out of an error: its text repeats what was signed.

use super::Operation;
use super::http::Reply;

/// Longer codes are none.
const MOST_CODE_CHARACTERS: usize = 64;

/// It was done, or there is nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Content(Vec<u8>),
    Done,
    NoSuchObject,
}

/// It was not done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NoSuchBucket,
    OtherRegion(String),
    Denied,
    TooLarge { most_bytes: usize },
    Other { status: u16, code: String },
}

impl Answer {
    pub(super) fn of(reply: Reply, operation: Operation<'_>) -> Result<Self, Refusal> {
        let code = code_of(&reply.content);
        match (reply.status, operation, code.as_str()) {
            (200, Operation::Get { .. }, _) if reply.is_whole => Ok(Self::Content(reply.content)),
            (200, Operation::Get { most_bytes }, _) => Err(Refusal::TooLarge { most_bytes }),
            // 412: an object is there already.
            (200 | 412, Operation::PutNew(_), _) => Ok(Self::Done),
            (404, Operation::Get { .. }, "NoSuchKey") => Ok(Self::NoSuchObject),
            (404, _, "NoSuchBucket") => Err(Refusal::NoSuchBucket),
            (301 | 307 | 400, _, _) if reply.region.is_some() => {
                Err(Refusal::OtherRegion(plain(&reply.region.unwrap_or_default())))
            }
            (403, _, "AccessDenied") => Err(Refusal::Denied),
            (status, _, _) => Err(Refusal::Other { status, code }),
        }
    }
}

/// `<Error><Code>NoSuchKey</Code>…`
fn code_of(content: &[u8]) -> String {
    let text = String::from_utf8_lossy(content.get(..4096).unwrap_or(content));
    let code = text
        .split_once("<Error>")
        .and_then(|(_, rest)| rest.split_once("<Code>"))
        .and_then(|(_, rest)| rest.split_once("</Code>"));
    plain(code.map_or("", |(code, _)| code))
}

fn plain(text: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !text.is_empty() && text.len() <= MOST_CODE_CHARACTERS && text.bytes().all(is_plain) {
        text.to_owned()
    } else {
        "no code".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, content: &str, region: Option<&str>) -> Reply {
        Reply {
            status,
            region: region.map(str::to_owned),
            content: content.into(),
            is_whole: true,
        }
    }

    fn error(code: &str) -> String {
        format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>the key AKIA is unknown</Message></Error>")
    }

    #[test]
    fn answers_are_told_apart_by_status_and_code_and_no_text_of_an_error_is_taken() {
        let get = Operation::Get { most_bytes: 9 };
        let put = Operation::PutNew(b"x");
        let other = |status, code: &str| {
            Err(Refusal::Other {
                status,
                code: code.to_owned(),
            })
        };
        let region = |name: &str| Err(Refusal::OtherRegion(name.to_owned()));
        for (operation, status, content, elsewhere, expected) in [
            (get, 200, "plan".to_owned(), None, Ok(Answer::Content(b"plan".to_vec()))),
            (put, 200, String::new(), None, Ok(Answer::Done)),
            (put, 412, error("PreconditionFailed"), None, Ok(Answer::Done)),
            (
                get,
                412,
                error("PreconditionFailed"),
                None,
                other(412, "PreconditionFailed"),
            ),
            (get, 404, error("NoSuchKey"), None, Ok(Answer::NoSuchObject)),
            (put, 404, error("NoSuchKey"), None, other(404, "NoSuchKey")),
            (get, 404, error("NoSuchBucket"), None, Err(Refusal::NoSuchBucket)),
            (put, 404, error("NoSuchBucket"), None, Err(Refusal::NoSuchBucket)),
            // A web server that is no S3.
            (
                get,
                404,
                "<html>Not found</html>".to_owned(),
                None,
                other(404, "no code"),
            ),
            (get, 403, error("AccessDenied"), None, Err(Refusal::Denied)),
            (
                get,
                403,
                error("RequestTimeTooSkewed"),
                None,
                other(403, "RequestTimeTooSkewed"),
            ),
            (
                put,
                301,
                error("PermanentRedirect"),
                Some("us-east-1"),
                region("us-east-1"),
            ),
            (get, 301, String::new(), Some("us-east-1\u{1b}[2J"), region("no code")),
            (
                get,
                301,
                error("PermanentRedirect"),
                None,
                other(301, "PermanentRedirect"),
            ),
            (get, 400, error("AKIA secret=text"), None, other(400, "no code")),
            (put, 503, error("SlowDown"), None, other(503, "SlowDown")),
        ] {
            let answer = Answer::of(reply(status, &content, elsewhere), operation);
            assert_eq!(answer, expected, "{operation:?} {status} {content}");
        }
    }

    #[test]
    fn an_answer_that_was_not_read_to_its_end_is_no_object() {
        let mut cut = reply(200, "plan", None);
        cut.is_whole = false;
        let get = Operation::Get { most_bytes: 9 };
        assert_eq!(Answer::of(cut, get), Err(Refusal::TooLarge { most_bytes: 9 }));
    }
}
