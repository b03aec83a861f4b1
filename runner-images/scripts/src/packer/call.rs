//! Packer with one template.
//!
//! Responsible for the words and the environment that Packer gets, for asking it first whether it can read the template, and for
//! its messages arriving on standard error while it works. Never reads a template.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::arguments::Order;
use super::failure::Failure;
use super::messages::Told;
use crate::environment::of_tool;
use crate::interruption::{Interruptions, Stopped};
use crate::process::{self, ProcessError};
use crate::report::Report;
use crate::working_place::WorkingPlace;

/// Where an image keeps the plugins that Packer 1.7 and later needs besides itself; nothing is downloaded while a job runs.
const PLUGINS: &str = "/usr/local/lib/packer/plugins";
const PLUGIN_PATH: &str = "PACKER_PLUGIN_PATH";
/// For looking at a template, which does nothing yet.
const VALIDATION: Duration = Duration::from_mins(2);

/// Packer, ready to run.
#[derive(Debug)]
pub(super) struct Call<'run> {
    order: &'run Order,
    program: PathBuf,
    directory: PathBuf,
    template: OsString,
    home: PathBuf,
    report: Report,
}

impl<'run> Call<'run> {
    /// Packer works in the template's directory, as people call it.
    pub(super) fn prepare(
        order: &'run Order,
        program: PathBuf,
        template: PathBuf,
        place: &WorkingPlace,
        report: Report,
    ) -> Result<Self, Failure> {
        let home = place.root().join("packer");
        fs::create_dir(&home).map_err(|source| Failure::Prepare {
            path: home.clone(),
            source,
        })?;
        let (directory, template) = as_people_call_it(template);
        Ok(Self {
            order,
            program,
            directory,
            template,
            home,
            report,
        })
    }

    /// A template that Packer cannot read is told apart from a build that fails.
    pub(super) fn validate(&self, interruptions: &mut Interruptions) -> Result<(), Failure> {
        let mut command = self.command("validate", &[]);
        let result = process::capture(&mut command, Stdio::null(), Instant::now() + VALIDATION, interruptions)?;
        if result.ended.is_success() {
            return Ok(());
        }
        let mut told = Told::default();
        for line in result.text().lines() {
            told.hear(line, &mut io::sink());
        }
        Err(Failure::Template {
            path: self.order.template.clone(),
            reason: told.complaint(&result.stderr),
        })
    }

    /// Builds, and keeps what Packer tells about it.
    pub(super) fn build(&self, interruptions: &mut Interruptions) -> Result<Told, ProcessError> {
        let mut command = self.command("build", &["-color=false"]);
        let mut told = Told::default();
        let on_stop = |stopped: Stopped| {
            self.report.step(format_args!(
                "{stopped}: passed on to packer once, waiting until it has cleaned up"
            ));
        };
        let on_line = |line: &str| told.hear(line, &mut io::stderr().lock());
        let ended = process::run_with_lines(&mut command, interruptions, on_stop, on_line)?;
        // Nobody may be reading any more; that must not change how a build ends.
        drop(io::stderr().flush());
        told.ended = Some(ended);
        Ok(told)
    }

    fn command(&self, verb: &str, options: &[&str]) -> Command {
        let words = arguments(verb, options, self.order, &self.template);
        self.report
            .detail(format_args!("packer {}", shown(&words[..], &self.order.template)));
        let mut command = Command::new(&self.program);
        command
            .args(&words)
            .current_dir(&self.directory)
            .env_clear()
            .envs(environment(env::vars_os(), &self.home));
        command
    }
}

/// The directory to work in and the template as seen from there; never a word that begins with a dash.
fn as_people_call_it(template: PathBuf) -> (PathBuf, OsString) {
    match (template.parent(), template.file_name()) {
        (Some(directory), Some(name)) if !template.is_dir() => {
            let mut word = OsString::from("./");
            word.push(name);
            (directory.to_owned(), word)
        }
        _ => (template, ".".into()),
    }
}

/// One word per option, so that no value can become an option of its own.
fn arguments(verb: &str, options: &[&str], order: &Order, template: &OsStr) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec![verb.into(), "-machine-readable".into()];
    words.extend(options.iter().map(OsString::from));
    words.extend(order.build.iter().map(|name| format!("-only={name}").into()));
    words.extend(order.variables.iter().map(|variable| format!("-var={variable}").into()));
    words.push(template.into());
    words
}

