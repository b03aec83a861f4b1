//! Everything about the command line that is generated from its definition: completions, the manual page, the reference.
//!
//! Never: holds a text of its own about an option; that stands where the option is defined.

use std::io::{self, Write};

use clap::{Arg, Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use crate::args::Cli;

const NAME: &str = "infrastructure-deployer";
/// Columns of the help in the reference.
const REFERENCE_WIDTH: usize = 100;

/// A completion script.
pub fn completions(shell: Shell, out: &mut dyn Write) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
    out.write_all(&script)
}

/// The manual page, in roff.
pub fn man(out: &mut dyn Write) -> io::Result<()> {
    let mut command = Cli::command();
    command.build();
    let page = Man::new(command.clone()).manual("deploy-runner");
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    commands(&command).to_writer(out)?;
    environment(&command).to_writer(out)?;
    notes(&command).to_writer(out)?;
    page.render_version_section(out)
}

/// The reference in Markdown: the long help of the program, and of each command what only it has.
pub fn reference() -> String {
    let mut command = Cli::command().term_width(REFERENCE_WIDTH);
    command.build();
    let mut text = format!(
        "# Command line reference\n\nGenerated from the program itself: `make docs` writes this page again, and a test compares it.\n\n{}",
        section(NAME, &mut command.clone())
    );
    for subcommand in commands_of(&command) {
        let name = format!("{NAME} {}", subcommand.get_name());
        let own = subcommand.clone().term_width(REFERENCE_WIDTH);
        let mut own = own.mut_args(|arg| if arg.is_global_set() { arg.hide(true) } else { arg });
        text.push('\n');
        text.push_str(&section(&name, &mut own));
    }
    text
}

fn section(name: &str, command: &mut Command) -> String {
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
    format!("## `{name}`\n\n```text\n{}\n```\n", lines.join("\n"))
}

fn commands_of(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|subcommand| !subcommand.is_hide_set() && subcommand.get_name() != "help")
}

/// The commands and their own options on the same page.
fn commands(command: &Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["COMMANDS"]);
    for subcommand in commands_of(command) {
        roff.control("TP", []);
        let mut usage = vec![bold(subcommand.get_name().to_owned())];
        for arg in own_args(subcommand) {
            usage.push(roman(" "));
            usage.push(italic(shape(arg)));
        }
        roff.text(usage);
        roff.text([roman(about(subcommand.get_about()))]);
        for arg in own_args(subcommand) {
            roff.control("RS", []);
            roff.control("TP", []);
            roff.text([italic(shape(arg))]);
            roff.text([roman(about(arg.get_help()))]);
            roff.control("RE", []);
        }
    }
    roff
}

/// The variable of each option.
fn environment(command: &Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["ENVIRONMENT"]);
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        if let (Some(variable), Some(long)) = (arg.get_env(), arg.get_long()) {
            roff.control("TP", []);
            roff.text([bold(variable.to_string_lossy().into_owned())]);
            roff.text([roman(format!("the same as --{long}"))]);
        }
    }
    roff
}

/// Examples, exit codes and the rest of the long help. Lines that are indented stay lines of their own.
fn notes(command: &Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["NOTES"]);
    for line in about(command.get_after_long_help()).lines() {
        roff.text([roman(line.to_owned())]);
    }
    roff
}

fn own_args(command: &Command) -> impl Iterator<Item = &Arg> {
    command
        .get_arguments()
        .filter(|arg| !arg.is_global_set() && !arg.is_hide_set() && arg.get_id() != "help")
}

/// How an argument is written, such as `FILE` or `[--output FILE]`.
fn shape(arg: &Arg) -> String {
    let takes_value = arg.get_action().takes_values();
    let value = arg.get_value_names().unwrap_or_default().join(" ");
    match (arg.get_long(), takes_value) {
        (None, _) => value,
        (Some(long), true) => format!("[--{long} {value}]"),
        (Some(long), false) => format!("[--{long}]"),
    }
}

fn about(text: Option<&clap::builder::StyledStr>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Compares a generated file with the committed one, or writes it when `UPDATE_DOCS` is set.
    #[track_caller]
    fn committed(file: &str, generated: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(file);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, generated).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == generated,
            "docs/{file} is out of date: run `make docs` and look at the difference"
        );
    }

    #[test]
    fn the_committed_reference_is_what_the_program_says() {
        committed("cli-reference.md", &reference());
    }

    #[test]
    fn the_committed_manual_page_is_what_the_program_says() {
        let mut page = Vec::new();
        man(&mut page).unwrap();
        committed("man/infrastructure-deployer.1", &String::from_utf8(page).unwrap());
    }

    #[test]
    fn the_manual_page_tells_of_every_command_and_every_option() {
        let mut page = Vec::new();
        man(&mut page).unwrap();
        let page = String::from_utf8(page).unwrap().replace("\\-", "-");
        let command = Cli::command();
        for subcommand in command.get_subcommands() {
            assert!(page.contains(subcommand.get_name()), "{}", subcommand.get_name());
            for long in subcommand.get_arguments().filter_map(Arg::get_long) {
                assert!(page.contains(&format!("--{long}")), "{long}");
            }
        }
        for long in command.get_arguments().filter_map(Arg::get_long) {
            assert!(page.contains(&format!("--{long}")), "{long}");
        }
    }

    #[test]
    fn every_shell_gets_completions_for_every_command() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
            let mut script = Vec::new();
            completions(shell, &mut script).unwrap();
            let script = String::from_utf8(script).unwrap();
            for word in [
                "attach",
                "check",
                "package",
                "import",
                "max-wait-time",
                "describe-containers",
            ] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }
}
