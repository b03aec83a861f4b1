use aws_sim::{Fate, Faults, Outcome, Sim};
use serde_json::json;

use crate::support::{describe, ecs, good, messages, page, refused, run, seconds, start};

#[tokio::test(start_paused = true)]
async fn the_same_token_and_request_give_the_same_task_and_another_request_a_conflict_that_names_it() {
    let sim = Sim::new(1, Faults::none());
    let first = start(&sim, "key", "print --lines=1").await;
    assert_eq!(start(&sim, "key", "print --lines=1").await, first);
    let (status, body) = ecs(&sim, "RunTask", run("key", "print --lines=2")).await.unwrap();
    assert_eq!((status, body["__type"].as_str()), (400, Some("ConflictException")));
    assert!(body["resourceIds"][0].as_str().unwrap().ends_with(&first), "{body}");
    assert_eq!(sim.tasks().len(), 1);

    seconds(24 * 60 * 60).await;
    assert_ne!(start(&sim, "key", "print --lines=2").await, first);
}

#[tokio::test(start_paused = true)]
async fn a_task_passes_through_its_states_and_is_forgotten_after_an_hour() {
    let sim = Sim::new(2, Faults::none());
    let id = start(&sim, "key", "exit --code=3 --seconds=20").await;
    let mut states = Vec::new();
    let stopped = loop {
        let task = describe(&sim, &id).await["tasks"][0].clone();
        let state = task["lastStatus"].as_str().unwrap().to_owned();
        if states.last() != Some(&state) {
            states.push(state.clone());
        }
        if state == "STOPPED" {
            break task;
        }
        seconds(1).await;
    };
    assert_eq!(
        states,
        ["PROVISIONING", "PENDING", "RUNNING", "DEPROVISIONING", "STOPPED"]
    );
    assert_eq!(stopped["stopCode"], "EssentialContainerExited");
    assert_eq!(stopped["containers"][0]["exitCode"], 3);
    assert_eq!(stopped["containers"][0]["memory"], "2048");
    assert_eq!(stopped["tags"][0]["value"], "print");
    let times = [
        "createdAt",
        "pullStartedAt",
        "pullStoppedAt",
        "startedAt",
        "stoppingAt",
        "stoppedAt",
    ];
    let times = times.map(|key| stopped[key].as_f64().unwrap_or_else(|| panic!("{key}")));
    assert!(times.is_sorted(), "{times:?}");

    seconds(60 * 60).await;
    let gone = describe(&sim, &id).await;
    assert_eq!(gone["failures"][0]["reason"], "MISSING");
}

