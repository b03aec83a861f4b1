//! What a job can and cannot do from inside: every escape is tried by a real job in a real sandbox.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "test code")]

mod common;

use std::fs;
use std::path::Path;
use std::time::Duration;

use common::{Machine, NOTHING_REACHED, REACH_FOR_THE_RUNNER, Setup, permit_with_repositories, table};
use engine::Engine;
use engine::conformance::{Harness, Job, new_call, observe_to_the_end};
use gatekeeper::compiled::Network;
use protocol::Ending;

const SECRET: &str = "correct-horse-battery-staple";

#[tokio::test]
async fn a_job_writes_only_to_its_own_places() {
    let machine = Machine::new();
    let tried = "for place in / /usr /usr/bin /etc /etc/ssl /opt /opt/deploy-runner /opt/deploy-runner/scripts /home /proc /proc/sys/kernel; do \
                 (: > $place/x) 2>/dev/null && echo wrote $place; done; \
                 for place in /work /tmp /home/job /dev/shm; do (: > $place/x) || echo no $place; done; echo tried";
    assert_eq!(machine.output(&Setup::default(), tried).await, "tried\n");
}

#[tokio::test]
async fn a_job_cannot_change_the_runner_or_its_own_script() {
    let machine = Machine::new();
    let tried = "for file in /opt/deploy-runner/deploy-runner /opt/deploy-runner/scripts/job /etc/passwd; do \
                 (echo x >> $file) 2>/dev/null && echo wrote $file; rm -f $file 2>/dev/null && echo removed $file; done; echo tried";
    assert_eq!(machine.output(&Setup::default(), tried).await, "tried\n");
}

#[tokio::test]
async fn a_job_sees_no_process_but_its_own() {
    let machine = Machine::new();
    let listed = machine
        .output(
            &Setup::default(),
            "for p in /proc/[0-9]*; do echo $(tr '\\0' ' ' < $p/cmdline); done",
        )
        .await;
    assert!(
        listed.starts_with("/opt/deploy-runner/deploy-runner --timeout"),
        "{listed}"
    );
    assert!(!listed.contains("supervise"), "{listed}");
    assert!(listed.lines().count() <= 6, "{listed}");
}

#[tokio::test]
async fn the_runners_descriptors_and_environment_are_out_of_reach() {
    let machine = Machine::new();
    assert_eq!(
        machine.output(&Setup::default(), REACH_FOR_THE_RUNNER).await,
        NOTHING_REACHED
    );
}

#[tokio::test]
async fn a_job_inherits_no_descriptor_but_the_usual_three() {
    let machine = Machine::new();
    // As a build tool does that shares its job slots with every program below it.
    let left_open = fs::File::create(machine.folder.path().join("left-open")).unwrap();
    rustix::io::fcntl_setfd(&left_open, rustix::io::FdFlags::empty()).unwrap();
    // The fourth is the shell's own: the script that it reads.
    let listed = machine
        .output(
            &Setup::default(),
            // Not through a pipe, which the shell would still be making.
            "ls -l /proc/$$/fd > listed; grep -v '^total' listed | sed 's/.* -> //' | sort",
        )
        .await;
    let others: Vec<&str> = listed
        .lines()
        .filter(|target| !target.starts_with("pipe:") && !target.ends_with("/job"))
        .filter(|target| !["/dev/null", "/work/listed"].contains(target))
        .collect();
    assert_eq!(others, Vec::<&str>::new(), "{listed}");
}

#[tokio::test]
async fn the_processes_around_a_job_keep_nothing_open_that_their_launcher_left_open() {
    let machine = Machine::new();
    let left_open = fs::File::create(machine.folder.path().join("left-open")).unwrap();
    rustix::io::fcntl_setfd(&left_open, rustix::io::FdFlags::empty()).unwrap();
    let run = machine.launch(&Setup::default(), &["clean-up"]).await.run;
    let mut looked_at = 0;
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if !contains(&words, &run.to_string()) {
            continue;
        }
        // A supervisor shows its descriptors to root only; bubblewrap, which has them from it, to everybody here.
        for descriptor in fs::read_dir(entry.path().join("fd")).into_iter().flatten().flatten() {
            let target = fs::read_link(descriptor.path()).unwrap_or_default();
            assert!(!target.ends_with("left-open"), "{}", String::from_utf8_lossy(&words));
            looked_at += 1;
        }
    }
    assert!(looked_at >= 3, "bubblewrap must have been looked at");
    machine.engine.stop(run, "a test").await.unwrap();
    observe_to_the_end(&machine, run).await;
}

