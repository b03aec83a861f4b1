//! What a script reads from the canonical arguments, compared with what the gate understood, for the entries of an allow-list of `config`.

use std::collections::BTreeMap;
use std::path::Path;

use gatekeeper::{AllowList, Understood, compile, source, understand};
use protocol::{RunRequest, TaskRequest};

use crate::random::Random;

/// What a request says, by the option's name.
pub(crate) type Values = BTreeMap<String, Vec<String>>;

pub(crate) fn standard_allow_list() -> AllowList {
    allow_list("allow-list.yaml")
}

pub(crate) fn allow_list(name: &str) -> AllowList {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config").join(name);
    let yaml = std::fs::read_to_string(file).unwrap();
    let source = source::read(name, &yaml).unwrap();
    let compiled = compile::compile(&source).unwrap();
    AllowList::load(&compiled.canonical_bytes()).unwrap()
}

/// Whose entry is asked.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) container: &'static str,
    pub(crate) script: &'static str,
}

impl Entry {
    pub(crate) fn request(self, args: Vec<String>) -> RunRequest {
        RunRequest {
            container: Some(self.container.to_owned()),
            script: self.script.to_owned(),
            args,
            task: TaskRequest::default(),
        }
    }

    /// Whether the gate permits these words.
    pub(crate) fn permits(self, list: &AllowList, words: &[&str]) -> bool {
        let args = words.iter().map(|word| (*word).to_owned()).collect();
        understand(list, &self.request(args)).is_ok()
    }
}

/// An option in one word or in two.
pub(crate) fn written(random: &mut Random, name: &str, value: &str) -> Vec<String> {
    if random.percent(50) {
        vec![format!("{name}={value}")]
    } else {
        vec![name.to_owned(), value.to_owned()]
    }
}

/// Every value that the gate understood.
pub(crate) fn understood_values(understood: &Understood<'_>) -> Values {
    let mut values = Values::new();
    for (name, value) in understood.options() {
        let all = values.entry(name.to_owned()).or_default();
        all.push(value.emitted().unwrap_or_default().to_owned());
    }
    values
}

/// The words that the script starts with.
pub(crate) fn words_of(script: &str, understood: &Understood<'_>) -> Vec<String> {
    std::iter::once(script.to_owned())
        .chain(understood.args().iter().cloned())
        .collect()
}

/// How often the gate and the script said no.
pub(crate) struct Refusals {
    pub(crate) by_the_gate: usize,
    pub(crate) by_the_script: usize,
}

/// Compares until so many requests were permitted and read. `request` makes one; what `read` refuses, `may_refuse` has to explain.
#[track_caller]
pub(crate) fn compare(
    list: &AllowList,
    count: usize,
    seed: u64,
    mut request: impl FnMut(&mut Random) -> RunRequest,
    read: impl Fn(Vec<String>) -> Result<Values, clap::Error>,
    may_refuse: impl Fn(&Values) -> bool,
) -> Refusals {
    let (mut random, mut compared) = (Random::new(seed), 0);
    let mut refusals = Refusals {
        by_the_gate: 0,
        by_the_script: 0,
    };
    while compared < count {
        assert!(
            refusals.by_the_gate < 10 * count,
            "hardly a request is permitted (seed {})",
            random.seed()
        );
        let request = request(&mut random);
        let Ok(understood) = understand(list, &request) else {
            refusals.by_the_gate += 1;
            continue;
        };
        let (expected, args) = (understood_values(&understood), understood.args());
        match read(words_of(&request.script, &understood)) {
            Ok(values) => {
                assert_eq!(values, expected, "{args:?}");
                compared += 1;
            }
            Err(error) => {
                assert!(may_refuse(&expected), "the script refuses {args:?}: {error}");
                refusals.by_the_script += 1;
            }
        }
    }
    refusals
}
