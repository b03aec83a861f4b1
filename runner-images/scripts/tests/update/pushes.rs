//! What arrives on the server, and what the caller is told.

use serde_json::json;

use crate::fixture::{CREDENTIAL, Fixture, VALUES, real_git};
use crate::git_server::Behaviour;

#[test]
fn one_commit_by_the_declared_author_changes_one_value_and_nothing_else() {
    for format in ["sha1", "sha256"] {
        let fixture = Fixture::with_object_format(format);
        let before = fixture.origin(&["rev-parse", "main"]);
        let outcome = fixture.script().run().expect_code(0);

        let commit = fixture.origin(&["rev-parse", "main"]);
        assert_eq!(fixture.origin(&["rev-parse", "main^"]), before);
        assert_eq!(
            fixture.file("main", "prod/app.tfvars"),
            VALUES.replace("1.4.0", "1.5.0")
        );
        assert_eq!(
            fixture.origin(&["diff", "--name-status", &before, &commit]),
            "M\tprod/app.tfvars"
        );
        assert_eq!(
            fixture.origin(&["log", "-1", "--format=%an <%ae>|%cn <%ce>|%B", "main"]),
            "Deploy Runner <deploy-runner@example.com>|Deploy Runner <deploy-runner@example.com>|\
             Set image_version to 1.5.0 in prod/app.tfvars\n\n- image_version to 1.5.0"
        );
        fixture.origin(&["fsck", "--strict"]);
        assert_eq!(
            outcome.line(),
            json!({
                "outcome": "pushed",
                "repository": fixture.url(),
                "file": "prod/app.tfvars",
                "variables": ["image_version"],
                "base": "refs/heads/main",
                "base_commit": before,
                "branch": "refs/heads/main",
                "commit": commit,
            })
        );
        assert_eq!(outcome.stdout.lines().count(), 1);
    }
}

#[test]
fn several_variables_make_one_commit_and_the_mode_of_the_file_stays() {
    let fixture = Fixture::new();
    fixture.git(&["update-index", "--chmod=+x", "prod/app.tfvars"]);
    fixture.git(&["commit", "--quiet", "--message=x"]);
    fixture.push("main");
    let outcome = fixture
        .script()
        .with("--name=instance_count")
        .with("--value=-7")
        .with("--message=Release 7")
        .with("--skip-ci")
        .run()
        .expect_code(0);
    assert_eq!(
        fixture.file("main", "prod/app.tfvars"),
        VALUES.replace("1.4.0", "1.5.0").replace("= 3", "= -7")
    );
    assert_eq!(
        fixture.origin(&["log", "-1", "--format=%s", "main"]),
        "Release 7 [skip ci]"
    );
    assert!(
        fixture
            .origin(&["ls-tree", "main", "prod/app.tfvars"])
            .starts_with("100755 ")
    );
    assert_eq!(outcome.line()["variables"], json!(["image_version", "instance_count"]));
}

#[test]
fn modules_and_configurations_are_changed_where_their_variables_are() {
    let fixture = Fixture::new();
    fixture.write(
        "prod/main.tf",
        "variable \"image_version\" {\n  default = \"1\" # x\n}\n",
    );
    fixture.write("prod/terragrunt.hcl", "inputs = {\n  image_version = \"1\"\n}\n");
    fixture.commit();
    fixture.push("main");
    for file in ["prod/main.tf", "prod/terragrunt.hcl"] {
        let before = fixture.file("main", file);
        fixture.script().instead("--vars-path", file).run().expect_code(0);
        assert_eq!(fixture.file("main", file), before.replace("\"1\"", "\"1.5.0\""));
    }
}

