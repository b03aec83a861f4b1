//! The state folder: bad input, full disks, launches that were cut off, keys, and what is remembered for how long.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

mod common;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use common::{Machine, Setup, permit, table};
use engine::conformance::{Harness, Job, launch, new_call, observe_to_the_end};
use engine::{Call, Engine, LaunchError};
use engine_local::{LocalConfig, LocalEngine, Retention};
use gatekeeper::Entrypoint;
use gatekeeper::compiled::{Capability, RootFilesystem};
use protocol::{Cursor, Ending, ObserveRun, Observed, Phase, RunId};
use sha2::{Digest, Sha256};

async fn refusal(config: LocalConfig, setup: &Setup, script: &str) -> String {
    let refused = LocalEngine::new(config)
        .launch(permit(setup, script, &[]), new_call())
        .await;
    match refused {
        Err(LaunchError::FailedToStart { reason }) => reason,
        other => unreachable!("must fail to start: {other:?}"),
    }
}

#[track_caller]
fn says(reason: &str, parts: &[&str]) {
    for part in parts {
        assert!(reason.contains(part), "`{part}` is not in: {reason}");
    }
    assert!(!reason.contains('\n'), "{reason}");
}

#[tokio::test]
async fn without_bubblewrap_nothing_runs_and_the_package_is_named() {
    let machine = Machine::new();
    let config = LocalConfig {
        bwrap: PathBuf::from("/nowhere/bwrap"),
        ..machine.config.clone()
    };
    says(
        &refusal(config, &Setup::default(), "job").await,
        &["`/nowhere/bwrap`", "apt-get install bubblewrap"],
    );
    assert_eq!(machine.engine.runs().unwrap(), []);
}

#[tokio::test]
async fn an_entry_point_of_an_image_is_refused_where_there_are_no_images() {
    let machine = Machine::new();
    let setup = Setup {
        entrypoint: Entrypoint::Image,
        ..Setup::default()
    };
    says(
        &refusal(machine.config.clone(), &setup, "job").await,
        &[
            "`tests`",
            "`entrypoint: image`",
            "run it with `--engine docker` or on AWS",
        ],
    );
    assert_eq!(machine.engine.runs().unwrap(), []);
}

#[tokio::test]
async fn a_writable_root_and_capabilities_are_refused_in_the_sandbox_which_shows_the_machines_own_programs() {
    let machine = Machine::new();
    let cases = [
        (
            RootFilesystem::Writable,
            vec![],
            "declares `root_filesystem: writable`, which",
        ),
        (
            RootFilesystem::ReadOnly,
            vec![Capability::Chown, Capability::Setuid],
            "declares `capabilities: [CHOWN, SETUID]`, which",
        ),
        (
            RootFilesystem::Writable,
            vec![Capability::SysChroot],
            "declares `root_filesystem: writable` and `capabilities: [SYS_CHROOT]`, which",
        ),
    ];
    for (root_filesystem, capabilities, declared) in cases {
        let setup = Setup {
            root_filesystem,
            capabilities,
            ..Setup::default()
        };
        says(
            &refusal(machine.config.clone(), &setup, "job").await,
            &[
                "`tests`",
                declared,
                "the sandbox never gives: run it with `--engine docker` or on AWS",
            ],
        );
    }
    assert_eq!(machine.engine.runs().unwrap(), []);
}

/// What a machine does that forbids user namespaces: bubblewrap is there, says why it cannot work, and exits.
#[tokio::test]
async fn a_bubblewrap_that_cannot_work_is_a_failed_start_in_its_own_words() {
    let machine = Machine::new();
    let bwrap = machine.folder.path().join("bwrap");
    fs::write(
        &bwrap,
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n",
    )
    .unwrap();
    fs::set_permissions(&bwrap, fs::Permissions::from_mode(0o755)).unwrap();
    let engine = LocalEngine::new(LocalConfig {
        bwrap,
        ..machine.config.clone()
    });
    let launched = engine
        .launch(permit(&Setup::default(), "job", &["exit", "0"]), new_call())
        .await
        .unwrap();
    let seen = observe_to_the_end(&machine, launched.run).await;
    let Ending::FailedToStart { reason } = seen.ending else {
        unreachable!("{:?}", seen.ending)
    };
    says(
        &reason,
        &[
            "the sandbox could not be set up",
            "No permissions to create new namespace",
        ],
    );
    assert_eq!(seen.frames, Vec::<String>::new());
    assert_eq!(seen.timings.run_ms, None);
}