#[tokio::test]
async fn a_job_has_no_privilege_and_cannot_gain_one() {
    let machine = Machine::new();
    let status = machine
        .output(
            &Setup::default(),
            "grep -E '^(CapPrm|CapEff|CapBnd|NoNewPrivs|Uid)' /proc/self/status",
        )
        .await;
    for line in [
        "CapPrm:\t0000000000000000",
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "NoNewPrivs:\t1",
    ] {
        assert!(status.contains(line), "{status}");
    }
    assert!(status.contains("Uid:\t1000\t1000\t1000\t1000"), "{status}");
}

#[tokio::test]
async fn a_job_shares_no_namespace_with_the_host_and_none_of_its_terminals() {
    let machine = Machine::new();
    let kinds = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"];
    let text = format!(
        "for kind in {}; do readlink /proc/self/ns/$kind; done; cut -d' ' -f6 /proc/1/stat; uname -n",
        kinds.join(" ")
    );
    let told = machine.output(&Setup::default(), &text).await;
    let told: Vec<&str> = told.lines().collect();
    let (namespaces, rest) = told.split_at(kinds.len());
    for (kind, inside) in kinds.iter().zip(namespaces) {
        let outside = fs::read_link(format!("/proc/self/ns/{kind}")).unwrap();
        assert_ne!(Path::new(inside), outside, "{kind}");
    }
    assert_eq!(rest, ["1", "job"], "process 1 leads a session of its own");
}

#[tokio::test]
async fn a_job_has_limits_on_core_files_open_files_and_processes() {
    let machine = Machine::new();
    let limits = machine.output(&Setup::default(), "cat /proc/self/limits").await;
    let hard = |name: &str| {
        let fields = limits.lines().find_map(|line| line.strip_prefix(name));
        fields.and_then(|fields| fields.split_whitespace().nth(1)?.parse::<u64>().ok())
    };
    assert_eq!(hard("Max core file size"), Some(0), "{limits}");
    assert!(hard("Max processes").is_some_and(|most| most <= 4_096), "{limits}");
    assert!(hard("Max open files").is_some_and(|most| most <= 65_536), "{limits}");
}

#[tokio::test]
async fn the_ceilings_are_those_of_the_permit_or_their_absence_is_said() {
    let machine = Machine::new();
    let setup = Setup {
        memory: 96,
        ..Setup::default()
    };
    let launched = machine.launch(&setup, &["clean-up"]).await;
    let status = fs::read(machine.run_dir(launched.run).join("status.json")).unwrap();
    let status: serde_json::Value = serde_json::from_slice(&status).unwrap();
    let setting = |files: [&str; 2]| {
        let groups = status.get("cgroups").unwrap().as_array().unwrap();
        let of = |file: &str| {
            let read =
                |group: &serde_json::Value| fs::read_to_string(Path::new(group.as_str().unwrap()).join(file)).ok();
            groups.iter().find_map(read)
        };
        files.into_iter().find_map(of).map(|text| text.trim().to_owned())
    };
    let said = |part: &str| launched.notices.iter().any(|notice| notice.contains(part));
    match setting(["memory.max", "memory.limit_in_bytes"]) {
        Some(bytes) => assert_eq!(bytes, (96 * 1024 * 1024).to_string()),
        None => assert!(
            said("memory is limited to 96 MiB for each process"),
            "{:?}",
            launched.notices
        ),
    }
    match setting(["cpu.max", "cpu.cfs_quota_us"]) {
        Some(quota) => assert!(["100000", "100000 100000"].contains(&quota.as_str()), "{quota}"),
        None => assert!(said("1024 CPU units is not enforced"), "{:?}", launched.notices),
    }
    machine.engine.stop(launched.run, "a test").await.unwrap();
    observe_to_the_end(&machine, launched.run).await;
}

#[tokio::test]
async fn without_a_network_there_is_only_the_loopback_of_its_own() {
    let machine = Machine::new();
    let interfaces = "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '";
    assert_eq!(machine.output(&Setup::default(), interfaces).await, "lo\n");
    let host = Setup {
        network: Network::Host,
        ..Setup::default()
    };
    let seen = machine.output(&host, interfaces).await;
    let here = fs::read_to_string("/proc/net/dev").unwrap();
    let here: Vec<&str> = here
        .lines()
        .skip(2)
        .filter_map(|line| line.split(':').next())
        .map(str::trim)
        .collect();
    assert_eq!(seen.lines().collect::<Vec<_>>(), here);
}

