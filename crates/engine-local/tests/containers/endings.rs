//! However a run in a container ends, nothing of it is left, and the ending has a name.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use container_engines::Service;
use engine::Engine;
use engine::conformance::{Job, launch, new_call, observe_to_the_end};
use engine_local::{LocalConfig, LocalEngine, Retention};
use gatekeeper::Entrypoint;
use protocol::{Cursor, Ending, ObserveRun, Observed, OutputForm, RunId};
use rustix::process::{Pid, Signal, kill_process};

use crate::common::{self, Setup, ends_with_the_host, image};
use crate::{Contained, container, wait_for};

#[track_caller]
fn fails_to_start(ending: &Ending, because: &str) {
    assert!(
        matches!(ending, Ending::FailedToStart { reason } if reason.contains(because)),
        "{ending:?}"
    );
}

#[tokio::test]
async fn nothing_of_a_container_is_left_after_a_normal_end_a_cancel_or_a_deadline() {
    let contained = Contained::new();
    let text = "sleep 1000 & (sleep 1000 &) ; mkdir -p /work/a/b /tmp/c; exit 3";
    let run = contained.machine.launch(&Setup::default(), &["sh", text]).await.run;
    assert_eq!(
        observe_to_the_end(&contained.machine, run).await.ending,
        Ending::Exited { code: 3 }
    );
    contained.nothing_is_left(run);
    for job in [Job::CleanUpOnStop, Job::IgnoreStop] {
        let run = launch(&contained, job).await;
        contained.machine.engine.stop(run, "a test").await.unwrap();
        let seen = observe_to_the_end(&contained, run).await;
        assert!(matches!(seen.ending, Ending::Cancelled { .. }), "{:?}", seen.ending);
        contained.nothing_is_left(run);
    }
    let run = launch(&contained, Job::PassDeadline).await;
    assert_eq!(
        observe_to_the_end(&contained, run).await.ending,
        Ending::TimedOut { after_seconds: 1 }
    );
    contained.nothing_is_left(run);
}

#[tokio::test]
async fn a_container_that_somebody_removes_kills_or_stops_is_a_named_end() {
    let contained = Contained::new();
    let killed = "the runner was ended by signal 9 from outside";
    let cases = [
        // Podman kills first, and whoever looks between the two sees that.
        (
            vec!["rm", "--force", "--time", "0"],
            vec!["somebody removed the run's container from Podman", killed],
        ),
        (vec!["kill", "--signal", "KILL"], vec![killed]),
        (
            vec!["stop", "--time", "20"],
            vec!["something on this machine told the runner to stop"],
        ),
    ];
    for (words, reasons) in cases {
        let run = contained.ready(&Setup::default(), &["clean-up"]).await;
        let name = container(run);
        contained
            .podman
            .answer(&words.iter().copied().chain([name.as_str()]).collect::<Vec<_>>());
        let ending = observe_to_the_end(&contained.machine, run).await.ending;
        match &ending {
            Ending::HostLost { reason } | Ending::Unknown { reason } => {
                let is_named = reasons.iter().any(|because| reason.contains(because));
                assert!(is_named, "{words:?}: {reason}");
            }
            other => panic!("{words:?}: {other:?}"),
        }
        contained.nothing_is_left(run);
    }
}

#[tokio::test]
async fn an_engine_that_goes_away_is_a_named_end_and_its_container_does_not_go_on() {
    let mut contained = Contained::new();
    let run = contained.ready(&Setup::default(), &["clean-up"]).await;
    let pid = contained.status(run)["sandbox"]["pid"].as_i64().unwrap();
    contained.podman.stop_service();
    let seen = observe_to_the_end(&contained.machine, run).await;
    ends_with_the_host(&seen.ending, "Podman went away while the run's container ran");
    let gone = wait_for(Duration::from_secs(10), || {
        !std::path::Path::new(&format!("/proc/{pid}")).exists()
    });
    assert!(gone, "the container goes on");

    // Whoever comes next with the engine finds the container and removes it.
    contained.podman.serve();
    let next = contained.machine.launch(&Setup::default(), &["exit", "0"]).await.run;
    assert_eq!(
        observe_to_the_end(&contained.machine, next).await.ending,
        Ending::Exited { code: 0 }
    );
    let containers = contained.podman.answer(&["ps", "--all", "--format", "{{.Names}}"]);
    assert_eq!(containers, "");
}