#[tokio::test]
async fn missing_programs_folders_and_scripts_are_named() {
    let machine = Machine::new();
    let config = || machine.config.clone();
    let nowhere = || PathBuf::from("/nowhere/x");
    let calm = Setup::default();
    let runner = LocalConfig {
        runner: nowhere(),
        ..config()
    };
    says(
        &refusal(runner, &calm, "job").await,
        &["the runner `/nowhere/x`", "install deploy-runner again"],
    );
    let supervisor = LocalConfig {
        supervisor: nowhere(),
        ..config()
    };
    says(&refusal(supervisor, &calm, "job").await, &["supervisor `/nowhere/x`"]);
    let scripts = LocalConfig {
        scripts_dir: nowhere(),
        ..config()
    };
    says(
        &refusal(scripts, &calm, "job").await,
        &["the scripts folder `/nowhere/x`", "--scripts-dir"],
    );
    says(
        &refusal(config(), &calm, "missing").await,
        &["script `missing` is not in", "--scripts-dir"],
    );
    let binds = LocalConfig {
        read_only_binds: vec![nowhere()],
        ..config()
    };
    says(
        &refusal(binds, &calm, "job").await,
        &["`/nowhere/x`, which the run must read"],
    );
    assert_eq!(machine.engine.runs().unwrap(), []);
}

#[tokio::test]
async fn every_missing_secret_is_named_with_what_to_pass() {
    let machine = Machine::with_secrets(&[("THERE", "x")]);
    let setup = Setup {
        secrets: table(&[("THERE", "arn:one"), ("GIT_TOKEN", "arn:two"), ("OTHER", "arn:three")]),
        ..Setup::default()
    };
    let reason = refusal(machine.config.clone(), &setup, "job").await;
    says(
        &reason,
        &[
            "secret `GIT_TOKEN` (`arn:two`)",
            "--secret GIT_TOKEN=env:VARIABLE",
            "--secret OTHER=file:PATH",
        ],
    );
    assert!(!reason.contains("THERE"), "{reason}");
}

#[tokio::test]
async fn a_state_folder_that_cannot_be_used_is_named() {
    let machine = Machine::new();
    let state_dir = machine.folder.path().join("a-file");
    fs::write(&state_dir, "").unwrap();
    let config = LocalConfig {
        state_dir,
        ..machine.config.clone()
    };
    says(
        &refusal(config.clone(), &Setup::default(), "job").await,
        &["cannot create `", "a-file/runs`"],
    );
    let asked = [ObserveRun {
        run: RunId::from_random([1; 16]),
        cursor: Cursor::default(),
    }];
    let error = LocalEngine::new(config)
        .observe(&asked, Duration::ZERO)
        .await
        .expect_err("unreadable");
    says(&error.to_string(), &["cannot read `", "a-file/runs/"]);
}

#[tokio::test]
async fn a_folder_that_is_not_ours_is_not_found() {
    let machine = Machine::new();
    let run = launch(&machine, Job::Exit { code: 0 }).await;
    observe_to_the_end(&machine, run).await;
    let foreign = RunId::from_random([9; 16]);
    let place = machine.run_dir(foreign);
    symlink(machine.run_dir(run), &place).unwrap();
    let asked = [ObserveRun {
        run: foreign,
        cursor: Cursor::default(),
    }];
    let observed = || machine.engine.observe(&asked, Duration::ZERO);
    assert_eq!(observed().await.unwrap(), [Observed::NotFound { run: foreign }]);
    if rustix::process::geteuid().is_root() {
        fs::remove_file(&place).unwrap();
        fs::create_dir(&place).unwrap();
        std::os::unix::fs::chown(&place, Some(65_534), None).unwrap();
        assert_eq!(observed().await.unwrap(), [Observed::NotFound { run: foreign }]);
    }
}

