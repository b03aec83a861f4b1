//! What a job can and cannot do from inside of its container: every escape is tried by a real job.

use std::fs;
use std::path::Path;

use container_engines::Service;
use engine::Engine;
use engine::conformance::{new_call, observe_to_the_end};
use protocol::Ending;

use crate::common::{NOTHING_REACHED, REACH_FOR_THE_RUNNER, Setup, permit_with_repositories, table};
use crate::{Contained, container};

#[tokio::test]
async fn a_job_in_a_container_writes_only_to_its_own_places() {
    let contained = Contained::new();
    let tried = "for place in / /usr /usr/bin /usr/local/bin /etc /opt/deploy-runner/scripts /home /proc/sys/kernel /sys /sys/fs/cgroup; do \
                 (: > $place/x) 2>/dev/null && echo wrote $place; done; \
                 (echo x >> /usr/local/bin/deploy-runner) 2>/dev/null && echo changed the runner; \
                 (echo x >> /opt/deploy-runner/scripts/job) 2>/dev/null && echo changed its script; \
                 for place in /work /tmp /home/job; do (: > $place/x) || echo no $place; done; echo tried";
    assert_eq!(contained.output(&Setup::default(), tried).await, "tried\n");
}

#[tokio::test]
async fn a_job_in_a_container_is_the_images_user_without_privileges_and_cannot_gain_one() {
    let contained = Contained::new();
    let text = "id -u; id -g; grep -E '^(CapPrm|CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; tr '\\0' ' ' < /proc/1/cmdline; echo; \
                cut -d' ' -f4 /proc/$$/stat; uname -n; ls /proc | grep -c '^[0-9]'; \
                grep -E '^Max (core|open)' /proc/self/limits";
    let told = contained.output(&Setup::default(), text).await;
    for line in [
        "10001\n10001\n",
        "CapPrm:\t0000000000000000",
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
        // The runner is process 1, through the image's entry point: no init is between it and its signals.
        "/usr/local/bin/deploy-runner --timeout 60 --stop-timeout 5 -- job sh ",
        "\n1\njob\n",
        "Max core file size        0                    0 ",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let hard = |name: &str| {
        let fields = told.lines().find_map(|line| line.strip_prefix(name));
        fields.and_then(|fields| fields.split_whitespace().nth(1)?.parse::<u64>().ok())
    };
    assert!(hard("Max open files").is_some_and(|most| most <= 65_536), "{told}");
}

#[tokio::test]
async fn the_runner_in_a_container_and_its_output_are_out_of_the_jobs_reach() {
    let contained = Contained::new();
    assert_eq!(
        contained.output(&Setup::default(), REACH_FOR_THE_RUNNER).await,
        NOTHING_REACHED
    );
}

#[tokio::test]
async fn a_job_in_a_container_shares_no_namespace_with_the_machine_and_has_no_network_unless_declared() {
    let contained = Contained::new();
    let kinds = ["ipc", "mnt", "net", "pid", "uts"];
    let text = format!(
        "for kind in {}; do readlink /proc/self/ns/$kind; done; tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '",
        kinds.join(" ")
    );
    let told = contained.output(&Setup::default(), &text).await;
    let told: Vec<&str> = told.lines().collect();
    let (namespaces, interfaces) = told.split_at(kinds.len());
    for (kind, inside) in kinds.iter().zip(namespaces) {
        let outside = fs::read_link(format!("/proc/self/ns/{kind}")).unwrap();
        assert_ne!(Path::new(inside), outside, "{kind}");
    }
    assert_eq!(interfaces, ["lo"]);
}

#[tokio::test]
async fn the_environment_in_a_container_is_what_the_runner_and_the_allow_list_say() {
    let contained = Contained::with_secrets(&[("TOKEN", "correct-horse"), ("UNDECLARED", "not for this job")]);
    let setup = Setup {
        environment: table(&[("DECLARED", "yes")]),
        secrets: table(&[("TOKEN", "arn:of:a:secret")]),
        ..Setup::default()
    };
    let text = "tr '\\0' '\\n' < /proc/$$/environ | cut -d= -f1 | sort | tr '\\n' ' '; echo; echo $DECLARED ${#TOKEN}";
    let told = contained.output(&setup, text).await;
    assert_eq!(
        told,
        "DECLARED DEPLOY_RUNNER_REPORTS_FD EDITOR HOME LANG PAGER PATH TMPDIR TOKEN \nyes 13\n"
    );
}

#[tokio::test]
async fn ceilings_of_a_container_are_those_of_the_permit() {
    let contained = Contained::new();
    let setup = Setup {
        memory: 96,
        ..Setup::default()
    };
    let run = contained.ready(&setup, &["clean-up"]).await;
    let inspect = |what: &str| contained.podman.answer(&["inspect", "--format", what, &container(run)]);
    assert_eq!(inspect("{{.HostConfig.Memory}}"), (96 * 1024 * 1024).to_string());
    assert_eq!(inspect("{{.HostConfig.MemorySwap}}"), (96 * 1024 * 1024).to_string());
    assert_eq!(
        inspect("{{.HostConfig.CpuQuota}} {{.HostConfig.CpuPeriod}}"),
        "100000 100000"
    );
    assert_eq!(inspect("{{.HostConfig.PidsLimit}}"), "4096");
    assert_eq!(inspect("{{.HostConfig.LogConfig.Type}}"), "none");
    assert_eq!(
        inspect("{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.Privileged}} {{.HostConfig.Init}}"),
        "true false false"
    );
    contained.machine.engine.stop(run, "a test").await.unwrap();
    observe_to_the_end(&contained.machine, run).await;
    contained.nothing_is_left(run);
}

#[tokio::test]
async fn more_memory_than_a_container_may_use_ends_the_run_and_says_so() {
    let contained = Contained::new();
    let setup = Setup {
        memory: 64,
        ..Setup::default()
    };
    // `tail` keeps a line until its end, and this one has none.
    let seen = contained
        .machine
        .shell(&setup, "head -c 300M /dev/zero | tail -n 1 | wc -c >&2; exit 1")
        .await;
    assert_eq!(seen.ending, Ending::OutOfMemory { limit_mib: 64 });
    assert_ne!(seen.output().1, "314572800\n", "the memory was not limited");
}

#[tokio::test]
async fn temporary_files_in_a_container_cannot_take_all_memory() {
    let contained = Contained::new();
    let setup = Setup {
        memory: 256,
        ..Setup::default()
    };
    let text = "for place in /work /home/job; do head -c 300M /dev/zero > $place/x 2>/dev/null; stat -c %s $place/x; rm $place/x; done; \
                stat -f -c %T /tmp";
    let seen = contained.machine.shell(&setup, text).await;
    let written = seen.output().0;
    let half = 128 * 1024 * 1024;
    // What the image declares as a volume is on the disk.
    let on_disk = written.strip_prefix(&format!("{half}\n{half}\n"));
    assert!(
        on_disk.is_some_and(|kind| kind != "tmpfs\n"),
        "{:?} {:?}",
        seen.ending,
        seen.frames
    );
}

#[tokio::test]
async fn a_container_that_uses_up_its_processes_leaves_those_of_another() {
    let contained = Contained::new();
    let setup = Setup {
        // Room for that many, so that it is their number that ends it.
        memory: 8_192,
        ..Setup::default()
    };
    let text = "(i=0; while [ $i -lt 5000 ]; do sleep 1000 & i=$((i + 1)); done; echo all of them) 2>/dev/null; \
                set -- /proc/[0-9]*; echo ready $#; exec sleep 1000";
    let full = contained.ready(&setup, &["sh", text]).await;
    // Both are the same user to the kernel.
    assert_eq!(
        contained
            .output(&Setup::default(), "sleep 0 & wait $! && echo started")
            .await,
        "started\n"
    );
    contained.machine.engine.stop(full, "a test").await.unwrap();
    let (told, _) = observe_to_the_end(&contained, full).await.output();
    let most: u32 = told
        .trim()
        .strip_prefix("ready ")
        .and_then(|most| most.parse().ok())
        .expect("the loop was ended by a fork that failed");
    assert!((1_000..=4_096).contains(&most), "{most}");
}

#[tokio::test]
async fn a_volume_of_a_container_lasts_and_its_work_folders_do_not() {
    let contained = Contained::new();
    let setup = Setup {
        volumes: table(&[("terraform-state", "/state")]),
        ..Setup::default()
    };
    contained
        .machine
        .shell(
            &setup,
            "echo kept > /state/file; echo gone > /work/file; echo gone > /tmp/file",
        )
        .await;
    assert_eq!(
        contained
            .output(&setup, "cat /state/file; ls /work /tmp | grep file; echo looked")
            .await,
        "kept\nlooked\n"
    );
    let none = contained
        .output(&Setup::default(), "ls -d /state 2>/dev/null; echo none")
        .await;
    assert_eq!(none, "none\n");
    assert_eq!(contained.podman.things(), Vec::<String>::new());
}

#[tokio::test]
async fn a_local_repository_can_be_read_in_a_container_and_not_written() {
    let contained = Contained::new();
    let repository = contained.machine.folder.path().join("repository.git");
    fs::create_dir(&repository).unwrap();
    fs::write(repository.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    let url = format!("file://{}", repository.display());
    let text = format!(
        "cat {0}/HEAD; (: > {0}/x) 2>/dev/null && echo wrote; echo tried",
        repository.display()
    );
    let permit = permit_with_repositories(&Setup::default(), "job", &["sh", &text, "repository-0"], &[&url]);
    let launched = contained.machine.engine.launch(permit, new_call()).await.unwrap();
    let seen = observe_to_the_end(&contained.machine, launched.run).await;
    assert_eq!(seen.output().0, "ref: refs/heads/main\ntried\n");
}

#[tokio::test]
async fn two_containers_at_once_do_not_see_or_disturb_each_other() {
    let contained = Contained::new();
    let text = "echo mine > /tmp/x; i=0; while [ $i -lt 20 ]; do sleep 0.05; i=$((i + 1)); done; \
                kill -9 -1 2>/dev/null; ls /tmp; exit 9";
    let two = contained.ready(&Setup::default(), &["clean-up"]).await;
    let one = contained.machine.launch(&Setup::default(), &["sh", text]).await.run;
    let first = observe_to_the_end(&contained.machine, one).await;
    // It killed every process that it could reach, itself included.
    assert!(
        !matches!(first.ending, Ending::Unknown { .. } | Ending::HostLost { .. }),
        "{:?}",
        first.ending
    );
    contained.machine.engine.stop(two, "a test").await.unwrap();
    let second = observe_to_the_end(&contained.machine, two).await;
    assert_eq!(second.ending, Ending::Cancelled { code: Some(7) });
    assert_eq!(second.output().0, "ready\ncleaned up\n");
    contained.nothing_is_left(two);
}