#[tokio::test]
async fn a_killed_supervisor_is_a_named_end_and_whoever_finds_its_container_removes_it() {
    let contained = Contained::new();
    let run = contained.ready(&Setup::default(), &["clean-up"]).await;
    kill_process(Pid::from_raw(Contained::supervisor(run)).unwrap(), Signal::KILL).unwrap();
    let seen = observe_to_the_end(&contained.machine, run).await;
    ends_with_the_host(&seen.ending, "supervisor ended without a word");
    contained.nothing_is_left(run);
    let listed = &contained.machine.engine.runs().unwrap()[0];
    assert_eq!((listed.engine, &listed.ending), ("podman", &Some(seen.ending)));
}

#[tokio::test]
async fn a_supervisor_that_is_told_to_end_stops_its_container_first() {
    let contained = Contained::new();
    let run = contained.ready(&Setup::default(), &["clean-up"]).await;
    kill_process(Pid::from_raw(Contained::supervisor(run)).unwrap(), Signal::TERM).unwrap();
    let seen = observe_to_the_end(&contained.machine, run).await;
    ends_with_the_host(&seen.ending, "supervisor was told to end");
    assert_eq!(seen.output().0, "ready\ncleaned up\n");
    contained.nothing_is_left(run);
}

/// Not a test of its own: the program that launches a run and is then killed. Started by the test below.
#[tokio::test]
#[ignore = "started by another test, in a process of its own"]
async fn launcher_into_a_container_that_will_be_killed() {
    let there = std::path::PathBuf::from(std::env::var_os("TEST_STATE_DIR").unwrap());
    let socket = std::env::var("TEST_SOCKET").unwrap();
    let config = LocalConfig {
        engine: engine_local::EngineChoice::Docker,
        containers: engine_local::ContainerConfig {
            sockets: engine_local::ContainerSockets::by(|name| (name == "DOCKER_HOST").then(|| socket.clone())),
            ..engine_local::ContainerConfig::default()
        },
        ..common::config_in(&there)
    };
    let text = "i=1; while [ $i -le 40 ]; do echo line $i; sleep 0.05; i=$((i + 1)); done; exit 4";
    let permit = common::permit(&Setup::default(), "job", &["sh", text]);
    let launched = LocalEngine::new(config).launch(permit, new_call()).await.unwrap();
    std::fs::write(there.join("launched"), launched.run.to_string()).unwrap();
    std::thread::sleep(Duration::from_mins(1));
}

#[tokio::test]
async fn a_run_in_a_container_outlives_the_program_that_launched_it_and_tells_every_line_once() {
    let contained = Contained::new();
    let folder = contained.machine.folder.path();
    let mut launcher = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "endings::launcher_into_a_container_that_will_be_killed",
            "--ignored",
        ])
        .env("TEST_STATE_DIR", folder)
        .env("TEST_SOCKET", contained.podman.address())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let run = || {
        std::fs::read_to_string(folder.join("launched"))
            .ok()?
            .parse::<RunId>()
            .ok()
    };
    assert!(
        wait_for(Duration::from_mins(1), || run().is_some()),
        "nothing was launched"
    );
    launcher.kill().unwrap();
    launcher.wait().unwrap();
    let run = run().unwrap();
    let seen = observe_to_the_end(&contained.machine, run).await;
    assert_eq!(seen.ending, Ending::Exited { code: 4 });
    let expected: Vec<String> = (1..=40).map(|number| format!("line {number}")).collect();
    assert_eq!(seen.output().0.lines().collect::<Vec<_>>(), expected);
    contained.nothing_is_left(run);
}

