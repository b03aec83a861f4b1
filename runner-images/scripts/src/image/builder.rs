//! The program that builds, one of three behind one call.
//!
//! Responsible for starting it with words of our own, an environment without git's secrets, and its output on standard error.
//! Each builder's words are a pure function in a module of its own. Never decides where an image may go.

mod buildah;
mod buildkit;
mod kaniko;
mod namespace;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::arguments::{BuilderName, Destination, Order};
use super::credentials::Credentials;
use super::failure::Failure;
use super::registry::{self, last_complaint};
use super::registry_error::Access;
use crate::environment::of_tool;
use crate::full_disk::NoSpace;
use crate::interruption::Interruptions;
use crate::process;
use crate::program::Program;
use crate::report::Report;
use crate::values::ImageName;
use crate::working_place::WorkingPlace;
use namespace::{Namespace, Owners};

/// The commit that an image was made from, as OCI names it.
const REVISION: &str = "org.opencontainers.image.revision";

/// How kaniko, before the build and after it, and `BuildKit` begin when the registry is what refuses.
const PUSHING: [&str; 3] = [
    "error checking push permission",
    "error pushing image",
    "failed to push ",
];

/// What is built: an order whose paths are resolved.
#[derive(Debug)]
pub(super) struct Build<'order> {
    pub(super) order: &'order Order,
    pub(super) context: PathBuf,
    pub(super) dockerfile: PathBuf,
}

impl Build<'_> {
    fn revision(&self) -> String {
        format!("{REVISION}={}", self.order.source.commit)
    }

    fn is_pushed(&self) -> bool {
        self.order.destination == Destination::Registry
    }
}

/// A builder, ready to run.
#[derive(Debug)]
pub(super) struct Builder {
    name: BuilderName,
    program: PathBuf,
    /// Where it runs, if not here.
    namespace: Option<Namespace>,
    files: Files,
    environment: Vec<(OsString, OsString)>,
    report: Report,
}

/// Places of the builder's own.
#[derive(Debug)]
struct Files {
    /// Everything of this run, which must not become a part of an image.
    place: PathBuf,
    /// Layers and images.
    store: PathBuf,
    /// What was pushed, in the builder's own form.
    result: PathBuf,
}

impl Builder {
    pub(super) fn prepare(
        order: &Order,
        place: &WorkingPlace,
        credentials: &Credentials,
        report: Report,
        interruptions: &mut Interruptions,
    ) -> Result<Self, Failure> {
        let program = match order.builder {
            BuilderName::Kaniko => Program::Kaniko,
            BuilderName::Buildah => Program::Buildah,
            BuilderName::Buildkit => Program::Buildctl,
        };
        let files = Files {
            place: place.root().to_owned(),
            store: place.root().join("store"),
            result: place.root().join("result"),
        };
        fs::create_dir(&files.store).map_err(|source| Failure::Prepare {
            path: files.store.clone(),
            source,
        })?;
        let mut environment = of_tool(env::vars_os());
        environment.extend(credentials.environment());
        environment.push(("HOME".into(), files.store.clone().into()));
        let program = program.find()?;
        let namespace = match order.builder {
            BuilderName::Buildah => Namespace::prepare(&program, &environment, report, interruptions)?,
            BuilderName::Buildkit => {
                buildkit::find_daemon(&program, &environment, interruptions)?;
                None
            }
            BuilderName::Kaniko => {
                environment.extend(kaniko::environment(&environment));
                None
            }
        };
        Ok(Self {
            name: order.builder,
            program,
            namespace,
            files,
            environment,
            report,
        })
    }

    /// Builds, and pushes unless told not to. The answer is the digest of each name, in their order; empty when nothing was pushed.
    pub(super) fn run(&self, build: &Build<'_>, interruptions: &mut Interruptions) -> Result<Vec<String>, Failure> {
        match self.name {
            BuilderName::Kaniko => {
                self.must(build, &kaniko::arguments(build, &self.files), interruptions)?;
                self.digests(build, |result| result.trim().to_owned())
            }
            BuilderName::Buildkit => {
                self.must(build, &buildkit::arguments(build, &self.files), interruptions)?;
                self.digests(build, buildkit::digest)
            }
            BuilderName::Buildah => {
                self.must(
                    build,
                    &buildah::build_arguments(build, &self.files, self.owners()),
                    interruptions,
                )?;
                let tags = if build.is_pushed() { &build.order.tags[..] } else { &[] };
                tags.iter().map(|tag| self.push(tag, interruptions)).collect()
            }
        }
    }

