//! The environment that the tool gets.
//!
//! The script starts from the variables that the allow-list declares (the runner begins with an empty environment).
//! Responsible for taking out git's secrets and everything that would add words or programs to the tool, and for fixing what
//! keeps it from asking, paging or phoning home. Reads nothing itself.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use protocol::frame::REPORTS_VARIABLE;

use crate::program;

/// Never passed on: git's credentials, and names that change what runs.
const REMOVED: [&str; 15] = [
    "PATH",
    "TF_REATTACH_PROVIDERS",
    "TF_DATA_DIR",
    "SSH_AUTH_SOCK",
    "SSH_ASKPASS",
    "SSH_KNOWN_HOSTS",
    "SSH_PRIVATE_KEY",
    "BASH_ENV",
    "PROMPT_COMMAND",
    "TG_TF_PATH",
    "TERRAGRUNT_TFPATH",
    "TG_EXPERIMENTAL_ENGINE",
    "TERRAGRUNT_EXPERIMENTAL_ENGINE",
    "PLAN_KEY",
    REPORTS_VARIABLE,
];

/// Never passed on, whatever follows: words for the tool, libraries for every program, git's behaviour and token.
const REMOVED_PREFIXES: [&str; 5] = ["TF_CLI_ARGS", "LD_", "GIT_", "DYLD_", "BASH_FUNC_"];

/// The last one keeps Terragrunt from downloading a plug-in that would run in the place of the program it was told to start.
const FIXED: [(&str, &str); 13] = [
    ("TF_IN_AUTOMATION", "1"),
    ("TF_INPUT", "0"),
    ("CHECKPOINT_DISABLE", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("PAGER", "cat"),
    ("GIT_PAGER", "cat"),
    ("EDITOR", "false"),
    ("VISUAL", "false"),
    ("GIT_EDITOR", "false"),
    ("TG_NON_INTERACTIVE", "true"),
    ("TG_NO_COLOR", "true"),
    ("TERRAGRUNT_NON_INTERACTIVE", "true"),
    ("TG_NO_ENGINE", "true"),
];

/// How Terragrunt, new and old, is told which program to start.
const STARTED_BY_TERRAGRUNT: [&str; 2] = ["TG_TF_PATH", "TERRAGRUNT_TFPATH"];

/// The tool's environment, made of the script's.
pub(crate) fn of_tool(own: impl Iterator<Item = (OsString, OsString)>) -> Vec<(OsString, OsString)> {
    let mut environment: Vec<_> = own.filter(|(name, _)| !is_removed(name.as_bytes())).collect();
    environment.extend(FIXED.map(|(name, value)| (name.into(), value.into())));
    environment.push(("PATH".into(), program::search_path()));
    environment
}

/// The same for a tool that deploys code. `engine` is what Terragrunt starts.
pub(super) fn of_deployment(
    own: impl Iterator<Item = (OsString, OsString)>,
    engine: &Path,
) -> Vec<(OsString, OsString)> {
    let mut environment = of_tool(own);
    environment.extend(STARTED_BY_TERRAGRUNT.map(|name| (name.into(), engine.into())));
    environment
}

fn is_removed(name: &[u8]) -> bool {
    REMOVED.iter().any(|removed| removed.as_bytes() == name)
        || REMOVED_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn tool_environment(own: &[(&str, &str)]) -> BTreeMap<String, String> {
        of_deployment(
            own.iter().map(|(name, value)| (name.into(), value.into())),
            Path::new("/tools/tofu"),
        )
        .into_iter()
        .map(|(name, value)| (name.into_string().unwrap(), value.into_string().unwrap()))
        .collect()
    }

    #[test]
    fn what_would_add_words_programs_or_git_secrets_is_taken_out() {
        for name in [
            "TF_CLI_ARGS",
            "TF_CLI_ARGS_apply",
            "TF_CLI_ARGS_init",
            "TF_REATTACH_PROVIDERS",
            "TF_DATA_DIR",
            "LD_PRELOAD",
            "LD_LIBRARY_PATH",
            "BASH_ENV",
            "GIT_TOKEN",
            "GIT_USERNAME",
            "GIT_SSH_COMMAND",
            "GIT_CONFIG_COUNT",
            "SSH_AUTH_SOCK",
            "SSH_PRIVATE_KEY",
            "GIT_TOKEN_2",
            "PLAN_KEY",
            "DEPLOY_RUNNER_REPORTS_FD",
        ] {
            assert_eq!(tool_environment(&[(name, "x")]).get(name), None, "{name}");
        }
    }

    #[test]
    fn terragrunt_starts_what_was_picked_and_nothing_else() {
        let environment = tool_environment(&[("TG_TF_PATH", "/evil"), ("TERRAGRUNT_TFPATH", "/evil")]);
        assert_eq!(environment["TG_TF_PATH"], "/tools/tofu");
        assert_eq!(environment["TERRAGRUNT_TFPATH"], "/tools/tofu");
    }

    #[test]
    fn no_plug_in_of_terragrunt_runs_instead() {
        let environment = tool_environment(&[
            ("TG_NO_ENGINE", "false"),
            ("TG_EXPERIMENTAL_ENGINE", "1"),
            ("TERRAGRUNT_EXPERIMENTAL_ENGINE", "1"),
        ]);
        assert_eq!(environment["TG_NO_ENGINE"], "true");
        assert!(!environment.keys().any(|name| name.ends_with("EXPERIMENTAL_ENGINE")));
    }

    #[test]
    fn what_the_allow_list_declares_for_the_tool_stays() {
        for name in [
            "AWS_REGION",
            "TF_VAR_size",
            "TF_PLUGIN_CACHE_DIR",
            "TF_CLI_CONFIG_FILE",
            "HOME",
            "TF_WORKSPACE",
        ] {
            assert_eq!(
                tool_environment(&[(name, "x")]).get(name).map(String::as_str),
                Some("x"),
                "{name}"
            );
        }
    }

    #[test]
    fn pagers_editors_and_questions_are_neutralised_whatever_was_declared() {
        let environment = tool_environment(&[
            ("PAGER", "less"),
            ("EDITOR", "vi"),
            ("VISUAL", "vi"),
            ("TF_INPUT", "1"),
            ("PATH", "bin"),
        ]);
        assert_eq!(environment["PAGER"], "cat");
        assert_eq!(environment["EDITOR"], "false");
        assert_eq!(environment["VISUAL"], "false");
        assert_eq!(environment["TF_INPUT"], "0");
        assert_ne!(environment["PATH"], "bin");
    }
}
