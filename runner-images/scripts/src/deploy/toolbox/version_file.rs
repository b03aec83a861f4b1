//! Which version of a tool the repository asks for.
//!
//! Responsible for finding the nearest version file, from the directory to deploy up to the repository's root and never above
//! it, and for reading one exact version from it or nothing. Never resolves `latest` or a range: what they mean changes by itself.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::checkout::{Checkout, PlaceError};
use crate::program::ToolName;
use crate::values::{RelativePath, ToolVersion};

/// The file that version managers for several tools share.
const SHARED: &str = ".tool-versions";
/// Far more than such a file needs.
const MAX_BYTES: u64 = 16 * 1024;
/// How much of a line is shown.
const SHOWN_CHARACTERS: usize = 60;

/// Why a version file cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum VersionFileError {
    /// It leads out, or is no file.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The system refuses to read it.
    #[error("cannot read `{file}`: {source}; make it a file that can be read")]
    Unreadable {
        /// The version file.
        file: RelativePath,
        /// The system's reason.
        source: io::Error,
    },
    /// Far too long, or no text.
    #[error("`{file}` is not a version file: keep it to text of at most 16 KiB")]
    NotText {
        /// The version file.
        file: RelativePath,
    },
    /// Another number of versions than one.
    #[error("`{file}` names {found} versions of {tool}: leave exactly one")]
    NotOne {
        /// The version file.
        file: RelativePath,
        /// The tool.
        tool: &'static str,
        /// How many there are.
        found: usize,
    },
    /// Not a version.
    #[error(
        "`{file}` says {line} where {tool} needs one exact version: write all its three numbers, such as `1.11.4` (no `latest`, no range)"
    )]
    NotExact {
        /// The version file.
        file: RelativePath,
        /// The tool.
        tool: &'static str,
        /// What it says, quoted and cut.
        line: String,
    },
}

/// A version that the repository asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The version.
    pub version: ToolVersion,
    /// The file that says so.
    pub file: RelativePath,
}

/// Looks from the directory upwards. In each directory the tool's own file comes before the shared one.
pub(super) fn find(tool: ToolName, checkout: &Checkout, directory: &Path) -> Result<Option<Wanted>, VersionFileError> {
    for place in directory
        .ancestors()
        .take_while(|place| place.starts_with(checkout.root()))
    {
        for name in [own_file(tool), SHARED] {
            let Some(file) = checkout.relative(&place.join(name)) else {
                continue;
            };
            let Some(text) = read(checkout, &file)? else { continue };
            if let Some(version) = version_in(&text, name, tool, &file)? {
                return Ok(Some(Wanted { version, file }));
            }
        }
    }
    Ok(None)
}

pub(super) const fn own_file(tool: ToolName) -> &'static str {
    match tool {
        ToolName::Terraform => ".terraform-version",
        ToolName::Tofu => ".opentofu-version",
        ToolName::Terragrunt => ".terragrunt-version",
    }
}

/// What the shared file calls a tool.
const fn shared_name(tool: ToolName) -> &'static str {
    match tool {
        ToolName::Terraform => "terraform",
        ToolName::Tofu => "opentofu",
        ToolName::Terragrunt => "terragrunt",
    }
}

fn read(checkout: &Checkout, file: &RelativePath) -> Result<Option<String>, VersionFileError> {
    let place = match checkout.file(file) {
        Ok(place) => place,
        Err(PlaceError::Missing { .. }) if !is_link(checkout, file) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut bytes = Vec::new();
    let read = File::open(place).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|source| VersionFileError::Unreadable {
        file: file.clone(),
        source,
    })?;
    let not_text = || VersionFileError::NotText { file: file.clone() };
    if bytes.len() as u64 > MAX_BYTES {
        return Err(not_text());
    }
    String::from_utf8(bytes).map(Some).map_err(|_not_utf8| not_text())
}

/// A link to nothing is no missing file: somebody meant to say something.
fn is_link(checkout: &Checkout, file: &RelativePath) -> bool {
    checkout.root().join(file.as_path()).is_symlink()
}

