//! Answers as AWS writes them, and the ways in which there is none.

use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

/// How a connection ends without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// The connection is reset.
    Reset,
    /// Nothing ever comes.
    Silence,
}

/// A service's refusal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// What the error carries besides: `resourceIds` of a conflict.
    pub(crate) more: Vec<(&'static str, Value)>,
}

impl Fault {
    /// The caller's mistake.
    pub(crate) fn client(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            more: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, key: &'static str, value: Value) -> Self {
        self.more.push((key, value));
        self
    }

    /// As the services with JSON 1.1 write it.
    pub(crate) fn json(&self) -> Response<Vec<u8>> {
        let mut body = json!({ "__type": self.code, "message": self.message });
        if let Some(object) = body.as_object_mut() {
            object.extend(self.more.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        }
        answer(self.status, "application/x-amz-json-1.1", body.to_string().into_bytes())
    }

    /// As Lambda writes it: the code is in a header.
    pub(crate) fn rest(&self) -> Response<Vec<u8>> {
        let body = json!({ "Type": "User", "Message": self.message });
        let mut response = answer(self.status, "application/json", body.to_string().into_bytes());
        header(&mut response, "x-amzn-errortype", self.code);
        response
    }
}

/// A good answer with a JSON 1.1 body. A body that cannot be written is the simulator's own failure, and shows as one.
pub(crate) fn ok(body: &impl Serialize) -> Response<Vec<u8>> {
    match serde_json::to_vec(body) {
        Ok(bytes) => answer(StatusCode::OK, "application/x-amz-json-1.1", bytes),
        Err(error) => Fault::new(StatusCode::NOT_IMPLEMENTED, "SimulatorFailure", error.to_string()).json(),
    }
}

pub(crate) fn answer(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Response<Vec<u8>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    header(&mut response, "content-type", kind);
    response
}

pub(crate) fn header(response: &mut Response<Vec<u8>>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}
