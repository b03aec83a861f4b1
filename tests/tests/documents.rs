//! The documents do not promise what is not there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every page that is in the repository, or will be.
fn documents() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args([
            "-c",
            "safe.directory=*",
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "--",
            "*.md",
        ])
        .current_dir(root())
        .output()
        .expect("git is there");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).expect("names are text");
    let found: Vec<_> = listed.lines().map(|name| root().join(name)).collect();
    for page in [
        "README.md",
        "runner-images/README.md",
        "runner-images/scripts/README.md",
    ] {
        assert!(found.contains(&root().join(page)), "{page}: {found:?}");
    }
    // One that was just removed is listed still.
    found.into_iter().filter(|page| page.exists()).collect()
}

/// The links of a text: what stands between `](` and `)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(link, _)| link)
}

#[test]
fn every_link_to_a_file_of_this_repository_leads_somewhere() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = read(&document);
        let folder = document.parent().expect("a file is in a folder");
        for link in links(&text) {
            let file = link.split('#').next().unwrap_or_default();
            let ours = !file.is_empty() && !file.contains("://") && !file.starts_with("mailto:");
            if ours && !folder.join(file).exists() {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_test_that_the_threats_name_exists_where_they_say() {
    let text = read(&root().join("THREATS.md"));
    let mut missing = Vec::new();
    let mut named = 0;
    for (before, after) in text
        .match_indices("[`")
        .map(|(at, _)| text[at + 2..].split_once("`](").expect("a link"))
    {
        let path = after.split(')').next().unwrap_or_default();
        if Path::new(path).extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        named += 1;
        if !fs::read_to_string(root().join(path)).is_ok_and(|code| code.contains(&format!("fn {before}("))) {
            missing.push(format!("{before} in {path}"));
        }
    }
    assert!(named > 20, "only {named} tests are named");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn the_threats_have_a_line_for_every_row_of_the_corpus() {
    let text = read(&root().join("THREATS.md"));
    for row in e2e::corpus::rows() {
        let line = format!("| {} | {} |", row.row, row.attack);
        let line = text
            .lines()
            .find(|candidate| candidate.starts_with(&line))
            .unwrap_or_else(|| panic!("no `{line}`"));
        assert!(
            line.contains(&format!("[{} attacks](tests/attacks/", row.entries.len())),
            "{line}"
        );
    }
}

#[test]
fn every_make_command_of_the_readme_is_a_target_of_the_makefile() {
    let makefile = read(&root().join("Makefile"));
    let readme = read(&root().join("README.md"));
    let commands: BTreeSet<&str> = readme
        .lines()
        .filter_map(|line| line.trim().strip_prefix("make "))
        .flat_map(|rest| rest.split('#').next().unwrap_or_default().split_whitespace())
        .collect();
    assert!(commands.contains("demo") && commands.contains("test"), "{commands:?}");
    for command in commands {
        assert!(
            makefile.contains(&format!("\n{command}: ##")),
            "the Makefile has no target `{command}`"
        );
    }
}

#[test]
fn ci_runs_the_test_command_of_the_readme() {
    assert!(read(&root().join(".ci/run")).lines().any(|line| line == "make test"));
}

#[test]
fn the_readme_lists_every_exit_code_of_the_contract() {
    let readme = read(&root().join("README.md"));
    for code in protocol::ExitCode::OWN {
        let row = format!("| {} |", code.code());
        assert!(readme.lines().any(|line| line.starts_with(&row)), "no line `{row}`");
    }
}
