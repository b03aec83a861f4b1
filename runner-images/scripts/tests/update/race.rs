//! Pushers that meet: nothing is lost, and nobody waits for ever.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::fixture::{CREDENTIAL, Fixture, Outcome, real_git};
use crate::git_server::Behaviour;

#[test]
fn twenty_pushers_at_the_same_time_make_twenty_commits_and_none_is_lost() {
    const PUSHERS: usize = 20;
    let fixture = Fixture::new();
    let values = |value: &str, numbered: bool| {
        let number_of = |number| {
            if numbered {
                format!("{value}{number}")
            } else {
                value.to_owned()
            }
        };
        let line = |number: usize| format!("v{number} = \"{}\" # {number}\n", number_of(number));
        (0..PUSHERS).map(line).collect::<Vec<_>>().concat()
    };
    fixture.write("prod/app.tfvars", &values("old", false));
    fixture.commit();
    fixture.push("main");
    let before = fixture.origin(&["rev-parse", "main"]);
    let server = fixture.serve(Behaviour {
        authorization: Some(CREDENTIAL.to_owned()),
        ..Behaviour::default()
    });
    let pushers: Vec<_> = (0..PUSHERS)
        .map(|number| {
            let script = fixture
                .script()
                .at(&server)
                .env("GIT_USERNAME", "carol")
                .env("GIT_TOKEN", "hunter2");
            let script = script.instead("--name", &format!("v{number}"));
            script.instead("--value", &format!("new{number}")).start()
        })
        .collect();
    let mut met = 0;
    let commits: Vec<_> = pushers
        .into_iter()
        .map(|pusher| {
            let outcome = Outcome::of(pusher.wait_with_output().unwrap()).expect_code(0);
            met += outcome.stderr.matches("has moved: setting the variables again").count();
            outcome.line()["commit"].as_str().unwrap().to_owned()
        })
        .collect();

    let history = fixture.origin(&["rev-list", "--first-parent", &format!("{before}..main")]);
    let mut history: Vec<_> = history.lines().collect();
    let mut told: Vec<_> = commits.iter().map(String::as_str).collect();
    history.sort_unstable();
    told.sort_unstable();
    assert_eq!(
        history, told,
        "the history is what the pushers were told, one commit each"
    );
    assert_eq!(fixture.file("main", "prod/app.tfvars"), values("new", true));
    assert!(met > 0, "nobody met anybody, so this was no race");
}

/// Whoever pushes, the server moves the branch at the last moment.
fn let_others_be_faster(fixture: &Fixture) {
    fixture.hook(
        "update",
        "new=$(git commit-tree -p \"$2\" -m faster \"$2^{tree}\") && git update-ref \"$1\" \"$new\"",
    );
    for (name, value) in [("user.name", "x"), ("user.email", "x@example.com")] {
        fixture.origin(&["config", name, value]);
    }
}

#[test]
fn a_branch_that_always_moves_is_given_up_after_the_attempts_that_were_granted() {
    let fixture = Fixture::new();
    let_others_be_faster(&fixture);
    let before = fixture.origin(&["rev-parse", "main"]);
    let server = fixture.serve(Behaviour::default());
    fixture
        .script()
        .at(&server)
        .with("--push-attempts=3")
        .run()
        .expect_reason(
            75,
            "`refs/heads/main` moved during each of 3 attempts: nothing was pushed, try again later",
        );
    assert_eq!(
        fixture.origin(&["rev-list", "--count", &format!("{before}..main")]),
        "3"
    );
    assert_eq!(
        fixture.origin(&["log", "--author=Deploy Runner", "--format=%H", "main"]),
        ""
    );
}

#[test]
fn a_branch_that_somebody_rewound_is_not_moved_forward_again() {
    let fixture = Fixture::new();
    let first = fixture.origin(&["rev-parse", "main"]);
    fixture.write("prod/neighbour.tfvars", "withdrawn = true\n");
    fixture.commit();
    fixture.push("main");
    // Right before the first push starts, the last commit is withdrawn.
    let (mark, git, origin) = (fixture.path("rewound"), real_git(), fixture.path("origin.git"));
    fixture.replace_program(
        "git",
        &format!(
            "case \"$*\" in push*) [ -e '{mark}' ] || {{ touch '{mark}'; '{git}' --git-dir='{origin}' update-ref refs/heads/main {first}; }};; esac\n\
             exec '{git}' \"$@\"",
            mark = mark.display(),
            git = git.display(),
            origin = origin.display(),
        ),
    );
    fixture.script().run().expect_code(0);
    assert_eq!(fixture.origin(&["rev-parse", "main^"]), first);
    assert!(!fixture.file("main", "prod/neighbour.tfvars").contains("withdrawn"));
}

#[test]
fn a_pause_between_attempts_ends_with_a_stop() {
    let fixture = Fixture::new();
    let_others_be_faster(&fixture);
    let server = fixture.serve(Behaviour::default());
    let before = fixture.origin(&["rev-parse", "main"]);
    let script = fixture.script().at(&server).with("--push-attempts=200").start();
    let limit = Instant::now() + Duration::from_mins(1);
    while fixture.origin(&["rev-parse", "main"]) == before {
        assert!(Instant::now() < limit, "no push arrived");
        std::thread::sleep(Duration::from_millis(50));
    }
    kill(Pid::from_raw(i32::try_from(script.id()).unwrap()), Signal::SIGTERM).unwrap();
    let sent = Instant::now();
    let outcome = Outcome::of(script.wait_with_output().unwrap()).expect_code(143);
    assert!(
        outcome
            .stderr
            .lines()
            .last()
            .unwrap()
            .contains("error: stopped by SIGTERM"),
        "{}",
        outcome.stderr
    );
    assert!(sent.elapsed() < Duration::from_secs(15), "{:?}", sent.elapsed());
    assert_eq!(
        fixture.origin(&["log", "--author=Deploy Runner", "--format=%H", "main"]),
        ""
    );
}
