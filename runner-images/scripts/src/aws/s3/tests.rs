//! The client against a server that answers what a test says.

use std::sync::mpsc::channel;

use nix::libc::SIGTERM;

use super::*;
use crate::aws::fixture::{environment_of_a_task, nobody_stops};
use crate::aws::server::serve;

fn client(port: u16) -> Client {
    Client::with("plans", environment_of_a_task(port)).unwrap()
}

const FINE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nplan";
const BUSY: &str = "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const MOVED: &str = "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

#[test]
fn an_object_is_written_once_and_read_again() {
    let (port, asked) = serve(vec![FINE, FINE]);
    let client = client(port);
    client.put_new("a/x.plan", b"plan", &mut nobody_stops()).unwrap();
    let put = asked.recv().unwrap().to_ascii_lowercase();
    assert!(put.starts_with("put /plans/a/x.plan http/1.1\r\n"), "{put}");
    for header in [
        format!("host: 127.0.0.1:{port}"),
        "if-none-match: *".to_owned(),
        "x-amz-security-token: hunter3".to_owned(),
    ] {
        assert_eq!(put.matches(&format!("\r\n{header}\r\n")).count(), 1, "{header}: {put}");
    }
    assert!(put.ends_with("\r\n\r\nplan"), "{put}");
    let got = client.get("a/x.plan", 4, &mut nobody_stops()).unwrap();
    assert_eq!(got.unwrap(), b"plan");
    let get = asked.recv().unwrap().to_ascii_lowercase();
    assert!(
        get.starts_with("get /plans/a/x.plan http/1.1\r\n") && !get.contains("if-none-match"),
        "{get}"
    );
}

#[test]
fn an_object_that_is_too_large_is_not_read_to_its_end() {
    let (port, _asked) = serve(vec![FINE]);
    let error = client(port).get("x", 3, &mut nobody_stops()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the object `arn:aws:s3:::plans/x` is larger than 3 bytes: it is no saved plan"
    );
}

#[test]
fn a_redirect_is_not_followed() {
    let (port, _asked) = serve(vec![MOVED]);
    let error = client(port).get("x", 3, &mut nobody_stops()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("S3 refuses `s3:GetObject` on `arn:aws:s3:::plans/x` with 307 `no code`: "),
        "{error}"
    );
}

#[test]
fn what_passes_is_tried_again_and_a_stop_ends_the_waiting() {
    let (port, asked) = serve(vec![BUSY, FINE]);
    client(port).put_new("x", b"plan", &mut nobody_stops()).unwrap();
    assert_eq!(asked.iter().count(), 2);

    let (port, asked) = serve(vec![BUSY]);
    let (sender, signals) = channel();
    sender.send(SIGTERM).unwrap();
    let mut stopped = Interruptions::from_channel(signals);
    let error = client(port).put_new("x", b"plan", &mut stopped).unwrap_err();
    assert!(
        matches!(error, S3Error::Ask(AskError::Stopped(Stopped::Terminated))),
        "{error}"
    );
    assert_eq!(asked.iter().count(), 1);
}

#[test]
fn nothing_of_the_credentials_is_in_an_error_or_in_what_is_shown() {
    let (port, _asked) = serve(vec!["no HTTP at all"; 4]);
    let client = client(port);
    let error = client.get("x", 3, &mut nobody_stops()).unwrap_err();
    for text in [format!("{error} {error:?}"), format!("{client:?}")] {
        assert!(!text.contains("hunter") && !text.contains("AKIA"), "{text}");
    }
}

#[test]
fn a_bucket_in_this_region_is_not_said_to_be_in_another_whatever_is_wrong() {
    for (region, expected) in [
        (
            "eu-west-1",
            "S3 refuses `s3:GetObject` on `arn:aws:s3:::plans/x` with 400 `no code`: ",
        ),
        ("us-east-1", "the bucket `plans` is in another Region (us-east-1): "),
    ] {
        let answer = format!(
            "HTTP/1.1 400 Bad Request\r\nx-amz-bucket-region: {region}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let (port, _asked) = serve(vec![answer.leak()]);
        let error = client(port).get("x", 3, &mut nobody_stops()).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}
