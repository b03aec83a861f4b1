//! The least that a Rust program can do to print the log of a run: one connection, `GetLogEvents` until the token repeats, the text of each
//! entry. It has no retries, no credentials and no proof that anything is complete. What the product is measured against.
//!
//! Usage: `plain_reader HOST:PORT GROUP STREAM`

use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write};
use std::net::TcpStream;

use serde::Deserialize;

type Problem = Box<dyn std::error::Error>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    events: Vec<Event>,
    next_forward_token: String,
}

#[derive(Deserialize)]
struct Event {
    message: String,
}

fn main() -> Result<(), Problem> {
    let mut words = std::env::args().skip(1);
    let mut word = || words.next().ok_or("usage: plain_reader HOST:PORT GROUP STREAM");
    let (host, group, stream) = (word()?, word()?, word()?);
    let mut connection = BufReader::new(TcpStream::connect(&host)?);
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut token = None;
    loop {
        let page: Page = serde_json::from_slice(&ask(&mut connection, &host, &group, &stream, token.as_deref())?)?;
        for event in &page.events {
            // `NUMBER CHANNEL TEXT`: the text is all that it shows.
            let text = event.message.splitn(3, ' ').nth(2).unwrap_or_default();
            writeln!(out, "{text}")?;
        }
        if token.as_ref() == Some(&page.next_forward_token) {
            return Ok(out.flush()?);
        }
        token = Some(page.next_forward_token);
    }
}

fn ask(
    connection: &mut BufReader<TcpStream>,
    host: &str,
    group: &str,
    stream: &str,
    token: Option<&str>,
) -> Result<Vec<u8>, Problem> {
    let body = serde_json::json!({
        "logGroupName": group, "logStreamName": stream, "startFromHead": true, "nextToken": token,
    })
    .to_string();
    write!(
        connection.get_mut(),
        "POST / HTTP/1.1\r\nhost: {host}\r\nx-amz-target: Logs_20140328.GetLogEvents\r\n\
         content-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        connection.read_line(&mut line)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut answer = vec![0; length];
    connection.read_exact(&mut answer)?;
    Ok(answer)
}
