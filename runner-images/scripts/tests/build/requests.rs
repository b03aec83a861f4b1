//! Requests to the gate for the entries of the standard allow-list: often right, sometimes not, in both ways of writing.

use std::collections::BTreeMap;
use std::path::Path;

use gatekeeper::{AllowList, Understood, compile, source, understand};
use protocol::{RunRequest, TaskRequest};

use crate::random::Random;

/// Permitted requests that are compared; hardly more than a second of work.
const COMPARED: usize = 50_000;

/// What a request says, by the option's name.
pub(crate) type Values = BTreeMap<String, Vec<String>>;

pub(crate) fn standard_allow_list() -> AllowList {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/allow-list.yaml");
    let yaml = std::fs::read_to_string(file).unwrap();
    let source = source::read("allow-list.yaml", &yaml).unwrap();
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

fn understood_values(understood: &Understood<'_>) -> Values {
    let mut values = Values::new();
    for (name, value) in understood.options() {
        let all = values.entry(name.to_owned()).or_default();
        all.push(value.emitted().unwrap_or_default().to_owned());
    }
    values
}

/// Compares what the gate understood with what `read` takes from the canonical arguments, until enough requests were permitted.
/// `units` makes the options of one request; their order is shuffled here.
#[track_caller]
pub(crate) fn compare(
    entry: Entry,
    mut units: impl FnMut(&mut Random) -> Vec<Vec<String>>,
    read: impl Fn(Vec<String>) -> Result<Values, clap::Error>,
) {
    let list = standard_allow_list();
    let (mut random, mut compared, mut denied) = (Random::new(4), 0, 0);
    while compared < COMPARED {
        assert!(
            denied < 4 * COMPARED,
            "hardly a request is permitted (seed {})",
            random.seed()
        );
        let mut units = units(&mut random);
        random.shuffle(&mut units);
        let request = entry.request(units.concat());
        let Ok(understood) = understand(&list, &request) else {
            denied += 1;
            continue;
        };
        let args = understood.args().to_vec();
        let words = std::iter::once(entry.script.to_owned()).chain(args.iter().cloned());
        match read(words.collect()) {
            Ok(values) => assert_eq!(values, understood_values(&understood), "{args:?}"),
            Err(error) => panic!("the script refuses {args:?}: {error}"),
        }
        compared += 1;
    }
    assert!(denied > COMPARED / 100, "{denied} denied: the requests are too tame");
}