/// Whoever comes late to a long log reads all of it before the ending, in calls of bounded size.
#[tokio::test]
async fn an_ending_comes_only_with_the_last_page_of_a_long_log() {
    let machine = Machine::new();
    let run = machine.launch(&Setup::default(), &["sh", "seq 1 300000"]).await.run;
    while !machine.run_dir(run).join("ending.json").exists() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let asked = [ObserveRun {
        run,
        cursor: Cursor::default(),
    }];
    let first = machine.engine.observe(&asked, Duration::ZERO).await.unwrap();
    let [Observed::Run(first)] = first.as_slice() else {
        unreachable!("{first:?}")
    };
    assert_eq!(
        (first.more, first.ending.clone(), first.phase),
        (true, None, Phase::Running)
    );
    assert!(first.frames.iter().map(String::len).sum::<usize>() <= 1024 * 1024);
    let seen = observe_to_the_end(&machine, run).await;
    assert_eq!(seen.ending, Ending::Exited { code: 0 });
    assert!(seen.output().0.ends_with("\n299999\n300000\n"));
}

fn key_file(machine: &Machine, call: &Call) -> PathBuf {
    let digest = hex::encode(Sha256::digest(String::from(call.key.clone())));
    machine.config.state_dir.join("keys").join(digest)
}

/// The launcher was killed after it had taken the key and before it made the run's folder.
#[tokio::test]
async fn a_key_without_its_run_is_not_dead() {
    let machine = Machine::new();
    let call = new_call();
    let first = machine
        .engine
        .launch(machine.permit(Job::Exit { code: 3 }), call.clone())
        .await
        .unwrap();
    observe_to_the_end(&machine, first.run).await;
    fs::remove_dir_all(machine.run_dir(first.run)).unwrap();
    assert!(key_file(&machine, &call).exists());

    let again = machine
        .engine
        .launch(machine.permit(Job::Exit { code: 3 }), call)
        .await
        .unwrap();
    assert_eq!(again.run, first.run);
    assert_eq!(
        observe_to_the_end(&machine, again.run).await.ending,
        Ending::Exited { code: 3 }
    );
}

/// The launcher was killed after it had made the run's folder and before a supervisor took over.
#[tokio::test]
async fn a_folder_in_which_nothing_ran_is_taken_up_again() {
    let machine = Machine::new();
    let call = new_call();
    let job = Job::Print { lines: 2 };
    let first = machine.engine.launch(machine.permit(job), call.clone()).await.unwrap();
    observe_to_the_end(&machine, first.run).await;
    let dir = machine.run_dir(first.run);
    for file in ["status.json", "ending.json", "frames"] {
        fs::remove_file(dir.join(file)).unwrap();
    }
    fs::write(dir.join("frames"), "").unwrap();
    fs::create_dir_all(dir.join("scratch/work")).unwrap();
    fs::create_dir_all(dir.join("scratch/home")).unwrap();
    let summary = machine.engine.runs().unwrap();
    assert_eq!(summary.first().map(|run| run.phase), Some(Phase::Queued));

    let again = machine.engine.launch(machine.permit(job), call).await.unwrap();
    assert!(again.repeated);
    let seen = observe_to_the_end(&machine, again.run).await;
    assert_eq!(seen.output().0, "out 1\nout 2\n");
}

/// The supervisor never heard everything: it must not run the job without its secrets, and the key must stay usable.
#[tokio::test]
async fn a_supervisor_whose_launcher_died_in_mid_sentence_runs_nothing() {
    let machine = Machine::new();
    let call = new_call();
    let first = machine
        .engine
        .launch(machine.permit(Job::Exit { code: 0 }), call.clone())
        .await
        .unwrap();
    observe_to_the_end(&machine, first.run).await;
    let dir = machine.run_dir(first.run);
    fs::remove_file(dir.join("status.json")).unwrap();
    fs::remove_file(dir.join("ending.json")).unwrap();
    let cut_off = Command::new(&machine.config.supervisor)
        .arg("supervise-detached")
        .arg(&dir)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(cut_off.status.code(), Some(125));
    says(
        String::from_utf8_lossy(&cut_off.stderr).trim_end(),
        &["the launcher ended before it had said everything: nothing has run"],
    );
    assert!(!dir.join("status.json").exists());
}

