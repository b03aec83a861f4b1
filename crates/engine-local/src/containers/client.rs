//! One container engine: the few things that we ask of it, each with a deadline.

use std::collections::HashMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bollard::container::AttachContainerResults;
use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, CreateImageInfo, HostConfig};
use bollard::query_parameters::{
    AttachContainerOptions, CreateContainerOptions, CreateImageOptions, KillContainerOptions, ListContainersOptions,
    RemoveContainerOptions, RemoveVolumeOptions,
};
use bollard::{API_DEFAULT_VERSION, Docker};
use futures_util::stream::{Stream, StreamExt};

use super::engine_error::EngineError;
use super::image::{ImageFacts, names_one};
use crate::config::EngineName;

/// A socket that nobody serves is silent at once; one that systemd starts its engine for, on a busy machine, needs a moment.
const CONNECT_SECONDS: u64 = 30;
/// Anything but a pull is done within this time, also on a busy machine.
const ANSWER_SECONDS: u64 = 60;

/// A container engine that answers.
#[derive(Debug)]
pub(crate) struct Client {
    docker: Docker,
    socket: PathBuf,
    pub(crate) engine: EngineName,
}

/// Where a container is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// Its process 1, as the engine counts processes.
    Running {
        pid: Option<i32>,
        /// The names of its volumes, unnamed ones included.
        volumes: Vec<String>,
    },
    Exited {
        code: i64,
        out_of_memory: bool,
    },
}

impl Client {
    /// Connects, and asks who is there.
    pub(crate) async fn connect(socket: &Path) -> Result<Self, EngineError> {
        let failed = |error: &Error| EngineError::of(socket, error);
        let docker = Docker::connect_with_unix(&socket.to_string_lossy(), ANSWER_SECONDS, API_DEFAULT_VERSION)
            .map_err(|error| failed(&error))?;
        let greeted = async {
            let docker = docker.negotiate_version().await?;
            let version = docker.version().await?;
            Ok::<_, Error>((docker, version))
        };
        let (docker, version) = within(socket, CONNECT_SECONDS, greeted).await?;
        let components = version.components.unwrap_or_default();
        let engine = if components.iter().any(|component| component.name.contains("Podman")) {
            EngineName::Podman
        } else {
            EngineName::Docker
        };
        Ok(Self {
            docker,
            socket: socket.to_owned(),
            engine,
        })
    }

