//! Which image a container of the allow-list is on this machine.
//!
//! The allow-list says a name; a reference for it comes from whoever runs the command, as on AWS it comes from Terraform. A name without a
//! reference is an image that was built here. It is never looked for in a registry, where anybody may take a free name.

use serde::{Deserialize, Serialize};

use crate::config::{EngineName, PullPolicy};

/// An image by its name in the allow-list, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Image {
    pub(crate) name: String,
    /// `REGISTRY/REPOSITORY@sha256:DIGEST`, a tag, or the `sha256:…` id of an image that is here.
    pub(crate) reference: Option<String>,
}

/// What an engine tells about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageFacts {
    /// The digest of its configuration: names exactly these bytes.
    pub(crate) id: String,
    pub(crate) entrypoint: Vec<String>,
    /// Where it declares volumes.
    pub(crate) volumes: Vec<String>,
}

impl Image {
    /// The full references under which an engine may have it. Short ones would be completed by rules that differ between engines.
    pub(crate) fn references(&self, engine: EngineName) -> Vec<String> {
        if let Some(reference) = &self.reference {
            return vec![reference.clone()];
        }
        // How each engine keeps what was built under a bare name, and how `make images` names the images of this project.
        let bare = match engine {
            EngineName::Podman => "localhost",
            EngineName::Docker => "docker.io/library",
        };
        [bare, "localhost/deploy-runner"]
            .map(|place| format!("{place}/{}:latest", self.name))
            .into()
    }

    /// The reference to pull, if the policy allows it. None when the image that is here will do. The error is why it cannot be pulled.
    pub(crate) fn to_pull(&self, policy: PullPolicy, here: bool) -> Result<Option<&str>, String> {
        match (policy, here) {
            (PullPolicy::Never | PullPolicy::Missing, true) => Ok(None),
            (PullPolicy::Never, false) => Err(format!(
                "image {self} is not here, and `--pull never` forbids to pull it: {}",
                self.advice()
            )),
            (PullPolicy::Missing | PullPolicy::Always, _) => match &self.reference {
                Some(reference) if in_a_registry(reference) => Ok(Some(reference)),
                Some(_) | None => {
                    let what = if here { "cannot be pulled" } else { "is not here" };
                    Err(format!(
                        "image {self} {what}, and nothing names a registry for it: {}",
                        self.advice()
                    ))
                }
            },
        }
    }

    fn advice(&self) -> String {
        match &self.reference {
            Some(reference) if in_a_registry(reference) => "leave `--pull` out, or pull it yourself".to_owned(),
            Some(_) | None => format!(
                "build it here under this name, or say where it is with `--image {}=REGISTRY/REPOSITORY@sha256:DIGEST`",
                self.name
            ),
        }
    }
}

fn in_a_registry(reference: &str) -> bool {
    reference
        .split_once('/')
        .is_some_and(|(registry, _)| is_registry(registry))
}

/// Says which of a repository's images it means, by tag or digest.
pub(super) fn names_one(reference: &str) -> bool {
    let last = reference.rsplit('/').next().unwrap_or(reference);
    last.contains([':', '@'])
}

/// The part of an image reference before its first `/` names a registry, as Docker and Podman read it.
fn is_registry(part: &str) -> bool {
    part.contains('.') || part.contains(':')
}

impl std::fmt::Display for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.reference {
            Some(reference) => write!(f, "`{reference}` (`{}`)", self.name),
            None => write!(f, "`{}`", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(reference: Option<&str>) -> Image {
        Image {
            name: "jobs".to_owned(),
            reference: reference.map(str::to_owned),
        }
    }

    #[test]
    fn a_name_alone_is_an_image_that_was_built_here() {
        let podman = ["localhost/jobs:latest", "localhost/deploy-runner/jobs:latest"];
        assert_eq!(image(None).references(EngineName::Podman), podman);
        let docker = ["docker.io/library/jobs:latest", "localhost/deploy-runner/jobs:latest"];
        assert_eq!(image(None).references(EngineName::Docker), docker);
        assert_eq!(
            image(Some("r.example/jobs@sha256:00")).references(EngineName::Docker),
            ["r.example/jobs@sha256:00"]
        );
    }

    #[test]
    fn nothing_is_pulled_unless_a_registry_is_named() {
        for reference in [
            None,
            Some("sha256:0123"),
            Some("localhost/jobs:latest"),
            Some("library/jobs"),
        ] {
            for policy in [PullPolicy::Always, PullPolicy::Missing, PullPolicy::Never] {
                let refused = image(reference)
                    .to_pull(policy, false)
                    .expect_err("there is no registry");
                assert!(
                    refused.contains("--image jobs=REGISTRY/REPOSITORY@sha256:DIGEST"),
                    "{refused}"
                );
            }
        }
        let pinned = "r.example:5000/jobs@sha256:00";
        assert_eq!(
            image(Some(pinned)).to_pull(PullPolicy::Missing, false),
            Ok(Some(pinned))
        );
    }

    #[test]
    fn a_reference_names_one_image_by_tag_or_digest() {
        for (reference, one) in [
            ("r.example:5000/apps/jobs", false),
            ("r.example:5000/apps/jobs:1", true),
            ("r.example/jobs@sha256:00", true),
        ] {
            assert_eq!(names_one(reference), one, "{reference}");
        }
    }

    #[test]
    fn the_policy_says_when_an_image_is_pulled() {
        let pinned = "r.example/jobs@sha256:00";
        let jobs = image(Some(pinned));
        assert_eq!(jobs.to_pull(PullPolicy::Missing, true), Ok(None));
        assert_eq!(jobs.to_pull(PullPolicy::Never, true), Ok(None));
        assert_eq!(jobs.to_pull(PullPolicy::Always, true), Ok(Some(pinned)));
        assert_eq!(image(None).to_pull(PullPolicy::Never, true), Ok(None));
        assert_eq!(
            jobs.to_pull(PullPolicy::Never, false).expect_err("must not be pulled"),
            "image `r.example/jobs@sha256:00` (`jobs`) is not here, and `--pull never` forbids to pull it: leave `--pull` out, or pull it yourself"
        );
    }
}