    /// buildah pushes in a step of its own, so a registry that refuses is told apart from a build that fails.
    fn push(&self, tag: &ImageName, interruptions: &mut Interruptions) -> Result<String, Failure> {
        self.report.step(format_args!("pushing `{tag}`"));
        let mut command = self.command(&buildah::push_arguments(tag, &self.files, self.owners()));
        let limit = std::time::Instant::now() + registry::DEADLINE;
        let result = process::capture(&mut command, Stdio::null(), limit, interruptions)?;
        if result.ended.is_success() {
            self.digest(|text| text.trim().to_owned())
        } else {
            Err(registry::cannot(Access::Push, tag, &result.stderr))
        }
    }

    /// Builders that push all names at once push one manifest.
    fn digests(&self, build: &Build<'_>, read: impl Fn(&str) -> String) -> Result<Vec<String>, Failure> {
        if !build.is_pushed() {
            return Ok(Vec::new());
        }
        let digest = self.digest(read)?;
        Ok(vec![digest; build.order.tags.len()])
    }

    /// A push without a digest is not known to have worked.
    fn digest(&self, read: impl Fn(&str) -> String) -> Result<String, Failure> {
        let text = fs::read_to_string(&self.files.result).unwrap_or_default();
        let digest = read(&text);
        if digest.starts_with("sha256:") {
            Ok(digest)
        } else {
            Err(Failure::NoDigest)
        }
    }

    fn must(
        &self,
        build: &Build<'_>,
        arguments: &[OsString],
        interruptions: &mut Interruptions,
    ) -> Result<(), Failure> {
        let mut command = self.command(arguments);
        command.stdout(standard_error().map_err(Failure::Output)?);
        let (ended, said) = process::run_briefly_hearing(&mut command, interruptions)?;
        if ended.is_success() {
            return Ok(());
        }
        // The steps of a build work on this machine's disk too, so their words count like the builder's own.
        if let Some(full) = NoSpace::told_by("the build", &said, &self.files.place) {
            return Err(full.into());
        }
        match build.order.tags.first().filter(|_| was_pushing(&said)) {
            Some(tag) => Err(registry::cannot(Access::Push, tag, &said)),
            None => Err(Failure::Builder(ended)),
        }
    }

    const fn owners(&self) -> Owners {
        match self.namespace {
            Some(_) => Owners::One,
            None => Owners::All,
        }
    }

    fn command(&self, arguments: &[OsString]) -> Command {
        self.report
            .detail(format_args!("{} {}", self.program.display(), shown(arguments)));
        let mut command = match &self.namespace {
            Some(namespace) => namespace.command(&self.program),
            None => Command::new(&self.program),
        };
        command
            .args(arguments)
            .current_dir(&self.files.place)
            .env_clear()
            .envs(self.environment.iter().cloned());
        command
    }
}

/// Whether a builder that pushes by itself was at that when it failed, by its last complaint.
fn was_pushing(said: &str) -> bool {
    let last = last_complaint(said).to_lowercase();
    PUSHING.iter().any(|words| last.contains(words))
}

/// The builder's own words are for people: standard output is for one line of ours.
fn standard_error() -> io::Result<Stdio> {
    use std::os::fd::AsFd as _;
    io::stderr().as_fd().try_clone_to_owned().map(Stdio::from)
}

/// `--name=path` in one word.
fn with_path(option: &str, path: &Path) -> OsString {
    let mut word = OsString::from(option);
    word.push(path);
    word
}

/// The words without the values of build arguments.
fn shown(arguments: &[OsString]) -> String {
    let hide = |word: &OsString| {
        let word = word.to_string_lossy();
        for option in ["--build-arg=", "--opt=build-arg:"] {
            if let Some((key, _)) = word.strip_prefix(option).and_then(|rest| rest.split_once('=')) {
                return format!("{option}{key}=…");
            }
        }
        word.into_owned()
    };
    arguments.iter().map(hide).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
