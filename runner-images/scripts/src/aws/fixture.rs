//! What tests of the clients begin with.

use std::sync::mpsc::channel;

use crate::interruption::Interruptions;

/// An environment of these variables.
pub(super) fn environment<'test>(
    variables: &'test [(&'test str, &'test str)],
) -> impl Fn(&str) -> Option<String> + Copy + 'test {
    |name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    }
}

/// The environment of a task whose service listens on this port.
pub(super) fn environment_of_a_task(port: u16) -> impl Fn(&str) -> Option<String> {
    move |name| {
        let endpoint = format!("http://127.0.0.1:{port}");
        let variables = [
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ENDPOINT_URL", &endpoint),
            ("AWS_ACCESS_KEY_ID", "AKIA"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ("AWS_SESSION_TOKEN", "hunter3"),
        ];
        environment(&variables)(name)
    }
}

pub(super) fn nobody_stops() -> Interruptions {
    let (_sender, signals) = channel();
    Interruptions::from_channel(signals)
}
