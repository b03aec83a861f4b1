//! The end of the help: examples, and the exit codes from the one table in `protocol`.

use std::fmt::Write as _;

use protocol::ExitCode;

const EXAMPLES: &str = "\
Examples:
  Plan in AWS, from CI or from a terminal, with credentials that may call the invoker:
    infrastructure-deployer --aws-region us-west-2 -- \\
      terraform-planner infrastructure-deploy-script --repo=live --ref=$COMMIT --command=plan --deploy-path=sandbox/app

  The same on this machine, in a sandbox:
    infrastructure-deployer --local --config allow-list.yaml -- \\
      terraform-planner infrastructure-deploy-script --repo=live --ref=$COMMIT --command=plan --deploy-path=sandbox/app

  The same in a container of Docker or Podman, from the image that ECS runs:
    infrastructure-deployer --local --engine docker --config allow-list.yaml \\
      --image terraform-runner=registry.example.com/terraform-runner@sha256:… -- \\
      terraform-planner infrastructure-deploy-script --repo=live --ref=$COMMIT --command=plan --deploy-path=sandbox/app

  See which rule accepts or refuses each word, and start nothing:
    infrastructure-deployer --aws-region us-west-2 --explain -- terraform-planner infrastructure-deploy-script --command=apply

  See what may be asked for:
    infrastructure-deployer --aws-region us-west-2 --describe-containers

  Start a run and leave, come back to it, stop it:
    RUN=$(infrastructure-deployer --aws-region us-west-2 --no-wait -- terraform-planner infrastructure-deploy-script …)
    infrastructure-deployer --aws-region us-west-2 attach $RUN
    infrastructure-deployer --aws-region us-west-2 cancel $RUN

  Another function, by its alias; the Region is that of the ARN:
    infrastructure-deployer --invoker-function-id arn:aws:lambda:us-west-2:123456789012:function:deploys:live attach $RUN
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
         AWS: credentials come from where the SDKs of AWS look (AWS_ACCESS_KEY_ID and its companions, AWS_PROFILE with its files, SSO and \
         credential_process, a web identity, a container's or an instance's role) and need lambda:InvokeFunction on the one function. \
         AWS_ENDPOINT_URL, AWS_USE_FIPS_ENDPOINT, HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE are followed.\n\n\
         Docker and Podman: the socket that DOCKER_HOST or CONTAINER_HOST names (unix:///PATH), else the usual ones, the user's own first.\n\n\
         Standard output carries the job's standard output and nothing else; the deployer's own messages go to standard error.",
    );
    text
}
