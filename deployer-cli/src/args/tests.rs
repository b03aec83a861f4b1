use std::time::Duration;

use super::*;

#[track_caller]
fn read(words: &[&str]) -> Cli {
    let line = ["infrastructure-deployer"].iter().chain(words).map(OsString::from);
    Cli::read(line).unwrap_or_else(|error| panic!("{words:?} must be read: {error}"))
}

#[track_caller]
fn refused(words: &[&str], expected: &str) -> String {
    let line = ["infrastructure-deployer"].iter().chain(words).map(OsString::from);
    let error = Cli::read(line).expect_err("the words must be refused").to_string();
    assert!(error.contains(expected), "{error}");
    error
}

#[test]
fn the_definition_of_the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn words_after_the_dashes_are_never_read_as_our_options() {
    let cli = read(&["--local", "--", "planner", "script", "--json", "--", "--help", "-v"]);
    assert_eq!(cli.words, ["planner", "script", "--json", "--", "--help", "-v"]);
    assert!(cli.common.local && !cli.common.json);
}

#[test]
fn options_of_every_command_may_stand_before_and_after_it() {
    let id = "0123456789abcdef0123456789abcdef";
    for words in [["--local", "attach", id], ["attach", id, "--local"]] {
        let cli = read(&words);
        assert!(cli.common.local);
        assert!(matches!(cli.command, Some(Command::Attach(RunIdArgs { run })) if run.to_string() == id));
    }
}

#[test]
fn an_option_of_a_run_beside_a_command_is_refused_and_named() {
    refused(&["--explain", "runs"], "--explain belongs to a run");
    refused(&["--task-cpu=1", "man"], "--task-cpu belongs to a run");
}

#[test]
fn an_option_of_a_watched_run_is_refused_where_none_is_watched() {
    let id = "0123456789abcdef0123456789abcdef";
    assert!(read(&["attach", id, "--raw-output"]).view.raw_output);
    refused(
        &["runs", "--raw-output"],
        "--raw-output means nothing where no run is watched",
    );
    refused(
        &["--explain", "--result-file=x", "--", "c", "s"],
        "--result-file means nothing",
    );
}

#[test]
fn a_container_without_the_dashes_before_it_is_refused() {
    refused(
        &["--local", "terraform-planner", "script"],
        "`terraform-planner` is no command; for a run, put `--` before the container",
    );
}

#[test]
fn an_option_of_local_runs_is_refused_where_the_gate_is_in_aws_unless_it_comes_from_the_environment() {
    refused(
        &["--config=allow-list.yaml", "--", "c", "s"],
        "--config belongs to runs on this machine and means nothing to a gate in AWS",
    );
    refused(
        &["--secret=A=env:B", "--", "c", "s"],
        "--secret belongs to runs on this machine",
    );
    assert!(read(&["--local", "--config=x", "--", "c", "s"]).common.local);
}

#[test]
fn options_cannot_be_abbreviated() {
    refused(&["--expl", "--", "c", "s"], "unexpected argument '--expl'");
}

#[test]
fn durations_are_read_as_go_writes_them() {
    for (text, seconds) in [("2h0m0s", 7200), ("90s", 90), ("1h30m", 5400), ("1m0.5s", 60)] {
        assert_eq!(
            text.parse::<WaitTime>().unwrap().duration(),
            Duration::from_secs(seconds),
            "{text}"
        );
    }
    assert_eq!(WaitTime::DEFAULT, "2h0m0s".parse().unwrap());
}

#[test]
fn a_duration_that_would_never_or_at_once_end_is_refused() {
    for text in ["0s", "-5m", "300ms", "10", "soon", "", "99999999999h"] {
        assert!(text.parse::<WaitTime>().is_err(), "{text}");
    }
}

#[test]
fn a_secret_is_named_by_its_source_and_never_given_by_its_value() {
    let cli = read(&["--local", "--secret", "A=env:B", "--secret=C=file:/d:e", "--", "c", "s"]);
    let expected = [
        SecretOption {
            name: "A".into(),
            source: SecretSource::Variable("B".into()),
        },
        SecretOption {
            name: "C".into(),
            source: SecretSource::File("/d:e".into()),
        },
    ];
    assert_eq!(cli.run.local.secrets, expected);
}

#[test]
fn a_secret_given_by_its_value_is_refused_without_showing_it() {
    for text in ["TOKEN=hunter2", "hunter2", "TOKEN=env:", "=env:hunter2"] {
        let error = refused(&["--secret", text, "--", "c", "s"], "expected NAME=env:VARIABLE");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn an_image_is_a_name_of_the_allow_list_and_a_reference() {
    let cli = read(&[
        "--local",
        "--image=jobs=r.example:5000/a/jobs@sha256:00ff",
        "--image",
        "x=sha256:00",
        "--",
        "c",
        "s",
    ]);
    let images: Vec<(&str, &str)> = cli
        .run
        .local
        .images
        .iter()
        .map(|image| (&*image.name, &*image.reference))
        .collect();
    assert_eq!(
        images,
        [("jobs", "r.example:5000/a/jobs@sha256:00ff"), ("x", "sha256:00")]
    );
    for text in ["jobs", "jobs=", "=x", "jobs=-x", "jobs=a b", "jobs=a\u{1b}b"] {
        refused(&["--local", "--image", text, "--", "c", "s"], "expected NAME=REFERENCE");
    }
}

#[test]
fn the_engine_is_one_of_three_and_belongs_to_runs_on_this_machine() {
    assert_eq!(read(&["--local", "--", "c", "s"]).run.local.engine, EngineName::Auto);
    assert_eq!(
        read(&["--local", "--engine=docker", "--", "c", "s"]).run.local.engine,
        EngineName::Docker
    );
    refused(
        &["--local", "--engine=none", "--", "c", "s"],
        "[possible values: auto, sandbox, docker]",
    );
    refused(
        &["--engine=docker", "--", "c", "s"],
        "--engine belongs to runs on this machine",
    );
    refused(
        &["--local", "--pull=often", "--", "c", "s"],
        "[possible values: always, missing, never]",
    );
}

#[test]
fn a_launch_type_is_read_in_any_letter_case() {
    let cli = read(&["--task-launch-type", "fargate_spot", "--", "c", "s"]);
    assert_eq!(cli.run.task.launch_type, Some(protocol::LaunchType::FargateSpot));
    refused(
        &["--task-launch-type", "moon", "--", "c", "s"],
        "expected FARGATE, FARGATE_SPOT or EC2",
    );
}

#[test]
fn every_option_but_help_version_and_describe_has_an_environment_variable_named_after_it() {
    let without = ["help", "version", "describe_containers", "words"];
    let command = Cli::command();
    for arg in command
        .get_arguments()
        .filter(|arg| !without.contains(&arg.get_id().as_str()))
    {
        let long = arg
            .get_long()
            .unwrap_or_else(|| panic!("`{}` has no long name", arg.get_id()));
        let expected = format!("DEPLOY_RUNNER_{}", long.replace('-', "_").to_uppercase());
        let variable = arg.get_env().map(|name| name.to_string_lossy().into_owned());
        assert_eq!(variable, Some(expected), "--{long}");
    }
}

#[test]
fn the_help_lists_every_exit_code_of_the_contract() {
    let help = Cli::command().render_long_help().to_string();
    for code in protocol::ExitCode::OWN {
        assert!(
            help.contains(&format!("{}    {}", code.code(), code.meaning())),
            "{code:?}\n{help}"
        );
    }
}
