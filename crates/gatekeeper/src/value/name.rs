//! The shapes of names. Plain ASCII, so that two names that look the same are the same.

/// Longest name of a container, script, option or the like, in bytes.
pub const MAX_NAME_BYTES: usize = 64;

/// Names of containers, scripts, images, repositories, volumes and positionals: letters, digits, `.`, `_`, `-`, beginning with a
/// letter or digit. Never a path.
pub fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME_BYTES && begins_and_continues(text)
}

/// Names of options: `--` and a name.
pub fn is_option_name(text: &str) -> bool {
    text.len() <= MAX_NAME_BYTES && text.strip_prefix("--").is_some_and(begins_and_continues)
}

/// Names of options that are always passed: also with one dash, as third-party programs have them.
pub fn is_fixed_option_name(text: &str) -> bool {
    let bare = text.strip_prefix("--").or_else(|| text.strip_prefix('-'));
    text.len() <= MAX_NAME_BYTES && bare.is_some_and(begins_and_continues)
}

/// Names of environment variables, as POSIX shells take them.
pub fn is_variable_name(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    begins && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn begins_and_continues(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_never_paths() {
        for text in ["a", "terraform-planner", "A1._-", &"a".repeat(64)] {
            assert!(is_name(text), "{text}");
        }
        for text in [
            "",
            "-a",
            ".",
            "..",
            ".a",
            "a/b",
            "a b",
            "a\0",
            "\u{430}",
            &"a".repeat(65),
        ] {
            assert!(!is_name(text), "{text}");
        }
    }

    #[test]
    fn option_names_have_two_dashes_and_a_name() {
        for text in ["--a", "--deploy-path", "--no_x.y", &format!("--{}", "a".repeat(62))] {
            assert!(is_option_name(text), "{text}");
        }
        for text in [
            "",
            "--",
            "-a",
            "a",
            "---a",
            "--a=b",
            "--.a",
            "--a b",
            &format!("--{}", "a".repeat(63)),
        ] {
            assert!(!is_option_name(text), "{text}");
        }
    }

    #[test]
    fn names_of_fixed_options_may_have_one_dash() {
        for text in ["-a", "-var", "--var", &format!("-{}", "a".repeat(63))] {
            assert!(is_fixed_option_name(text), "{text}");
        }
        for text in [
            "",
            "-",
            "--",
            "a",
            "---a",
            "-a=b",
            "-.a",
            &format!("-{}", "a".repeat(64)),
        ] {
            assert!(!is_fixed_option_name(text), "{text}");
        }
    }

    #[test]
    fn variable_names_are_those_of_shells() {
        for text in ["A", "_a", "TF_VAR_x9"] {
            assert!(is_variable_name(text), "{text}");
        }
        for text in ["", "9A", "A-B", "A=B", "A B", "\u{430}"] {
            assert!(!is_variable_name(text), "{text}");
        }
    }
}
