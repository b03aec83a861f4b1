//! The CLI with `--engine docker`: real containers of a real Podman, from an image that was made here. What the sandbox does, they do too.

use std::path::Path;
use std::process::Command;

use container_engines::{Podman, RUNNER, Recipe, Registry, Service, StallingProxy, USER};
use e2e::product::{self, Place, Running};
use e2e::registry;

/// A place whose runs are in containers. The order of the fields is the order in which they end.
struct Containers {
    place: Place,
    podman: Podman,
}

/// The image of every container of the small jobs.
const IMAGE: &str = "none=localhost/jobs:latest";
const SCRIPTS: [&str; 5] = ["count", "flood", "snoop", "stubborn", "where"];

impl Containers {
    fn new() -> Self {
        Self::with_registries(&[])
    }

    fn with_registries(registries: &[String]) -> Self {
        let podman = Podman::start_with_registries(registries);
        let content = |name: &str| std::fs::read_to_string(product::fixtures().join("scripts").join(name));
        let scripts: Vec<(&str, String)> = SCRIPTS
            .into_iter()
            .filter_map(|name| Some((name, content(name).ok()?)))
            .collect();
        let scripts: Vec<(&str, &str)> = scripts.iter().map(|(name, text)| (*name, text.as_str())).collect();
        podman.add_image(&Recipe {
            name: "jobs",
            runner: &product::programs().join("deploy-runner"),
            user: USER,
            entrypoint: &[RUNNER],
            scripts: &scripts,
            tools: &[],
        });
        Self {
            place: Place::new(),
            podman,
        }
    }

    /// The CLI with the small jobs, their image and this engine.
    fn jobs(&self) -> Command {
        let mut deployer = self.place.jobs();
        deployer
            .env("DEPLOY_RUNNER_ENGINE", "docker")
            .env("DEPLOY_RUNNER_IMAGE", IMAGE)
            // The scripts are those of the image.
            .env("DEPLOY_RUNNER_SCRIPTS_DIR", "/nowhere")
            .env("DOCKER_HOST", self.podman.address());
        deployer
    }

    #[track_caller]
    fn assert_nothing_is_left(&self) {
        assert_eq!(self.podman.things(), Vec::<String>::new());
        self.place.assert_nothing_is_left();
    }
}

#[test]
fn a_run_in_a_container_is_watched_listed_and_cancelled_as_any_other() {
    let containers = Containers::new();
    for code in [0, 7, 120] {
        let ended = product::run(
            containers
                .jobs()
                .args(["--", "jobs", "count", "--lines=2"])
                .arg(format!("--exit={code}")),
        )
        .with(code);
        assert_eq!(ended.stdout, "line 1 of 2\nline 2 of 2\n");
        assert!(
            ended.stderr.lines().any(|line| line == "that was all"),
            "{}",
            ended.stderr
        );
        // Whoever names an engine is not told which one it is.
        assert!(!ended.stderr.contains("engine:"), "{}", ended.stderr);
    }
    let missing = product::run(containers.jobs().args(["--", "jobs", "gone"])).with(121);
    assert!(missing.stderr.contains("`gone`"), "{}", missing.stderr);

    let mut caller = Running::start(
        &containers.place,
        "caller",
        containers.jobs().args(["--", "jobs", "count", "--lines=1000"]),
    );
    caller.wait_for("line 2 of");
    let listed = &containers.place.runs()[0];
    assert_eq!(
        (&listed["engine"], &listed["phase"]),
        (&"podman".into(), &"running".into())
    );
    product::run(containers.jobs().args(["cancel", &containers.place.latest_run()])).with(0);
    let ended = caller.end().with(143);
    assert!(ended.stdout.ends_with("asked to stop\n"), "{}", ended.stdout);
    assert!(
        containers
            .place
            .join("state/deploy-runner/volumes/notes/stopped")
            .exists()
    );

    let late = product::run(containers.jobs().args(["--", "hurried", "count", "--lines=1000"])).with(124);
    assert!(late.stdout.starts_with("line 1 of 1000\n"), "{}", late.stdout);
    containers.assert_nothing_is_left();
}

