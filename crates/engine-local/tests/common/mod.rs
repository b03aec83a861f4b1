//! An engine of this machine in a folder of its own, with the real runner, the real supervisor and bubblewrap.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test code, of which each test program uses a part"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use container_engines::{RUNNER, Recipe, Service};
use engine::conformance::{Harness, JOB_SCRIPT, Job, Seen, new_call, observe_to_the_end};
use engine::{Engine, Launched, Permit};
use engine_local::{ContainerConfig, ContainerSockets, EngineChoice, LocalConfig, LocalEngine, SecretValues};
use gatekeeper::compiled::{
    Capability, Compiled, Container, Entrypoint, FORMAT, Network, ParameterStyle, PositionalRule, Repository,
    RootFilesystem, Script, Task, TextRule, ValueStyle, ValueType, Volume,
};
use gatekeeper::{AllowList, Decision, decide};
use indexmap::IndexMap;
use protocol::{Ending, LaunchType, RunId, RunRequest};
use tempfile::TempDir;

/// What differs between the containers of the tests.
#[derive(Debug, Clone)]
pub struct Setup {
    pub entrypoint: Entrypoint,
    pub network: Network,
    pub environment: IndexMap<String, String>,
    pub secrets: IndexMap<String, String>,
    pub volumes: IndexMap<String, String>,
    pub root_filesystem: RootFilesystem,
    pub capabilities: Vec<Capability>,
    pub memory: u32,
    pub timeout_seconds: u32,
    pub stop_timeout_seconds: u32,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            entrypoint: Entrypoint::DeployRunner,
            network: Network::None,
            environment: IndexMap::new(),
            secrets: IndexMap::new(),
            volumes: IndexMap::new(),
            root_filesystem: RootFilesystem::ReadOnly,
            capabilities: Vec::new(),
            memory: 512,
            timeout_seconds: 60,
            stop_timeout_seconds: 5,
        }
    }
}

/// What a job tries that wants the runner's secrets and its place in the log. See [`NOTHING_REACHED`].
pub const REACH_FOR_THE_RUNNER: &str = "cat /proc/1/environ 2>/dev/null | head -c 1 | wc -c; readlink /proc/1/fd/* | wc -l; \
    (: < /proc/1/fd/0) 2>/dev/null && echo opened; (echo '1 = {}' > /proc/1/fd/1) 2>/dev/null && echo forged; echo tried";
/// What it prints when it gets nothing.
pub const NOTHING_REACHED: &str = "0\n0\ntried\n";

#[track_caller]
pub fn ends_with_the_host(ending: &Ending, because: &str) {
    assert!(
        matches!(ending, Ending::HostLost { reason } if reason.contains(because)),
        "{ending:?}"
    );
}

