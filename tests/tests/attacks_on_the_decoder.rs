//! Bytes that must never become a message.

use e2e::corpus::{self, Attack, MessageAttack};
use protocol::Message;

#[test]
fn the_decoder_refuses_every_message_of_the_corpus() {
    corpus::every(
        &corpus::rows(),
        |attack| {
            if let Attack::Message(message) = attack {
                Some(message)
            } else {
                None
            }
        },
        check,
    );
}

fn check(attack: &MessageAttack) -> Result<(), String> {
    match Message::decode(attack.json.repeat(attack.times).as_bytes()) {
        Ok(message) => Err(format!("was taken as {message:?}")),
        Err(error) if error.to_string().contains(&attack.says) => Ok(()),
        Err(error) => Err(format!(
            "was refused with `{error}`, which does not say `{}`",
            attack.says
        )),
    }
}
