//! What names may be: each rule once, as a pattern that the reader and the schema both use.

use std::sync::LazyLock;

use regex::Regex;

/// What the names of a table may be.
pub(crate) trait NameRule {
    /// The whole name, as a regular expression that both Rust and ECMA 262 read alike.
    const PATTERN: &'static str;
    /// Continues "expected".
    const EXPECTED: &'static str;
    /// What the table is, for messages.
    const TABLE: &'static str;

    /// Whether a name keeps the rule.
    fn accepts(name: &str) -> bool;
}

/// Declares the rules: a marker type each.
macro_rules! name_rules {
    ($($(#[doc = $doc:literal])+ $rule:ident: $pattern:literal, $expected:literal, $table:literal;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $rule;

        impl NameRule for $rule {
            const PATTERN: &'static str = $pattern;
            const EXPECTED: &'static str = $expected;
            const TABLE: &'static str = $table;

            fn accepts(name: &str) -> bool {
                static RULE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($pattern).ok());
                RULE.as_ref().is_some_and(|rule| rule.is_match(name))
            }
        }
    )+};
}

name_rules! {
    /// Names of repositories.
    RepositoryName: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        "a letter or digit, then up to 63 letters, digits, `_`, `.` or `-`", "a mapping of repository names";
    /// Names of volumes; they become names of directories.
    VolumeName: "^[a-z0-9][a-z0-9_-]{0,63}$",
        "a lower-case letter or digit, then up to 63 lower-case letters, digits, `_` or `-`", "a mapping of volume names";
    /// Names of containers.
    ContainerName: "^[a-z0-9][a-z0-9_-]{0,63}$",
        "a lower-case letter or digit, then up to 63 lower-case letters, digits, `_` or `-`", "a mapping of container names";
    /// Names of scripts, which are names of files.
    ScriptName: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        "a letter or digit, then up to 63 letters, digits, `_`, `.` or `-`", "a mapping of script names";
    /// Names of options that callers give.
    OptionName: "^--[a-z0-9][a-z0-9_.-]{0,61}$",
        "two dashes and a name of lower-case letters, digits, `_`, `.` and `-`, such as `--deploy-path`",
        "a mapping of option names";
    /// Names of options that are always passed; third-party programs also have such with one dash.
    FixedOptionName: "^--?[A-Za-z0-9][A-Za-z0-9_.-]{0,61}$",
        "one or two dashes and a name of letters, digits, `_`, `.` and `-`, such as `--log-level`",
        "a mapping of option names, each with a list of its values";
    /// Names of environment variables.
    VariableName: "^[A-Za-z_][A-Za-z0-9_]{0,127}$",
        "a letter or `_`, then letters, digits and `_`", "a mapping of variable names";
}