    /// The first of the references that is here.
    pub(crate) async fn image(&self, references: &[String]) -> Result<Option<ImageFacts>, EngineError> {
        for reference in references {
            match self.ask(self.docker.inspect_image(reference)).await {
                Ok(found) => {
                    let config = found.config.unwrap_or_default();
                    let id = found.id.unwrap_or_default();
                    return Ok(Some(ImageFacts {
                        id: if id.starts_with("sha256:") {
                            id
                        } else {
                            format!("sha256:{id}")
                        },
                        entrypoint: config.entrypoint.unwrap_or_default(),
                        volumes: config.volumes.unwrap_or_default(),
                    }));
                }
                Err(EngineError::Missing(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Pulls; each entry is one step of it. Dropping it gives the pull up.
    pub(crate) fn pull(&self, reference: &str) -> impl Stream<Item = Result<CreateImageInfo, EngineError>> + Unpin {
        let options = CreateImageOptions {
            from_image: Some(reference.to_owned()),
            // Docker would pull every tag of the repository.
            tag: (!names_one(reference)).then(|| "latest".to_owned()),
            ..CreateImageOptions::default()
        };
        let socket = self.socket.clone();
        self.docker
            .create_image(Some(options), None, None)
            .map(move |step| step.map_err(|error| EngineError::of(&socket, &error)))
            .boxed()
    }

    /// Makes a container, and answers its id.
    pub(crate) async fn create(&self, name: &str, body: ContainerCreateBody) -> Result<String, EngineError> {
        let options = CreateContainerOptions {
            name: Some(name.to_owned()),
            ..CreateContainerOptions::default()
        };
        self.ask(self.docker.create_container(Some(options), body))
            .await
            .map(|created| created.id)
    }

    /// What the engine made of what a container was to be held to.
    pub(crate) async fn made(&self, name: &str) -> Result<HostConfig, EngineError> {
        let seen = self.ask(self.docker.inspect_container(name, None)).await?;
        Ok(seen.host_config.unwrap_or_default())
    }

    /// Everything that the container writes from now on, and a way to its input.
    pub(crate) async fn attach(&self, name: &str, stdin: bool) -> Result<AttachContainerResults, EngineError> {
        let options = AttachContainerOptions {
            stream: true,
            stdin,
            stdout: true,
            stderr: true,
            ..AttachContainerOptions::default()
        };
        self.ask(self.docker.attach_container(name, Some(options))).await
    }

    pub(crate) async fn start(&self, name: &str) -> Result<(), EngineError> {
        self.ask(self.docker.start_container(name, None)).await
    }

    pub(crate) async fn kill(&self, name: &str, signal: &str) -> Result<(), EngineError> {
        let options = KillContainerOptions {
            signal: signal.to_owned(),
        };
        self.ask(self.docker.kill_container(name, Some(options))).await
    }

    pub(crate) async fn state(&self, name: &str) -> Result<State, EngineError> {
        let seen = self.ask(self.docker.inspect_container(name, None)).await?;
        let state = seen.state.unwrap_or_default();
        Ok(
            if state.running.unwrap_or(false) || state.pid.is_some_and(|pid| pid > 0) {
                let volumes = seen
                    .mounts
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|mount| mount.name);
                State::Running {
                    pid: state.pid.and_then(|pid| i32::try_from(pid).ok()).filter(|pid| *pid > 0),
                    volumes: volumes.filter(|name| !name.is_empty()).collect(),
                }
            } else {
                State::Exited {
                    code: state.exit_code.unwrap_or(-1),
                    out_of_memory: state.oom_killed.unwrap_or(false),
                }
            },
        )
    }

    /// Removes a container, running or not, with its unnamed volumes. One that is gone is removed.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), EngineError> {
        let options = RemoveContainerOptions {
            v: true,
            force: true,
            ..RemoveContainerOptions::default()
        };
        gone(self.ask(self.docker.remove_container(name, Some(options))).await)
    }

    pub(crate) async fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        let options = RemoveVolumeOptions { force: true };
        gone(self.ask(self.docker.remove_volume(name, Some(options))).await)
    }

    /// The labels of every container that carries the label.
    pub(crate) async fn labels_of(&self, label: &str) -> Result<Vec<HashMap<String, String>>, EngineError> {
        let options = ListContainersOptions {
            all: true,
            filters: Some(HashMap::from([("label".to_owned(), vec![label.to_owned()])])),
            ..ListContainersOptions::default()
        };
        let found = self.ask(self.docker.list_containers(Some(options))).await?;
        Ok(found.into_iter().filter_map(|container| container.labels).collect())
    }

    async fn ask<Answer>(&self, asked: impl Future<Output = Result<Answer, Error>>) -> Result<Answer, EngineError> {
        within(&self.socket, ANSWER_SECONDS, asked).await
    }
}

async fn within<Answer>(
    socket: &Path,
    seconds: u64,
    asked: impl Future<Output = Result<Answer, Error>>,
) -> Result<Answer, EngineError> {
    match tokio::time::timeout(Duration::from_secs(seconds), asked).await {
        Ok(answer) => answer.map_err(|error| EngineError::of(socket, &error)),
        Err(_late) => Err(EngineError::late(socket, seconds)),
    }
}

fn gone(removed: Result<(), EngineError>) -> Result<(), EngineError> {
    match removed {
        Err(EngineError::Missing(_)) => Ok(()),
        other => other,
    }
}
