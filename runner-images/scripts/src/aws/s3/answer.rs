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

    #[track_caller]
    fn check(operation: Operation<'_>, reply: Reply, expected: &Result<Answer, Refusal>) {
        let status = reply.status;
        let answer = Answer::of(reply, operation, "eu-west-1");
        assert_eq!(&answer, expected, "{operation:?} {status}");
    }

    fn other(status: u16, code: &str) -> Result<Answer, Refusal> {
        Err(Refusal::Other {
            status,
            code: code.to_owned(),
        })
    }

    const GET: Operation<'_> = Operation::Get { most_bytes: 9 };
    const PUT: Operation<'_> = Operation::PutNew(b"x");

    #[test]
    fn answers_are_told_apart_by_status_and_code() {
        let content = || Ok(Answer::Content(b"plan".to_vec()));
        check(GET, reply(200, "plan", None), &content());
        // A plan that looks like an error is a plan.
        let looks = error("NoSuchKey");
        check(
            GET,
            reply(200, &looks, None),
            &Ok(Answer::Content(looks.clone().into_bytes())),
        );
        check(PUT, reply(200, "", None), &Ok(Answer::Done));
        for (operation, status, code, expected) in [
            (PUT, 412, "PreconditionFailed", Ok(Answer::Done)),
            (GET, 412, "PreconditionFailed", other(412, "PreconditionFailed")),
            (GET, 404, "NoSuchKey", Ok(Answer::NoSuchObject)),
            (PUT, 404, "NoSuchKey", other(404, "NoSuchKey")),
            (GET, 404, "NoSuchBucket", Err(Refusal::NoSuchBucket)),
            (PUT, 404, "NoSuchBucket", Err(Refusal::NoSuchBucket)),
            (GET, 403, "AccessDenied", Err(Refusal::Denied)),
            (GET, 403, "RequestTimeTooSkewed", other(403, "RequestTimeTooSkewed")),
            (GET, 400, "AKIA secret=text", other(400, "no code")),
            (PUT, 503, "SlowDown", other(503, "SlowDown")),
        ] {
            check(operation, reply(status, &error(code), None), &expected);
        }
        // A web server that is no S3.
        check(GET, reply(404, "<html>Not found</html>", None), &other(404, "no code"));
    }

    #[test]
    fn a_bucket_is_elsewhere_when_s3_names_another_region() {
        let elsewhere = |name: &str| Err(Refusal::OtherRegion(name.to_owned()));
        for (operation, status, content, region, expected) in [
            (
                PUT,
                301,
                error("PermanentRedirect"),
                Some("us-east-1"),
                elsewhere("us-east-1"),
            ),
            (
                GET,
                301,
                String::new(),
                Some("us-east-1 or eu-west-1"),
                elsewhere("no code"),
            ),
            (
                GET,
                301,
                error("PermanentRedirect"),
                None,
                other(301, "PermanentRedirect"),
            ),
            (GET, 400, String::new(), Some("eu-west-1"), other(400, "no code")),
        ] {
            check(operation, reply(status, &content, region), &expected);
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