#[test]
fn a_run_in_a_container_goes_on_without_the_cli_and_every_line_of_it_is_told_to_whoever_attaches() {
    let containers = Containers::new();
    let mut caller = Running::start(
        &containers.place,
        "caller",
        containers
            .jobs()
            .args(["--", "jobs", "count", "--lines=30", "--exit=6"]),
    );
    caller.wait_for("line 2 of");
    caller.signal("KILL");
    drop(caller);
    let run = containers.place.latest_run();
    // Neither the image nor the engine has to be named again: the run knows what holds it.
    let attached = product::run(containers.place.jobs().args(["attach", &run])).with(6);
    let lines: Vec<String> = (1..=30).map(|line| format!("line {line} of 30\n")).collect();
    let expected = lines.concat();
    assert_eq!(attached.stdout, expected);
    containers.assert_nothing_is_left();
}

#[test]
fn without_a_named_engine_a_container_is_taken_when_its_image_is_here_and_the_reason_is_said() {
    let containers = Containers::new();
    let said = |command: &mut Command| {
        let ended = product::run(command.args(["--", "jobs", "count"])).with(0);
        assert_eq!(ended.stdout, "line 1 of 3\nline 2 of 3\nline 3 of 3\n");
        let lines = ended.stderr.lines().filter(|line| line.contains("engine: "));
        let lines: Vec<String> = lines.map(str::to_owned).collect();
        assert_eq!(lines.len(), 1, "{}", ended.stderr);
        lines.concat()
    };
    let scripts = product::fixtures().join("scripts");
    let with_image = said(containers.jobs().env("DEPLOY_RUNNER_ENGINE", "auto"));
    assert!(
        with_image.contains("Podman, because it has the image `none`"),
        "{with_image}"
    );
    let without_image = said(
        containers
            .jobs()
            .env("DEPLOY_RUNNER_ENGINE", "auto")
            .env_remove("DEPLOY_RUNNER_IMAGE")
            .env("DEPLOY_RUNNER_SCRIPTS_DIR", &scripts),
    );
    assert!(
        without_image.contains("the sandbox, because Podman has no image `none`"),
        "{without_image}"
    );
    // As it is for a newcomer, who has nothing but the CLI.
    let without_engine = said(containers.place.jobs().env_remove("DEPLOY_RUNNER_ENGINE").env(
        "DOCKER_HOST",
        format!("unix://{}", containers.place.join("none.sock").display()),
    ));
    assert!(without_engine.contains("the sandbox, because "), "{without_engine}");
    let engines: Vec<serde_json::Value> = containers
        .place
        .runs()
        .iter()
        .map(|run| run["engine"].clone())
        .collect();
    assert_eq!(engines, ["sandbox", "sandbox", "podman"]);
    containers.assert_nothing_is_left();
}

#[test]
fn an_engine_or_an_image_that_is_not_there_ends_with_121_and_says_what_to_do() {
    let guarded = registry::start();
    let containers = Containers::with_registries(&[guarded.name()]);
    let refused = |command: &mut Command, because: &str| {
        let ended = product::run(command.args(["--", "jobs", "count"])).with(121);
        assert!(ended.stderr.contains(because), "`{because}`: {}", ended.stderr);
        assert_eq!(ended.stdout, "");
    };
    refused(
        containers.jobs().env_remove("DEPLOY_RUNNER_IMAGE"),
        "`--image none=REGISTRY/REPOSITORY@sha256:DIGEST`",
    );
    refused(
        containers
            .jobs()
            .args(["--pull=never"])
            .env("DEPLOY_RUNNER_IMAGE", "none=127.0.0.1:1/jobs:latest"),
        "`--pull never` forbids to pull it",
    );
    refused(
        containers.jobs().args(["--image=none=127.0.0.1:1/jobs:latest"]),
        "image `127.0.0.1:1/jobs:latest` cannot be pulled: ",
    );
    refused(
        containers
            .jobs()
            .arg(format!("--image=none={}/jobs:latest", guarded.name())),
        "Podman pulls with the registry credentials that it has by itself",
    );
    refused(
        containers.jobs().env("DOCKER_HOST", "unix:///nowhere/docker.sock"),
        "`/nowhere/docker.sock`, which DOCKER_HOST names, is no socket",
    );
    let unknown = product::run(containers.jobs().args(["--image=nobody=x", "--", "jobs", "count"])).with(125);
    assert!(
        unknown
            .stderr
            .contains("no container of the allow-list has an image of this name"),
        "{}",
        unknown.stderr
    );
    containers.assert_nothing_is_left();
}

