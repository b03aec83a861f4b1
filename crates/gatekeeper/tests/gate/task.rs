//! Container, script, size, placement and deadline.

use gatekeeper::compiled::{Capability, RootFilesystem};
use gatekeeper::{AllowList, Decision, Entrypoint, decide, deny_without_allow_list};
use protocol::{LaunchType, ProblemKind, RunRequest, TaskRequest};

use crate::lists::{compiled, container, load, script};

fn two_containers(default: Option<&str>) -> AllowList {
    let planner = container([("deploy", script()), ("destroy", script())]);
    let mut compiled = compiled([("planner", planner), ("applier", container([("apply", script())]))]);
    compiled.default_container = default.map(str::to_owned);
    load(&compiled)
}

fn request(container: Option<&str>, script: &str, task: TaskRequest) -> RunRequest {
    RunRequest {
        container: container.map(str::to_owned),
        script: script.to_owned(),
        args: Vec::new(),
        task,
    }
}

#[track_caller]
fn denied(list: &AllowList, request: &RunRequest, expected: &[(ProblemKind, &str, &str, &str)]) {
    let Decision::Denied(denial) = decide(list, request) else {
        panic!("{request:?} must be denied")
    };
    let found: Vec<_> = denial
        .problems
        .iter()
        .map(|problem| {
            (
                problem.kind,
                problem.rule.as_str(),
                problem.message.as_str(),
                problem.accepted.as_str(),
            )
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn containers_and_scripts_are_found_by_exact_name() {
    let list = two_containers(None);
    let task = TaskRequest::default;
    let containers = "one of: planner, applier";
    for name in ["Planner", "plan", "planner ", ""] {
        let message = format!("there is no container `{name}`");
        let expected = (
            ProblemKind::UnknownContainer,
            "containers",
            message.as_str(),
            containers,
        );
        denied(&list, &request(Some(name), "deploy", task()), &[expected]);
    }
    for name in ["Deploy", "apply", "../deploy", "deploy/"] {
        let message = format!("there is no script `{name}`");
        let expected = (
            ProblemKind::UnknownScript,
            "containers.planner.scripts",
            message.as_str(),
            "one of: deploy, destroy",
        );
        denied(&list, &request(Some("planner"), name, task()), &[expected]);
    }
}

#[test]
fn unsafe_names_are_told_as_such_together_with_unsafe_arguments() {
    let list = two_containers(None);
    let mut request = request(Some("plan\u{200b}ner"), "dep\nloy", TaskRequest::default());
    request.args = vec!["fine".to_owned(), "b\0d".to_owned()];
    let Decision::Denied(denial) = decide(&list, &request) else {
        panic!("must be denied")
    };
    let found: Vec<_> = denial
        .problems
        .iter()
        .map(|problem| (problem.kind, problem.index))
        .collect();
    let kind = ProblemKind::UnsafeText;
    assert_eq!(found, [(kind, None), (kind, None), (kind, Some(1))]);
}

#[test]
fn a_nearly_right_name_is_suggested() {
    let list = two_containers(None);
    for (container, script, expected) in [("planer", "deploy", "planner"), ("planner", "deplyo", "deploy")] {
        let Decision::Denied(denial) = decide(&list, &request(Some(container), script, TaskRequest::default())) else {
            panic!("must be denied")
        };
        assert_eq!(denial.problems[0].suggestion.as_deref(), Some(expected));
    }
}

#[test]
fn without_a_name_the_default_container_is_used_if_there_is_one() {
    let asked = request(None, "apply", TaskRequest::default());
    let Decision::Permitted(permit) = decide(&two_containers(Some("applier")), &asked) else {
        panic!("must be permitted")
    };
    assert_eq!((permit.container(), permit.script()), ("applier", "apply"));
    let message = "no container is named, and the allow-list has no default";
    let expected = (
        ProblemKind::UnknownContainer,
        "defaults.container",
        message,
        "one of: planner, applier",
    );
    denied(&two_containers(None), &asked, &[expected]);
}

#[test]
fn the_permit_carries_what_the_container_declares() {
    let list = two_containers(None);
    let asked = request(Some("planner"), "deploy", TaskRequest::default());
    let Decision::Permitted(permit) = decide(&list, &asked) else {
        panic!("must be permitted")
    };
    assert_eq!(permit.image(), "terraform-runner");
    assert_eq!(permit.entrypoint(), Entrypoint::DeployRunner);
    assert_eq!(permit.environment()["TF_IN_AUTOMATION"], "1");
    assert_eq!(permit.secrets()["GIT_TOKEN"], "secret-reference-of-git-token");
    assert_eq!((permit.size().cpu, permit.size().memory), (1024, 4096));
    assert_eq!(permit.launch_type(), LaunchType::Fargate);
    assert_eq!((permit.timeout_seconds(), permit.stop_timeout_seconds()), (7_200, 30));
    assert_eq!(permit.allow_list_digest(), list.digest());
    assert_eq!(permit.request_digest(), gatekeeper::request_digest(&asked).unwrap());
}

#[test]
fn the_permit_tells_what_the_container_may_do_beyond_others() {
    let mut loosened = container([("deploy", script())]);
    let usual = loosened.clone();
    loosened.root_filesystem = RootFilesystem::Writable;
    loosened.capabilities = vec![Capability::Chown, Capability::SysChroot];
    let list = load(&compiled([("usual", usual), ("loosened", loosened)]));
    let permitted = |name| match decide(&list, &request(Some(name), "deploy", TaskRequest::default())) {
        Decision::Permitted(permit) => (permit.root_filesystem(), permit.capabilities().to_vec()),
        Decision::Denied(denial) => panic!("{denial:?}"),
    };
    assert_eq!(permitted("usual"), (RootFilesystem::ReadOnly, Vec::new()));
    let expected = vec![Capability::Chown, Capability::SysChroot];
    assert_eq!(permitted("loosened"), (RootFilesystem::Writable, expected));
}

#[test]
fn the_permit_tells_of_an_image_that_keeps_its_own_entry_point() {
    let mut raw = container([("deploy", script())]);
    raw.entrypoint = Entrypoint::Image;
    let asked = request(Some("raw"), "deploy", TaskRequest::default());
    let Decision::Permitted(permit) = decide(&load(&compiled([("raw", raw)])), &asked) else {
        panic!("must be permitted")
    };
    assert_eq!(permit.entrypoint(), Entrypoint::Image);
}

#[test]
fn the_deadline_is_the_shorter_of_the_two() {
    let list = two_containers(None);
    for (asked, expected) in [
        (None, 7_200),
        (Some(1), 1),
        (Some(7_200), 7_200),
        (Some(7_201), 7_200),
        (Some(u32::MAX), 7_200),
    ] {
        let task = TaskRequest {
            max_wait_seconds: asked,
            ..TaskRequest::default()
        };
        let Decision::Permitted(permit) = decide(&list, &request(Some("planner"), "deploy", task)) else {
            panic!("must be permitted")
        };
        assert_eq!(permit.timeout_seconds(), expected);
    }
    let none = TaskRequest {
        max_wait_seconds: Some(0),
        ..TaskRequest::default()
    };
    let expected = (
        ProblemKind::InvalidValue,
        "containers.planner.task.timeout",
        "a run that may take `0` seconds could never do anything",
        "1 second or more; the container's own limit is 7200 seconds",
    );
    denied(&list, &request(Some("planner"), "deploy", none), &[expected]);
}

#[test]
fn a_size_is_under_the_ceiling_and_exists_on_fargate() {
    let list = two_containers(None);
    let sized = |cpu, memory, launch_type| {
        let task = TaskRequest {
            cpu,
            memory,
            launch_type,
            max_wait_seconds: None,
        };
        request(Some("planner"), "deploy", task)
    };
    for (cpu, memory, launch_type) in [
        (Some(4096), Some(16_384), None),
        (Some(256), Some(512), None),
        (None, Some(2048), None),
        (Some(300), Some(700), Some(LaunchType::Ec2)),
        (Some(1), Some(1), Some(LaunchType::Ec2)),
    ] {
        let asked = sized(cpu, memory, launch_type);
        let Decision::Permitted(permit) = decide(&list, &asked) else {
            panic!("{asked:?} must be permitted")
        };
        assert_eq!(
            (permit.size().cpu, permit.size().memory),
            (cpu.unwrap_or(1024), memory.unwrap_or(4096))
        );
        assert_eq!(permit.launch_type(), launch_type.unwrap_or(LaunchType::Fargate));
    }
    let over = (
        ProblemKind::Size,
        "containers.planner.task.max_cpu",
        "cpu `4097` is zero or over the ceiling",
        "cpu from 1 to 4096",
    );
    let zero = (
        ProblemKind::Size,
        "containers.planner.task.max_memory",
        "memory `0` is zero or over the ceiling",
        "memory from 1 to 16384",
    );
    denied(&list, &sized(Some(4097), Some(0), None), &[over, zero]);
    let pair = (
        ProblemKind::Size,
        "built-in.fargate-sizes",
        "Fargate has no task with cpu `256` and memory `4096`",
        "cpu 256 with memory 512, 1024, 2048",
    );
    denied(&list, &sized(Some(256), None, None), &[pair]);
    let elsewhere = (
        ProblemKind::Size,
        "containers.planner.task.launch_types",
        "launch type `FARGATE_SPOT` is not one of the container's",
        "one of: FARGATE, EC2",
    );
    denied(&list, &sized(None, None, Some(LaunchType::FargateSpot)), &[elsewhere]);
}

#[test]
fn a_gate_without_an_allow_list_says_so() {
    let denial = deny_without_allow_list("the file is broken");
    assert_eq!(denial.problems.len(), 1);
    assert_eq!(denial.problems[0].kind, ProblemKind::NoAllowList);
    assert_eq!(
        denial.problems[0].message,
        "every request is denied: the file is broken"
    );
}