pub fn table(entries: &[(&str, &str)]) -> IndexMap<String, String> {
    entries
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// A machine of its own.
pub struct Machine {
    pub folder: TempDir,
    pub config: LocalConfig,
    pub engine: LocalEngine,
}

impl Machine {
    pub fn new() -> Self {
        Self::with_secrets(&[])
    }

    pub fn with_secrets(secrets: &[(&str, &str)]) -> Self {
        require_bubblewrap();
        let folder = tempfile::tempdir().unwrap();
        let scripts_dir = folder.path().join("scripts");
        fs::create_dir(&scripts_dir).unwrap();
        let job = scripts_dir.join("job");
        fs::write(&job, JOB_SCRIPT).unwrap();
        fs::set_permissions(&job, fs::Permissions::from_mode(0o755)).unwrap();
        let config = LocalConfig {
            secrets: secrets
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect::<SecretValues>(),
            ..config_in(folder.path())
        };
        let engine = LocalEngine::new(config.clone());
        Self { folder, config, engine }
    }

    /// The same, with runs in containers of this engine, which gets the image.
    pub fn with_engine(service: &impl Service, secrets: &[(&str, &str)]) -> Self {
        service.add_image(&image("tests", &[RUNNER]));
        Self::with_engine_at(&service.address(), secrets)
    }

    /// The same, with the engine at this address.
    pub fn with_engine_at(address: &str, secrets: &[(&str, &str)]) -> Self {
        let Self { folder, config, .. } = Self::with_secrets(secrets);
        let config = LocalConfig {
            engine: EngineChoice::Docker,
            containers: ContainerConfig {
                sockets: ContainerSockets::by(|name| (name == "DOCKER_HOST").then(|| address.to_owned())),
                ..ContainerConfig::default()
            },
            // Nothing of the sandbox is needed.
            scripts_dir: folder.path().join("no-scripts"),
            bwrap: folder.path().join("no-bubblewrap"),
            runner: folder.path().join("no-runner"),
            ..config
        };
        let engine = LocalEngine::new(config.clone());
        Self { folder, config, engine }
    }

    pub fn run_dir(&self, run: RunId) -> PathBuf {
        self.config.state_dir.join("runs").join(run.to_string())
    }

    pub async fn launch(&self, setup: &Setup, words: &[&str]) -> Launched {
        self.engine
            .launch(permit(setup, "job", words), new_call())
            .await
            .unwrap()
    }

    /// Runs shell text in the sandbox to its end.
    pub async fn shell(&self, setup: &Setup, text: &str) -> Seen {
        let launched = self.launch(setup, &["sh", text]).await;
        observe_to_the_end(self, launched.run).await
    }

    /// What shell text in the sandbox writes to standard output.
    pub async fn output(&self, setup: &Setup, text: &str) -> String {
        let seen = self.shell(setup, text).await;
        seen.output().0
    }
}

/// An image with the runner and the suite's script.
pub fn image(name: &'static str, entrypoint: &'static [&'static str]) -> Recipe<'static> {
    Recipe {
        name,
        runner: Box::leak(runner().into_boxed_path()),
        user: container_engines::USER,
        entrypoint,
        scripts: &[("job", JOB_SCRIPT)],
        tools: &[],
    }
}

/// How an engine is told of a folder that a [`Machine`] made.
pub fn config_in(folder: &Path) -> LocalConfig {
    LocalConfig {
        state_dir: folder.join("state"),
        scripts_dir: folder.join("scripts"),
        runner: runner(),
        supervisor: supervisor(),
        bwrap: PathBuf::from("bwrap"),
        secrets: SecretValues::default(),
        read_only_binds: Vec::new(),
        engine: EngineChoice::Sandbox,
        containers: ContainerConfig::default(),
    }
}

impl Harness for Machine {
    type Engine = LocalEngine;

    fn engine(&self) -> &LocalEngine {
        &self.engine
    }

    fn permit(&self, job: Job) -> Permit {
        let hasty = Setup {
            stop_timeout_seconds: 1,
            ..Setup::default()
        };
        let calm = Setup::default();
        let words = job.words();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match job {
            Job::Print { .. } | Job::Exit { .. } | Job::Signal { .. } | Job::CleanUpOnStop => {
                permit(&calm, "job", &words)
            }
            Job::IgnoreStop => permit(&hasty, "job", &words),
            Job::PassDeadline => permit(
                &Setup {
                    timeout_seconds: 1,
                    ..hasty
                },
                "job",
                &words,
            ),
            Job::Missing => permit(&calm, "missing", &words),
        }
    }
}

/// A permit that the real gate made.
pub fn permit(setup: &Setup, script: &str, words: &[&str]) -> Permit {
    permit_with_repositories(setup, script, words, &[])
}

pub fn permit_with_repositories(setup: &Setup, script: &str, words: &[&str], urls: &[&str]) -> Permit {
    let list = AllowList::load(&compiled(setup, urls).canonical_bytes()).expect("the tests' allow-list loads");
    let request = RunRequest {
        container: Some("tests".to_owned()),
        script: script.to_owned(),
        args: words.iter().map(|word| (*word).to_owned()).collect(),
        ..RunRequest::default()
    };
    match decide(&list, &request) {
        Decision::Permitted(permit) => permit,
        Decision::Denied(denial) => panic!("the tests' request is denied: {denial:?}"),
    }
}

fn compiled(setup: &Setup, urls: &[&str]) -> Compiled {
    let aliases: Vec<String> = (0..urls.len()).map(|number| format!("repository-{number}")).collect();
    let repositories = aliases.iter().zip(urls).map(|(alias, url)| {
        let repository = Repository {
            url: (*url).to_owned(),
            protected_refs: Vec::new(),
        };
        (alias.clone(), repository)
    });
    Compiled {
        format: FORMAT,
        repositories: repositories.collect(),
        volumes: setup
            .volumes
            .keys()
            .map(|name| {
                (
                    name.clone(),
                    Volume {
                        description: "v".to_owned(),
                    },
                )
            })
            .collect(),
        default_container: None,
        containers: [("tests".to_owned(), container(setup, &aliases))].into_iter().collect(),
    }
}

fn container(setup: &Setup, aliases: &[String]) -> Container {
    let scripts = ["job", "missing"].map(|name| (name.to_owned(), script(aliases)));
    Container {
        description: "c".to_owned(),
        image: "tests".to_owned(),
        entrypoint: setup.entrypoint,
        environment: setup.environment.clone(),
        secrets: setup.secrets.clone(),
        network: setup.network,
        volumes: setup.volumes.clone(),
        root_filesystem: setup.root_filesystem,
        capabilities: setup.capabilities.clone(),
        task: Task {
            cpu: 1024,
            memory: setup.memory,
            max_cpu: 1024,
            max_memory: setup.memory,
            launch_types: vec![LaunchType::Ec2],
            timeout_seconds: setup.timeout_seconds,
            stop_timeout_seconds: setup.stop_timeout_seconds,
        },
        scripts: scripts.into_iter().collect(),
    }
}

fn script(aliases: &[String]) -> Script {
    let repository = ValueType::Repository {
        one_of: aliases.to_vec(),
        protected_refs_as: None,
    };
    let text = ValueType::Text(TextRule {
        pattern: None,
        max_length: 4_000,
        allow_empty: false,
        allow_leading_dash: false,
    });
    let positional = |name: &str, max_repeats, value| PositionalRule {
        name: name.to_owned(),
        description: "p".to_owned(),
        required: false,
        max_repeats,
        value,
    };
    let positionals = if aliases.is_empty() {
        vec![positional("words", 8, text)]
    } else {
        vec![
            positional("command", 1, text.clone()),
            positional("text", 1, text),
            positional("repositories", 8, repository),
        ]
    };
    Script {
        description: "s".to_owned(),
        parameter_style: ParameterStyle {
            values: ValueStyle::Equals,
            end_of_options: false,
        },
        fixed_options: IndexMap::new(),
        fixed_positionals: Vec::new(),
        options: IndexMap::new(),
        positionals,
    }
}

pub fn supervisor() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_deploy-runner-local"))
}

/// The real runner: the one that `DEPLOY_RUNNER_BIN` names, or else built beside the supervisor, once for each run of the tests.
pub fn runner() -> PathBuf {
    if let Some(named) = std::env::var_os("DEPLOY_RUNNER_BIN") {
        return PathBuf::from(named);
    }
    let program = supervisor().with_file_name("deploy-runner");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let lock = fs::File::create(folder.join("runner.lock")).unwrap();
    lock.lock().unwrap();
    let this_run = std::env::var("NEXTEST_RUN_ID").unwrap_or_else(|_| std::process::id().to_string());
    let marker = folder.join("runner.built-for");
    if fs::read_to_string(&marker).is_ok_and(|built_for| built_for == this_run) {
        return program;
    }
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--locked",
            "--package",
            "deploy-runner",
            "--bin",
            "deploy-runner",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(built.success(), "the runner cannot be built");
    fs::write(marker, this_run).unwrap();
    program
}

fn require_bubblewrap() {
    let found = Command::new("bwrap").arg("--version").output();
    assert!(
        found.is_ok_and(|output| output.status.success()),
        "these tests need bubblewrap, and nothing replaces it: `apt-get install bubblewrap`"
    );
}
