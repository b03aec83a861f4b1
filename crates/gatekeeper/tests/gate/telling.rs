//! What the gate tells: explanations and the catalogue, and that neither shows a secret.

use gatekeeper::compiled::{OptionRule, ValueType};
use gatekeeper::{AllowList, Decision, decide, describe, explain, request_digest};
use protocol::{OptionEntry, RunRequest, Verdict};

use crate::lists::{choice, compiled, container, deploy_script, load, option, positional};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn standard() -> AllowList {
    let mut script = deploy_script();
    script.positionals = vec![positional("target", choice(&["all"]))];
    let mut compiled = compiled([("planner", container([("deploy", script)]))]);
    compiled.default_container = Some("planner".to_owned());
    load(&compiled)
}

fn request(container: Option<&str>, script: &str, args: &[&str]) -> RunRequest {
    RunRequest {
        container: container.map(str::to_owned),
        script: script.to_owned(),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        ..RunRequest::default()
    }
}

#[track_caller]
fn explained(request: &RunRequest, expected: &[(&str, Verdict, &str, &str)]) {
    let explanation = explain(&standard(), request);
    let found: Vec<_> = explanation
        .words
        .iter()
        .map(|word| {
            (
                word.word.as_str(),
                word.verdict,
                word.rule.as_str(),
                word.reading.as_str(),
            )
        })
        .collect();
    assert_eq!(found, expected);
}

const SCRIPT: &str = "containers.planner.scripts.deploy";

#[test]
fn an_explanation_tells_for_each_word_what_it_was_taken_for() {
    use Verdict::{Accepted, Refused};
    explained(
        &request(
            Some("planner"),
            "deploy",
            &["--ref", COMMIT, "all", "--command=paln", "--verbos", "yes", "--verbose"],
        ),
        &[
            ("planner", Accepted, "containers.planner", "the container"),
            ("deploy", Accepted, SCRIPT, "the script"),
            (
                "--ref",
                Accepted,
                "containers.planner.scripts.deploy.options.--ref",
                "the option `--ref`",
            ),
            (
                COMMIT,
                Accepted,
                "containers.planner.scripts.deploy.options.--ref",
                "the value of `--ref`",
            ),
            (
                "all",
                Accepted,
                "containers.planner.scripts.deploy.positionals.target",
                "the argument `target`",
            ),
            (
                "--command=paln",
                Refused,
                "containers.planner.scripts.deploy.options.--command",
                "`--command`: `paln` is not one of the accepted words",
            ),
            (
                "--verbos",
                Refused,
                "containers.planner.scripts.deploy.options",
                "there is no option `--verbos`",
            ),
            (
                "yes",
                Refused,
                SCRIPT,
                "taken for the value of the refused option before it",
            ),
            (
                "--verbose",
                Accepted,
                "containers.planner.scripts.deploy.options.--verbose",
                "the option `--verbose`",
            ),
        ],
    );
}

#[test]
fn an_explanation_tells_which_of_container_and_script_is_unknown() {
    use Verdict::{Accepted, Refused};
    explained(
        &request(None, "deplyo", &["x"]),
        &[
            ("planner", Accepted, "defaults.container", "the default container"),
            (
                "deplyo",
                Refused,
                "containers.planner.scripts",
                "there is no script `deplyo`",
            ),
            ("x", Refused, "containers", "not read"),
        ],
    );
    explained(
        &request(Some("planer"), "deploy", &["\0"]),
        &[
            ("planer", Refused, "containers", "there is no container `planer`"),
            ("deploy", Refused, "containers", "not read: its container is not known"),
            (
                "\\u{0}",
                Refused,
                "built-in.safe-text",
                "`\\u{0}` contains the character `\\u{0}`, which is invisible, controls a terminal or reorders text",
            ),
        ],
    );
}

#[test]
fn two_problems_of_one_word_are_told_together() {
    let explanation = explain(
        &standard(),
        &request(None, "deploy", &["--command=plan", "--command=x"]),
    );
    assert_eq!(
        explanation.words[3].reading,
        "`--command` is given more than once; `--command`: `x` is not one of the accepted words"
    );
}

