//! The words of a request as domain types: commit ids, ref names, paths, variables, addresses.
//!
//! Responsible for refusing a value that could mean something else to git or Terraform, although the gate has checked it
//! already. Never touches the file system.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Why a value is refused. Every message says what would be accepted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ValueError {
    /// Not a full object id.
    #[error("`{0}` is not a full commit id: give all 40 (or 64) lower-case hexadecimal digits")]
    CommitId(String),
    /// Not a full ref name.
    #[error("`{0}` is not a full ref name: give one such as `refs/heads/main`")]
    RefName(String),
    /// Not a path inside the repository.
    #[error(
        "`{0}` is not a path inside the repository: give a relative path with `/` between its parts, without `..`, `.git` or a leading dash"
    )]
    Path(String),
    /// Not `key=value`.
    #[error("`{0}` is not `key=value` with a key of letters, digits, `_` and `-` that starts with a letter or `_`")]
    Assignment(String),
    /// Not a resource address.
    #[error("`{0}` is not a resource address: give one such as `module.network.aws_vpc.main[0]`")]
    Address(String),
    /// Not the name of an output.
    #[error("`{0}` is not the name of an output: use letters, digits, `_` and `-`, starting with a letter or `_`")]
    OutputName(String),
    /// Not a duration.
    #[error("`{0}` is not a duration: give a whole number with its unit, such as `90s`, `5m` or `1h`")]
    Duration(String),
    /// Text that shows differently from what it is.
    #[error("{0:?} has a character that does not show (a control or direction character): remove it")]
    Invisible(String),
}

/// A full git object id in lower case. It can never be a branch, a tag or an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitId(String);

impl CommitId {
    /// The id as git writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name git has for the repository's object format.
    pub fn object_format(&self) -> &'static str {
        if self.0.len() == 64 { "sha256" } else { "sha1" }
    }
}

impl FromStr for CommitId {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let hexadecimal = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if hexadecimal && (text.len() == 40 || text.len() == 64) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::CommitId(text.to_owned()))
        }
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A full ref name, such as `refs/heads/main`; never a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefName(String);

impl RefName {
    /// The name as git writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RefName {
    type Err = ValueError;

    /// Follows `git check-ref-format`, and is stricter: ASCII only.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let plain = text.bytes().all(|b| b.is_ascii_graphic() && !b"~^:?*[\\".contains(&b));
        let is_name = |part: &str| {
            !part.is_empty() && !part.starts_with('.') && !part.ends_with('.') && part.strip_suffix(".lock").is_none()
        };
        let parts_are_names = text.split('/').all(is_name);
        let two_levels = text.strip_prefix("refs/").is_some_and(|rest| rest.contains('/'));
        if plain && parts_are_names && two_levels && !text.contains("..") && !text.contains("@{") {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::RefName(text.to_owned()))
        }
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A normalised relative path; `.` is the repository's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelativePath(String);

impl RelativePath {
    /// The path as a path.
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }

    /// The path and each directory above it, shortest first: `a`, `a/b`, `a/b/c`. Empty for the root.
    pub fn ancestry(&self) -> Vec<String> {
        if self.0 == "." {
            return Vec::new();
        }
        let mut so_far = PathBuf::new();
        self.0
            .split('/')
            .map(|part| {
                so_far.push(part);
                so_far.to_string_lossy().into_owned()
            })
            .collect()
    }
}

impl FromStr for RelativePath {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        refuse_invisible(text)?;
        let normalised = text == "."
            || text.split('/').all(|part| {
                !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git") && !part.contains('\\')
            });
        if normalised && !text.starts_with('-') {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::Path(text.to_owned()))
        }
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `key=value`; the first `=` splits. The value may be empty and is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Assignment {
    key: String,
    value: String,
}

impl Assignment {
    /// What is assigned to.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl FromStr for Assignment {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text.split_once('=') {
            Some((key, value)) if is_identifier(key) => {
                if value.chars().any(|c| c == '\0') {
                    return Err(ValueError::Invisible(key.to_owned()));
                }
                Ok(Self {
                    key: key.to_owned(),
                    value: value.to_owned(),
                })
            }
            // Only the key is repeated: the value may be something that nobody should read in a log.
            Some((key, _)) => Err(ValueError::Assignment(format!("{key}=…"))),
            None => Err(ValueError::Assignment(text.to_owned())),
        }
    }
}

impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

impl fmt::Debug for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Assignment({}=…)", self.key)
    }
}

/// The address of a resource or module, as `-target` takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

impl FromStr for Address {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        refuse_invisible(text)?;
        let starts_like_a_name = text.starts_with(|c: char| c.is_alphabetic() || c == '_');
        if starts_like_a_name {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::Address(text.to_owned()))
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputName(String);

impl OutputName {
    /// The name as Terraform takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OutputName {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if is_identifier(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::OutputName(text.to_owned()))
        }
    }
}

/// How long Terraform waits for a state lock, in its own notation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockTimeout(String);

