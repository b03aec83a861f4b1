//! What `terraform-update-variable --help` says below its options.

use crate::git;

/// What comes out, and the exit codes.
const OUTCOMES: &str = "\
Where a variable is looked for:
  .tfvars   an attribute at the top of the file
  .tf       `variable \"NAME\" { default = … }`, or an attribute of `locals { … }`
  .hcl      an attribute at the top of the file, a key of `inputs = { … }`, or an attribute of `locals { … }`

Output: with --dry-run the changed lines; the last line of standard output is one JSON object, always.

Exit codes:
  0           pushed; or nothing to change; or printed (--dry-run)
  64          the command line is wrong
  65          the file is not HCL or has no such variable, the value does not fit the variable,
              the new branch exists
  66          the repository, the branch or the file is not there
  69          the repository cannot be reached, or does not work
  70          git behaved in a way that this script does not know
  74          a disk is full; a file or directory of this script's own cannot be written or read
  75          the branch kept moving, or there is no room for another process: nothing was
              pushed, try again later
  77          refused: by the server or its hooks, in its own words; the path goes through a link;
              another host key than the declared one; a repository that git's own checks refuse
  78          what is declared for the container is missing or wrong: credential, SSH key, host
              key, certificate
  126, 127    git cannot be started, or is missing
  129, 130, 143   stopped by SIGHUP, SIGINT or SIGTERM";

/// What the script reads besides what git's part reads.
const ENVIRONMENT: &str = "  TMPDIR                    where the work is done";

/// All of it.
pub(super) fn text() -> String {
    format!("{OUTCOMES}\n\n{}{ENVIRONMENT}", git::ENVIRONMENT_HELP)
}
