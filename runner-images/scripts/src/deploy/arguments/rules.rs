//! Combinations of options that mean nothing.
//!
//! Responsible for refusing an option that would have no effect: whoever gives it expects one.

use clap::error::ErrorKind;
use clap::{CommandFactory as _, ValueEnum};

use super::{Arguments, Binary, CommandName};

impl Arguments {
    /// An option without effect is a misunderstanding. `--allow-destroy` and `--lock-timeout` are exempt, because an
    /// allow-list may fix them for every command of a container.
    pub(super) fn refuse_what_the_command_would_ignore(&self) -> Result<(), clap::Error> {
        use CommandName::{Apply, Destroy, Find, Output, Plan, Validate};
        let changing = [Plan, Apply, Destroy];
        let rules: [(&str, bool, &[CommandName]); 9] = [
            ("--var", !self.var.is_empty(), &changing),
            ("--var-file", !self.var_file.is_empty(), &changing),
            ("--target", !self.target.is_empty(), &changing),
            ("--detailed-exitcode", self.detailed_exitcode, &[Plan]),
            ("--save-plan", self.save_plan, &[Plan]),
            ("--plan", self.plan.is_some(), &[Apply]),
            ("--json", self.json, &[Output, Validate, Find]),
            ("--output-name", self.output_name.is_some(), &[Output]),
            ("--all", self.all, &[Plan, Apply, Destroy, Validate, Output]),
        ];
        for (name, given, commands) in rules {
            if given && !commands.contains(&self.command) {
                return Err(no_meaning(name, &format!("--command={}", word_of(&self.command))));
            }
        }
        Ok(())
    }

    /// A saved plan holds everything that goes into an apply, and is the plan of one directory.
    pub(super) fn refuse_what_a_saved_plan_decides(&self) -> Result<(), clap::Error> {
        let kept = [("--save-plan", self.save_plan), ("--plan", self.plan.is_some())];
        if self.all
            && let Some((name, _)) = kept.into_iter().find(|(_, given)| *given)
        {
            return Err(conflict(&format!(
                "the argument '{name}' cannot be used with '--all': each unit has a plan of its own, so save and apply that of one unit at a time"
            )));
        }
        let inputs = [
            ("--var", self.var.is_empty()),
            ("--var-file", self.var_file.is_empty()),
            ("--target", self.target.is_empty()),
        ];
        match inputs.into_iter().find(|(_, absent)| !absent) {
            Some((name, _)) if self.plan.is_some() => Err(no_meaning(name, "--plan")),
            Some(_) | None => Ok(()),
        }
    }

    /// Terragrunt has verbs and a scope of its own.
    pub(super) fn refuse_what_the_binary_does_not_have(&self) -> Result<(), clap::Error> {
        let own_verb = matches!(self.command, CommandName::Find | CommandName::HclValidate);
        let command = format!("--command={}", word_of(&self.command));
        let of_terragrunt = [
            (command.as_str(), own_verb),
            ("--all", self.all),
            ("--terragrunt-runs", self.terragrunt_runs.is_some()),
        ];
        let binary = format!("--binary={}", word_of(&self.binary));
        if self.binary != Binary::Terragrunt
            && let Some((name, _)) = of_terragrunt.into_iter().find(|(_, given)| *given)
        {
            return Err(no_meaning(name, &binary));
        }
        let filters = [
            ("--include-dir", self.include_dir.is_empty()),
            ("--exclude-dir", self.exclude_dir.is_empty()),
        ];
        let of_one_directory = [
            ("--target", self.target.is_empty()),
            ("--output-name", self.output_name.is_none()),
            ("--backend-config", self.backend_config.is_empty()),
        ];
        let (rules, without) = if self.all {
            (of_one_directory.as_slice(), "--all")
        } else {
            (filters.as_slice(), "one directory, without --all")
        };
        match rules.iter().find(|(_, absent)| !absent) {
            Some((name, _)) => Err(no_meaning(name, without)),
            None => Ok(()),
        }
    }
}

fn no_meaning(name: &str, with: &str) -> clap::Error {
    conflict(&format!(
        "the argument '{name}' has no meaning with '{with}': leave it out"
    ))
}

fn conflict(message: &str) -> clap::Error {
    Arguments::command().error(ErrorKind::ArgumentConflict, format!("{message}\n"))
}

fn word_of(value: &impl ValueEnum) -> String {
    value
        .to_possible_value()
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}
