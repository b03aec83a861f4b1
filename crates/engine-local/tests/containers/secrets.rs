//! Where the value of a secret can be read while a job in a container has it: nowhere but in the job.

use std::fs;
use std::path::{Path, PathBuf};

use container_engines::Service;
use engine::Engine;
use engine::conformance::observe_to_the_end;
use gatekeeper::Entrypoint;

use crate::common::{Setup, table};
use crate::{Contained, container};

const SECRET: &str = "correct-horse-battery-staple";

#[tokio::test]
async fn a_secret_is_in_no_file_no_command_line_and_nothing_that_the_engine_tells() {
    let contained = Contained::with_secrets(&[("TOKEN", SECRET)]);
    let setup = Setup {
        secrets: table(&[("TOKEN", "arn:of:a:secret")]),
        ..Setup::default()
    };
    let run = contained
        .ready(
            &setup,
            &[
                "sh",
                "echo length ${#TOKEN}; echo it is $TOKEN; echo ready; while [ ! -e /tmp/never ]; do sleep 0.05; done",
            ],
        )
        .await;

    for words in [
        vec!["inspect", &container(run)],
        vec!["ps", "--all", "--no-trunc", "--format", "json"],
        vec!["top", &container(run), "args"],
    ] {
        let told = contained.podman.answer(&words);
        assert!(!told.is_empty() && !told.contains(SECRET), "{words:?}");
    }
    // A neighbour in another container of the same machine.
    let neighbour = contained
        .output(
            &Setup::default(),
            "grep -l correct-horse-batter[y] /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null; echo looked",
        )
        .await;
    assert_eq!(neighbour, "looked\n");

    // The engine's whole store, where it keeps what it knows of containers, and our own state.
    let mut looked_at = 0;
    for folder in [contained.podman.folder(), &contained.machine.config.state_dir] {
        for file in files_below(folder) {
            let bytes = fs::read(&file).unwrap_or_default();
            assert!(!contains(&bytes, SECRET), "in {}", file.display());
            looked_at += 1;
        }
    }
    assert!(looked_at > 50, "{looked_at}");

    // Processes outside of the job: the supervisor, the engine, and whatever the engine has started for the container.
    let pid = contained.status(run)["sandbox"]["pid"].as_i64().unwrap();
    let mut without = 0;
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let read = |name: &str| fs::read(entry.path().join(name)).unwrap_or_default();
        assert!(
            !contains(&read("cmdline"), SECRET),
            "{}",
            String::from_utf8_lossy(&read("cmdline"))
        );
        let words = String::from_utf8_lossy(&read("cmdline")).into_owned();
        let is_the_runner = entry.file_name().to_str() == Some(&pid.to_string());
        if is_the_runner || words.contains(&run.to_string()) || words.contains("podman") || words.contains("conmon") {
            assert!(!contains(&read("environ"), SECRET), "{words}");
            without += 1;
        }
    }
    assert!(without >= 3, "runner, supervisor and engine must have been looked at");

    contained.machine.engine.stop(run, "a test").await.unwrap();
    let seen = observe_to_the_end(&contained.machine, run).await;
    let (stdout, _) = seen.output();
    assert!(stdout.starts_with(&format!("length {}\n", SECRET.len())), "{stdout}");
    assert!(!stdout.contains(SECRET), "{stdout}");
    contained.nothing_is_left(run);
}

#[tokio::test]
async fn an_image_that_could_only_take_a_secret_as_a_variable_gets_none() {
    let contained = Contained::with_secrets(&[("TOKEN", SECRET)]);
    let setup = Setup {
        entrypoint: Entrypoint::Image,
        secrets: table(&[("TOKEN", "arn:of:a:secret")]),
        ..Setup::default()
    };
    let permit = crate::common::permit(&setup, "job", &["sh", "exit 0"]);
    let refused = contained
        .machine
        .engine
        .launch(permit, engine::conformance::new_call())
        .await;
    let reason = refused.expect_err("must be refused").to_string();
    assert!(reason.contains("Podman would write those to its disk"), "{reason}");
    assert_eq!(contained.podman.things(), Vec::<String>::new());
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn files_below(path: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        // Programs and libraries of the image are no place to look.
        if kind.is_dir()
            && !["bin", "lib", "lib64", "usr", "merged"]
                .iter()
                .any(|name| entry.file_name() == *name)
        {
            files.extend(files_below(&entry.path()));
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    files
}
