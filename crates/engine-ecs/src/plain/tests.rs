use proptest::prelude::*;

use super::*;

#[track_caller]
fn becomes(text: &str, expected: &str) {
    assert_eq!(line(text), expected);
}

#[test]
fn what_people_need_stays() {
    for text in [
        "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/exec/259ab992ff is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:eu-west-1:123456789012:secret:deploy/git-UMl6GF",
        "is not authorized to perform: ecr:GetAuthorizationToken on resource: *",
        "CannotPullContainerError: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/x@sha256:5e3ffcc7a9a4a5d4f1c5a1a6b5e0a6b5e3ffcc7a9a4a5d4f1c5a1a6b5e0a6b5a: not found",
        "Get \"https://123456789012.dkr.ecr.us-west-2.amazonaws.com/v2/\": dial tcp: no such host",
    ] {
        becomes(text, text);
    }
}

#[test]
fn what_gives_access_goes() {
    becomes(
        "Get \"https://bucket.s3.amazonaws.com/layer?X-Amz-Signature=abc&X-Amz-Security-Token=def\": timeout",
        "Get \"https://bucket.s3.amazonaws.com/layer?[removed] timeout",
    );
    becomes(
        "https://user:pass@registry.example.com/v2",
        "https://registry.example.com/v2",
    );
    becomes(
        "request failed, Authorization: Basic dXNlcjpwYXNz and more",
        "request failed, [removed]",
    );
    becomes("Bearer abcdef failed", "Bearer [removed] failed");
    becomes(
        "X-Amz-Security-Token: abcdef failed",
        "X-Amz-Security-Token: [removed] failed",
    );
    becomes("password=hunter2 failed", "password=[removed] failed");
    becomes("key AKIAIOSFODNN7EXAMPLE failed", "key [removed] failed");
    becomes(
        "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln failed",
        "token [removed] failed",
    );
}

#[test]
fn a_line_is_one_line_of_bounded_length() {
    becomes("a\r\n\tb\u{1b}[31mc\u{202e}d", "a b[31mcd");
    assert_eq!(line(&"word ".repeat(400)).chars().count(), MAX_CHARS);
}

/// How a secret gets into a text.
fn embedded(secret: &str, how: usize) -> String {
    match how % 10 {
        0 => format!(
            "Get \"https://b.s3.eu-west-1.amazonaws.com/x?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature={secret}\": EOF"
        ),
        1 => format!("https://b.s3.amazonaws.com/x?X-Amz-Security-Token={secret}&X-Amz-Date=1"),
        2 => format!("(http://h/p?a=b#{secret})"),
        3 => format!("Authorization: Bearer {secret}"),
        4 => format!("\"authorization\": \"{secret}\""),
        5 => format!("eyJhbGciOiJSUzI1NiJ9.{secret}.{secret}"),
        6 => format!("https://{secret}@registry.example.com/v2/"),
        7 => format!("bearer {secret}"),
        8 => format!("x-amz-security-token={secret}"),
        _ => format!("aws_session_token={secret}"),
    }
}

proptest! {
    #[test]
    fn no_signed_address_and_no_token_leaks(
        before in "[ -~]{0,60}",
        secret in "[A-Za-z0-9/+_-]{16,60}",
        after in "\\PC{0,60}",
        how in 0_usize..10,
    ) {
        // What stands before must not contain the secret by chance, nor end a word in the middle of it.
        prop_assume!(!before.contains(&secret) && !after.contains(&secret));
        let text = format!("{before} {} {after}", embedded(&secret, how));
        let cleaned = line(&text);
        prop_assert!(!cleaned.contains(&secret), "{text} -> {cleaned}");
        prop_assert!(cleaned.chars().count() <= MAX_CHARS);
        prop_assert!(!cleaned.chars().any(char::is_control));
    }
}
