//! A container as a room: Docker or Podman around the runner of an image.

mod inside;
mod log;
mod pull;

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;

use bollard::container::AttachContainerResults;
use gatekeeper::compiled::Entrypoint;
use tokio::io::AsyncWriteExt;
use tokio::runtime::{Builder, Runtime};

use super::room::{Left, NotInside, Room};
use super::stop::Stop;
use super::words::words;
use super::{Job, Launcher};
use crate::containers::{
    Client, EngineError, ImageFacts, Purpose, State, container_name, dropped_limits, leave, of_container, oom_file,
    specification,
};
use crate::state::{ContainerRecord, StateError, StatusRecord, private_dir};
use inside::{InContainer, Memory, Stage};
use log::Log;

/// The runner's name, whatever folder an image has it in.
const RUNNER: &str = "deploy-runner";
/// Everybody may write, and nobody remove what somebody else wrote: only this user comes as far as the folder.
const VOLUME_MODE: u32 = 0o1777;

/// The container of one run.
pub(super) struct ContainerRoom {
    record: ContainerRecord,
    runtime: Option<Rc<Runtime>>,
    client: Option<Rc<Client>>,
    memory: Rc<Memory>,
}

impl Room for ContainerRoom {
    type Record = ContainerRecord;
    type Inside = InContainer;

    fn prepare(_: &Job, record: ContainerRecord) -> (Self, Vec<String>) {
        let room = Self {
            record,
            runtime: None,
            client: None,
            memory: Rc::default(),
        };
        (room, Vec::new())
    }

