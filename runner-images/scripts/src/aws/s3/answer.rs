//! What an answer of S3 means.
//!
//! Responsible for taking nothing but a code and a Region out of an error: its text repeats what was signed.

use super::Operation;
use crate::aws::http::Reply;
use crate::aws::xml::{self, plain};

/// Where S3 says in which Region a bucket is.
const REGION_HEADER: &str = "x-amz-bucket-region";

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
    /// What a reply means, to a client in this Region.
    pub(super) fn of(reply: Reply, operation: Operation<'_>, region: &str) -> Result<Self, Refusal> {
        match (reply.status, operation) {
            (200, Operation::Get { .. }) if reply.is_whole => Ok(Self::Content(reply.content)),
            (200, Operation::Get { most_bytes }) => Err(Refusal::TooLarge { most_bytes }),
            // 412: an object is there already.
            (200 | 412, Operation::PutNew(_)) => Ok(Self::Done),
            _ => Self::of_error(&reply, operation, region),
        }
    }

    fn of_error(reply: &Reply, operation: Operation<'_>, region: &str) -> Result<Self, Refusal> {
        let code = xml::error_code(&reply.content);
        let elsewhere = reply.headers.get(REGION_HEADER).and_then(|value| value.to_str().ok());
        match (reply.status, operation, code.as_str(), elsewhere) {
            (404, Operation::Get { .. }, "NoSuchKey", _) => Ok(Self::NoSuchObject),
            (404, _, "NoSuchBucket", _) => Err(Refusal::NoSuchBucket),
            (301 | 307 | 400, _, _, Some(elsewhere)) if elsewhere != region => {
                Err(Refusal::OtherRegion(plain(elsewhere)))
            }
            (403, _, "AccessDenied", _) => Err(Refusal::Denied),
            (status, ..) => Err(Refusal::Other { status, code }),
        }
    }
}

#[cfg(test)]
mod tests {
    use ureq::http::HeaderName;

    use super::*;

    fn reply(status: u16, content: &str, region: Option<&str>) -> Reply {
        let elsewhere = region.map(|region| (HeaderName::from_static(REGION_HEADER), region.parse().unwrap()));
        Reply {
            status,
            headers: elsewhere.into_iter().collect(),
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
            (
                get,
                301,
                String::new(),
                Some("us-east-1 or eu-west-1"),
                region("no code"),
            ),
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
            let answer = Answer::of(reply(status, &content, elsewhere), operation, "eu-west-1");
            assert_eq!(answer, expected, "{operation:?} {status} {content}");
        }
    }

    #[test]
    fn an_answer_that_was_not_read_to_its_end_is_no_object() {
        let mut cut = reply(200, "plan", None);
        cut.is_whole = false;
        let get = Operation::Get { most_bytes: 9 };
        assert_eq!(
            Answer::of(cut, get, "eu-west-1"),
            Err(Refusal::TooLarge { most_bytes: 9 })
        );
    }
}
