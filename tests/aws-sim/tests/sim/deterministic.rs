use aws_sim::{Draw, Faults, Request, Sim, TaskTruth};
use serde_json::json;

use crate::support::{ecs, page, run, seconds};

/// A caller that does the same things whatever it is answered.
async fn story(seed: u64) -> (Vec<Request>, Vec<TaskTruth>, Vec<String>) {
    let sim = Sim::new(seed, Faults::storm());
    let mut draw = Draw::of(9, &[]);
    let mut answers = Vec::new();
    for turn in 0..200 {
        let key = format!("key-{}", draw.within(&(0..20)));
        let body = run(&key, "print --lines=20 --rate=5");
        answers.push(format!("{:?}", ecs(&sim, "RunTask", body).await));
        seconds(draw.within(&(0..4))).await;
        let tasks = sim.tasks();
        if let Some(task) = tasks.get(turn % tasks.len().max(1)) {
            let named = json!({ "cluster": "deploy-runner", "tasks": [task.id] });
            answers.push(format!("{:?}", ecs(&sim, "DescribeTasks", named).await));
            answers.push(format!("{:?}", page(&sim, &task.id, None).await));
        }
    }
    (sim.record(), sim.tasks(), answers)
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_record_truth_and_answers() {
    let (first, again) = (story(11).await, story(11).await);
    assert_eq!(first.0, again.0);
    assert_eq!(first.1, again.1);
    assert_eq!(first.2, again.2);
    assert_ne!(first.0, story(12).await.0);
}

#[tokio::test(start_paused = true)]
async fn every_fault_strikes_in_a_storm_and_no_token_starts_two_tasks() {
    let (record, tasks, _) = story(13).await;
    let outcomes: std::collections::HashSet<String> =
        record.iter().map(|request| format!("{:?}", request.outcome)).collect();
    for outcome in [
        "Answered",
        "BrokenBefore",
        "AnswerLost",
        r#"Refused("ThrottlingException")"#,
    ] {
        assert!(outcomes.contains(outcome), "{outcome} is missing: {outcomes:?}");
    }
    let mut tokens: Vec<&Option<String>> = tasks.iter().map(|task| &task.token).collect();
    let all = tokens.len();
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), all);
}