#[test]
fn a_value_that_is_there_already_makes_no_commit_and_says_so() {
    let fixture = Fixture::new();
    let before = fixture.refs();
    let outcome = fixture.script().instead("--value", "1.4.0").run().expect_code(0);
    assert_eq!(fixture.refs(), before);
    assert!(
        outcome
            .stderr
            .contains("nothing to change: `prod/app.tfvars` has these values already"),
        "{}",
        outcome.stderr
    );
    assert_eq!(
        (outcome.line()["outcome"].as_str(), &outcome.line()["commit"]),
        (Some("unchanged"), &json!(null))
    );
}

#[test]
fn a_dry_run_prints_the_changed_lines_alone_and_pushes_nothing() {
    let fixture = Fixture::new();
    let before = fixture.refs();
    let outcome = fixture.script().with("--dry-run").run().expect_code(0);
    assert_eq!(fixture.refs(), before);
    let lines: Vec<_> = outcome
        .stdout
        .lines()
        .filter(|line| !line.starts_with("index "))
        .collect();
    assert_eq!(
        &lines[..lines.len() - 1],
        [
            "diff --git a/prod/app.tfvars b/prod/app.tfvars",
            "--- a/prod/app.tfvars",
            "+++ b/prod/app.tfvars",
            "@@ -2 +2 @@",
            "-image_version   =   \"1.4.0\"   # do not align",
            "+image_version   =   \"1.5.0\"   # do not align",
        ]
    );
    assert_eq!(outcome.line()["outcome"], "dry_run");
    assert_eq!(outcome.line()["commit"], json!(null));
}

#[test]
fn a_new_branch_gets_the_commit_and_the_caller_what_a_pull_request_needs() {
    let fixture = Fixture::new();
    let main = fixture.origin(&["rev-parse", "main"]);
    let script = || fixture.script().with("--new-branch=refs/heads/release/1.5.0");
    let outcome = script().run().expect_code(0);
    assert_eq!(fixture.origin(&["rev-parse", "main"]), main);
    assert_eq!(fixture.origin(&["rev-parse", "release/1.5.0^"]), main);
    let line = outcome.line();
    assert_eq!(line["branch"], "refs/heads/release/1.5.0");
    assert_eq!(line["base"], "refs/heads/main");
    assert_eq!(line["commit"], fixture.origin(&["rev-parse", "release/1.5.0"]));
    assert!(
        outcome
            .stderr
            .contains("open a pull request from it to `refs/heads/main`"),
        "{}",
        outcome.stderr
    );

    let before = fixture.refs();
    script().run().expect_reason(
        65,
        "the branch `refs/heads/release/1.5.0` is already there: give --new-branch a name that is not in use",
    );
    let outcome = fixture
        .script()
        .with("--new-branch=refs/heads/main/x")
        .run()
        .expect_code(77);
    assert!(
        outcome
            .stderr
            .contains("the server refused the push to `refs/heads/main/x`: "),
        "{}",
        outcome.stderr
    );
    assert_eq!(fixture.refs(), before);
}

#[test]
fn the_token_opens_the_server_and_is_in_no_word_line_or_file() {
    let fixture = Fixture::new();
    let (words, git) = (fixture.path("git-words"), real_git());
    // Every start of git writes down its words and keeps a copy of the working place.
    fixture.replace_program(
        "git",
        &format!(
            "echo \"$@\" >> '{words}'\ncp -R '{tmp}/.' '{copy}' 2>/dev/null\nexec '{git}' \"$@\"",
            words = words.display(),
            tmp = fixture.path("tmp").display(),
            copy = fixture.path("copy").display(),
            git = git.display(),
        ),
    );
    std::fs::create_dir(fixture.path("copy")).unwrap();
    let server = fixture.serve(Behaviour {
        authorization: Some(CREDENTIAL.to_owned()),
        ..Behaviour::default()
    });
    let script = || {
        fixture
            .script()
            .at(&server)
            .with("--log-level=debug")
            .env("GIT_USERNAME", "carol")
    };
    let outcome = script().env("GIT_TOKEN", "hunter2").run().expect_code(0);
    let said = format!(
        "{}{}{}",
        outcome.stdout,
        outcome.stderr,
        std::fs::read_to_string(&words).unwrap()
    );
    let kept = std::process::Command::new("grep")
        .args(["-rlE", "hunter2|Y2Fyb2w6aHVudGVyMg"])
        .arg(fixture.path("copy"))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(kept.stdout).unwrap(), "", "the token is on disk");
    assert!(said.contains("push --porcelain") && std::fs::read_dir(fixture.path("copy")).unwrap().count() > 0);
    for secret in ["hunter2", "Y2Fyb2w6aHVudGVyMg"] {
        assert!(!said.contains(secret), "{said}");
    }
    let heads = server.requests();
    assert!(
        heads.iter().any(|head| head.contains("/git-receive-pack ")),
        "{heads:?}"
    );
}

