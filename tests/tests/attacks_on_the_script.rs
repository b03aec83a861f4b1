//! What the deploy script refuses by itself, and what a repository cannot make any of the scripts do.

use std::os::unix::fs::symlink;
use std::path::Path;

use e2e::corpus::{self, Attack, CheckoutAttack, ScriptAttack, Trap};
use e2e::product::{self, Ended, Place};
use e2e::repository::Repository;

/// The exit codes of the scripts for what these tests meet.
const USAGE: i32 = 64;
const UNSUITABLE: i32 = 65;
const NOT_THERE: i32 = 66;
const REFUSED: i32 = 77;

/// Who checks a repository out, or reads a file of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Deploy,
    UpdateVariable,
    Packer,
    Image,
}

const VICTIMS: [Victim; 4] = [Victim::Deploy, Victim::UpdateVariable, Victim::Packer, Victim::Image];

/// What is honest in `prod/web`, and behind the link that leads there.
const HONEST: [(&str, &str); 4] = [
    ("main.tf", MODULE),
    ("web.tfvars", "version = \"1\"\n"),
    ("image.pkr.hcl", TEMPLATE),
    ("Dockerfile", "FROM scratch\nCOPY main.tf /main.tf\n"),
];
const TEMPLATE: &str =
    "source \"null\" \"x\" {\n  communicator = \"none\"\n}\nbuild {\n  sources = [\"source.null.x\"]\n}\n";
const MODULE: &str = "resource \"terraform_data\" \"x\" {\n  input = 1\n}\n";
/// No commit has this id; a branch does.
const ID_OF_NOTHING: &str = "3f786850e387550fdab836ed7e6dc881de23001b";

#[test]
fn the_script_refuses_every_call_of_the_corpus_that_no_gate_let_through() {
    corpus::every(
        &corpus::rows(),
        |attack| {
            if let Attack::Script(script) = attack {
                Some(script)
            } else {
                None
            }
        },
        call,
    );
}

#[test]
fn no_repository_of_the_corpus_makes_a_script_run_something_or_leave_its_folder() {
    corpus::every(
        &corpus::rows(),
        |attack| {
            if let Attack::Checkout(checkout) = attack {
                Some(checkout)
            } else {
                None
            }
        },
        check_out,
    );
}

impl Victim {
    const fn name(self) -> &'static str {
        match self {
            Self::Deploy => "infrastructure-deploy-script",
            Self::UpdateVariable => "terraform-update-variable",
            Self::Packer => "build-packer-artifact",
            Self::Image => "build-docker-image",
        }
    }

    /// An honest call, which succeeds where nothing is wrong with the repository.
    fn words(self, repository: &Repository, commit: &str) -> Vec<String> {
        let (at, own): (String, &[&str]) = match self {
            Self::Deploy => (format!("--ref={commit}"), &["--command=plan", "--deploy-path=prod/web"]),
            Self::UpdateVariable => (
                "--branch=refs/heads/main".to_owned(),
                &[
                    "--vars-path=prod/web/web.tfvars",
                    "--name=version",
                    "--value=2",
                    "--author-name=a",
                    "--author-email=a@example.com",
                ],
            ),
            Self::Packer => (format!("--ref={commit}"), &["--template-path=prod/web/image.pkr.hcl"]),
            Self::Image => (
                format!("--ref={commit}"),
                &[
                    "--context-path=prod/web",
                    "--builder=buildah",
                    "--no-push",
                    "--tag=127.0.0.1:9/web:1",
                ],
            ),
        };
        let mut words = vec![format!("--repo={}", repository.url()), at];
        words.extend(own.iter().map(|word| (*word).to_owned()));
        words
    }

    /// How it ends in a trap.
    const fn ends_with(self, trap: Trap) -> i32 {
        match (trap, self) {
            (Trap::Symlink, _) | (Trap::ToolNotes, Self::Deploy) => REFUSED,
            (Trap::VersionFile, Self::Deploy) => UNSUITABLE,
            (Trap::BranchLikeAnId, Self::Deploy | Self::Packer | Self::Image) => NOT_THERE,
            // The code itself is honest, and the trap does not spring. A branch has its full name, and what is Terraform's is only a file to
            // the others.
            (
                Trap::Hook
                | Trap::Submodule
                | Trap::Filter
                | Trap::ToolConfiguration
                | Trap::LineBreaks
                | Trap::BranchLikeAnId
                | Trap::ToolNotes
                | Trap::VersionFile,
                _,
            ) => 0,
        }
    }
}

fn script(victim: Victim, place: &Place, args: &[String]) -> Ended {
    let program = product::programs().join("scripts").join(victim.name());
    product::run(
        product::command(&program)
            .env("HOME", place.path())
            .current_dir(place.path())
            .args(args),
    )
}

fn made(place: &Place, marker: &str) -> Result<(), String> {
    if place.join(marker).exists() {
        Err(format!("made `{marker}`"))
    } else {
        Ok(())
    }
}

fn call(attack: &ScriptAttack) -> Result<(), String> {
    let place = Place::new();
    let ended = script(Victim::Deploy, &place, &attack.args);
    made(&place, &attack.never_makes)?;
    expect(USAGE, &ended)
}

