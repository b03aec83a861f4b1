//! XML as AWS answers it: small documents without a document type.
//!
//! Responsible for a limit on what is read, and for taking nothing but a code out of an error: its text repeats what was signed.

use std::str::Utf8Error;

use roxmltree::{Document, Node, ParsingOptions};

use super::MOST_ERROR_BYTES;

/// More than the largest page of AMIs has.
const MOST_NODES: u32 = 200_000;
/// Longer codes are none.
const MOST_CODE_CHARACTERS: usize = 64;

/// Why a document is not understood. It never repeats a part of it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Malformed {
    /// Not UTF-8.
    #[error("it is no text: {0}")]
    Text(#[from] Utf8Error),
    /// Not well-formed, or with a document type, or too much.
    #[error("it is no XML in line {0}")]
    Xml(u32),
    /// Something is not there, there twice, or not what it should be.
    #[error("its `{0}` is not as documented")]
    Element(&'static str),
}

/// Reads a document of one kind.
pub(super) fn document<'text>(content: &'text [u8], kind: &'static str) -> Result<Document<'text>, Malformed> {
    let text = std::str::from_utf8(content)?;
    let options = ParsingOptions {
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options).map_err(|error| Malformed::Xml(error.pos().row))?;
    if document.root_element().tag_name().name() == kind {
        Ok(document)
    } else {
        Err(Malformed::Element(kind))
    }
}

/// The child of this name, if it is there. It is there once.
pub(super) fn child<'doc, 'text>(
    node: Node<'doc, 'text>,
    name: &'static str,
) -> Result<Option<Node<'doc, 'text>>, Malformed> {
    let mut named = node
        .children()
        .filter(|child| child.is_element() && child.tag_name().name() == name);
    match (named.next(), named.next()) {
        (found, None) => Ok(found),
        (_, Some(_)) => Err(Malformed::Element(name)),
    }
}

/// The text of the child of this name, if it is there: all of it, and nothing but text.
pub(super) fn text(node: Node<'_, '_>, name: &'static str) -> Result<Option<String>, Malformed> {
    let Some(found) = child(node, name)? else {
        return Ok(None);
    };
    if found.children().any(|part| part.is_element()) {
        return Err(Malformed::Element(name));
    }
    Ok(Some(
        found
            .children()
            .filter(Node::is_text)
            .filter_map(|part| part.text())
            .collect(),
    ))
}

/// The `item`s of a list.
pub(super) fn items<'doc, 'text>(list: Node<'doc, 'text>) -> impl Iterator<Item = Node<'doc, 'text>> {
    list.children()
        .filter(|child| child.is_element() && child.tag_name().name() == "item")
}

/// The code of an error: `<Error><Code>NoSuchKey</Code>…` of S3, `<Response><Errors><Error><Code>AuthFailure</Code>…` of EC2.
pub(super) fn error_code(content: &[u8]) -> String {
    plain(&code_of(content).unwrap_or_default())
}

fn code_of(content: &[u8]) -> Option<String> {
    let text = content
        .get(..MOST_ERROR_BYTES)
        .is_none()
        .then(|| std::str::from_utf8(content).ok())??;
    let document = Document::parse(text).ok()?;
    let error = document.descendants().find(|node| node.tag_name().name() == "Error")?;
    self::text(error, "Code").ok()?
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
        assert_eq!(reason(bomb), Malformed::Xml(1));
        assert_eq!(
            reason("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"),
            Malformed::Xml(1)
        );
        assert_eq!(reason("<a>\n&unknown;</a>"), Malformed::Xml(2));
        assert_eq!(reason("<b/>"), Malformed::Element("a"));
        let many = format!("<a>{}</a>", "<b/>".repeat(MOST_NODES as usize));
        assert!(matches!(reason(&many), Malformed::Xml(_)));
        // As deep as the limit allows: the reader needs no stack for it.
        let depth = MOST_NODES as usize - 10;
        let deep = format!("<a>{}{}</a>", "<b>".repeat(depth), "</b>".repeat(depth));
        assert!(document(deep.as_bytes(), "a").is_ok());
        assert!(matches!(document(b"<a>\xff</a>", "a"), Err(Malformed::Text(_))));
    }

    #[test]
    fn a_text_is_whole_and_there_once() {
        let read = |inside: &str| {
            let content = format!("<a>{inside}</a>");
            let document = document(content.as_bytes(), "a").unwrap();
            text(document.root_element(), "t")
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
