//! Each script's reference is its own `--help`; `make docs` writes it again.

use std::path::Path;
use std::process::Command;

const SCRIPTS: [(&str, &str); 4] = [
    (
        "infrastructure-deploy-script",
        env!("CARGO_BIN_EXE_infrastructure-deploy-script"),
    ),
    (
        "terraform-update-variable",
        env!("CARGO_BIN_EXE_terraform-update-variable"),
    ),
    ("build-packer-artifact", env!("CARGO_BIN_EXE_build-packer-artifact")),
    ("build-docker-image", env!("CARGO_BIN_EXE_build-docker-image")),
];

fn page(name: &str, program: &str) -> String {
    let output = Command::new(program).arg("--help").env_clear().output().unwrap();
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
    format!(
        "# `{name}`\n\nGenerated from the program's own `--help`: `make docs` writes this page again, and a test compares it.\n\n```text\n{}\n```\n",
        lines.join("\n")
    )
}

#[test]
fn the_references_are_what_the_scripts_say_of_themselves() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    for (name, program) in SCRIPTS {
        let (file, page) = (folder.join(format!("{name}.md")), page(name, program));
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(file, page).unwrap();
        } else {
            let committed = std::fs::read_to_string(&file).unwrap_or_default();
            assert!(committed == page, "{} differs: run `make docs`", file.display());
        }
    }
}
