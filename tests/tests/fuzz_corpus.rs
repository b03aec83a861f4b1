//! Replays the committed corpus of each fuzz target: what fuzzing once found stays found.

use std::fs;
use std::path::Path;

#[test]
fn every_input_of_the_committed_fuzz_corpus_keeps_its_promises() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    for target in [
        "allow_list_yaml",
        "request_json",
        "arguments",
        "frames",
        "cursor",
        "import",
        "ami_page",
    ] {
        let inputs: Vec<_> = fs::read_dir(corpus.join(target))
            .expect("the corpus is committed")
            .map(|entry| entry.expect("the corpus can be listed").path())
            .collect();
        assert!(inputs.len() >= 5, "{target} has {} inputs only", inputs.len());
        for input in inputs {
            eprintln!("{}", input.display());
            e2e::fuzzed::replay(target, &fs::read(&input).expect("the input can be read"));
        }
    }
}
