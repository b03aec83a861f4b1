//! Chooses what holds a run: a container of Docker or Podman, or the sandbox. Never neither.

use std::path::Path;

use engine::Permit;
use gatekeeper::Entrypoint;

use super::sandbox;
use crate::config::{EngineChoice, LocalConfig};
use crate::containers::{Answer, Found, Image, Question, ask_to_look};
use crate::state::{ContainerRecord, RoomRecord};

/// What holds the run, and why, where nobody named it.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) room: RoomRecord,
    pub(super) notices: Vec<String>,
}

/// Chooses. The error is the reason why nothing can hold the run.
pub(super) fn choose(
    config: &LocalConfig,
    permit: &Permit,
    supervisor: &Path,
    state_dir: &Path,
) -> Result<Chosen, String> {
    let named = |room| Chosen {
        room,
        notices: Vec::new(),
    };
    match config.engine {
        EngineChoice::Sandbox => sandbox::hold(config, permit).map(RoomRecord::Sandbox).map(named),
        EngineChoice::Docker => {
            let found = look(config, permit, supervisor, state_dir).map_err(|not_found| match not_found {
                NotFound::Engine(reason) => format!(
                    "{reason}: start Docker, or Podman with `systemctl start podman.socket`, or use `--engine sandbox`"
                ),
                NotFound::Image(reason) => format!("{reason}: correct `--image`"),
            })?;
            container(config, permit, found).map(RoomRecord::Container).map(named)
        }
        EngineChoice::Auto => automatic(config, permit, supervisor, state_dir),
    }
}

/// A container if its image is here. Nobody has to have images, and nobody who has none waits for a pull.
fn automatic(config: &LocalConfig, permit: &Permit, supervisor: &Path, state_dir: &Path) -> Result<Chosen, String> {
    let why_none = match look(config, permit, supervisor, state_dir) {
        Ok(found) if found.image.is_some() => {
            let notice = format!(
                "engine: {}, because it has the image `{}` (`{}`)",
                found.engine,
                permit.image(),
                found.socket.display()
            );
            let room = RoomRecord::Container(container(config, permit, found)?);
            return Ok(Chosen {
                room,
                notices: vec![notice],
            });
        }
        Ok(found) => format!("{} has no image `{}`", found.engine, permit.image()),
        Err(NotFound::Engine(reason) | NotFound::Image(reason)) => reason,
    };
    match sandbox::hold(config, permit) {
        Ok(record) => Ok(Chosen {
            room: RoomRecord::Sandbox(record),
            notices: vec![format!("engine: the sandbox, because {why_none}")],
        }),
        Err(reason) => Err(format!("{reason} (a container cannot hold it either: {why_none})")),
    }
}

/// Why no container can hold the run.
enum NotFound {
    /// Nothing answers.
    Engine(String),
    /// What answers cannot look for it.
    Image(String),
}

fn look(config: &LocalConfig, permit: &Permit, supervisor: &Path, state_dir: &Path) -> Result<Found, NotFound> {
    let question = Question {
        sockets: config.containers.sockets.present().map_err(NotFound::Engine)?,
        image: image(config, permit),
        state_dir: state_dir.to_owned(),
    };
    match ask_to_look(supervisor, &question).map_err(NotFound::Engine)? {
        Answer::Found(found) => Ok(found),
        Answer::Refused { reason } => Err(NotFound::Image(reason)),
        Answer::NoEngine { reason } => Err(NotFound::Engine(reason)),
    }
}

fn container(config: &LocalConfig, permit: &Permit, found: Found) -> Result<ContainerRecord, String> {
    if permit.entrypoint() == Entrypoint::Image && !permit.secrets().is_empty() {
        return Err(format!(
            "container `{}` declares secrets and starts its image's own entry point (`entrypoint: image`), which only takes them as variables, \
             and {} would write those to its disk: run it on AWS, or build the image with the runner",
            permit.container(),
            found.engine
        ));
    }
    let image = image(config, permit);
    let pull = config.containers.pull;
    image.to_pull(pull, found.image.is_some())?;
    Ok(ContainerRecord {
        engine: found.engine,
        socket: found.socket,
        image,
        image_id: found.image,
        pull,
    })
}

fn image(config: &LocalConfig, permit: &Permit) -> Image {
    Image {
        name: permit.image().to_owned(),
        reference: config.containers.images.get(permit.image()).cloned(),
    }
}