#[test]
fn a_wrong_token_is_refused_at_once_and_not_repeated() {
    let fixture = Fixture::new();
    let server = fixture.serve(Behaviour {
        authorization: Some(CREDENTIAL.to_owned()),
        ..Behaviour::default()
    });
    let before = fixture.refs();
    let outcome = fixture
        .script()
        .at(&server)
        .env("GIT_TOKEN", "mistaken")
        .instead("--value", "2")
        .run()
        .expect_told(
            78,
            "cannot read the repository `http://127.0.0.1:",
            "; declare or correct GIT_TOKEN for this host, one that may do that there",
        );
    assert!(
        !outcome.stderr.contains("mistaken") && !outcome.stderr.contains("trying again"),
        "{}",
        outcome.stderr
    );
    assert_eq!(fixture.refs(), before);
}

#[test]
fn a_hook_of_the_server_that_declines_is_a_refusal_in_its_own_words() {
    let fixture = Fixture::new();
    let before = fixture.refs();
    fixture.hook(
        "pre-receive",
        "printf '\\033[31mmain is protected:\\033[0m open a pull request\\n' >&2; exit 1",
    );
    let server = fixture.serve(Behaviour::default());
    fixture.script().at(&server).run().expect_reason(
        77,
        "the server refused the push to `refs/heads/main`: (pre-receive hook declined); [31mmain is protected: [0m open a pull request; change what it refuses, or push to another branch with `--new-branch`",
    );
    assert_eq!(fixture.refs(), before);
}

#[test]
fn a_hook_that_protects_one_branch_lets_a_new_branch_through() {
    let fixture = Fixture::new();
    fixture.hook(
        "update",
        "if [ \"$1\" = refs/heads/main ]; then echo 'protected branch' >&2; exit 1; fi",
    );
    let server = fixture.serve(Behaviour::default());
    let outcome = fixture.script().at(&server).run().expect_code(77);
    assert!(
        outcome.stderr.contains("(hook declined); protected branch"),
        "{}",
        outcome.stderr
    );
    fixture
        .script()
        .at(&server)
        .with("--new-branch=refs/heads/proposal")
        .run()
        .expect_code(0);
    assert_eq!(
        fixture.file("proposal", "prod/app.tfvars"),
        VALUES.replace("1.4.0", "1.5.0")
    );
}

#[test]
fn a_push_whose_answer_is_lost_is_found_and_not_made_twice() {
    for word in ["--branch=refs/heads/main", "--new-branch=refs/heads/new"] {
        let fixture = Fixture::new();
        let before = fixture.origin(&["rev-parse", "main"]);
        let server = fixture.serve(Behaviour {
            lost_answers: 1,
            ..Behaviour::default()
        });
        let (option, value) = word.split_once('=').unwrap();
        let outcome = fixture.script().at(&server).instead(option, value).run().expect_code(0);
        assert!(outcome.stderr.contains("no answer to the push"), "{}", outcome.stderr);
        let commit = outcome.line()["commit"].as_str().unwrap().to_owned();
        assert_eq!(fixture.origin(&["rev-parse", &format!("{commit}^")]), before);
        assert_eq!(fixture.origin(&["rev-parse", value]), commit);
    }
}