#[tokio::test]
async fn the_environment_is_what_the_runner_and_the_allow_list_say() {
    let machine = Machine::with_secrets(&[("TOKEN", SECRET), ("UNDECLARED", "not for this job")]);
    let setup = Setup {
        environment: table(&[("DECLARED", "yes"), ("LD_PRELOAD_NOT", "x")]),
        secrets: table(&[("TOKEN", "arn:of:a:secret")]),
        ..Setup::default()
    };
    let names = machine
        .output(
            &setup,
            "tr '\\0' '\\n' < /proc/$$/environ | cut -d= -f1 | sort | tr '\\n' ' '",
        )
        .await;
    let names: Vec<&str> = names.split_whitespace().collect();
    for name in ["DECLARED", "TOKEN", "PATH", "HOME"] {
        assert!(names.contains(&name), "{names:?}");
    }
    for name in &names {
        assert!(
            [
                "DECLARED",
                "DEPLOY_RUNNER_REPORTS_FD",
                "HOME",
                "LANG",
                "LC_ALL",
                "LD_PRELOAD_NOT",
                "LOGNAME",
                "PATH",
                "SHELL",
                "TERM",
                "TMPDIR",
                "TOKEN",
                "TZ",
                "USER"
            ]
            .contains(name)
                || matches!(
                    *name,
                    "PAGER" | "GIT_PAGER" | "EDITOR" | "VISUAL" | "GIT_EDITOR" | "GIT_TERMINAL_PROMPT"
                ),
            "{name} among {names:?}"
        );
    }
}

