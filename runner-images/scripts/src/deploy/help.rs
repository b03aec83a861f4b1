//! What `infrastructure-deploy-script --help` says below its options.

use crate::git;

/// Those of the script; the tool's pass through.
const EXIT_CODES: &str = "\
Exit codes:
  0, 1, 2 …   the tool's own, unchanged (also those of `init`); 128 + n when signal n ended it
  64          the command line is wrong
  65          the directory or a file is of the wrong kind; a version file does not name one exact
              version; a plan that cannot be saved
  66          the repository, the commit, the directory, a file or the saved plan is not there
  69          the repository, or the bucket of saved plans, cannot be reached, or does not work
  70          git or Terraform behaved in a way that this script does not know
  74          a disk is full; a file or directory of this script's own cannot be written or read
  75          there is no room for another process: try again later
  77          refused: unreviewed commit, code still wanted, path leads out, state would be lost,
              saved plan of something else, stale, expired or tampered with, another host key than
              the declared one, a repository that git's own checks refuse
  78          what is declared for the container is missing or wrong: credential, SSH key, host
              key, certificate, PLAN_KEY, permission, Region or bucket
  126, 127    git or the tool cannot be started, or is missing (also: in the version that the
              repository asks for)
  129, 130, 143   stopped by SIGHUP, SIGINT or SIGTERM before the tool ran";

/// What the script reads besides what git's part reads.
const ENVIRONMENT: &str =
    "  PLAN_KEY                  key of saved plans; where it is declared, every command needs a reviewed
                            commit
  AWS_REGION                Region of the bucket of saved plans; its credentials are those of the
                            task, as for Terraform
  TF_PLUGIN_CACHE_DIR       where providers are kept between runs
  TMPDIR                    where the checkout is made";

/// All of it.
pub(crate) fn text() -> String {
    format!("{EXIT_CODES}\n\n{}{ENVIRONMENT}", git::ENVIRONMENT_HELP)
}
