//! The CI systems whose logs are known: how each is recognised, and how it folds a part of its log.
//!
//! Never: writes anything or reads the environment by itself.

/// A CI system, as far as its log is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CiSystem {
    /// GitHub Actions, and Gitea and Forgejo that take the same commands.
    GitHub,
    /// GitLab CI.
    GitLab,
    /// Azure Pipelines.
    Azure,
    /// Buildkite.
    Buildkite,
    /// `TeamCity`.
    TeamCity,
    /// Any other that says so by `CI`, or Jenkins.
    Other,
}

/// The variables by which the systems are recognised; the first that is set decides.
const SIGNS: [(&str, CiSystem); 9] = [
    ("BUILDKITE", CiSystem::Buildkite),
    ("GITHUB_ACTIONS", CiSystem::GitHub),
    ("GITLAB_CI", CiSystem::GitLab),
    ("TF_BUILD", CiSystem::Azure),
    ("TEAMCITY_VERSION", CiSystem::TeamCity),
    ("JENKINS_URL", CiSystem::Other),
    ("CODEBUILD_BUILD_ID", CiSystem::Other),
    ("BITBUCKET_BUILD_NUMBER", CiSystem::Other),
    ("CI", CiSystem::Other),
];

impl CiSystem {
    /// The system that the variables tell of, if any.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let set = |name: &str| variable(name).is_some_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
        SIGNS.iter().find(|(name, _)| set(name)).map(|&(_, system)| system)
    }

    /// The line that opens a foldable part of the log; empty where there is none. `unix_seconds` is the time of opening.
    pub(super) fn open_group(self, title: &str, unix_seconds: u64) -> String {
        match self {
            Self::GitHub => format!("::group::{title}\n"),
            Self::GitLab => format!("\x1b[0Ksection_start:{unix_seconds}:{SECTION}\r\x1b[0K{title}\n"),
            Self::Azure => format!("##[group]{title}\n"),
            Self::Buildkite => format!("--- {title}\n"),
            Self::TeamCity => format!("##teamcity[blockOpened name='{}']\n", teamcity_value(title)),
            Self::Other => String::new(),
        }
    }

    /// The line that closes it. A failed job's part is unfolded where the system can do that.
    pub(super) fn close_group(self, title: &str, unix_seconds: u64, unfold: bool) -> String {
        match self {
            Self::GitHub => "::endgroup::\n".to_owned(),
            Self::GitLab => format!("\x1b[0Ksection_end:{unix_seconds}:{SECTION}\r\x1b[0K\n"),
            Self::Azure => "##[endgroup]\n".to_owned(),
            Self::Buildkite if unfold => "^^^ +++\n+++ Result\n".to_owned(),
            Self::Buildkite => "+++ Result\n".to_owned(),
            Self::TeamCity => format!("##teamcity[blockClosed name='{}']\n", teamcity_value(title)),
            Self::Other => String::new(),
        }
    }

    /// The words before a one-line error or warning that make the system show it as one.
    pub(super) const fn annotation(self, severity: Severity) -> &'static str {
        match (self, severity) {
            (Self::GitHub, Severity::Error) => "::error::",
            (Self::GitHub, Severity::Warning) => "::warning::",
            (Self::Azure, Severity::Error) => "##[error]",
            (Self::Azure, Severity::Warning) => "##[warning]",
            (Self::GitLab | Self::Buildkite | Self::TeamCity | Self::Other, Severity::Error | Severity::Warning) => "",
        }
    }
}

/// What an own message warns of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    Error,
    Warning,
}

/// GitLab's name for the part of the log that holds the job's output.
const SECTION: &str = "deploy_runner_job";

/// `TeamCity` escapes by a vertical bar.
fn teamcity_value(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, character| {
        if matches!(character, '|' | '\'' | '[' | ']') {
            escaped.push('|');
        }
        escaped.push(character);
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn detected(variables: &[(&str, &str)], expected: Option<CiSystem>) {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(CiSystem::detect(lookup), expected);
    }

    #[test]
    fn each_system_is_recognised_by_its_own_variable_even_though_all_of_them_set_ci_too() {
        detected(&[("CI", "true"), ("GITHUB_ACTIONS", "true")], Some(CiSystem::GitHub));
        detected(&[("CI", "true"), ("GITLAB_CI", "true")], Some(CiSystem::GitLab));
        detected(&[("TF_BUILD", "True")], Some(CiSystem::Azure));
        detected(&[("CI", "true"), ("BUILDKITE", "true")], Some(CiSystem::Buildkite));
        detected(&[("TEAMCITY_VERSION", "2025.1")], Some(CiSystem::TeamCity));
        detected(&[("JENKINS_URL", "https://ci.example.com/")], Some(CiSystem::Other));
        detected(&[("CI", "1")], Some(CiSystem::Other));
    }

    #[test]
    fn a_variable_that_says_no_is_no_ci() {
        detected(&[], None);
        detected(&[("CI", "")], None);
        detected(&[("CI", "false")], None);
        detected(&[("CI", "0")], None);
    }

    #[test]
    fn a_title_cannot_end_a_teamcity_message() {
        assert_eq!(
            CiSystem::TeamCity.open_group("it's [a|b]", 0),
            "##teamcity[blockOpened name='it|'s |[a||b|]']\n"
        );
    }
}
