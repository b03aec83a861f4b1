//! What holds for every request, however hostile.

use gatekeeper::compiled::{Compiled, Script, ValueType};
use gatekeeper::{AllowList, Decision, decide, explain};
use proptest::prelude::*;
use protocol::{Denial, RunRequest};

use crate::generate::{Random, attacked, count, in_parallel, list, valid_request};
use crate::lists::{compiled, container, deploy_script, load};

const BATCH: usize = 500;

fn outcome(list: &AllowList, request: &RunRequest) -> Result<Vec<String>, Denial> {
    match decide(list, request) {
        Decision::Permitted(permit) => Ok(permit.args().to_vec()),
        Decision::Denied(denial) => Err(denial),
    }
}

/// Every pair of an option and its value joined into one word.
fn joined(script: &Script, args: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    let mut words = args.iter().peekable();
    while let Some(word) = words.next() {
        let rule = script.options.get(word);
        let rule = rule.filter(|rule| rule.value != ValueType::Flag && !rule.value_optional);
        let any_dashes =
            rule.is_some_and(|rule| matches!(&rule.value, ValueType::Text(text) if text.allow_leading_dash));
        let is_value = |next: &&String| *next != "--" && (any_dashes || !names_an_option(script, next));
        match words.next_if(|next| rule.is_some() && is_value(next)) {
            Some(value) => out.push(format!("{word}={value}")),
            None => out.push(word.clone()),
        }
    }
    out
}

fn names_an_option(script: &Script, word: &str) -> bool {
    let name = word.split('=').next().unwrap_or_default();
    script.options.contains_key(name) || script.fixed_options.contains_key(name)
}

fn script<'a>(compiled: &'a Compiled, request: &RunRequest) -> Option<&'a Script> {
    let name = request.container.as_ref().or(compiled.default_container.as_ref())?;
    compiled.containers.get(name)?.scripts.get(&request.script)
}

#[test]
fn an_option_and_its_value_mean_the_same_in_one_word_and_in_two() {
    in_parallel(
        count("GATE_MODEL_CASES", 50_000).min(50_000),
        BATCH,
        |random: &mut Random| {
            let compiled = list(random);
            let loaded = load(&compiled);
            for _ in 0..BATCH {
                let request = valid_request(random, &compiled);
                let request = if random.percent(50) {
                    request
                } else {
                    attacked(random, request)
                };
                let Some(script) = script(&compiled, &request) else {
                    continue;
                };
                if request.args.len() > 256 {
                    continue;
                }
                let one_word = RunRequest {
                    args: joined(script, &request.args),
                    ..request.clone()
                };
                let kinds = |denial: Denial| denial.problems.iter().map(|problem| problem.kind).collect::<Vec<_>>();
                let (two, one) = (
                    outcome(&loaded, &request).map_err(kinds),
                    outcome(&loaded, &one_word).map_err(kinds),
                );
                assert_eq!(two, one, "batch {}: {request:#?} {one_word:#?}", random.seed());
            }
        },
    );
}

#[test]
fn problems_stand_in_the_order_of_the_words_and_what_is_missing_behind_them() {
    in_parallel(
        count("GATE_MODEL_CASES", 50_000).min(50_000),
        BATCH,
        |random: &mut Random| {
            let compiled = list(random);
            let loaded = load(&compiled);
            for _ in 0..BATCH {
                let request = valid_request(random, &compiled);
                let request = attacked(random, request);
                let Err(denial) = outcome(&loaded, &request) else {
                    continue;
                };
                let known = script(&compiled, &request).is_some();
                let places: Vec<u32> = denial
                    .problems
                    .iter()
                    .skip_while(|problem| !known && problem.index.is_none())
                    .map(|problem| problem.index.unwrap_or(u32::MAX))
                    .collect();
                assert!(places.is_sorted(), "{denial:#?}");
            }
        },
    );
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "--?[a-z-]{0,12}=?.{0,8}",
        Just("--var".to_owned()),
        Just("--command=plan".to_owned()),
        "[\\x00-\\x1f\\u{202a}-\\u{202e}\\u{300}-\\u{330}a-c=-]{0,12}",
        "x{4000,9000}",
    ]
}

proptest! {
    #[test]
    fn whatever_is_asked_the_answer_is_bounded_printable_ascii(
        container in proptest::option::of(word()),
        script in prop_oneof![word(), Just("deploy".to_owned())],
        args in proptest::collection::vec(word(), 0..12),
    ) {
        let mut compiled = compiled([("planner", self::container([("deploy", deploy_script())]))]);
        compiled.default_container = Some("planner".to_owned());
        let list = load(&compiled);
        let request = RunRequest { container, script, args, ..RunRequest::default() };
        let explanation = explain(&list, &request);
        let told = serde_json::to_string(&(&explanation.words, &explanation.problems)).unwrap();
        prop_assert!(told.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{told}");
        prop_assert!(told.len() < 3_000 * (request.args.len() + 8), "{} bytes", told.len());
    }
}
