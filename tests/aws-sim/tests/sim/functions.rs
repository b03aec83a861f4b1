use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sim::{Faults, Function, FunctionError, Sim};
use http::{Request, Response};
use tokio::time::{sleep, timeout};

/// A function that takes a second, and answers how many calls its instance has served.
fn counting(made: &Arc<AtomicU32>) -> Function {
    let made = Arc::clone(made);
    Function {
        name: "gate".to_owned(),
        aliases: vec!["live".to_owned()],
        timeout: 10_000,
        init: Arc::new(move || {
            made.fetch_add(1, Ordering::Relaxed);
            let served = Arc::new(AtomicU32::new(0));
            Arc::new(move |event: Vec<u8>| {
                let served = Arc::clone(&served);
                Box::pin(async move {
                    sleep(Duration::from_secs(1)).await;
                    match event.as_slice() {
                        b"fail" => Err(FunctionError {
                            kind: "Broken".to_owned(),
                            message: "it broke".to_owned(),
                        }),
                        b"hang" => {
                            sleep(Duration::from_secs(100)).await;
                            Ok(Vec::new())
                        }
                        _ => Ok((served.fetch_add(1, Ordering::Relaxed) + 1).to_string().into_bytes()),
                    }
                })
            })
        }),
    }
}

async fn invoke(sim: &Arc<Sim>, function: &str, payload: &str) -> Response<Vec<u8>> {
    let (name, query) = function.split_once('?').unwrap_or((function, ""));
    let request = Request::post(format!(
        "https://localhost/2015-03-31/functions/{name}/invocations?{query}"
    ))
    .body(payload.as_bytes().to_vec())
    .unwrap();
    sim.answer(request).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_instance_serves_one_call_at_a_time_and_is_used_again() {
    let (sim, made) = (Sim::new(1, Faults::none()), Arc::new(AtomicU32::new(0)));
    sim.register(counting(&made));
    let arn = "arn%3Aaws%3Alambda%3Aus-west-2%3A123456789012%3Afunction%3Agate%3Alive";
    assert_eq!(invoke(&sim, "gate", "").await.body(), b"1");
    assert_eq!(invoke(&sim, arn, "").await.body(), b"2");
    let (one, two) = tokio::join!(invoke(&sim, "gate", ""), invoke(&sim, "gate?Qualifier=live", ""));
    let mut both = [one.body().as_slice(), two.body().as_slice()];
    both.sort_unstable();
    assert_eq!(both, [b"1", b"3"]);
    assert_eq!(made.load(Ordering::Relaxed), 2);
    let invocations = sim.invocations();
    assert_eq!(invocations.iter().filter(|call| call.cold).count(), 2);
    assert!(
        invocations
            .iter()
            .all(|call| call.billed >= 1_000 && (call.cold || call.billed < 1_005)),
        "{invocations:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn failures_of_a_function_and_of_its_name_are_told_apart() {
    let (sim, made) = (Sim::new(2, Faults::none()), Arc::new(AtomicU32::new(0)));
    sim.register(counting(&made));
    let failed = invoke(&sim, "gate", "fail").await;
    assert_eq!(
        (
            failed.status().as_u16(),
            failed.headers()["x-amz-function-error"].as_bytes()
        ),
        (200, b"Unhandled".as_slice())
    );
    let late = invoke(&sim, "gate", "hang").await;
    assert!(String::from_utf8_lossy(late.body()).contains("timed out after 10.00 seconds"));
    for unknown in ["other", "gate%3Aold"] {
        let answer = invoke(&sim, unknown, "").await;
        assert_eq!(
            (
                answer.status().as_u16(),
                answer.headers()["x-amzn-errortype"].as_bytes()
            ),
            (404, b"ResourceNotFoundException".as_slice())
        );
    }
    sim.deny("lambda:InvokeFunction");
    assert_eq!(invoke(&sim, "gate", "").await.status(), 403);
}

#[tokio::test(start_paused = true)]
async fn a_function_goes_on_when_its_caller_has_gone() {
    let (sim, made) = (Sim::new(3, Faults::none()), Arc::new(AtomicU32::new(0)));
    sim.register(counting(&made));
    assert!(
        timeout(Duration::from_millis(500), invoke(&sim, "gate", ""))
            .await
            .is_err()
    );
    sleep(Duration::from_secs(5)).await;
    assert_eq!(sim.invocations().len(), 1);
    assert_eq!(invoke(&sim, "gate", "").await.body(), b"2");
}
