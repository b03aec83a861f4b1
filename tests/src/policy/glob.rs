//! The wildcards of IAM: `*` stands for any characters, also none and also `:` and `/`, and `?` for exactly one.

/// Does the pattern describe the whole text?
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut read) = (0, 0);
    // Where to go on when the last `*` has to take one more character.
    let mut retry: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at, read));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || *wanted == text[read] => {
                at += 1;
                read += 1;
            }
            _ => match &mut retry {
                None => return false,
                Some((star, taken)) => {
                    *taken += 1;
                    (at, read) = (*star + 1, *taken);
                }
            },
        }
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

/// The same for each of the six parts of an ARN on its own, as `ArnLike` compares them.
pub(super) fn arn_matches(pattern: &str, arn: &str) -> bool {
    let (wanted, found): (Vec<_>, Vec<_>) = (pattern.splitn(6, ':').collect(), arn.splitn(6, ':').collect());
    wanted.len() == 6 && found.len() == 6 && wanted.iter().zip(found).all(|(wanted, found)| matches(wanted, found))
}
