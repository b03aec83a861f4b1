//! The job's environment: a fixed minimum and the declared names, nothing else. Never shows a value.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::arguments::Names;
use crate::handed_over::HandedOver;

/// What every job has. A declared name takes precedence.
const FIXED: [(&str, &str); 6] = [
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ("HOME", "/home/job"),
    ("LANG", "C.UTF-8"),
    ("TMPDIR", "/tmp"),
    // A tool that opens a pager or an editor offers a shell.
    ("PAGER", "cat"),
    ("EDITOR", "false"),
];

/// Present exactly when ECS started us.
const ECS_MARK: &str = "ECS_CONTAINER_METADATA_URI_V4";

/// How a task on ECS finds its role and its place.
const ECS_NAMES: [&str; 7] = [
    ECS_MARK,
    "ECS_CONTAINER_METADATA_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_REGION",
];

/// The variables of one job.
pub(crate) struct Environment {
    variables: BTreeMap<OsString, OsString>,
    secrets: Vec<OsString>,
}

/// Why the environment cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnvironmentError {
    #[error("variable `{0}` is declared for the job but is not set: the engine must provide it")]
    Absent(String),
    #[error("variable name `{0}` is refused: expected letters, digits and underscores, not starting with a digit")]
    Name(String),
}

impl Environment {
    /// Collects the declared variables; `own` reads the runner's own environment. A secret that was handed over counts before a variable.
    pub(crate) fn collect(
        names: &Names,
        own: impl Fn(&OsStr) -> Option<OsString>,
        handed_over: &HandedOver,
    ) -> Result<Self, EnvironmentError> {
        let mut variables: BTreeMap<OsString, OsString> =
            FIXED.iter().map(|(name, value)| (name.into(), value.into())).collect();
        if own(ECS_MARK.as_ref()).is_some() {
            let present = |name: &&str| own(name.as_ref()).map(|value| (name.into(), value));
            variables.extend(ECS_NAMES.iter().filter_map(present));
        }
        let plain = names.plain.iter().map(|name| (name, own(name)));
        let secret = names
            .secret
            .iter()
            .map(|name| (name, handed_over.value(name).or_else(|| own(name))));
        for (name, value) in plain.chain(secret) {
            let lossy = || name.to_string_lossy().into_owned();
            if !is_variable_name(name) {
                return Err(EnvironmentError::Name(lossy()));
            }
            let value = value.ok_or_else(|| EnvironmentError::Absent(lossy()))?;
            variables.insert(name.clone(), value);
        }
        let secrets = names.secret.clone();
        Ok(Self { variables, secrets })
    }

    pub(crate) fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// Names and values that must not appear in the output.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (&OsStr, &[u8])> {
        let value = |name: &OsString| self.variables.get(name).map(|value| value.as_bytes());
        self.secrets
            .iter()
            .filter_map(move |name| Some((name.as_os_str(), value(name)?)))
    }
}

fn is_variable_name(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    let starts_well = bytes.first().is_some_and(|first| !first.is_ascii_digit());
    starts_well && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(name: &OsStr) -> Option<OsString> {
        let value = match name.to_str()? {
            "DECLARED" => "a",
            "TOKEN" => "b",
            "LD_PRELOAD" => "evil.so",
            "AWS_REGION" => "eu-west-1",
            "LANG" => "de_DE",
            _ => return None,
        };
        Some(value.into())
    }

    fn names(plain: &[&str], secret: &[&str]) -> Names {
        let list = |names: &[&str]| names.iter().map(OsString::from).collect();
        Names {
            plain: list(plain),
            secret: list(secret),
        }
    }

    fn listed(environment: &Environment) -> Vec<String> {
        let pair = |(name, value): (&OsStr, &OsStr)| format!("{}={}", name.display(), value.display());
        environment.variables().map(pair).collect()
    }

    #[test]
    fn only_the_fixed_minimum_and_the_declared_names_are_passed() {
        let environment = Environment::collect(&names(&["DECLARED"], &["TOKEN"]), own, &HandedOver::default()).unwrap();
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        let expected = [
            "DECLARED=a",
            "EDITOR=false",
            "HOME=/home/job",
            "LANG=C.UTF-8",
            "PAGER=cat",
            path,
            "TMPDIR=/tmp",
            "TOKEN=b",
        ];
        assert_eq!(listed(&environment), expected);
        let secrets: Vec<_> = environment.secrets().collect();
        assert_eq!(secrets, [(OsStr::new("TOKEN"), b"b".as_slice())]);
    }

    #[test]
    fn a_declared_name_takes_precedence_over_the_fixed_minimum() {
        let environment = Environment::collect(&names(&["LANG"], &[]), own, &HandedOver::default()).unwrap();
        assert!(listed(&environment).contains(&"LANG=de_DE".to_owned()));
    }

    #[test]
    fn the_names_of_ecs_are_passed_only_on_ecs() {
        let on_ecs = |name: &OsStr| {
            if name == ECS_MARK {
                Some("http://x".into())
            } else {
                own(name)
            }
        };
        let environment = Environment::collect(&names(&[], &[]), on_ecs, &HandedOver::default()).unwrap();
        assert!(listed(&environment).contains(&"AWS_REGION=eu-west-1".to_owned()));
        let elsewhere = Environment::collect(&names(&[], &[]), own, &HandedOver::default()).unwrap();
        assert!(!listed(&elsewhere).iter().any(|variable| variable.starts_with("AWS")));
    }

    #[test]
    fn a_declared_name_without_a_value_is_an_error() {
        let error = Environment::collect(&names(&[], &["ABSENT"]), own, &HandedOver::default())
            .err()
            .unwrap();
        assert!(
            error
                .to_string()
                .contains("`ABSENT` is declared for the job but is not set")
        );
        for name in ["", "A=B", "1A", "A B"] {
            assert!(matches!(
                Environment::collect(&names(&[name], &[]), own, &HandedOver::default()),
                Err(EnvironmentError::Name(_))
            ));
        }
    }
}
