//! Variables: names that change which program runs or what it obeys, and secrets in the wrong place.

use crate::source::{ContainerSource, Text};

use super::report::Report;

/// Names that make the loader, a shell, an interpreter, git or Terraform run or load something else.
const HIJACKING: &[&str] = &[
    "BASH_ENV",
    "ENV",
    "IFS",
    "SHELLOPTS",
    "BASHOPTS",
    "PROMPT_COMMAND",
    "PS4",
    "GCONV_PATH",
    "LOCPATH",
    "GLIBC_TUNABLES",
    "GIT_ASKPASS",
    "GIT_CONFIG",
    "GIT_DIR",
    "GIT_EDITOR",
    "GIT_EXEC_PATH",
    "GIT_EXTERNAL_DIFF",
    "GIT_PAGER",
    "GIT_PROXY_COMMAND",
    "GIT_SEQUENCE_EDITOR",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSL_NO_VERIFY",
    "GIT_TEMPLATE_DIR",
    "GIT_WORK_TREE",
    "GIT_ALLOW_PROTOCOL",
    "GIT_PROTOCOL_FROM_USER",
    "SSH_ASKPASS",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "BROWSER",
    "JAVA_TOOL_OPTIONS",
    "NODE_OPTIONS",
    "PERL5DB",
    "PERL5LIB",
    "PERL5OPT",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "RUBYLIB",
    "RUBYOPT",
    "TF_REATTACH_PROVIDERS",
    "TG_TF_PATH",
    "TERRAGRUNT_TFPATH",
    "TG_DOWNLOAD_DIR",
];
/// Beginnings of such names.
const HIJACKING_PREFIXES: &[&str] = &["LD_", "DYLD_", "GIT_CONFIG_", "BASH_FUNC_", "TF_CLI_ARGS"];
/// What the runner or the engine sets itself.
const RESERVED_PREFIXES: &[&str] = &["DEPLOY_RUNNER_", "AWS_CONTAINER_", "ECS_CONTAINER_", "ECS_AGENT_"];
/// What the runner sets to a value of its own.
const RUNNER_SETS: &[&str] = &["PATH", "HOME", "TMPDIR", "LANG", "PWD", "USER", "LOGNAME", "SHELL"];
/// Parts of names that hold secrets.
const SECRET_PARTS: &[&str] = &[
    "PASSWORD",
    "PASSWD",
    "SECRET",
    "TOKEN",
    "CREDENTIAL",
    "PRIVATE_KEY",
    "API_KEY",
    "ACCESS_KEY",
];

pub(super) fn check_environment(container: &ContainerSource, report: &mut Report) {
    for (name, value) in &container.environment.entries {
        report.at(name, |report| {
            check_name(name, report);
            let upper = name.to_ascii_uppercase();
            let is_callers = !begins(name, RESERVED_PREFIXES) && !value.is_empty();
            if is_callers && SECRET_PARTS.iter().any(|part| upper.contains(part)) {
                let help = "name a secret under `secrets`: values here are in the compiled file, in logs and in the task definition";
                report.warning("secret-in-environment", name.mark, format!("`{name}` looks like a secret"), help);
            }
        });
    }
}

pub(super) fn check_secrets(container: &ContainerSource, report: &mut Report) {
    for (name, reference) in &container.secrets.entries {
        report.at(name, |report| {
            check_name(name, report);
            if container.environment.get(name).is_some() {
                let message = format!("`{name}` is also in `environment`");
                report.error("environment-and-secret", name.mark, message, "keep one of them");
            }
            if reference.is_empty() || reference.contains(char::is_whitespace) {
                let message = "the reference is empty or has spaces, so it names no secret";
                report.error(
                    "secret-reference",
                    reference.mark,
                    message,
                    "write the secret's ARN or name, never its value",
                );
            }
        });
    }
}

fn check_name(name: &Text, report: &mut Report) {
    let hijacks = HIJACKING.contains(&name.value.as_str()) || begins(name, HIJACKING_PREFIXES);
    if hijacks {
        let message = format!("`{name}` changes which program runs or what it obeys");
        report.error(
            "hijacking-variable",
            name.mark,
            message,
            "remove it; what a tool shall do belongs into the script's options",
        );
    } else if begins(name, RESERVED_PREFIXES) {
        report.error(
            "reserved-variable",
            name.mark,
            format!("`{name}` is set by the engine"),
            "remove it",
        );
    } else if RUNNER_SETS.contains(&name.value.as_str()) {
        let message = format!("`{name}` replaces what the runner sets");
        report.warning(
            "runner-variable",
            name.mark,
            message,
            "leave it to the runner unless the image needs it",
        );
    }
}

fn begins(name: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}
