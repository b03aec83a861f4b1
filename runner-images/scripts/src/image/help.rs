//! What `build-docker-image --help` says below its options.

use crate::git;

/// What comes out, and the exit codes.
const OUTCOMES: &str = "\
The build sees the commit's files and none of the git history. The image gets the label org.opencontainers.image.revision.
What the builder prints goes to standard error. The last line of standard output is one JSON object:
  outcome      `pushed`, `exists` when every tag was there (--idempotent), or `built` (--no-push)
  repository, commit, context, dockerfile
  images       of each tag: name, digest

Exit codes:
  0           pushed; or there already (--idempotent); or built (--no-push)
  1           the build failed: the builder's own messages are on standard error
  64          the command line is wrong
  65          the context or the Dockerfile is of the wrong kind
  66          the repository, the commit, the context, the Dockerfile or the registry's repository
              is not there
  69          the repository, the registry or BuildKit's daemon cannot be reached, or does not work
  70          a program behaved in a way that this script does not know
  74          a disk is full; a file or directory of this script's own cannot be written or read
  75          there is no room for another process: try again later
  77          refused: an image name that the allow-list does not allow, a tag that does not move,
              unreviewed commit, path leads out, another host key than the declared one, a
              repository that git's own checks refuse
  78          what is declared for the container is missing or wrong: credential (git's or the
              registry's), secret, SSH key, host key, certificate
  126, 127    a program cannot be started, or is missing; or buildah is not root and can have no
              user namespace
  129, 130, 143   stopped by SIGHUP, SIGINT or SIGTERM";

/// What the script reads besides what git's part reads.
const ENVIRONMENT: &str =
    "  REGISTRY_USERNAME, REGISTRY_PASSWORD   credential for the tags' registries; the user is `AWS` if
                            none is declared
  REGISTRY_CONFIG_JSON      instead of them, the text of a `config.json` as Docker has it
                            (credential helpers too)
  BUILDKIT_HOST             where the daemon of --builder=buildkit is
  TMPDIR                    where the checkout is made and the image is built";

/// All of it.
pub(super) fn text() -> String {
    format!("{OUTCOMES}\n\n{}{ENVIRONMENT}", git::ENVIRONMENT_HELP)
}
