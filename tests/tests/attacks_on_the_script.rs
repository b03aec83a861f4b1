//! What the deploy script refuses by itself, and what a repository cannot make it do.

use std::os::unix::fs::symlink;
use std::path::Path;

use e2e::corpus::{self, Attack, CheckoutAttack, ScriptAttack, Trap};
use e2e::product::{self, Ended, Place};
use e2e::repository::Repository;

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
fn no_repository_of_the_corpus_makes_a_checkout_run_something_or_leave_its_folder() {
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

fn script(place: &Place, args: &[String]) -> Ended {
    let program = product::programs().join("scripts/infrastructure-deploy-script");
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
    let ended = script(&place, &attack.args);
    made(&place, &attack.never_makes)?;
    if ended.code == Some(0) {
        Err(format!("ended with 0: {ended:?}"))
    } else {
        Ok(())
    }
}

fn check_out(attack: &CheckoutAttack) -> Result<(), String> {
    let place = Place::new();
    let repository = Repository::empty(&place);
    repository.write("prod/web/main.tf", MODULE);
    let commit = set(attack.trap, &repository, &place.join(&attack.never_makes));
    let ended = script(
        &place,
        &[
            format!("--repo={}", repository.url()),
            format!("--ref={commit}"),
            "--command=plan".to_owned(),
            "--deploy-path=prod/web".to_owned(),
        ],
    );
    made(&place, &attack.never_makes)?;
    let harmless = match attack.trap {
        // The code itself is honest: it is planned, and the trap does not spring.
        Trap::Hook | Trap::Submodule | Trap::Filter | Trap::ToolConfiguration | Trap::LineBreaks => {
            ended.code == Some(0)
        }
        // There is nothing honest to run.
        Trap::Symlink | Trap::BranchLikeAnId | Trap::ToolNotes | Trap::VersionFile => {
            ended.code.is_some_and(|code| code != 0)
        }
    };
    harmless.then_some(()).ok_or_else(|| format!("{ended:?}"))
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
            let outside = repository.bare().with_file_name("outside");
            std::fs::create_dir(&outside).expect("a folder");
            std::fs::write(outside.join("main.tf"), MODULE).expect("a file");
            std::fs::remove_dir_all(repository.worktree().join("prod/web")).expect("it was there");
            symlink(&outside, repository.worktree().join("prod/web")).expect("a link");
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
