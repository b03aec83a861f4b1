//! What AWS writes in its errors, made fit to be shown: one line, of bounded length, without tokens, signatures and signed addresses.

/// Characters of a text of AWS that are shown.
const SHOWN: usize = 400;
/// A word longer than this is no word: tokens and signatures are longer, ARNs and ids shorter.
const LONGEST_WORD: usize = 256;
/// Marks of signed requests and tokens, in lower case.
const SIGNED: [&str; 5] = [
    "x-amz-security-token",
    "x-amz-signature",
    "signature=",
    "credential=",
    "authorization:",
];

/// The text, fit to be shown.
pub(super) fn fit(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(word).collect();
    let line = words.join(" ");
    if line.chars().count() <= SHOWN {
        return line;
    }
    line.chars().take(SHOWN).chain("…".chars()).collect()
}

fn word(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    if word.len() > LONGEST_WORD || SIGNED.iter().any(|mark| lower.contains(mark)) {
        return "[left out]".to_owned();
    }
    let address = if word.contains("://") {
        without_secrets(word)
    } else {
        word.to_owned()
    };
    address.chars().filter(|char| !char.is_control()).collect()
}

/// An address without what may be secret in it: user, password, query and fragment.
pub(super) fn without_secrets(address: &str) -> String {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let slash = if rest.contains('/') { "/" } else { "" };
    format!("{scheme}://{host}{slash}{path}")
}

/// Who was denied what, from `User: … is not authorized to perform: … on resource: … because …`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Denied {
    pub(super) principal: Option<String>,
    pub(super) action: Option<String>,
    pub(super) resource: Option<String>,
    pub(super) because: String,
}

/// Takes AWS's text of a denial apart, as far as it tells.
pub(super) fn denied(text: &str) -> Denied {
    let text = fit(text);
    let after = |mark: &str| {
        let (_, rest) = text.split_once(mark)?;
        let word = rest.split_whitespace().next()?;
        Some(word.trim_end_matches(['.', ',']).to_owned())
    };
    Denied {
        principal: after("User: "),
        action: after("to perform: "),
        resource: after("on resource: "),
        because: text
            .split_once(" because ")
            .map(|(_, reason)| reason.to_owned())
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_signatures_and_signed_addresses_are_never_shown() {
        let token = "IQoJb3JpZ2luX2VjE".repeat(20);
        let text = format!(
            "The Canonical String should have been 'POST\nx-amz-security-token:{token}\n' {token} \
             https://user:hunter2@host/path?X-Amz-Signature=abc&x=1 Signature=0123"
        );
        let shown = fit(&text);
        assert_eq!(
            shown,
            "The Canonical String should have been 'POST [left out] ' [left out] [left out] [left out]"
        );
        assert_eq!(
            fit("see https://user:hunter2@host/path?token=abc#x"),
            "see https://host/path"
        );
    }

    #[test]
    fn a_text_is_one_line_of_bounded_length_without_control_characters() {
        assert_eq!(fit("a\n\tb \u{1b}[31mc"), "a b [31mc");
        assert_eq!(fit(&"word ".repeat(1000)).chars().count(), SHOWN + 1);
    }

    #[test]
    fn a_denial_tells_who_may_not_do_what_on_what_and_why() {
        let text = "User: arn:aws:sts::123456789012:assumed-role/ci/run-7 is not authorized to perform: lambda:InvokeFunction on \
                    resource: arn:aws:lambda:us-west-2:123456789012:function:invoker because no identity-based policy allows the \
                    lambda:InvokeFunction action";
        let expected = Denied {
            principal: Some("arn:aws:sts::123456789012:assumed-role/ci/run-7".into()),
            action: Some("lambda:InvokeFunction".into()),
            resource: Some("arn:aws:lambda:us-west-2:123456789012:function:invoker".into()),
            because: "no identity-based policy allows the lambda:InvokeFunction action".into(),
        };
        assert_eq!(denied(text), expected);
        assert_eq!(denied("Access denied."), Denied::default());
    }
}
