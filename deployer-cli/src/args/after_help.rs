//! The end of the help: examples, and the exit codes from the one table in `protocol`.

use std::fmt::Write as _;

use protocol::ExitCode;

const EXAMPLES: &str = "\
Examples:
  Plan on this machine, in a sandbox:
    infrastructure-deployer --local --config allow-list.yaml -- \\
      terraform-planner infrastructure-deploy-script --repo=live --ref=$COMMIT --command=plan --deploy-path=sandbox/app

  See which rule accepts or refuses each word, and start nothing:
    infrastructure-deployer --local --config allow-list.yaml --explain -- terraform-planner infrastructure-deploy-script --command=apply

  See what may be asked for:
    infrastructure-deployer --local --config allow-list.yaml --describe-containers

  Come back to a run, stop it, list the runs:
    infrastructure-deployer --local attach RUN
    infrastructure-deployer --local cancel RUN
    infrastructure-deployer --local runs
";

/// For `-h`.
pub(super) fn short() -> &'static str {
    "Words after `--` are never read as options of this command. More with --help."
}

/// For `--help`.
pub(super) fn long() -> String {
    let mut text = String::from(EXAMPLES);
    text.push_str("\nExit codes:\n  0-255  the job's own exit code, unchanged; 128 + N when signal N ended it\n");
    for code in ExitCode::OWN {
        // Writing to a string cannot fail.
        let _infallible = writeln!(text, "  {:<5}  {}", code.code(), code.meaning());
    }
    text.push_str(
        "  --result-file tells a job's own code from a code of the deployer.\n\n\
         Environment: each option can be set by its variable, shown as [env: …]; the command line wins. \
         Options that may be repeated take one value per line. NO_COLOR switches the deployer's own colours off, CLICOLOR_FORCE on.\n\n\
         Standard output carries the job's standard output and nothing else; the deployer's own messages go to standard error.",
    );
    text
}
