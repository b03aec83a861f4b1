//! Looks for an engine and an image before anything is created: asked by the caller's program, answered by `deploy-runner-local look`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::client::Client;
use super::engine_error::EngineError;
use super::image::Image;
use super::sweep;
use crate::config::EngineName;
use crate::state::State;

/// What is looked for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    pub(crate) sockets: Vec<PathBuf>,
    pub(crate) image: Image,
    /// Whose containers of ended runs are removed on the way.
    pub(crate) state_dir: PathBuf,
}

/// What was found.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Answer {
    /// An engine that has the image, or else the first that answers.
    Found(Found),
    /// An engine answers, and refuses to look for the image.
    Refused { reason: String },
    /// No engine answers.
    NoEngine { reason: String },
}

/// An engine that answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Found {
    pub(crate) socket: PathBuf,
    pub(crate) engine: EngineName,
    /// The id of the image, if it is here.
    pub(crate) image: Option<String>,
}

/// The answer.
pub(crate) async fn answer(question: &Question) -> Answer {
    let mut without_image = None;
    let mut refused = None;
    let mut reasons = Vec::new();
    for socket in &question.sockets {
        match look(socket, question).await {
            Ok(found) if found.image.is_some() => return Answer::Found(found),
            Ok(found) => {
                without_image.get_or_insert(found);
            }
            Err(error @ EngineError::Unreachable { .. }) => reasons.push(error.to_string()),
            Err(error) => {
                refused.get_or_insert(format!(
                    "the container engine at `{}` cannot look for image {}: {error}",
                    socket.display(),
                    question.image
                ));
            }
        }
    }
    match (without_image, refused) {
        (Some(found), _) => Answer::Found(found),
        (None, Some(reason)) => Answer::Refused { reason },
        (None, None) => Answer::NoEngine {
            reason: reasons.join("; "),
        },
    }
}

async fn look(socket: &Path, question: &Question) -> Result<Found, EngineError> {
    let client = Client::connect(socket).await?;
    sweep::sweep(&client, &State::new(question.state_dir.clone())).await;
    let references = question.image.references(client.engine);
    let image = client.image(&references).await?;
    Ok(Found {
        socket: socket.to_owned(),
        engine: client.engine,
        image: image.map(|facts| facts.id),
    })
}