#[tokio::test]
async fn a_secrets_value_is_in_no_file_no_command_line_and_no_environment_outside() {
    let machine = Machine::with_secrets(&[("TOKEN", SECRET)]);
    let setup = Setup {
        secrets: table(&[("TOKEN", "arn:of:a:secret")]),
        ..Setup::default()
    };
    let launched = machine
        .launch(&setup, &["sh", "echo length ${#TOKEN}; echo it is $TOKEN; sleep 2"])
        .await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut looked_at = 0;
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let read = |name: &str| fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
        assert!(!contains(&read("cmdline"), SECRET), "in the command line of {pid}");
        let cmdline = String::from_utf8_lossy(&read("cmdline")).into_owned();
        if cmdline.contains(&launched.run.to_string()) {
            // Nor is anything else of the launcher's environment, which may hold what the secrets were taken from.
            let environment = read("environ");
            assert_eq!(String::from_utf8_lossy(&environment), "", "{pid}: {cmdline}");
            looked_at += 1;
        }
    }
    assert!(looked_at >= 2, "the supervisor and bubblewrap must have been looked at");
    let seen = observe_to_the_end(&machine, launched.run).await;
    let (stdout, _) = seen.output();
    assert!(stdout.starts_with(&format!("length {}\n", SECRET.len())), "{stdout}");
    for file in files_below(&machine.config.state_dir) {
        assert!(!contains(&fs::read(&file).unwrap(), SECRET), "in {}", file.display());
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn files_below(path: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(path).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_below(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files
}

#[tokio::test]
async fn other_runs_and_the_state_folder_are_out_of_sight() {
    let machine = Machine::new();
    let other = machine.launch(&Setup::default(), &["clean-up"]).await.run;
    let text = format!(
        "ls -d {state} {state}/runs {other} 2>/dev/null; ls / /work /tmp /home; echo looked",
        state = machine.config.state_dir.display(),
        other = machine.run_dir(other).display(),
    );
    let listed = machine.output(&Setup::default(), &text).await;
    assert!(
        !listed.contains("state") && !listed.contains(&other.to_string()),
        "{listed}"
    );
    machine.engine.stop(other, "a test").await.unwrap();
    observe_to_the_end(&machine, other).await;
}

/// What bubblewrap alone would allow: writing to a file of one's own process in `/proc`.
#[tokio::test]
async fn landlock_is_active_as_a_second_layer_or_its_absence_is_said() {
    let machine = Machine::new();
    let launched = machine
        .launch(
            &Setup::default(),
            &["sh", "(echo x > /proc/self/comm) 2>/dev/null && echo wrote; echo tried"],
        )
        .await;
    let seen = observe_to_the_end(&machine, launched.run).await;
    let absent = launched.notices.iter().any(|notice| notice.contains("no landlock"));
    let expected = if absent { "wrote\ntried\n" } else { "tried\n" };
    assert_eq!(seen.output().0, expected, "{:?}", launched.notices);
}

#[tokio::test]
async fn a_volume_lasts_and_a_work_folder_does_not() {
    let machine = Machine::new();
    let setup = Setup {
        volumes: table(&[("terraform-state", "/state")]),
        ..Setup::default()
    };
    machine
        .shell(&setup, "echo kept > /state/file; echo gone > /work/file")
        .await;
    let second = machine.output(&setup, "cat /state/file; ls /work").await;
    assert_eq!(second, "kept\n");
    assert_eq!(
        machine
            .output(&Setup::default(), "ls -d /state 2>/dev/null; echo none")
            .await,
        "none\n"
    );
}

#[tokio::test]
async fn a_local_repository_can_be_read_and_not_written() {
    let machine = Machine::new();
    let repository = machine.folder.path().join("repository.git");
    fs::create_dir(&repository).unwrap();
    fs::write(repository.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    let url = format!("file://{}", repository.display());
    let text = format!(
        "cat {0}/HEAD; (: > {0}/x) 2>/dev/null && echo wrote; echo tried",
        repository.display()
    );
    let permit = permit_with_repositories(&Setup::default(), "job", &["sh", &text, "repository-0"], &[&url]);
    let launched = machine.engine.launch(permit, new_call()).await.unwrap();
    let seen = observe_to_the_end(&machine, launched.run).await;
    assert_eq!(seen.output().0, "ref: refs/heads/main\ntried\n");
}

#[tokio::test]
async fn more_memory_than_allowed_ends_the_run_and_says_so() {
    let machine = Machine::new();
    let setup = Setup {
        memory: 64,
        ..Setup::default()
    };
    // `tail` keeps a line until its end, and this one has none.
    let launched = machine
        .launch(
            &setup,
            &["sh", "head -c 300M /dev/zero | tail -n 1 | wc -c >&2; exit 1"],
        )
        .await;
    let seen = observe_to_the_end(&machine, launched.run).await;
    let whole_run = !launched
        .notices
        .iter()
        .any(|notice| notice.contains("for each process and not for the whole run"));
    let expected = if whole_run {
        Ending::OutOfMemory { limit_mib: 64 }
    } else {
        Ending::Exited { code: 1 }
    };
    assert_eq!(seen.ending, expected, "{:?}", launched.notices);
    assert_ne!(seen.output().1, "314572800\n", "the memory was not limited");
}

#[tokio::test]
async fn temporary_files_cannot_take_all_memory() {
    let machine = Machine::new();
    let setup = Setup {
        memory: 64,
        ..Setup::default()
    };
    let written = machine
        .output(&setup, "head -c 100M /dev/zero > /tmp/x 2>/dev/null; stat -c %s /tmp/x")
        .await;
    assert_eq!(written, format!("{}\n", 32 * 1024 * 1024));
}

#[tokio::test]
async fn two_runs_at_once_do_not_disturb_each_other() {
    let machine = Machine::new();
    let setup = Setup::default();
    let text = "echo mine > /tmp/x; echo mine > /work/x; i=0; while [ $i -lt 20 ]; do sleep 0.05; i=$((i + 1)); done; \
                kill -9 -1 2>/dev/null; ls /tmp /work; exit 9";
    let one = machine.launch(&setup, &["sh", text]).await.run;
    let two = machine.launch(&setup, &["clean-up"]).await.run;
    let first = observe_to_the_end(&machine, one).await;
    // The first run killed every process that it could reach.
    assert!(
        !matches!(first.ending, Ending::Unknown { .. } | Ending::HostLost { .. }),
        "{:?}",
        first.ending
    );
    machine.engine.stop(two, "a test").await.unwrap();
    let second = observe_to_the_end(&machine, two).await;
    assert_eq!(second.ending, Ending::Cancelled { code: Some(7) });
    assert_eq!(second.output().0, "ready\ncleaned up\n");
    let third = engine::conformance::launch(&machine, Job::Exit { code: 0 }).await;
    assert_eq!(
        observe_to_the_end(&machine, third).await.ending,
        Ending::Exited { code: 0 }
    );
    assert!(machine.engine().runs().unwrap().len() == 3);
}