/// The engine's own steps of a pull are told to nobody; the last line and the result say how long it took.
#[test]
fn an_image_is_pulled_without_a_word_and_ctrl_c_in_the_middle_of_it_leaves_nothing() {
    let registry = Registry::start();
    let proxy = StallingProxy::to(&registry);
    let containers = Containers::with_registries(&[registry.name(), proxy.name()]);
    let pushed = format!("{}/apps/jobs:1", registry.name());
    containers.podman.answer(&["tag", "localhost/jobs:latest", &pushed]);
    containers.podman.answer(&["push", "--quiet", &pushed]);
    containers.podman.answer(&["rmi", "--all", "--force"]);

    let result = containers.place.join("result.json");
    let mut command = containers.jobs();
    command
        .arg(format!("--image=none={pushed}"))
        .arg("--result-file")
        .arg(&result);
    let ended = product::run(command.args(["--", "jobs", "count"])).with(0);
    assert_eq!(ended.stdout, "line 1 of 3\nline 2 of 3\nline 3 of 3\n");
    let usual = [
        "deployer: run ",
        "deployer: starting",
        "deployer: running",
        "deployer: succeeded after ",
        "that was all",
    ];
    for line in ended.stderr.lines() {
        assert!(usual.iter().any(|start| line.starts_with(start)), "{}", ended.stderr);
    }
    assert!(ended.stderr.contains(", pull "), "{}", ended.stderr);
    let result: serde_json::Value =
        serde_json::from_slice(&std::fs::read(result).expect("it is there")).expect("it is JSON");
    assert!(
        result["timings"]["pull_ms"].as_u64().is_some_and(|took| took > 0),
        "{result}"
    );

    containers.podman.answer(&["rmi", "--all", "--force"]);
    let mut command = containers.jobs();
    command.arg(format!("--image=none={}/apps/jobs:1", proxy.name()));
    let caller = Running::start(&containers.place, "caller", command.args(["--", "jobs", "count"]));
    product::wait_until("the pull is stuck", || proxy.stalls());
    caller.signal("INT");
    let ended = caller.end().with(130);
    assert_eq!(ended.stdout, "");
    product::wait_until("the engine gives the pull up", || proxy.is_given_up());
    assert_eq!(containers.podman.answer(&["images", "--all", "--quiet"]), "");
    containers.assert_nothing_is_left();
}

/// It asks another program, so that its own start and size are what they were.
#[test]
fn the_cli_and_the_runner_carry_no_client_of_container_engines() {
    let carries = |program: &str| {
        let bytes = std::fs::read(product::programs().join(program)).expect("the program is there");
        let call = b"/containers/create";
        bytes.windows(call.len()).any(|window| window == call)
    };
    assert!(carries("deploy-runner-local"));
    for program in ["infrastructure-deployer", "deploy-runner"] {
        assert!(!carries(program), "{program}");
    }
}

const SECRET: &str = "4f9c-correct-horse-battery";

#[test]
fn a_secret_of_a_container_is_masked_and_stays_out_of_the_state_and_the_engines_store() {
    let containers = Containers::new();
    let result = containers.place.join("result.json");
    let ended = product::run(
        containers
            .jobs()
            .env("THE_TOKEN", SECRET)
            .args(["--secret", "DEPLOY_TOKEN=env:THE_TOKEN", "--result-file"])
            .arg(&result)
            .args(["--", "confidential", "snoop"]),
    )
    .with(0);
    assert!(ended.stdout.contains("plain: "), "{}", ended.stdout);
    for forbidden in [
        SECRET,
        "the runner's environment is readable",
        "the runner's output is writable",
    ] {
        assert!(
            !ended.stdout.contains(forbidden) && !ended.stderr.contains(forbidden),
            "{}",
            ended.stdout
        );
    }
    for folder in [containers.place.path(), containers.podman.folder().to_owned()] {
        let mut grep = product::command(Path::new("/bin/grep"));
        let found = product::run(
            grep.args([
                "--recursive",
                "--binary-files=text",
                "--devices=skip",
                "--files-with-matches",
                SECRET,
            ])
            .arg(folder),
        );
        assert_eq!(found.stdout, "");
    }
    containers.assert_nothing_is_left();
}
