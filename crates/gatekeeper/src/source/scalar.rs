//! Single values: which plain words are text and which are not, and the typed values that fields hold.
//!
//! A plain `no`, `1.0` or `2026-01-01` means different things to different YAML readers, so where text is expected it must
//! be quoted. Never looks at more than one value.

use protocol::LaunchType;

use super::node::{Limits, Wanted};
use crate::compiled::{Capability, Entrypoint, Network, RootFilesystem, ValueStyle};
use crate::value::{check_value, nearest};

/// What a plain word is to some YAML reader, when that is not text.
pub(super) fn not_text(plain: &str) -> Option<&'static str> {
    let lower = plain.to_ascii_lowercase();
    match lower.as_str() {
        "" | "~" | "null" => return Some("nothing (null)"),
        "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n" => return Some("a boolean"),
        ".inf" | "+.inf" | "-.inf" | ".nan" => return Some("a number"),
        _ => {}
    }
    if looks_like_number(&lower) {
        return Some("a number");
    }
    looks_like_date(&lower).then_some("a date")
}

/// A number of YAML 1.1 or 1.2: decimal, hexadecimal, octal, binary, with `_`, with a fraction, an exponent or base 60.
fn looks_like_number(word: &str) -> bool {
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return false;
    }
    let based = ["0x", "0o", "0b"].iter().find_map(|prefix| digits.strip_prefix(prefix));
    if let Some(rest) = based {
        return rest.chars().all(|digit| digit.is_ascii_hexdigit() || digit == '_');
    }
    let (mantissa, exponent) = digits.split_once('e').unwrap_or((digits, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    mantissa.contains(|digit: char| digit.is_ascii_digit())
        && mantissa
            .chars()
            .all(|digit| digit.is_ascii_digit() || matches!(digit, '_' | '.' | ':'))
        && mantissa.matches('.').count() <= 1
        && !exponent.is_empty()
        && exponent.bytes().all(|digit| digit.is_ascii_digit())
}

fn looks_like_date(word: &str) -> bool {
    let mut parts = word.splitn(3, '-');
    let is_number = |part: Option<&str>, most: usize| {
        part.is_some_and(|text| (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    is_number(parts.next(), 4)
        && is_number(parts.next(), 2)
        && parts
            .next()
            .is_some_and(|day| day.starts_with(|first: char| first.is_ascii_digit()))
}

/// A value that one scalar holds.
pub(crate) trait Scalar: Sized {
    /// Its kind.
    const WANTED: Wanted;
    /// What is expected, for messages: continues "expected".
    const EXPECTED: &'static str;

    /// Any text may be meant, also one that looks like a number: quotes then tell.
    const FREE_TEXT: bool = false;

    /// Reads it from the scalar's text, which has the wanted kind.
    fn parse(text: &str) -> Option<Self>;

    /// Its limits, for the schema.
    fn limits() -> Limits {
        Limits::default()
    }

    /// The word that was probably meant.
    fn suggestion(_text: &str) -> Option<String> {
        None
    }
}

impl Scalar for String {
    const WANTED: Wanted = Wanted::Text;
    const FREE_TEXT: bool = true;
    const EXPECTED: &'static str =
        "one line of text without invisible characters, in Unicode normal form C, of at most 4,096 characters";

    fn parse(text: &str) -> Option<Self> {
        check_value(text).is_ok().then(|| text.to_owned())
    }
}

/// Text for people; line breaks and runs of blanks become one space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prose(pub String);

impl Prose {
    const MAX_LENGTH: usize = 500;
}

impl Scalar for Prose {
    const WANTED: Wanted = Wanted::Text;
    const FREE_TEXT: bool = true;
    const EXPECTED: &'static str = "text for people of 1 to 500 characters without invisible characters";

    fn parse(text: &str) -> Option<Self> {
        let folded = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        let fits = (1..=Self::MAX_LENGTH).contains(&folded.chars().count());
        (fits && check_value(&folded).is_ok()).then_some(Self(folded))
    }

    fn limits() -> Limits {
        Limits {
            pattern: Some(r"\S"),
            ..Limits::default()
        }
    }
}

/// A default value: text, or a decimal integer that stands for its own digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultValue(pub String);

impl Scalar for DefaultValue {
    const WANTED: Wanted = Wanted::TextOrInteger;
    const FREE_TEXT: bool = true;
    const EXPECTED: &'static str = "one line of text, or an integer, without invisible characters";

    fn parse(text: &str) -> Option<Self> {
        String::parse(text).map(Self)
    }
}

impl Scalar for bool {
    const WANTED: Wanted = Wanted::Boolean;
    const EXPECTED: &'static str = "`true` or `false`";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Scalar for i64 {
    const WANTED: Wanted = Wanted::Integer;
    const EXPECTED: &'static str = "a decimal integer of at most 64 bits";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn limits() -> Limits {
        Limits {
            minimum: Some(Self::MIN),
            maximum: Some(Self::MAX),
            ..Limits::default()
        }
    }
}

/// A count from `1` to `MOST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count<const MOST: u32>(pub u32);

/// CPU units or MiB of memory.
pub type Units = Count<1_048_576>;
/// Characters of a value.
pub type Length = Count<4096>;
/// How often an option may be given.
pub type Repeats = Count<256>;

impl<const MOST: u32> Scalar for Count<MOST> {
    const WANTED: Wanted = Wanted::Integer;
    const EXPECTED: &'static str = match MOST {
        256 => "an integer from 1 to 256",
        4096 => "an integer from 1 to 4,096",
        _ => "an integer from 1 to 1,048,576",
    };

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number| (1..=MOST).contains(number)).map(Self)
    }

    fn limits() -> Limits {
        Limits {
            minimum: Some(1),
            maximum: Some(i64::from(MOST)),
            ..Limits::default()
        }
    }
}

