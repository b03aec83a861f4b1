//! Git's own words: full object ids and full ref names.

use super::Refusal;

/// A full object id, SHA-1 or SHA-256, in lower case: the one way to write it.
pub(super) fn check_commit(text: &str) -> Result<(), Refusal> {
    if !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(Refusal::NotACommit(
            "only the digits 0-9 and a-f make one; names and ranges are not accepted",
        ));
    }
    if matches!(text.len(), 40 | 64) {
        Ok(())
    } else {
        Err(Refusal::NotACommit(
            "it must have 40 (or 64) digits, and `git rev-parse HEAD` prints it in full",
        ))
    }
}

/// The same id in lower case.
pub(super) fn commit_suggestion(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    (lower != text && check_commit(&lower).is_ok()).then_some(lower)
}

/// The rules of `git check-ref-format`, for a name that begins with `refs/`.
pub(super) fn check_ref(text: &str) -> Result<(), Refusal> {
    let Some(name) = text.strip_prefix("refs/") else {
        return Err(Refusal::NotARef(
            "it must begin with `refs/`, such as `refs/heads/main`",
        ));
    };
    if text.len() > 255 {
        return Err(Refusal::NotARef("it must have at most 255 bytes"));
    }
    if !name.contains('/') {
        return Err(Refusal::NotARef(
            "it must have a kind and a name, such as `refs/heads/main`",
        ));
    }
    if text.contains("..") || text.contains("@{") || text.contains([' ', '~', '^', ':', '?', '*', '[', '\\']) {
        return Err(Refusal::NotARef(
            "it must not contain `..`, `@{`, space, `~`, `^`, `:`, `?`, `*`, `[` or a backslash",
        ));
    }
    if name.split('/').any(bad_part) || text.ends_with('.') {
        return Err(Refusal::NotARef(
            "no part of it may be empty, begin with a dot or a dash, or end with a dot or `.lock`",
        ));
    }
    Ok(())
}

fn bad_part(part: &str) -> bool {
    let lock = std::path::Path::new(part)
        .extension()
        .is_some_and(|extension| extension == "lock");
    part.is_empty() || part.starts_with(['.', '-']) || lock
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn only_full_lower_case_object_ids_are_commits() {
        assert_eq!(check_commit(ID), Ok(()));
        assert_eq!(check_commit(&format!("{ID}{}", &ID[..24])), Ok(()));
        let upper = ID.to_uppercase();
        for text in ["", "main", "HEAD", "-h", "HEAD~1", "0123456", &ID[1..], &upper] {
            assert!(matches!(check_commit(text), Err(Refusal::NotACommit(_))), "{text}");
        }
        assert!(matches!(check_commit(&format!("{ID}0")), Err(Refusal::NotACommit(_))));
        assert!(matches!(
            check_commit(&format!("{}{}", ID, &ID[..23])),
            Err(Refusal::NotACommit(_))
        ));
    }

    #[test]
    fn an_upper_case_id_is_suggested_in_lower_case() {
        assert_eq!(commit_suggestion(&ID.to_uppercase()).as_deref(), Some(ID));
        assert_eq!(commit_suggestion(ID), None);
        assert_eq!(commit_suggestion("MAIN"), None);
    }

    #[test]
    fn only_full_ref_names_are_refs() {
        for text in [
            "refs/heads/main",
            "refs/tags/v1.0",
            "refs/heads/a/b-c_d",
            "refs/heads/a@b",
            "refs/heads/x.locked",
        ] {
            assert_eq!(check_ref(text), Ok(()), "{text}");
        }
        for text in [
            "",
            "main",
            "heads/main",
            "refs/",
            "refs/heads",
            "refs/heads/",
            "refs//main",
            "/refs/heads/main",
            "refs/heads/a..b",
            "refs/heads/a@{1}",
            "refs/heads/a b",
            "refs/heads/a~1",
            "refs/heads/a^",
            "refs/heads/a:b",
            "refs/heads/*",
            "refs/heads/a?",
            "refs/heads/a[b",
            "refs/heads/a\\b",
            "refs/heads/.a",
            "refs/heads/a.lock",
            "refs/heads/a.",
            "refs/heads/-x",
            "refs/a.lock/b",
            "refs/.a/b",
            "-refs/heads/main",
        ] {
            assert!(matches!(check_ref(text), Err(Refusal::NotARef(_))), "{text}");
        }
        assert_eq!(check_ref(&format!("refs/heads/{}", "a".repeat(244))), Ok(()));
        assert!(check_ref(&format!("refs/heads/{}", "a".repeat(245))).is_err());
    }
}
