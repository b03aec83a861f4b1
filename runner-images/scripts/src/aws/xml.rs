//! XML as AWS answers it: small documents without a document type.
//!
//! Responsible for limits on what is read, and for taking nothing but a code out of an error: its text repeats what was signed.

use std::str::Utf8Error;

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, Event};

use super::MOST_ERROR_BYTES;

/// Deeper than any answer.
const MOST_DEPTH: usize = 16;
/// More than the largest page of AMIs has.
const MOST_ELEMENTS: usize = 200_000;
/// Longer codes are none.
const MOST_CODE_CHARACTERS: usize = 64;

/// Why a document is not understood. It never repeats a part of it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Malformed {
    /// Not UTF-8.
    #[error("it is no text: {0}")]
    Text(#[from] Utf8Error),
    /// Not well-formed, or with a document type, or too much.
    #[error("it is no XML as AWS writes it, from byte {0} on")]
    Xml(u64),
    /// Something is not there, there twice, or not what it should be.
    #[error("its `{0}` is not as documented")]
    Element(&'static str),
}

/// An element, by its name without the prefix. Attributes mean nothing here.
#[derive(Debug, Default)]
pub(super) struct Element {
    name: String,
    /// All of its own.
    text: String,
    children: Vec<Element>,
}

/// Reads a document of one kind.
pub(super) fn document(content: &[u8], kind: &'static str) -> Result<Element, Malformed> {
    let root = read(content)?;
    if root.name == kind {
        Ok(root)
    } else {
        Err(Malformed::Element(kind))
    }
}

fn read(content: &[u8]) -> Result<Element, Malformed> {
    let text = std::str::from_utf8(content)?;
    if let Some(place) = text.find(is_no_character_of_xml) {
        return Err(Malformed::Xml(place.try_into().unwrap_or(u64::MAX)));
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let (mut open, mut root, mut elements) = (Vec::<Element>::new(), None, 0);
    loop {
        let begin = reader.buffer_position();
        let event = reader.read_event().ok().ok_or(Malformed::Xml(begin))?;
        let is_understood = match event {
            Event::Start(start) => {
                elements += 1;
                open.push(Element {
                    name: String::from_utf8_lossy(start.local_name().into_inner()).into_owned(),
                    ..Element::default()
                });
                root.is_none() && open.len() <= MOST_DEPTH && elements <= MOST_ELEMENTS
            }
            Event::End(_) => match (open.pop(), open.last_mut()) {
                (Some(closed), Some(parent)) => {
                    parent.children.push(closed);
                    true
                }
                (closed, None) => {
                    root = closed;
                    root.is_some()
                }
                (None, Some(_)) => false,
            },
            Event::Text(text) => add(text.xml10_content().ok().as_deref(), &mut open),
            Event::CData(text) => add(text.xml10_content().ok().as_deref(), &mut open),
            Event::GeneralRef(reference) => add(resolved(&reference).as_deref(), &mut open),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => true,
            Event::Eof => return root.filter(|_| open.is_empty()).ok_or(Malformed::Xml(begin)),
            // Elements without content come as a start and an end.
            Event::DocType(_) | Event::Empty(_) => false,
        };
        if !is_understood {
            return Err(Malformed::Xml(begin));
        }
    }
}

/// What XML 1.0 does not allow as it is. The reader does not mind.
const fn is_no_character_of_xml(c: char) -> bool {
    matches!(c, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}')
}

/// Outside the outermost element there is nothing but space.
fn add(text: Option<&str>, open: &mut [Element]) -> bool {
    match (text, open.last_mut()) {
        (Some(text), Some(element)) => {
            element.text.push_str(text);
            true
        }
        (Some(text), None) => text.trim().is_empty(),
        (None, _) => false,
    }
}

/// What a reference to a character, or one of the five that XML itself has, stands for.
fn resolved(reference: &BytesRef<'_>) -> Option<String> {
    match reference.resolve_char_ref().ok()? {
        Some(character) => Some(character.to_string()),
        None => resolve_xml_entity(&reference.decode().ok()?).map(str::to_owned),
    }
}

impl Element {
    /// The child of this name, if it is there. It is there once.
    pub(super) fn child(&self, name: &'static str) -> Result<Option<&Self>, Malformed> {
        let mut named = self.named(name);
        match (named.next(), named.next()) {
            (found, None) => Ok(found),
            (_, Some(_)) => Err(Malformed::Element(name)),
        }
    }

    /// The text of the child of this name, if it is there: all of it, and nothing but text.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<&str>, Malformed> {
        match self.child(name)? {
            Some(found) if !found.children.is_empty() => Err(Malformed::Element(name)),
            found => Ok(found.map(|found| found.text.as_str())),
        }
    }

    /// The items of a list.
    pub(super) fn items(&self) -> impl Iterator<Item = &Self> {
        self.named("item")
    }

    fn named(&self, name: &'static str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

/// The code of an error: `<Error><Code>NoSuchKey</Code>…` of S3, `<Response><Errors><Error><Code>AuthFailure</Code>…` of EC2.
pub(super) fn error_code(content: &[u8]) -> String {
    plain(&code_of(content).unwrap_or_default())
}

fn code_of(content: &[u8]) -> Option<String> {
    if content.len() > MOST_ERROR_BYTES {
        return None;
    }
    let root = read(content).ok()?;
    let error = match root.name.as_str() {
        "Error" => &root,
        _ => root.child("Errors").ok()??.child("Error").ok()??,
    };
    error.text("Code").ok()?.map(str::to_owned)
}

/// A word that may be shown, or that there is none.
pub(super) fn plain(text: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if !text.is_empty() && text.len() <= MOST_CODE_CHARACTERS && text.bytes().all(is_plain) {
        text.to_owned()
    } else {
        "no code".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_taken_out_of_the_errors_of_both_services_and_nothing_else_is() {
        for (content, expected) in [
            (
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>the key AKIA</Message></Error>",
                "NoSuchKey",
            ),
            (
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>InvalidAMIID.NotFound</Code><Message>AKIA</Message></Error></Errors><RequestID>1</RequestID></Response>",
                "InvalidAMIID.NotFound",
            ),
            (
                "<e:Error xmlns:e='urn:x'><e:Code><![CDATA[SlowDown]]></e:Code></e:Error>",
                "SlowDown",
            ),
            ("<Error><Code>AKIA secret</Code></Error>", "no code"),
            ("<Error><Code>A</Code><Code>B</Code></Error>", "no code"),
            ("<Error><Code>A<b/></Code></Error>", "no code"),
            ("<Error><Code>A</Code>", "no code"),
            ("<!-- <Error><Code>A</Code></Error> --><x/>", "no code"),
            ("<html>Not found</html>", "no code"),
            ("", "no code"),
        ] {
            assert_eq!(error_code(content.as_bytes()), expected, "{content}");
        }
        let long = format!("<Error><Code>{}</Code></Error>", "A".repeat(65));
        assert_eq!(error_code(long.as_bytes()), "no code");
        let large = format!("<Error><Code>A</Code><x>{}</x></Error>", "x".repeat(MOST_ERROR_BYTES));
        assert_eq!(error_code(large.as_bytes()), "no code");
        assert_eq!(error_code(b"<Error><Code>A\xff</Code></Error>"), "no code");
    }

    #[test]
    fn nothing_expands_and_nothing_is_read_without_end() {
        let reason = |text: &str| document(text.as_bytes(), "a").unwrap_err();
        let bomb = "<!DOCTYPE a [<!ENTITY x \"xxxx\"><!ENTITY y \"&x;&x;\">]><a>&y;</a>";
        assert_eq!(reason(bomb), Malformed::Xml(0));
        assert_eq!(
            reason("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"),
            Malformed::Xml(0)
        );
        assert_eq!(reason("<b/>"), Malformed::Element("a"));
        let many = format!("<a>{}</a>", "<b/>".repeat(MOST_ELEMENTS));
        assert!(matches!(reason(&many), Malformed::Xml(_)));
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(document(nested(MOST_DEPTH).as_bytes(), "a").is_ok());
        assert!(matches!(reason(&nested(MOST_DEPTH + 1)), Malformed::Xml(_)));
        assert!(matches!(reason(&nested(1_000_000)), Malformed::Xml(_)));
        // Attributes and namespaces are not looked at, however many there are.
        let attributes: Vec<String> = (0..100_000)
            .map(|number| format!(" xmlns:a{number}='' b{number}=''"))
            .collect();
        assert!(document(format!("<a{}/>", attributes.concat()).as_bytes(), "a").is_ok());
        assert!(matches!(document(b"<a>\xff</a>", "a"), Err(Malformed::Text(_))));
    }

    #[test]
    fn what_is_not_well_formed_is_no_document() {
        for text in [
            "",
            " ",
            "a",
            "<a>",
            "</a>",
            "<a></b>",
            "<a><b></a></b>",
            "<a/><a/>",
            "<a/>b",
            "b<a/>",
            "<a>&</a>",
            "<a>&unknown;</a>",
            "<a>&#0;</a>",
            "<a>&#xD800;</a>",
            "<a><![CDATA[x</a>",
            "<a><!-- x</a>",
            "<a",
            "<a/>&amp;",
            "<a>\0</a>",
            "<a b='\u{1b}'/>",
            "<a>\u{ffff}</a>",
        ] {
            let read = document(text.as_bytes(), "a");
            assert!(matches!(read, Err(Malformed::Xml(_))), "{text}: {read:?}");
        }
        for text in [
            "<a/>",
            "\u{feff}<?xml version='1.0'?>\n<a/>\n",
            "<!-- x --><?x y?><x:a xmlns:x='urn:x'/>",
        ] {
            assert!(document(text.as_bytes(), "a").is_ok(), "{text}");
        }
    }

    #[test]
    fn a_text_is_whole_and_there_once() {
        let read = |inside: &str| {
            let content = format!("<a>{inside}</a>");
            let document = document(content.as_bytes(), "a").unwrap();
            document.text("t").map(|text| text.map(str::to_owned))
        };
        assert_eq!(
            read("<t>a<!-- b -->c<![CDATA[<d>]]>&amp;&#x2A;</t>"),
            Ok(Some("ac<d>&*".to_owned()))
        );
        assert_eq!(read("<t> a </t>"), Ok(Some(" a ".to_owned())));
        assert_eq!(read("<t/>"), Ok(Some(String::new())));
        assert_eq!(read("<x><t>a</t></x>"), Ok(None));
        assert_eq!(read("<t>a</t><t>a</t>"), Err(Malformed::Element("t")));
        assert_eq!(read("<t>a<b>c</b></t>"), Err(Malformed::Element("t")));
    }
}