/// The version of the file's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version;

impl Scalar for Version {
    const WANTED: Wanted = Wanted::Integer;
    const EXPECTED: &'static str = "the format version `1`";

    fn parse(text: &str) -> Option<Self> {
        (text == "1").then_some(Self)
    }

    fn limits() -> Limits {
        Limits {
            minimum: Some(1),
            maximum: Some(1),
            ..Limits::default()
        }
    }
}

/// A length of time as Go writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seconds(pub u32);

impl Scalar for Seconds {
    const WANTED: Wanted = Wanted::Text;
    const EXPECTED: &'static str =
        "a duration of at least a second in hours, minutes and seconds, such as `2h`, `1h30m` or `90s`";

    fn parse(text: &str) -> Option<Self> {
        if !has_go_shape(text) {
            return None;
        }
        let duration: jiff::SignedDuration = text.parse().ok()?;
        u32::try_from(duration.as_secs())
            .ok()
            .filter(|&seconds| seconds > 0)
            .map(Self)
    }

    fn limits() -> Limits {
        let pattern = Some("^(?=.*[1-9])(?=.)([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?$");
        Limits {
            pattern,
            ..Limits::default()
        }
    }
}

/// Hours, minutes and seconds in this order, each at most once, with at most five digits.
fn has_go_shape(text: &str) -> bool {
    let mut rest = text;
    for unit in ['h', 'm', 's'] {
        if let Some((digits, after)) = rest.split_once(unit) {
            let fits = (1..=5).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
            if !fits {
                return false;
            }
            rest = after;
        }
    }
    rest.is_empty() && !text.is_empty()
}

/// A closed set of words.
pub(crate) trait Word: Copy + 'static {
    const WORDS: &'static [(&'static str, Self)];
    const EXPECTED: &'static str;
}

impl<W: Word> Scalar for W {
    const WANTED: Wanted = Wanted::Text;
    const EXPECTED: &'static str = <W as Word>::EXPECTED;

    fn parse(text: &str) -> Option<Self> {
        W::WORDS.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
    }

    fn limits() -> Limits {
        Limits {
            words: W::WORDS.iter().map(|(word, _)| *word).collect(),
            ..Limits::default()
        }
    }

    fn suggestion(text: &str) -> Option<String> {
        nearest(text, W::WORDS.iter().map(|(word, _)| *word)).map(str::to_owned)
    }
}

impl Word for LaunchType {
    const WORDS: &'static [(&'static str, Self)] = &[
        (Self::Fargate.as_str(), Self::Fargate),
        (Self::FargateSpot.as_str(), Self::FargateSpot),
        (Self::Ec2.as_str(), Self::Ec2),
    ];
    const EXPECTED: &'static str = "`FARGATE`, `FARGATE_SPOT` or `EC2`";
}

impl Word for Entrypoint {
    const WORDS: &'static [(&'static str, Self)] = &[("deploy-runner", Self::DeployRunner), ("image", Self::Image)];
    const EXPECTED: &'static str = "`deploy-runner` or `image`";
}

impl Word for Network {
    const WORDS: &'static [(&'static str, Self)] = &[("none", Self::None), ("host", Self::Host)];
    const EXPECTED: &'static str = "`none` or `host`";
}

impl Word for RootFilesystem {
    const WORDS: &'static [(&'static str, Self)] = &[("read_only", Self::ReadOnly), ("writable", Self::Writable)];
    const EXPECTED: &'static str = "`read_only` or `writable`";
}

impl Word for Capability {
    const WORDS: &'static [(&'static str, Self)] = Self::WORDS;
    const EXPECTED: &'static str = Self::EXPECTED;
}

impl Word for ValueStyle {
    const WORDS: &'static [(&'static str, Self)] = &[("equals", Self::Equals), ("separate", Self::Separate)];
    const EXPECTED: &'static str = "`equals` or `separate`";
}

/// The types of options and positionals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeName {
    /// Takes no value.
    Flag,
    /// One of a list of words.
    Choice,
    /// A full git object id.
    Commit,
    /// A full git ref name.
    Ref,
    /// An alias of a repository.
    Repository,
    /// A relative path.
    Path,
    /// An integer in a range.
    Integer,
    /// Text that a pattern describes.
    Text,
    /// `key=value`.
    KeyValue,
}

impl TypeName {
    /// The word in the file.
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(_, value)| *value == self)
            .map_or("", |(word, _)| word)
    }
}

impl Word for TypeName {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("flag", Self::Flag),
        ("choice", Self::Choice),
        ("commit", Self::Commit),
        ("ref", Self::Ref),
        ("repository", Self::Repository),
        ("path", Self::Path),
        ("integer", Self::Integer),
        ("text", Self::Text),
        ("key_value", Self::KeyValue),
    ];
    const EXPECTED: &'static str =
        "`flag`, `choice`, `commit`, `ref`, `repository`, `path`, `integer`, `text` or `key_value`";
}

/// The only type that the value of a `key_value` option has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextOnly;

impl Word for TextOnly {
    const WORDS: &'static [(&'static str, Self)] = &[("text", Self)];
    const EXPECTED: &'static str = "`text`";
}