#[tokio::test]
async fn an_image_that_cannot_start_its_entry_point_says_so_and_leaves_nothing() {
    let contained = Contained::new();
    contained
        .podman
        .add_image(&image("tests", &["/usr/local/bin/absent/deploy-runner"]));
    let run = contained.machine.launch(&Setup::default(), &["exit", "0"]).await.run;
    fails_to_start(
        &observe_to_the_end(&contained.machine, run).await.ending,
        "Podman cannot start the container",
    );
    contained.nothing_is_left(run);

    contained.podman.add_image(&image("tests", &["/bin/sh"]));
    let run = contained.machine.launch(&Setup::default(), &["exit", "0"]).await.run;
    fails_to_start(
        &observe_to_the_end(&contained.machine, run).await.ending,
        "does not start `deploy-runner` but `/bin/sh`: make the runner its ENTRYPOINT",
    );
    contained.nothing_is_left(run);
}

/// A foreign image: no frames, no proof, the exit status of its own entry point, and a deadline that the supervisor keeps.
#[tokio::test]
async fn an_image_with_an_entry_point_of_its_own_runs_as_it_is() {
    let contained = Contained::new();
    contained
        .podman
        .add_image(&image("tests", &["/bin/sh", "/opt/deploy-runner/scripts/job"]));
    let raw = Setup {
        entrypoint: Entrypoint::Image,
        ..Setup::default()
    };
    // Its words are the script's name and the arguments: the entry point here takes the name for its command.
    let contained_words = ["sh", "exit 0"];
    let run = contained.machine.launch(&raw, &contained_words).await.run;
    let seen = observe_to_the_end(&contained.machine, run).await;
    assert_eq!(seen.ending, Ending::Exited { code: 0 });

    contained.podman.add_image(&image(
        "tests",
        &[
            "/bin/sh",
            "-c",
            "echo words \"$0\" \"$@\"; echo error >&2; printf 'no end'; exit 7",
        ],
    ));
    let run = contained.machine.launch(&raw, &["one", "two"]).await.run;
    let seen = observe_to_the_end(&contained.machine, run).await;
    assert_eq!(seen.ending, Ending::Exited { code: 7 });
    let mut lines = seen.frames.clone();
    lines.sort();
    assert_eq!(lines, ["error", "no end", "words job one two"]);
    let asked = [ObserveRun {
        run,
        cursor: Cursor::default(),
    }];
    let observed = contained.machine.engine.observe(&asked, Duration::ZERO).await.unwrap();
    assert!(matches!(&observed[0], Observed::Run(news) if news.output == OutputForm::Raw));

    contained.podman.add_image(&image(
        "tests",
        &[
            "/bin/sh",
            "-c",
            "trap 'echo stopped; exit 9' TERM; echo ready; while :; do sleep 0.05; done",
        ],
    ));
    let run = contained.ready(&raw, &["x"]).await;
    contained.machine.engine.stop(run, "a test").await.unwrap();
    assert_eq!(
        observe_to_the_end(&contained.machine, run).await.ending,
        Ending::Cancelled { code: Some(9) }
    );

    let hasty = Setup {
        timeout_seconds: 1,
        stop_timeout_seconds: 1,
        ..raw
    };
    contained.podman.add_image(&image(
        "tests",
        &["/bin/sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"],
    ));
    let began = Instant::now();
    let run = contained.machine.launch(&hasty, &["x"]).await.run;
    assert_eq!(
        observe_to_the_end(&contained.machine, run).await.ending,
        Ending::TimedOut { after_seconds: 1 }
    );
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    contained.nothing_is_left(run);
}

#[tokio::test]
async fn pruning_forgets_runs_in_containers_as_any_other() {
    let contained = Contained::new();
    let run = contained.machine.launch(&Setup::default(), &["exit", "0"]).await.run;
    observe_to_the_end(&contained.machine, run).await;
    let everything = Retention {
        max_age: Duration::ZERO,
        max_count: 0,
    };
    assert_eq!(contained.machine.engine.prune(&everything).unwrap(), 1);
    assert!(contained.machine.engine.runs().unwrap().is_empty());
}