#[test]
fn an_explanation_carries_both_digests_whatever_the_outcome() {
    let list = standard();
    for args in [&[][..], &["--x"]] {
        let request = request(None, "deploy", args);
        let explanation = explain(&list, &request);
        assert_eq!(explanation.request_digest, request_digest(&request).unwrap());
        assert_eq!(explanation.allow_list_digest, list.digest());
    }
}

#[test]
fn the_request_digest_is_that_of_its_canonical_json() {
    let digest = request_digest(&request(Some("c"), "s", &["a"])).unwrap();
    // SHA-256 of {"container":"c","script":"s","args":["a"],"task":{}}
    assert_eq!(
        digest,
        "35d427bfbae099c146f731a34e00f9b8acd5b65d5dc8b3d0947ed721ba820a59"
    );
    assert_ne!(digest, request_digest(&request(None, "s", &["a"])).unwrap());
    assert_ne!(
        request_digest(&request(None, "s", &["a", "b"])).unwrap(),
        request_digest(&request(None, "s", &["a\",\"b"])).unwrap()
    );
}

#[test]
fn the_catalogue_lists_what_may_be_asked_for_in_the_order_of_the_file() {
    let catalogue = describe(&standard());
    assert_eq!(catalogue.allow_list_digest, standard().digest());
    assert_eq!(catalogue.default_container.as_deref(), Some("planner"));
    let container = &catalogue.containers[0];
    assert_eq!(
        (container.name.as_str(), container.description.as_str()),
        ("planner", "a container")
    );
    assert_eq!((container.size.cpu, container.size.memory), (1024, 4096));
    assert_eq!((container.max_size.cpu, container.max_size.memory), (4096, 16_384));
    assert_eq!((container.launch_types.len(), container.timeout_seconds), (2, 7_200));
    let script = &container.scripts[0];
    assert_eq!(
        (script.name.as_str(), script.description.as_str()),
        ("deploy", "does things")
    );
    let names: Vec<&str> = script.options.iter().map(|option| option.name.as_str()).collect();
    let expected = [
        "--repo",
        "--ref",
        "--binary",
        "--command",
        "--deploy-path",
        "--var",
        "--parallelism",
        "--verbose",
    ];
    assert_eq!(names, expected);
    assert_eq!(
        script.options[2],
        OptionEntry {
            name: "--binary".to_owned(),
            description: String::new(),
            kind: "choice".to_owned(),
            accepts: "one of: terraform, terragrunt".to_owned(),
            required: false,
            max_repeats: 1,
            default: Some("terraform".to_owned()),
        }
    );
    let target = &script.positionals[0];
    assert_eq!(
        (target.name.as_str(), target.kind.as_str(), target.accepts.as_str()),
        ("target", "choice", "one of: all")
    );
    assert_eq!((target.required, target.max_repeats), (false, 1));
}

#[test]
fn an_optional_value_is_described_as_such() {
    let mut script = crate::lists::script();
    let rule = OptionRule {
        value_optional: true,
        ..option(ValueType::Integer { min: 1, max: 9 })
    };
    script.options = [("--level".to_owned(), rule)].into();
    let catalogue = describe(&load(&compiled([("planner", container([("deploy", script)]))])));
    assert_eq!(
        catalogue.containers[0].scripts[0].options[0].accepts,
        "an integer from 1 to 9, or no value"
    );
}

#[test]
fn nothing_that_is_told_shows_a_secret_an_address_or_what_is_fixed() {
    let list = standard();
    let request = request(
        None,
        "deploy",
        &["--repo=x", "--log-level=x", "--ref", "--protected-ref=x", "x", "y"],
    );
    let Decision::Denied(denial) = decide(&list, &request) else {
        panic!("must be denied")
    };
    let told = [
        serde_json::to_string(&describe(&list)).unwrap(),
        serde_json::to_string(&denial).unwrap(),
        serde_json::to_string(&explain(&list, &request)).unwrap(),
    ];
    for text in told {
        for hidden in [
            "secret-reference",
            "GIT_TOKEN",
            "git.example.com",
            "TF_IN_AUTOMATION",
            "\"info\"",
        ] {
            assert!(!text.contains(hidden), "{hidden} in {text}");
        }
    }
}
