//! Which service and action a request is for.

use http::Request;

use crate::record::Service;

/// A request, understood.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) service: Option<Service>,
    pub(crate) action: String,
    pub(crate) body: Vec<u8>,
    /// For Lambda: the function, percent-decoded.
    pub(crate) function: String,
    pub(crate) qualifier: Option<String>,
}

impl Call {
    /// The permission that it needs.
    pub(crate) fn permission(&self) -> String {
        match self.service {
            Some(Service::Lambda) => "lambda:InvokeFunction".to_owned(),
            Some(Service::Logs) => format!("logs:{}", self.action),
            Some(Service::Ecs) | None => format!("ecs:{}", self.action),
        }
    }
}

pub(crate) fn route(request: Request<Vec<u8>>) -> Call {
    let (parts, body) = request.into_parts();
    let target = parts
        .headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok());
    let mut call = Call {
        service: None,
        action: "?".to_owned(),
        body,
        function: String::new(),
        qualifier: None,
    };
    if let Some((service, action)) = target.and_then(|target| target.split_once('.')) {
        call.service = match service {
            "AmazonEC2ContainerServiceV20141113" => Some(Service::Ecs),
            "Logs_20140328" => Some(Service::Logs),
            _ => None,
        };
        action.clone_into(&mut call.action);
    } else if let Some(function) = parts
        .uri
        .path()
        .strip_prefix("/2015-03-31/functions/")
        .and_then(|rest| rest.strip_suffix("/invocations"))
    {
        call.service = Some(Service::Lambda);
        "Invoke".clone_into(&mut call.action);
        call.function = decoded(function);
        let pairs = parts.uri.query().unwrap_or_default().split('&');
        call.qualifier = pairs
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == "Qualifier")
            .map(|(_, value)| decoded(value));
    }
    call
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let escaped = hex
            .filter(|_| *first == b'%')
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() {
            after.get(2..).unwrap_or_default()
        } else {
            after
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