#[tokio::test(start_paused = true)]
async fn a_stopped_program_cleans_up_and_says_so() {
    let sim = Sim::new(3, Faults::none());
    let id = start(&sim, "key", "clean-up").await;
    seconds(120).await;
    let stop = json!({ "cluster": "deploy-runner", "task": id, "reason": "enough" });
    let answer = good(ecs(&sim, "StopTask", stop.clone()).await);
    assert_eq!(answer["task"]["desiredStatus"], "STOPPED");
    seconds(60).await;
    let task = describe(&sim, &id).await["tasks"][0].clone();
    assert_eq!(
        (&task["stopCode"], &task["stoppedReason"]),
        (&json!("UserInitiated"), &json!("enough"))
    );
    assert_eq!(task["containers"][0]["exitCode"], 7);
    let lines = messages(&good(page(&sim, &id, None).await));
    assert_eq!(lines.get(..2).unwrap(), ["1 o ready", "2 o cleaned up"]);
    assert!(lines.get(2).unwrap().contains(r#""cause":"stopped""#), "{lines:?}");
    assert_eq!(sim.task(&id).unwrap().fate, Fate::Stopped(Some(7)));
    // Again changes nothing.
    good(ecs(&sim, "StopTask", stop).await);
    assert_eq!(describe(&sim, &id).await["tasks"][0], task);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_stopped_before_it_starts_never_runs() {
    let sim = Sim::new(4, Faults::none());
    let id = start(&sim, "key", "print --lines=5").await;
    good(ecs(&sim, "StopTask", json!({ "cluster": "deploy-runner", "task": id })).await);
    seconds(60).await;
    let task = describe(&sim, &id).await["tasks"][0].clone();
    assert_eq!(task["lastStatus"], "STOPPED");
    assert_eq!(
        (task.get("startedAt"), task["containers"][0].get("exitCode")),
        (None, None)
    );
    assert_eq!(refused(page(&sim, &id, None).await), "ResourceNotFoundException");
    assert_eq!(sim.task(&id).unwrap().fate, Fate::NeverRan);
}

#[tokio::test(start_paused = true)]
async fn a_runner_keeps_the_deadline_it_was_given() {
    let sim = Sim::new(5, Faults::none());
    let id = start(&sim, "key", "ignore-stop").await;
    seconds(1_000).await;
    let truth = sim.task(&id).unwrap();
    assert_eq!((truth.fate, truth.exit_code), (Fate::TimedOut, Some(124)));
    assert!(truth.ended.unwrap() - truth.started.unwrap() < 631_000);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_request_is_refused_as_aws_refuses_it() {
    let sim = Sim::new(6, Faults::none());
    let with = |key: &str, value: serde_json::Value| {
        let mut body = run("key", "exit");
        body[key] = value;
        body
    };
    let network = |subnet: &str| json!({ "awsvpcConfiguration": { "subnets": [subnet] } });
    let named = |name: &str| json!({ "containerOverrides": [{ "name": name, "command": [] }] });
    let long = json!({ "containerOverrides": [{ "name": "job", "command": ["x".repeat(8_200)] }] });
    for (body, code) in [
        (with("cluster", json!("other")), "ClusterNotFoundException"),
        (with("taskDefinition", json!("job:2")), "ClientException"),
        (
            with("networkConfiguration", network("subnet-9")),
            "InvalidParameterException",
        ),
        (with("overrides", named("other")), "InvalidParameterException"),
        (with("overrides", long), "InvalidParameterException"),
        (with("startedBy", json!("a b")), "InvalidParameterException"),
        (with("clientToken", json!("x".repeat(65))), "InvalidParameterException"),
    ] {
        assert_eq!(refused(ecs(&sim, "RunTask", body.clone()).await), code, "{body}");
    }
    let unknown = json!({ "cluster": "deploy-runner", "task": "0".repeat(32) });
    assert_eq!(
        refused(ecs(&sim, "StopTask", unknown).await),
        "InvalidParameterException"
    );
    assert_eq!(sim.tasks().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn calls_over_the_quota_are_throttled_and_a_quiet_second_later_served() {
    let sim = Sim::new(7, Faults::quotas());
    let ask = || async { ecs(&sim, "ListTasks", json!({ "cluster": "deploy-runner" })).await };
    let mut throttled = 0;
    for _ in 0..10 {
        let calls = (0..30).map(|_| {
            tokio::spawn({
                let sim = sim.clone();
                async move { ecs(&sim, "ListTasks", json!({ "cluster": "deploy-runner" })).await }
            })
        });
        for call in calls.collect::<Vec<_>>() {
            throttled += usize::from(call.await.unwrap().unwrap().0 == 400);
        }
    }
    assert!(throttled > 100, "{throttled}");
    assert_eq!(
        sim.record().iter().filter(|request| request.is_throttled()).count(),
        throttled
    );
    seconds(1).await;
    good(ask().await);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_of_a_call_that_took_effect() {
    let sim = Sim::new(
        8,
        Faults {
            lost_answer: 1.0,
            ..Faults::none()
        },
    );
    assert!(ecs(&sim, "RunTask", run("key", "exit")).await.is_err());
    assert_eq!(sim.tasks().len(), 1);
    assert_eq!(sim.record()[0].outcome, Outcome::AnswerLost);
    let sim = Sim::new(
        8,
        Faults {
            reset_before: 1.0,
            ..Faults::none()
        },
    );
    assert!(ecs(&sim, "RunTask", run("key", "exit")).await.is_err());
    assert_eq!(sim.tasks().len(), 0);
}