    fn cgroups(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    fn enter(
        &mut self,
        job: &Job,
        secrets: BTreeMap<String, String>,
        status: &mut StatusRecord,
        stop: &mut Stop,
        launcher: &mut Launcher,
    ) -> Result<InContainer, NotInside> {
        let built = Builder::new_current_thread().enable_all().build();
        let runtime =
            Rc::new(built.map_err(|error| format!("the supervisor cannot speak to a container engine: {error}"))?);
        self.runtime = Some(Rc::clone(&runtime));
        let client = Rc::new(
            runtime
                .block_on(Client::connect(&self.record.socket))
                .map_err(|error| error.to_string())?,
        );
        self.client = Some(Rc::clone(&client));
        // A pull takes its time, and the run can be watched and stopped meanwhile.
        launcher.hears_of_supervision(status);
        let image = runtime.block_on(self.image(&client, job, status, stop))?;
        check_entrypoint(job, &self.record, &image)?;
        let begun = runtime.block_on(begin(&client, job, &image, &secrets))?;
        status.volumes = begun.volumes;
        status.sandbox = begun.pid.and_then(|pid| of_container(pid, &begun.id));
        self.memory.watch(status.sandbox.and_then(oom_file));
        Ok(InContainer {
            runtime,
            client,
            name: container_name(job.request.run),
            output: begun.attached.output,
            log: begun.log,
            process: status.sandbox,
            memory: Rc::clone(&self.memory),
            stage: Stage::Writes,
            heard: Instant::now(),
        })
    }

    fn leave(self, job: &Job, status: &StatusRecord) -> Left {
        let notices = match (&self.runtime, &self.client) {
            (Some(runtime), Some(client)) => {
                let left = runtime.block_on(leave(client, job.request.run, &status.volumes));
                left.err().into_iter().collect()
            }
            // Without a connection there has been no container.
            _ => Vec::new(),
        };
        Left {
            oom_kills: self.memory.kills(),
            notices,
        }
    }
}

impl ContainerRoom {
    /// The image, pulled if the policy says so. It was looked at before the launch, and must still be the same.
    async fn image(
        &self,
        client: &Client,
        job: &Job,
        status: &mut StatusRecord,
        stop: &mut Stop,
    ) -> Result<ImageFacts, NotInside> {
        let wanted = &self.record.image;
        let references = match (
            wanted.to_pull(self.record.pull, self.record.image_id.is_some())?,
            &self.record.image_id,
        ) {
            (Some(reference), _) => {
                let began = Instant::now();
                pull::pull(client, reference, job, stop).await?;
                status.pull_ms = u64::try_from(began.elapsed().as_millis()).ok();
                vec![reference.to_owned()]
            }
            (None, Some(id)) => vec![id.clone()],
            (None, None) => wanted.references(client.engine),
        };
        let found = client.image(&references).await.map_err(|error| error.to_string())?;
        found.ok_or_else(|| NotInside::Failed(format!("image {wanted} is not here any more: run it again")))
    }
}

/// A container that has been started.
struct Begun {
    id: String,
    attached: AttachContainerResults,
    log: Log,
    pid: Option<i32>,
    volumes: Vec<String>,
}

async fn begin(
    client: &Client,
    job: &Job,
    image: &ImageFacts,
    secrets: &BTreeMap<String, String>,
) -> Result<Begun, String> {
    let engine = client.engine;
    let log = Log::open(&job.dir, job.decision.entrypoint)
        .map_err(|error| format!("the run's log cannot be opened: {error}"))?;
    open_volumes(job).map_err(|error| error.to_string())?;
    let purpose = Purpose {
        run: job.request.run,
        size: job.request.size,
        decision: &job.decision,
        state_dir: &job.launch.state_dir,
        volumes_dir: &job.launch.volumes_dir,
        read_only: &job.launch.read_only,
        words: words(job),
    };
    let name = container_name(job.request.run);
    let container = specification(&purpose, image);
    let limits = container.host_config.clone().unwrap_or_default();
    let cannot_make = |error: EngineError| format!("{engine} cannot make the container: {error}");
    let id = client.create(&name, container).await.map_err(cannot_make)?;
    let dropped = dropped_limits(&limits, &client.made(&name).await.map_err(cannot_make)?);
    if !dropped.is_empty() {
        return Err(format!(
            "{engine} would not hold the run to its limits ({}): it has no control groups for them here; use an engine of the system instead of a \
             rootless one, or `--engine sandbox`",
            dropped.join(", ")
        ));
    }
    // Podman begins with the start when it is asked for the output.
    let cannot_start = |error: EngineError| format!("{engine} cannot start the container: {error}");
    let mut attached = client.attach(&name, !secrets.is_empty()).await.map_err(cannot_start)?;
    client.start(&name).await.map_err(cannot_start)?;
    if !secrets.is_empty() {
        let handed_over =
            serde_json::to_vec(secrets).map_err(|_shows_values| "the secrets cannot be written as JSON".to_owned())?;
        let written = attached.input.write_all(&handed_over).await;
        // A container that is over already does not listen; why, its own words say.
        drop(written.and(attached.input.shutdown().await));
    }
    let (pid, volumes) = match client.state(&name).await {
        Ok(State::Running { pid, volumes }) => (pid, volumes),
        // It may be over already.
        Ok(State::Exited { .. }) | Err(_) => (None, Vec::new()),
    };
    Ok(Begun {
        id,
        attached,
        log,
        pid,
        volumes,
    })
}

/// The image's user writes there, whoever that is.
fn open_volumes(job: &Job) -> Result<(), StateError> {
    for name in job.decision.volumes.keys() {
        let folder = job.launch.volumes_dir.join(name);
        private_dir(&folder)?;
        fs::set_permissions(&folder, Permissions::from_mode(VOLUME_MODE))
            .map_err(StateError::io("open up", &folder))?;
    }
    Ok(())
}

/// What an image without the runner as its entry point would print is not a log of ours.
fn check_entrypoint(job: &Job, record: &ContainerRecord, image: &ImageFacts) -> Result<(), String> {
    let program = image.entrypoint.first().map(Path::new);
    let is_runner = program.and_then(Path::file_name).is_some_and(|name| name == RUNNER);
    match job.decision.entrypoint {
        Entrypoint::DeployRunner if !is_runner => Err(format!(
            "image {} does not start `{RUNNER}` but {}: make the runner its ENTRYPOINT, or say `entrypoint: image` in the allow-list",
            record.image,
            program.map_or("nothing of its own".to_owned(), |program| format!(
                "`{}`",
                program.display()
            ))
        )),
        Entrypoint::DeployRunner | Entrypoint::Image => Ok(()),
    }
}
