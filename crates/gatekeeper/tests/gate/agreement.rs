//! The gate agrees with the naive model on generated requests: the same decision, the same canonical arguments, the same complaints.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use gatekeeper::compiled::Compiled;
use gatekeeper::{AllowList, Decision, decide, explain};
use protocol::{RunRequest, Verdict};

use crate::generate::{Random, attacked, count, in_parallel, list, valid_request};
use crate::lists::load;
use crate::naive_model::{self, Allowed, Complaint};

/// Requests for each generated allow-list.
const BATCH: usize = 500;

fn gate(list: &AllowList, request: &RunRequest) -> Result<Allowed, BTreeSet<Complaint>> {
    match decide(list, request) {
        Decision::Permitted(permit) => Ok(Allowed {
            container: permit.container().to_owned(),
            script: permit.script().to_owned(),
            args: permit.args().to_vec(),
            repositories: permit
                .repositories()
                .iter()
                .map(|repository| repository.url.clone())
                .collect(),
            cpu: permit.size().cpu,
            memory: permit.size().memory,
            launch_type: permit.launch_type(),
            timeout_seconds: permit.timeout_seconds(),
        }),
        Decision::Denied(denial) => {
            assert!(!denial.problems.is_empty(), "a denial without a reason");
            Err(denial
                .problems
                .iter()
                .map(|problem| (format!("{:?}", problem.kind), problem.index))
                .collect())
        }
    }
}

#[track_caller]
fn agree(compiled: &Compiled, list: &AllowList, request: &RunRequest, seed: u64) -> bool {
    let (gate, model) = (gate(list, request), naive_model::decide(compiled, request));
    if gate != model {
        let list = serde_json::to_string_pretty(compiled).unwrap();
        panic!("batch {seed}: the gate and the model differ\n{list}\n{request:#?}\ngate: {gate:#?}\nmodel: {model:#?}");
    }
    gate.is_ok()
}

#[test]
fn the_naive_model_agrees_with_the_gate_on_a_million_generated_requests() {
    let cases = count("GATE_MODEL_CASES", 1_000_000);
    let permitted = AtomicUsize::new(0);
    in_parallel(cases, BATCH, |random| {
        let compiled = list(random);
        let loaded = load(&compiled);
        for _ in 0..BATCH {
            let request = valid_request(random, &compiled);
            let request = if random.percent(25) {
                request
            } else {
                attacked(random, request)
            };
            let allowed = agree(&compiled, &loaded, &request, random.seed());
            permitted.fetch_add(usize::from(allowed), Ordering::Relaxed);
        }
    });
    let share = permitted.into_inner() * 100 / cases.next_multiple_of(BATCH);
    assert!(
        (25..=60).contains(&share),
        "the requests are one-sided: {share} % are permitted"
    );
}

#[test]
fn a_request_that_is_made_by_the_rules_is_permitted() {
    in_parallel(
        count("GATE_MODEL_CASES", 50_000).min(50_000),
        BATCH,
        |random: &mut Random| {
            let compiled = list(random);
            let loaded = load(&compiled);
            for _ in 0..BATCH {
                let request = valid_request(random, &compiled);
                if let Err(complaints) = gate(&loaded, &request) {
                    panic!("batch {}: {request:#?} {complaints:#?}", random.seed());
                }
            }
        },
    );
}

#[test]
fn the_explanation_tells_the_decision_and_refuses_exactly_the_words_with_a_problem() {
    in_parallel(
        count("GATE_MODEL_CASES", 20_000).min(20_000),
        BATCH,
        |random: &mut Random| {
            let compiled = list(random);
            let loaded = load(&compiled);
            for _ in 0..BATCH {
                let request = valid_request(random, &compiled);
                let request = attacked(random, request);
                let explanation = explain(&loaded, &request);
                match decide(&loaded, &request) {
                    Decision::Permitted(permit) => {
                        assert!(explanation.allowed);
                        assert_eq!(explanation.canonical_args, permit.args());
                        assert_eq!(explanation.request_digest, permit.request_digest());
                        assert!(
                            explanation.words.iter().all(|word| word.verdict == Verdict::Accepted),
                            "{explanation:#?}"
                        );
                    }
                    Decision::Denied(denial) => {
                        assert!(!explanation.allowed);
                        assert_eq!(explanation.canonical_args, Vec::<String>::new());
                        assert_eq!(explanation.problems, denial.problems);
                        for problem in &denial.problems {
                            let Some(index) = problem.index else { continue };
                            let word = &explanation.words[2 + index as usize];
                            assert_eq!(word.verdict, Verdict::Refused, "{word:?}");
                            assert!(word.reading.contains(&problem.message), "{word:?}");
                        }
                    }
                }
                assert_eq!(explanation.words.len(), 2 + request.args.len().min(256));
            }
        },
    );
}
