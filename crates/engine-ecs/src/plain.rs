//! Makes one plain line of what a service said: fit for a console and an audit log. Never lets through what gives access: signed
//! addresses, tokens, keys, `Authorization` headers. Where it cannot tell, it removes.

/// Longest line, in characters.
pub(crate) const MAX_CHARS: usize = 500;

const REMOVED: &str = "[removed]";
/// Letters of both cases and digits without a break, from this length on, are a token. Names that tools generate are shorter.
const OPAQUE_LENGTH: usize = 40;
/// The same with dashes and dots in between. Names of roles and clusters are shorter.
const LONG_OPAQUE_LENGTH: usize = 100;
/// Shorter things that begin like a JSON Web Token are words.
const WEB_TOKEN_LENGTH: usize = 20;
/// Parts of names whose values give access, in lower case.
const SENSITIVE: [&str; 12] = [
    "x-amz-",
    "x-goog-",
    "signature",
    "credential",
    "token",
    "password",
    "passwd",
    "secret",
    "accesskey",
    "access_key",
    "apikey",
    "key-pair-id",
];

/// The text on one line of at most [`MAX_CHARS`] characters.
pub(crate) fn line(text: &str) -> String {
    shorten(&scrub(text), MAX_CHARS)
}

/// At most so many characters, with a sign where something was cut.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

fn scrub(text: &str) -> String {
    let text: String = text
        .chars()
        .filter_map(|char| {
            if char.is_whitespace() {
                Some(' ')
            } else {
                (!is_hidden(char)).then_some(char)
            }
        })
        .collect();
    let mut words: Vec<String> = Vec::new();
    let mut removes_next = false;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let lower = word.to_ascii_lowercase();
        if starts_header(&lower) {
            // A header has no end that could be relied on.
            words.push(REMOVED.to_owned());
            break;
        }
        words.push(if removes_next {
            REMOVED.to_owned()
        } else {
            clean_word(word, &lower)
        });
        removes_next = announces_a_secret(&lower);
    }
    words.join(" ")
}

/// Control characters, and those that change how a line is shown without being seen.
fn is_hidden(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// `Authorization:` and its relatives, but not `ecr:GetAuthorizationToken`.
fn starts_header(lower: &str) -> bool {
    ["authorization", "cookie"].iter().any(|name| {
        lower.match_indices(name).any(|(at, _)| {
            let rest = lower.get(at + name.len()..).unwrap_or_default();
            rest.trim_start_matches(['"', '\'', '`', ']', ')'])
                .starts_with([':', '='])
        })
    })
}

/// The next word is a value that gives access: `Bearer …`, `X-Amz-Security-Token: …`.
fn announces_a_secret(lower: &str) -> bool {
    let bare = lower.trim_matches(|char: char| !char.is_ascii_alphanumeric());
    let name = lower.trim_end_matches(['"', '\'', '`']);
    let named = name
        .strip_suffix([':', '='])
        .is_some_and(|name| !name.contains('=') && is_sensitive_name(name));
    matches!(bare, "bearer" | "basic" | "aws4-hmac-sha256") || named
}

fn is_sensitive_name(lower: &str) -> bool {
    // `secretsmanager` and `ecr:GetAuthorizationToken` are names of services and actions, and `secret:` is a part of an ARN.
    let name = lower.trim_end_matches(['"', '\'', '`', ':', '=']);
    let name = name
        .rsplit([':', ',', ';', '(', '{', '[', '"', '\'', '`'])
        .next()
        .unwrap_or(name);
    name != "secret" && !name.starts_with("secretsmanager") && SENSITIVE.iter().any(|part| name.contains(part))
}

fn clean_word(word: &str, lower: &str) -> String {
    if let Some((before, token)) = word.split_once("eyJ")
        && token.len() >= WEB_TOKEN_LENGTH
    {
        return clean_opaque(before) + REMOVED;
    }
    if lower.contains("://") {
        return clean_opaque(&without_access(word));
    }
    match word.split_once('=') {
        Some((name, _)) if is_sensitive_name(&name.to_ascii_lowercase()) => format!("{name}={REMOVED}"),
        Some((name, _)) if word.contains(['?', '&']) => format!("{}={REMOVED}", clean_opaque(name)),
        Some(_) | None => clean_opaque(word),
    }
}

/// Addresses without what grants access: the user before the host, and everything from the query on.
fn without_access(word: &str) -> String {
    let (address, cut) = match word.find(['?', '#']) {
        Some(query) => (word.get(..query).unwrap_or_default(), true),
        None => (word, false),
    };
    let mut cleaned = String::new();
    let mut parts = address.split("://");
    cleaned.push_str(parts.next().unwrap_or_default());
    for part in parts {
        cleaned.push_str("://");
        // A digest follows an `@` too; everything else before one is a user and a password.
        cleaned.push_str(match part.rsplit_once('@') {
            Some((_, rest)) if !rest.starts_with("sha256:") => rest,
            Some(_) | None => part,
        });
    }
    if cut {
        cleaned.push('?');
        cleaned.push_str(REMOVED);
    }
    cleaned
}

/// Replaces every run of characters that looks like a token.
fn clean_opaque(word: &str) -> String {
    let mut cleaned = String::new();
    let mut run = String::new();
    for char in word.chars() {
        if is_opaque(char) {
            run.push(char);
        } else {
            cleaned.push_str(unless_token(&run));
            run.clear();
            cleaned.push(char);
        }
    }
    cleaned.push_str(unless_token(&run));
    cleaned
}

const fn is_opaque(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '+' | '=' | '_' | '-' | '%' | '.' | '~')
}

fn unless_token(run: &str) -> &str {
    let opaque = run
        .split(['-', '.', '~'])
        .any(|piece| piece.len() >= OPAQUE_LENGTH && is_mixed(piece))
        || (run.len() >= LONG_OPAQUE_LENGTH && is_mixed(run));
    if opaque || is_access_key(run) { REMOVED } else { run }
}

fn is_mixed(text: &str) -> bool {
    let has = |test: fn(&u8) -> bool| text.as_bytes().iter().any(test);
    has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
}

/// Access key ids start with four known letters and have 20 characters (IAM user guide, unique identifiers).
fn is_access_key(run: &str) -> bool {
    ["AKIA", "ASIA"].iter().any(|prefix| {
        run.match_indices(prefix).any(|(at, _)| {
            run.get(at..at + 20).is_some_and(|key| {
                key.bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            })
        })
    })
}

#[cfg(test)]
mod tests;