fn expect(code: i32, ended: &Ended) -> Result<(), String> {
    if ended.code == Some(code) {
        Ok(())
    } else {
        Err(format!("did not end with {code}: {ended:?}"))
    }
}

fn check_out(attack: &CheckoutAttack) -> Result<(), String> {
    for victim in VICTIMS {
        check_out_by(victim, attack).map_err(|why| format!("{}: {why}", victim.name()))?;
    }
    Ok(())
}

fn check_out_by(victim: Victim, attack: &CheckoutAttack) -> Result<(), String> {
    let place = Place::new();
    let repository = Repository::empty(&place);
    for (file, text) in HONEST {
        repository.write(&format!("prod/web/{file}"), text);
    }
    let commit = set(attack.trap, &repository, &place.join(&attack.never_makes));
    let ended = script(victim, &place, &victim.words(&repository, &commit));
    made(&place, &attack.never_makes)?;
    expect(victim.ends_with(attack.trap), &ended)
}

/// Sets the trap and answers the commit that the victim asks for.
fn set(trap: Trap, repository: &Repository, marker: &Path) -> String {
    let springs = format!("touch {}", marker.display());
    let commit = match trap {
        Trap::Hook => {
            hooks(repository, &springs);
            repository.commit("hooks")
        }
        Trap::Submodule => {
            repository.write(
                ".gitmodules",
                &format!(
                    "[submodule \"x\"]\n\tpath = x\n\turl = ext::sh -c {}\n",
                    springs.replace(' ', "% ")
                ),
            );
            repository.commit("a submodule");
            repository.git(&[
                "update-index",
                "--add",
                "--cacheinfo",
                &format!("160000,{ID_OF_NOTHING},x"),
            ]);
            repository.git(&["commit", "-q", "-m", "its commit"]);
            repository.git(&["rev-parse", "HEAD"])
        }
        Trap::Filter => {
            let filter = format!("[filter \"x\"]\n\tsmudge = {springs}\n\trequired = true\n");
            repository.write(".gitattributes", "* filter=x diff=x\n");
            repository.write(".gitconfig", &filter);
            repository.git(&[
                "config",
                "--file",
                &repository.bare().join("config").display().to_string(),
                "filter.x.smudge",
                &springs,
            ]);
            repository.commit("a filter")
        }
        Trap::Symlink => {
            lead_out(repository);
            repository.commit("a link out of the checkout")
        }
        Trap::ToolNotes | Trap::VersionFile | Trap::ToolConfiguration | Trap::LineBreaks => {
            for (file, text) in planted(trap, marker) {
                repository.write(file, &text);
            }
            repository.commit("planted files")
        }
        Trap::BranchLikeAnId => {
            repository.commit("evil");
            repository.push(ID_OF_NOTHING);
            ID_OF_NOTHING.to_owned()
        }
    };
    repository.push("main");
    // Our own push is a victim of the hooks, too.
    drop(std::fs::remove_file(marker));
    commit
}

/// Makes `prod/web` a link to a folder outside, which has what is honest.
fn lead_out(repository: &Repository) {
    let outside = repository.bare().with_file_name("outside");
    std::fs::create_dir(&outside).expect("a folder");
    for (file, text) in HONEST {
        std::fs::write(outside.join(file), text).expect("a file");
    }
    std::fs::remove_dir_all(repository.worktree().join("prod/web")).expect("it was there");
    symlink(&outside, repository.worktree().join("prod/web")).expect("a link");
}

/// The files of a trap that is nothing but files.
fn planted(trap: Trap, marker: &Path) -> Vec<(&'static str, String)> {
    let marker = marker.display();
    match trap {
        Trap::ToolNotes => vec![(
            "prod/web/.terraform/terraform.tfstate",
            format!(r#"{{"version":3,"backend":{{"type":"local","config":{{"path":"{marker}"}},"hash":1}}}}"#),
        )],
        Trap::VersionFile => vec![(".terraform-version", "1.11.4\nTF_CLI_ARGS=-destroy\n".to_owned())],
        Trap::ToolConfiguration => [".terraformrc", "prod/web/.terraformrc", "prod/web/terraform.rc"]
            .map(|file| (file, format!("plugin_cache_dir = \"{marker}\"\n")))
            .into(),
        Trap::LineBreaks => vec![
            ("prod/web/more\n.tf", String::new()),
            ("line\nbreak/.terraform-version\n", "0.0.1".to_owned()),
        ],
        Trap::Hook | Trap::Submodule | Trap::Filter | Trap::Symlink | Trap::BranchLikeAnId => {
            unreachable!("{trap:?} is more than files")
        }
    }
}

fn hooks(repository: &Repository, springs: &str) {
    for hook in [
        "post-checkout",
        "post-merge",
        "pre-receive",
        "reference-transaction",
        "fsmonitor-watchman",
    ] {
        executable(&repository.bare().join("hooks").join(hook), springs);
        repository.write(&format!("hooks/{hook}"), &format!("#!/bin/sh\n{springs}\n"));
    }
}

fn executable(path: &Path, command: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, format!("#!/bin/sh\n{command}\n")).expect("a hook");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
}