/// `None` when the shared file does not speak of this tool.
fn version_in(
    text: &str,
    name: &str,
    tool: ToolName,
    file: &RelativePath,
) -> Result<Option<ToolVersion>, VersionFileError> {
    let lines = text
        .lines()
        .map(|line| line.trim_matches([' ', '\t', '\r']))
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let said: Vec<&str> = if name == SHARED {
        let of_tool = lines.filter_map(|line| line.split_once([' ', '\t']));
        let of_tool: Vec<_> = of_tool
            .filter(|(first, _)| *first == shared_name(tool))
            .map(|(_, rest)| rest.trim_matches([' ', '\t']))
            .collect();
        if of_tool.is_empty() {
            return Ok(None);
        }
        of_tool
    } else {
        lines.collect()
    };
    let [line] = said.as_slice() else {
        return Err(VersionFileError::NotOne {
            file: file.clone(),
            tool: tool.name(),
            found: said.len(),
        });
    };
    line.parse().map(Some).map_err(|_why| VersionFileError::NotExact {
        file: file.clone(),
        tool: tool.name(),
        line: quoted(line),
    })
}

/// Whatever the line holds, it is shown as one short line.
fn quoted(line: &str) -> String {
    let mut characters = line.chars();
    let start: String = characters.by_ref().take(SHOWN_CHARACTERS).collect();
    let more = if characters.next().is_some() { "…" } else { "" };
    format!("`{}{more}`", start.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, text: &str, expected: Result<Option<&str>, &str>) {
        let file: RelativePath = name.parse().unwrap();
        let said = version_in(text, name, ToolName::Terraform, &file);
        match (said, expected) {
            (Ok(version), Ok(expected)) => assert_eq!(version.as_ref().map(ToolVersion::as_str), expected, "{text:?}"),
            (Err(error), Err(start)) => assert!(error.to_string().starts_with(start), "{text:?}: {error}"),
            (said, expected) => panic!("{text:?}: {said:?}, but expected {expected:?}"),
        }
    }

    #[test]
    fn a_file_of_its_own_holds_exactly_one_version() {
        let own = ".terraform-version";
        for text in ["1.11.4", "1.11.4\n", "\n 1.11.4 \r\n\n", "# pinned\n1.11.4\n"] {
            check(own, text, Ok(Some("1.11.4")));
        }
        check(own, "", Err("`.terraform-version` names 0 versions of terraform"));
        check(
            own,
            "# 1.11.4",
            Err("`.terraform-version` names 0 versions of terraform"),
        );
        check(
            own,
            "1.11.4\n1.5.7",
            Err("`.terraform-version` names 2 versions of terraform"),
        );
        check(
            own,
            "1.11.4\nTF_CLI_ARGS=-destroy\n",
            Err("`.terraform-version` names 2 versions"),
        );
    }

    #[test]
    fn what_is_not_one_exact_version_is_refused_and_shown_as_one_line() {
        let own = ".terraform-version";
        for text in [
            "latest",
            "latest:^1.11",
            "min-required",
            "~> 1.11.0",
            "v1.11.4",
            "1.11",
            "../../bin",
            "TF_CLI_ARGS=-destroy",
            "1.11.4 -destroy",
            "1.11.4\u{202e}",
            "1.11.4\u{b}",
        ] {
            check(own, text, Err("`.terraform-version` says `"));
        }
        let file: RelativePath = own.parse().unwrap();
        let said = version_in(&"\u{1b}[2J".repeat(99), own, ToolName::Terraform, &file).unwrap_err();
        assert!(
            !said.to_string().contains('\u{1b}') && said.to_string().len() < 500,
            "{said}"
        );
    }

    #[test]
    fn a_shared_file_is_read_for_its_own_line_only() {
        check(
            SHARED,
            "nodejs 20.1.0\nterraform  1.11.4\nopentofu 1.9.0\n",
            Ok(Some("1.11.4")),
        );
        check(SHARED, "nodejs latest\nTF_CLI_ARGS -destroy\n", Ok(None));
        check(SHARED, "", Ok(None));
        check(
            SHARED,
            "terraform 1.11.4 1.5.7",
            Err("`.tool-versions` says `1.11.4 1.5.7`"),
        );
        check(
            SHARED,
            "terraform 1.11.4\nterraform 1.5.7",
            Err("`.tool-versions` names 2 versions"),
        );
        check(
            SHARED,
            "terraform ref:v1.11.4",
            Err("`.tool-versions` says `ref:v1.11.4`"),
        );
        check(
            SHARED,
            "terraform path:/tmp/evil",
            Err("`.tool-versions` says `path:/tmp/evil`"),
        );
    }
}