impl FromStr for LockTimeout {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let digits = text.strip_suffix(['s', 'm', 'h']).unwrap_or_default();
        if (1..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::Duration(text.to_owned()))
        }
    }
}

impl fmt::Display for LockTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn refuse_invisible(text: &str) -> Result<(), ValueError> {
    let invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
    };
    if text.contains(invisible) {
        Err(ValueError::Invisible(text.to_owned()))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: FromStr<Err = ValueError> + fmt::Debug + PartialEq>(accepted: &[&str], refused: &[&str]) {
        for text in accepted {
            assert!(
                text.parse::<T>().is_ok(),
                "{text:?} should be accepted: {:?}",
                text.parse::<T>()
            );
        }
        for text in refused {
            assert!(
                text.parse::<T>().is_err(),
                "{text:?} should be refused: {:?}",
                text.parse::<T>()
            );
        }
    }

    #[test]
    fn a_commit_is_a_full_lower_case_object_id_and_nothing_else() {
        let (sha1, sha256) = ("0123456789abcdef0123456789abcdef01234567", "0".repeat(64));
        check::<CommitId>(
            &[sha1, &sha256],
            &[
                "",
                "main",
                "HEAD",
                "0123456",
                "-h",
                "--upload-pack=x",
                &sha1.to_uppercase(),
                &format!("{sha1}\n"),
                &format!("{sha1}^"),
                &format!("{sha1}0"),
                &"g".repeat(40),
                &"\u{ff10}".repeat(40),
            ],
        );
        assert_eq!(sha1.parse::<CommitId>().unwrap().object_format(), "sha1");
        assert_eq!(sha256.parse::<CommitId>().unwrap().object_format(), "sha256");
    }

    #[test]
    fn a_ref_name_is_full_and_never_a_pattern_or_a_refspec() {
        check::<RefName>(
            &["refs/heads/main", "refs/tags/v1.2.3", "refs/heads/release/1.x"],
            &[
                "main",
                "heads/main",
                "refs/heads",
                "refs/heads/",
                "refs//heads/x",
                "refs/heads/*",
                "refs/heads/a:refs/heads/b",
                "+refs/heads/main",
                "^refs/heads/main",
                "refs/heads/a..b",
                "refs/heads/.hidden",
                "refs/heads/x.lock",
                "refs/heads/a b",
                "refs/heads/a@{1}",
                "refs/heads/ä",
                "-refs/heads/main",
            ],
        );
    }

    #[test]
    fn a_path_stays_inside_the_repository_by_its_words() {
        check::<RelativePath>(
            &[".", "prod", "prod/network", "a..b/c", "prod/ümlaut", "with space/x"],
            &[
                "",
                "/etc",
                "..",
                "../x",
                "a/../b",
                "a//b",
                "a/",
                "./a",
                "a/.",
                "-rf",
                "--help",
                ".git",
                "a/.git/hooks",
                "a/.GIT",
                "a\\b",
                "a\nb",
                "a\0b",
                "a\u{202e}b",
                "a\u{2028}b",
            ],
        );
    }

    #[test]
    fn the_first_equals_sign_splits_an_assignment() {
        let assignment: Assignment = "a=b=c".parse().unwrap();
        assert_eq!((assignment.key.as_str(), assignment.value.as_str()), ("a", "b=c"));
        check::<Assignment>(
            &["a=", "a_b-c=1", "x=1 -lock=false", "_=x", "list=[\n1]"],
            &["", "a", "=b", "-lock=false", "1a=b", "a b=c", "../x.tfbackend", "å=1"],
        );
    }

    #[test]
    fn the_value_of_an_assignment_is_not_shown_in_debug_or_in_errors() {
        let assignment: Assignment = "password=hunter2".parse().unwrap();
        assert_eq!(format!("{assignment:?}"), "Assignment(password=…)");
        let refused = "pass word=hunter2".parse::<Assignment>().unwrap_err();
        assert!(!refused.to_string().contains("hunter2"), "{refused}");
    }

    #[test]
    fn addresses_output_names_and_durations_never_start_like_an_option() {
        check::<Address>(
            &["aws_vpc.main", "module.a.b[\"x\"]"],
            &["", "-x", "--lock=false", "[0]", "a\nb"],
        );
        check::<OutputName>(&["vpc_id", "a-b"], &["", "-json", "a b", "a=b", "ä"]);
        check::<LockTimeout>(
            &["0s", "90s", "5m", "1h"],
            &["", "s", "90", "-1s", "1.5h", "1h30m", "1000000s", "90s "],
        );
    }

    #[test]
    fn ancestry_lists_every_directory_on_the_way() {
        let path: RelativePath = "a/b/c".parse().unwrap();
        assert_eq!(path.ancestry(), ["a", "a/b", "a/b/c"]);
        assert_eq!(".".parse::<RelativePath>().unwrap().ancestry(), Vec::<String>::new());
    }
}