#[tokio::test]
async fn old_runs_are_forgotten_with_their_keys_and_live_ones_never() {
    let machine = Machine::new();
    let call = new_call();
    let old = machine
        .engine
        .launch(machine.permit(Job::Exit { code: 0 }), call.clone())
        .await
        .unwrap()
        .run;
    observe_to_the_end(&machine, old).await;
    let newer = launch(&machine, Job::Exit { code: 0 }).await;
    observe_to_the_end(&machine, newer).await;
    let live = launch(&machine, Job::CleanUpOnStop).await;
    let ids = || {
        machine
            .engine
            .runs()
            .unwrap()
            .into_iter()
            .map(|run| run.run)
            .collect::<Vec<_>>()
    };

    let by_count = Retention {
        max_count: 1,
        ..Retention::default()
    };
    assert_eq!(machine.engine.prune(&by_count).unwrap(), 1);
    assert_eq!(ids(), [live, newer]);
    assert!(!key_file(&machine, &call).exists());

    let by_age = Retention {
        max_age: Duration::ZERO,
        ..Retention::default()
    };
    assert_eq!(machine.engine.prune(&by_age).unwrap(), 1);
    assert_eq!(ids(), [live]);

    machine.engine.stop(live, "a test").await.unwrap();
    assert!(matches!(
        observe_to_the_end(&machine, live).await.ending,
        Ending::Cancelled { .. }
    ));
}

#[tokio::test]
async fn a_list_of_runs_tells_what_each_is() {
    let machine = Machine::new();
    let first = launch(&machine, Job::Exit { code: 5 }).await;
    observe_to_the_end(&machine, first).await;
    let second = launch(&machine, Job::CleanUpOnStop).await;
    let runs = machine.engine.runs().unwrap();
    let told: Vec<_> = runs
        .iter()
        .map(|run| (run.run, run.container.as_str(), run.script.as_str(), run.ending.clone()))
        .collect();
    assert_eq!(
        told,
        [
            (second, "tests", "job", None),
            (first, "tests", "job", Some(Ending::Exited { code: 5 }))
        ]
    );
    machine.engine.stop(second, "a test").await.unwrap();
    observe_to_the_end(&machine, second).await;
}

/// Runs the named test of this program where the state folder is a disk of three megabytes.
fn on_a_small_disk(test: &str) {
    let machine = Machine::new();
    let small = machine.folder.path().join("small");
    fs::create_dir(&small).unwrap();
    let output = Command::new("bwrap")
        .args(["--dev-bind", "/", "/", "--size", "3000000", "--tmpfs"])
        .arg(&small)
        .arg("--")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env("TEST_SMALL_DISK", &small)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn small_machine() -> Machine {
    let mut machine = Machine::new();
    let small = PathBuf::from(std::env::var_os("TEST_SMALL_DISK").expect("started by another test"));
    machine.config.state_dir = small.join("state");
    machine.engine = LocalEngine::new(machine.config.clone());
    machine
}

#[test]
fn a_disk_that_fills_up_is_a_named_end_and_never_a_success() {
    on_a_small_disk("job_that_fills_the_disk_with_its_log");
}

#[tokio::test]
#[ignore = "started by another test, on a small disk"]
async fn job_that_fills_the_disk_with_its_log() {
    let machine = small_machine();
    let seen = machine.shell(&Setup::default(), "seq 1 2000000; exit 0").await;
    let Ending::Unknown { reason } = seen.ending else {
        unreachable!("{:?}", seen.ending)
    };
    says(&reason, &["the disk of the state folder is full"]);
    assert!(
        !machine
            .run_dir(machine.engine.runs().unwrap().first().unwrap().run)
            .join("scratch")
            .exists()
    );
}

#[test]
fn a_full_disk_starts_nothing_and_is_named() {
    on_a_small_disk("launch_on_a_full_disk");
}

#[tokio::test]
#[ignore = "started by another test, on a small disk"]
async fn launch_on_a_full_disk() {
    let machine = small_machine();
    let run = launch(&machine, Job::Exit { code: 0 }).await;
    observe_to_the_end(&machine, run).await;
    fill(&machine.config.state_dir.join("filler"));
    says(
        &refusal(machine.config.clone(), &Setup::default(), "job").await,
        &["No space left on device", "free some space"],
    );
    assert_eq!(machine.engine.runs().unwrap().len(), 1);
}

fn fill(path: &Path) {
    use std::io::Write;
    let mut file = fs::File::create(path).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
}
