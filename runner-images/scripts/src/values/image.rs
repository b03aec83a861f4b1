//! What a registry is told: names of images, and the places that they may go to.

use std::fmt;
use std::str::FromStr;

use super::{ValueError, is_identifier};

/// Longer names are refused by registries.
const LONGEST_REPOSITORY: usize = 255;
const LONGEST_TAG: usize = 128;

/// A registry and a repository in it, such as `registry.example.com/apps/web`. The registry is always said, never assumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRepository(String);

impl ImageRepository {
    /// The registry's host and port.
    pub fn registry(&self) -> &str {
        self.0.split_once('/').map_or(self.0.as_str(), |(registry, _)| registry)
    }

    /// Whether the registry is this machine, where nothing is encrypted.
    pub fn is_on_this_machine(&self) -> bool {
        let host = self
            .registry()
            .split_once(':')
            .map_or(self.registry(), |(host, _)| host);
        host == "localhost" || host == "127.0.0.1"
    }

    /// Whether this is `other` or lies beneath it, by whole parts of the path.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0
            .strip_prefix(&other.0)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl FromStr for ImageRepository {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let refused = || ValueError::ImageRepository(text.to_owned());
        let (registry, path) = text.split_once('/').ok_or_else(refused)?;
        if text.len() <= LONGEST_REPOSITORY && is_registry(registry) && path.split('/').all(is_component) {
            Ok(Self(text.to_owned()))
        } else {
            Err(refused())
        }
    }
}

impl fmt::Display for ImageRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The full name of an image: registry, repository and tag. No digest, and no tag by omission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageName {
    text: String,
    repository: ImageRepository,
}

impl ImageName {
    /// The name without its tag.
    pub const fn repository(&self) -> &ImageRepository {
        &self.repository
    }
}

impl FromStr for ImageName {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let refused = || ValueError::ImageName(text.to_owned());
        let (repository, tag) = text.rsplit_once(':').ok_or_else(refused)?;
        let repository = repository.parse().map_err(|_: ValueError| refused())?;
        if is_tag(tag) {
            let text = text.to_owned();
            Ok(Self { text, repository })
        } else {
            Err(refused())
        }
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A declared secret for the build, `id=NAME`: the environment variable `NAME` of the script, mounted under that id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretMount(String);

impl SecretMount {
    /// The id and the variable's name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretMount {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text.strip_prefix("id=") {
            Some(name) if is_identifier(name) && !name.contains('-') => Ok(Self(name.to_owned())),
            _ => Err(ValueError::SecretMount(text.to_owned())),
        }
    }
}

impl fmt::Display for SecretMount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "id={}", self.0)
    }
}

/// A host that cannot be taken for a part of a path: it has a dot or a port, or is this machine.
fn is_registry(text: &str) -> bool {
    let (host, port) = text
        .split_once(':')
        .map_or((text, None), |(host, port)| (host, Some(port)));
    let is_host = host.split('.').all(|label| {
        let plain = label
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        plain && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    });
    let is_port = |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
    is_host && port.is_none_or(is_port) && (host.contains('.') || port.is_some() || host == "localhost")
}

/// Lower-case words, with `.`, `_`, `__` or dashes between them.
fn is_component(text: &str) -> bool {
    let is_separator = |c: char| matches!(c, '.' | '_' | '-');
    let plain = text
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || is_separator(c));
    plain
        && !text.is_empty()
        && !text.starts_with(is_separator)
        && !text.ends_with(is_separator)
        && !text.contains("..")
}

fn is_tag(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text.len() <= LONGEST_TAG
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: FromStr<Err = ValueError> + fmt::Debug + fmt::Display>(accepted: &[&str], refused: &[&str]) {
        for text in accepted {
            assert_eq!(text.parse::<T>().unwrap().to_string(), *text);
        }
        for text in refused {
            assert!(text.parse::<T>().is_err(), "{text:?} should be refused");
        }
    }

    #[test]
    fn an_image_has_a_registry_a_repository_and_a_tag() {
        check::<ImageName>(
            &[
                "111122223333.dkr.ecr.eu-west-1.amazonaws.com/apps/web:1.2.3",
                "localhost/web:x",
                "127.0.0.1:5000/web:_1",
                "registry:5000/a/b_c/d-e:v1",
            ],
            &[
                "",
                "web",
                "web:1",
                "apps/web:1",
                "registry.example.com/web",
                "registry.example.com:5000/web",
                "registry.example.com/web:",
                "registry.example.com/web:-x",
                "registry.example.com/web:1@sha256:00",
                "registry.example.com/web@sha256:00",
                "registry.example.com/Web:1",
                "registry.example.com/../web:1",
                "registry.example.com//web:1",
                "registry.example.com/-web:1",
                "registry.example.com/web:a b",
                "registry.example.com/web:a,push=true",
                "-registry.example.com/web:1",
                "--registry.example.com/web:1",
                "https://registry.example.com/web:1",
                "user:pass@registry.example.com/web:1",
            ],
        );
    }

    #[test]
    fn a_repository_lies_within_another_by_whole_parts() {
        let repository = |text: &str| text.parse::<ImageRepository>().unwrap();
        let apps = repository("registry.example.com/apps");
        for (text, within) in [
            ("registry.example.com/apps", true),
            ("registry.example.com/apps/web", true),
            ("registry.example.com/apps2", false),
            ("registry.example.com/other/apps", false),
            ("registry.example.com.evil.example/apps", false),
        ] {
            assert_eq!(repository(text).is_within(&apps), within, "{text}");
        }
        assert!(repository("127.0.0.1:5000/a").is_on_this_machine());
        assert!(!repository("127.0.0.1.example.com/a").is_on_this_machine());
    }

    #[test]
    fn a_secret_is_named_and_never_a_file_or_another_variable() {
        check::<SecretMount>(
            &["id=NPM_TOKEN", "id=token"],
            &[
                "",
                "NPM_TOKEN",
                "id=",
                "id=a,src=/etc/shadow",
                "id=a,env=AWS_SECRET",
                "id=a-b",
                "src=/x",
                "id=1",
            ],
        );
    }
}
