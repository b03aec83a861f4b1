//! What `build-packer-artifact --help` says below its options.

use crate::git;

/// What comes out, and the exit codes.
const OUTCOMES: &str = "\
Packer runs in the template's directory. What it prints goes to standard error. It gets no plugins but those of the image
(in /usr/local/lib/packer/plugins, or where PACKER_PLUGIN_PATH says), and none of the repository's git history.

With --output-properties standard output is one JSON object on one line:
  outcome      `built`, or `exists` when all of it was there already (--idempotent)
  repository, commit, template
  artifacts    of each: outcome, build, builder, id (for an AMI `region:ami-…`; just `ami-…` when its name was taken), files

With --idempotent-tag EC2 is asked in AWS_REGION before Packer starts. Of several AMIs with all the
tags the newest counts; one that is still being made (`pending`) may fail and is no success.
What was built has to have the tags too, in AWS_REGION, or the run fails. One AMI with the tags
counts for the whole template: where that has several builds, give each its own tags and --build-name.

Exit codes:
  0           built; or there already (--idempotent)
  1           a build failed: Packer's own code, its messages are on standard error; 128 + n when
              signal n ended it
  64          the command line is wrong
  65          Packer cannot read the template, or nothing in it is to be built
  66          the repository, the commit or the template is not there
  69          the repository, or EC2 (--idempotent-tag), cannot be reached, or does not work
  70          git or Packer behaved in a way that this script does not know
  74          a disk is full; a file or directory of this script's own cannot be written or read
  75          an AMI with the tags is still being made (--idempotent-tag), or there is no room for
              another process: try again later
  77          refused: unreviewed commit, path leads out, another host key than the declared one,
              a repository that git's own checks refuse
  78          what is declared for the container is missing or wrong: credential, SSH key, host
              key, certificate, permission; or what was built, or has its name, lacks the tags in
              AWS_REGION (--idempotent-tag)
  126, 127    git or packer cannot be started, or is missing
  129, 130, 143   stopped by SIGHUP, SIGINT or SIGTERM before Packer ran; later, Packer cleans up
              and ends with its own code";

/// What the script reads besides what git's part reads.
const ENVIRONMENT: &str = "  PKR_VAR_name              variable of the template that may be secret
  AWS_REGION                Region of --idempotent-tag; credentials are the task's, as for Packer
  AWS_ENDPOINT_URL_EC2      endpoint of your own for --idempotent-tag, as AWS_ENDPOINT_URL is
  TMPDIR                    where the checkout is made";

/// All of it.
pub(super) fn text() -> String {
    format!("{OUTCOMES}\n\n{}{ENVIRONMENT}", git::ENVIRONMENT_HELP)
}
