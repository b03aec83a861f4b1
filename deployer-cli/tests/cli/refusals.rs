use std::time::Instant;

use crate::support::{Place, code, stderr, stdout};

#[test]
fn a_denied_request_ends_with_120_and_lists_every_problem_with_what_would_be_accepted() {
    let place = Place::new();
    let output = place.job(&["--do=UPPER", "--evil", "--coumt=1"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (120, ""));
    let text = stderr(&output);
    for expected in [
        "3 problems",
        "`--do=UPPER`",
        "`--evil`",
        "`--count`",
        "containers.box.scripts.job.options.--do",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert_eq!(place.runs(), serde_json::json!([]));
}

#[test]
fn an_unknown_container_or_script_is_denied_with_the_nearest_name() {
    let place = Place::new();
    for (words, nearest) in [(["--", "bix", "job"], "`box`"), (["--", "box", "jab"], "`job`")] {
        let output = place.run(&words);
        assert_eq!(code(&output), 120);
        assert!(stderr(&output).contains(nearest), "{}", stderr(&output));
    }
}

#[test]
fn a_denial_takes_us_less_than_50_ms() {
    let place = Place::new();
    let best = (0..10)
        .map(|_| {
            let begun = Instant::now();
            assert_eq!(code(&place.job(&["--evil"])), 120);
            begun.elapsed()
        })
        .min();
    // The helper polls every 20 ms.
    assert!(best.unwrap().as_millis() < 70, "{best:?}");
}

#[test]
fn a_broken_allow_list_shows_every_error_with_its_line_and_runs_nothing() {
    let place = Place::new();
    std::fs::write(
        place.path("broken.yaml"),
        "version: 1\ncontainers: {}\nevil: true\nvolumes: 7\n",
    )
    .unwrap();
    let output = place.run(&[
        "--config=broken.yaml",
        "--result-file=result.json",
        "--",
        "box",
        "job",
        "--do=hello",
    ]);
    assert_eq!(code(&output), 125);
    let text = stderr(&output);
    for expected in ["broken.yaml:3:1", "broken.yaml:4:"] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert_eq!(place.json("result.json")["outcome"], "failed");
    assert_eq!(place.runs(), serde_json::json!([]));
}

#[test]
fn what_we_cannot_do_is_said_in_one_line_and_ends_with_125() {
    let place = Place::new();
    let cases: [(&[&str], &str); 7] = [
        (&["--config=missing.yaml", "--", "box", "job"], "missing.yaml"),
        (
            &["--state-dir=/proc/nowhere", "--", "box", "job", "--do=hello"],
            "cannot make the state folder `/proc/nowhere`",
        ),
        (
            &["--secret=TOKEN=env:UNSET_VARIABLE", "--", "box", "job", "--do=hello"],
            "the variable `UNSET_VARIABLE` is not set",
        ),
        (
            &["--secret=OTHER=env:HOME", "--", "box", "job", "--do=hello"],
            "no container of the allow-list declares a secret",
        ),
        (&["--"], "nothing to run"),
        (&["--", "box"], "no script after the container `box`"),
        (
            &["attach", "00000000000000000000000000000000"],
            "no run `00000000000000000000000000000000` is known here",
        ),
    ];
    for (args, expected) in cases {
        let output = place.run(args);
        assert_eq!(code(&output), 125, "{args:?}: {}", stderr(&output));
        let text = stderr(&output);
        assert!(
            text.contains(expected) && text.trim_end().lines().count() == 1,
            "{args:?}: {text}"
        );
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn a_usage_error_ends_with_125_and_help_with_0() {
    let place = Place::new();
    assert_eq!(code(&place.run(&["--no-such-option"])), 125);
    assert_eq!(code(&place.run(&["attach", "not-an-id"])), 125);
    let help = place.run(&["--help"]);
    assert_eq!(code(&help), 0);
    assert!(stdout(&help).contains("Exit codes:"));
}

#[test]
fn a_script_that_is_not_there_fails_to_start_with_121() {
    let place = Place::new();
    std::fs::remove_file(place.path("scripts/job")).unwrap();
    let output = place.run(&["--result-file=result.json", "--", "box", "job", "--do=hello"]);
    assert_eq!(code(&output), 121, "{}", stderr(&output));
    assert_eq!(place.json("result.json")["exit_code"], 121);
}