/// The words without the values of variables, and with the path as it was given.
fn shown(words: &[OsString], template: &impl std::fmt::Display) -> String {
    let last = words.len().saturating_sub(1);
    let shown = words.iter().take(last).map(|word| {
        let word = word.to_string_lossy();
        let mut parts = word.splitn(3, '=');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("-var"), Some(key), Some(_)) => format!("-var={key}=…"),
            _ => word.into_owned(),
        }
    });
    shown.chain([template.to_string()]).collect::<Vec<_>>().join(" ")
}

/// The tool's environment, with nothing that adds programs or settings to Packer, and a home of its own.
fn environment(own: impl Iterator<Item = (OsString, OsString)>, home: &Path) -> Vec<(OsString, OsString)> {
    let is_packers = |name: &OsString| name.to_string_lossy().starts_with("PACKER_") && name != PLUGIN_PATH;
    let mut environment = of_tool(own.filter(|(name, _)| !is_packers(name)));
    if !environment.iter().any(|(name, _)| name == PLUGIN_PATH) && Path::new(PLUGINS).is_dir() {
        environment.push((PLUGIN_PATH.into(), PLUGINS.into()));
    }
    for name in ["HOME", "PACKER_CONFIG_DIR", "PACKER_CACHE_DIR"] {
        environment.push((name.into(), home.into()));
    }
    environment.push(("PACKER_NO_COLOR".into(), "1".into()));
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(words: &[&str]) -> Order {
        let fixed = [
            "x",
            "--repo=file:///r",
            "--ref=0123456789abcdef0123456789abcdef01234567",
            "--template-path=a/b.pkr.hcl",
        ];
        Order::parse(fixed.iter().chain(words).map(Into::into)).unwrap()
    }

    #[test]
    fn every_value_is_part_of_a_word_that_we_begin() {
        let order = order(&["--build-name=null.a", "--var=b=-force -only=x", "--var=c="]);
        let words = arguments("build", &["-color=false"], &order, OsStr::new("./b.pkr.hcl"));
        assert_eq!(
            words,
            [
                "build",
                "-machine-readable",
                "-color=false",
                "-only=null.a",
                "-var=b=-force -only=x",
                "-var=c=",
                "./b.pkr.hcl"
            ]
        );
        assert_eq!(
            shown(&words, &order.template),
            "build -machine-readable -color=false -only=null.a -var=b=… -var=c=… a/b.pkr.hcl"
        );
    }

    #[test]
    fn what_would_configure_packer_or_give_it_gits_secrets_is_taken_out() {
        let own = [
            ("PACKER_CONFIG", "/evil"),
            ("PACKER_LOG", "1"),
            ("PACKER_CONFIG_DIR", "/evil"),
            ("PACKER_PLUGIN_PATH", "/plugins"),
            ("GIT_TOKEN", "x"),
            ("LD_PRELOAD", "x"),
            ("HOME", "/evil"),
            ("AWS_REGION", "eu-west-1"),
            ("PKR_VAR_size", "3"),
        ];
        let own = own.map(|(name, value)| (name.into(), value.into()));
        // A later entry of the same name wins, as for `Command::envs`.
        let environment: std::collections::BTreeMap<OsString, OsString> =
            environment(own.into_iter(), Path::new("/home")).into_iter().collect();
        let of = |name: &str| environment.get(&OsString::from(name)).and_then(|value| value.to_str());
        for name in ["PACKER_CONFIG", "PACKER_LOG", "GIT_TOKEN", "LD_PRELOAD"] {
            assert_eq!(of(name), None, "{name}");
        }
        for (name, value) in [
            ("HOME", "/home"),
            ("PACKER_CONFIG_DIR", "/home"),
            ("PACKER_PLUGIN_PATH", "/plugins"),
            ("AWS_REGION", "eu-west-1"),
            ("PKR_VAR_size", "3"),
            ("CHECKPOINT_DISABLE", "1"),
        ] {
            assert_eq!(of(name), Some(value), "{name}");
        }
    }
}
