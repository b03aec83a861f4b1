//! A variable is set through the whole product: CLI, gate, sandbox, runner, script, and a git server that asks for a password.

use std::path::Path;

use e2e::product::{self, Ended, Place};
use e2e::repository::Repository;

#[path = "../../runner-images/scripts/tests/deploy/git_server.rs"]
mod git_server;

use git_server::{Behaviour, GitServer};

const VALUES: &str = "# Kept by the release job\nimage_version   = \"1.4.0\" # do not align\nreplicas = 2\n";
const TOKEN: &str = "a-token-that-nobody-may-see";
/// `x-access-token:` and the token.
const AUTHORIZATION: &str = "Basic eC1hY2Nlc3MtdG9rZW46YS10b2tlbi10aGF0LW5vYm9keS1tYXktc2Vl";

/// The entry of the standard allow-list, for a server on this machine: an alias cannot stand for plain `http://`.
fn allow_list(url: &str) -> String {
    format!(
        "version: 1
containers:
  terraform-applier:
    description: Writes versions into the infrastructure repository.
    image: terraform-runner
    network: host
    secrets: {{ GIT_TOKEN: git-token }}
    scripts:
      terraform-update-variable:
        description: Set variables in a file of variables, commit that and push it.
        fixed_options:
          --repo: [\"{url}\"]
          --author-name: [deploy-runner]
          --author-email: [deploy-runner@example.com]
        options:
          --branch: {{ type: ref, required: true }}
          --vars-path: {{ type: path, within: [\"prod/**/*.tfvars\"], required: true }}
          --name: {{ type: choice, one_of: [image_version, replicas], required: true, repeatable: true }}
          --value: {{ type: text, pattern: \"[A-Za-z0-9][A-Za-z0-9._-]{{0,127}}\", required: true, repeatable: true }}
          --dry-run: {{ type: flag }}
"
    )
}

/// Calls the script as a pipeline does; the token is nowhere to be seen.
fn called(place: &Place, list: &Path, words: &[&str]) -> Ended {
    let mut deployer = place.deployer(list);
    deployer
        .env("MY_TOKEN", TOKEN)
        .args(["--secret", "GIT_TOKEN=env:MY_TOKEN", "--"])
        .args(["terraform-applier", "terraform-update-variable"])
        .args(["--branch=refs/heads/main", "--vars-path=prod/web/app.tfvars"]);
    let ended = product::run(deployer.args(words));
    assert!(
        !ended.stdout.contains(TOKEN) && !ended.stderr.contains(TOKEN),
        "{ended:?}"
    );
    ended
}

#[test]
fn a_new_version_gets_from_the_callers_words_into_one_commit_on_the_server() {
    let place = Place::new();
    let repository = Repository::empty(&place);
    repository.write("prod/web/app.tfvars", VALUES);
    let before = repository.commit("the first version");
    repository.push("main");
    let in_bare = |args: &[&str]| {
        let git_dir = format!("--git-dir={}", repository.bare().display());
        repository.git(&[&[git_dir.as_str()], args].concat())
    };
    in_bare(&["config", "http.receivepack", "true"]);
    let behaviour = Behaviour {
        authorization: Some(AUTHORIZATION.to_owned()),
        ..Behaviour::default()
    };
    let server = GitServer::serve(repository.bare().to_owned(), behaviour);
    let url = server.url().replace("origin.git", "infrastructure-live.git");
    let list = place.write("allow-list.yaml", allow_list(&url));
    let call = |words: &[&str]| called(&place, &list, words);
    let new = [
        "--name=image_version",
        "--value=1.5.0",
        "--name",
        "replicas",
        "--value",
        "3",
    ];

    let planned = call(&[&new[..], &["--dry-run"]].concat()).with(0);
    assert!(
        planned
            .stdout
            .contains("\n-image_version   = \"1.4.0\" # do not align\n"),
        "{planned:?}"
    );
    assert_eq!(in_bare(&["rev-parse", "main"]), before, "a dry run pushes nothing");

    let pushed = call(&new).with(0);
    let line: serde_json::Value = serde_json::from_str(&pushed.stdout).expect("one JSON line, and nothing else");
    assert_eq!(line["outcome"], "pushed");
    assert_eq!(line["commit"], in_bare(&["rev-parse", "main"]));
    assert_eq!(in_bare(&["rev-parse", "main^"]), before);
    assert_eq!(
        in_bare(&["cat-file", "blob", "main:prod/web/app.tfvars"]) + "\n",
        VALUES.replace("1.4.0", "1.5.0").replace("= 2", "= 3")
    );
    assert_eq!(
        in_bare(&["log", "-1", "--format=%an <%ae>", "main"]),
        "deploy-runner <deploy-runner@example.com>"
    );

    let again = call(&new).with(0);
    assert!(again.stderr.contains("nothing to change"), "{again:?}");
    call(&["--name=password", "--value=1"]).with(120);
    call(&["--name=replicas", "--value=many"]).with(65);
    assert_eq!(
        line["commit"],
        in_bare(&["rev-parse", "main"]),
        "nothing else was pushed"
    );
    assert!(server.requests().iter().any(|head| head.contains("/git-receive-pack ")));
    place.assert_nothing_is_left();
}
