//! Images that come from a registry: when they are pulled, which one then runs, and what is said when there is none to be had.

use std::time::Duration;

use container_engines::{Podman, RUNNER, Recipe, Registry, Service, StallingProxy, USER};
use engine::conformance::{JOB_SCRIPT, Seen, new_call, observe_to_the_end};
use engine::{Engine, LaunchError, Launched};
use engine_local::{ContainerConfig, LocalConfig, LocalEngine, PullPolicy};
use protocol::Ending;

use crate::common::{Machine, Setup, permit, runner};
use crate::wait_for;

/// What each version of the image says of itself.
const WHICH: &str = "cat /opt/deploy-runner/scripts/version";

/// Users of a registry, of whom no test knows a password.
pub(crate) const NOBODY: &str = "carol:$2b$05$abcdefghijklmnopqrstuuZztazdW4xSwyoeyIz8IPLH6KFBp2Mai\n";

/// A machine whose engine has no images. The order of the fields is the order in which they end.
struct Bare<Engine> {
    machine: Machine,
    service: Engine,
}

impl<Engine: Service> Bare<Engine> {
    fn new(service: Engine) -> Self {
        Self {
            machine: Machine::with_engine_at(&service.address(), &[]),
            service,
        }
    }

    /// Builds an image, pushes it under these references, and forgets it.
    fn push(&self, version: &str, references: &[&str]) {
        self.service.add_image(&Recipe {
            name: "tests",
            runner: &runner(),
            user: USER,
            entrypoint: &[RUNNER],
            scripts: &[("job", JOB_SCRIPT), ("version", version)],
            tools: &[],
        });
        for reference in references {
            self.service
                .answer(&["tag", &self.service.built_here("tests"), reference]);
            self.service.answer(&["push", reference]);
        }
        self.forget();
    }

    fn forget(&self) {
        let images = self.service.answer(&["images", "--quiet", "--no-trunc"]);
        for image in images.lines() {
            // One with two names is there twice.
            drop(self.service.command().args(["rmi", "--force", image]).output());
        }
        assert_eq!(self.images(), Vec::<String>::new());
    }

    /// The names of the images that the engine has.
    fn images(&self) -> Vec<String> {
        let images = self
            .service
            .answer(&["images", "--all", "--format", "{{.Repository}}:{{.Tag}}"]);
        images.lines().map(str::to_owned).collect()
    }

    fn engine(&self, reference: &str, pull: PullPolicy) -> LocalEngine {
        LocalEngine::new(LocalConfig {
            containers: ContainerConfig {
                images: [("tests".to_owned(), reference.to_owned())].into(),
                pull,
                ..self.machine.config.containers.clone()
            },
            ..self.machine.config.clone()
        })
    }

    async fn launch(&self, reference: &str, pull: PullPolicy) -> Result<Launched, LaunchError> {
        self.engine(reference, pull)
            .launch(permit(&Setup::default(), "job", &["sh", WHICH]), new_call())
            .await
    }

    async fn run(&self, reference: &str, pull: PullPolicy) -> Seen {
        let run = self.launch(reference, pull).await.unwrap().run;
        let seen = observe_to_the_end(&self.machine, run).await;
        assert_eq!(self.service.things(), Vec::<String>::new());
        seen
    }

    /// Which version of the image ran, and whether it was pulled.
    async fn ran(&self, reference: &str, pull: PullPolicy) -> (String, bool) {
        let seen = self.run(reference, pull).await;
        assert_eq!(seen.ending, Ending::Exited { code: 0 }, "{reference}");
        (seen.output().0, seen.timings.pull_ms.is_some())
    }

    /// Why the image could not be pulled.
    async fn not_pulled(&self, reference: &str) -> String {
        match self.run(reference, PullPolicy::Missing).await.ending {
            Ending::FailedToStart { reason } => {
                let because = format!("image `{reference}` cannot be pulled: ");
                assert!(reason.starts_with(&because), "{reason}");
                reason
            }
            other => panic!("{reference}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn podman_pulls_when_it_is_told_to_and_what_it_pulled_is_what_runs() {
    let registry = Registry::start();
    images_are_pulled(Podman::start_with_registries(&[registry.name()]), &registry).await;
}

#[tokio::test]
async fn what_podman_cannot_pull_is_named_with_what_the_registry_says() {
    let (registry, guarded) = (Registry::start(), Registry::start_guarded(NOBODY));
    let service = Podman::start_with_registries(&[registry.name(), guarded.name()]);
    refusals_are_named(service, &registry, &guarded).await;
}

#[tokio::test]
async fn a_run_that_is_cancelled_while_podman_pulls_ends_at_once_and_so_does_the_pull() {
    let registry = Registry::start();
    let proxy = StallingProxy::to(&registry);
    let service = Podman::start_with_registries(&[registry.name(), proxy.name()]);
    a_stuck_pull_is_cancelled(service, &registry, &proxy).await;
}

pub(crate) async fn images_are_pulled(service: impl Service, registry: &Registry) {
    let bare = Bare::new(service);
    let tagged = format!("{}/apps/jobs:1", registry.name());
    let latest = format!("{}/apps/jobs", registry.name());
    bare.push("two\n", &[&format!("{latest}:2"), &latest]);
    bare.push("one\n", &[&tagged]);
    let pinned = format!("{latest}@{}", registry.digest("apps/jobs", "1"));
    let one = |pulled| ("one\n".to_owned(), pulled);
    let two = |pulled| ("two\n".to_owned(), pulled);

    assert_eq!(bare.ran(&pinned, PullPolicy::Missing).await, one(true));
    assert_eq!(bare.ran(&pinned, PullPolicy::Missing).await, one(false));
    bare.forget();
    assert_eq!(bare.ran(&tagged, PullPolicy::Missing).await, one(true));

    registry.move_tag("apps/jobs", "1", "2");
    assert_eq!(bare.ran(&tagged, PullPolicy::Missing).await, one(false));
    assert_eq!(bare.ran(&tagged, PullPolicy::Never).await, one(false));
    assert_eq!(bare.ran(&tagged, PullPolicy::Always).await, two(true));
    assert_eq!(bare.ran(&pinned, PullPolicy::Always).await, one(true));

    bare.forget();
    let refused = bare.launch(&tagged, PullPolicy::Never).await;
    let reason = refused.expect_err("must be refused").to_string();
    assert!(reason.contains("`--pull never` forbids to pull it"), "{reason}");
    assert_eq!(bare.images(), Vec::<String>::new());
    one_of_many_is_pulled(&bare, &latest).await;
}

/// A repository without a tag is one image, and not all that it has.
async fn one_of_many_is_pulled(bare: &Bare<impl Service>, latest: &str) {
    let expected = ("two\n".to_owned(), true);
    assert_eq!(bare.ran(latest, PullPolicy::Missing).await, expected);
    assert_eq!(bare.images(), [format!("{latest}:latest")]);
}

pub(crate) async fn refusals_are_named(service: impl Service, registry: &Registry, guarded: &Registry) {
    let bare = Bare::new(service);
    let tagged = format!("{}/apps/jobs:1", registry.name());
    bare.push("one\n", &[&tagged]);
    let absent = format!("{}/apps/jobs@sha256:{}", registry.name(), "0".repeat(64));
    let reason = bare.not_pulled(&absent).await;
    assert!(reason.contains("manifest unknown"), "{reason}");
    let reason = bare.not_pulled(&format!("{}/apps/jobs:2", registry.name())).await;
    assert!(reason.contains("manifest unknown"), "{reason}");
    let reason = bare.not_pulled(&format!("{}/apps/jobs:1", guarded.name())).await;
    assert!(
        reason.contains("no basic auth credentials") || reason.contains("authentication required"),
        "{reason}"
    );
    assert!(
        reason.contains("pulls with the registry credentials that it has by itself"),
        "{reason}"
    );
    assert_eq!(bare.images(), Vec::<String>::new());
}

pub(crate) async fn a_stuck_pull_is_cancelled(service: impl Service, registry: &Registry, proxy: &StallingProxy) {
    let bare = Bare::new(service);
    bare.push("one\n", &[&format!("{}/apps/jobs:1", registry.name())]);
    let stuck = format!("{}/apps/jobs:1", proxy.name());
    let run = bare.launch(&stuck, PullPolicy::Missing).await.unwrap().run;
    assert!(wait_for(Duration::from_mins(1), || proxy.stalls()), "it is not pulled");
    bare.machine.engine.stop(run, "a test").await.unwrap();
    let began = std::time::Instant::now();
    let seen = observe_to_the_end(&bare.machine, run).await;
    assert_eq!(seen.ending, Ending::Cancelled { code: None });
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(
        wait_for(Duration::from_secs(30), || proxy.is_given_up()),
        "the engine goes on pulling"
    );
    assert_eq!(bare.service.things(), Vec::<String>::new());
    assert_eq!(bare.images(), Vec::<String>::new());
    assert!(!bare.machine.run_dir(run).join("scratch").exists());
}
