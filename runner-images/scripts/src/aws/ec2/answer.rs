//! What EC2 answers: a page of AMIs.
//!
//! Responsible for reading it strictly: tags are other people's text, and an answer that is not as documented says nothing.
//! Described by <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html>.

use std::collections::BTreeMap;

use super::image::{Image, ImageState, is_ami_id};
use crate::aws::xml::{Element, Malformed, document};

/// Longer tokens are none.
const MOST_TOKEN_BYTES: usize = 16 * 1024;

/// Some AMIs, and where the next ones are.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// Those that are there or are being made.
    pub images: Vec<Image>,
    /// What the next page is asked for with, if there is one.
    pub next: Option<String>,
}

impl Page {
    /// Reads an answer.
    pub fn read(content: &[u8]) -> Result<Self, Malformed> {
        let answer = document(content, "DescribeImagesResponse")?;
        let set = answer.child("imagesSet")?.ok_or(Malformed::Element("imagesSet"))?;
        let images: Result<Vec<_>, _> = set.items().filter_map(|item| image(item).transpose()).collect();
        let next = answer.text("nextToken")?.filter(|token| !token.is_empty());
        if next.is_some_and(|token| token.len() > MOST_TOKEN_BYTES) {
            return Err(Malformed::Element("nextToken"));
        }
        let next = next.map(str::to_owned);
        Ok(Self { images: images?, next })
    }
}

/// An AMI, unless it is in a state in which it is none.
fn image(item: &Element) -> Result<Option<Image>, Malformed> {
    let state = match needed(item, "imageState")? {
        "available" => ImageState::Available,
        "pending" => ImageState::Pending,
        _ => return Ok(None),
    };
    let created = needed(item, "creationDate")?.parse();
    Ok(Some(Image {
        id: id(item)?,
        state,
        created: created.map_err(|_: jiff::Error| Malformed::Element("creationDate"))?,
        tags: tags(item)?,
    }))
}

fn id(item: &Element) -> Result<String, Malformed> {
    let id = needed(item, "imageId")?;
    if is_ami_id(id) {
        Ok(id.to_owned())
    } else {
        Err(Malformed::Element("imageId"))
    }
}

/// A key is there once. EC2 leaves out the set of an AMI that has no tags.
fn tags(item: &Element) -> Result<BTreeMap<String, String>, Malformed> {
    let mut tags = BTreeMap::new();
    for tag in item.child("tagSet")?.into_iter().flat_map(Element::items) {
        let (key, value) = (needed(tag, "key")?, needed(tag, "value")?);
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(Malformed::Element("tagSet"));
        }
    }
    Ok(tags)
}

fn needed<'doc>(element: &'doc Element, name: &'static str) -> Result<&'doc str, Malformed> {
    element.text(name)?.ok_or(Malformed::Element(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the documentation shows, and a little of what it shows not.
    const ANSWER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<DescribeImagesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
   <requestId>59dbff89-35bd-4eac-99ed-be587EXAMPLE</requestId>
   <imagesSet>
      <item>
         <imageId>ami-1234567890EXAMPLE</imageId>
         <imageState>deregistered</imageState>
      </item>
      <item>
         <imageId>ami-0abcdef1234567890</imageId>
         <imageLocation>111122223333/web</imageLocation>
         <imageState>available</imageState>
         <imageOwnerId>111122223333</imageOwnerId>
         <creationDate>2026-04-12T21:29:47.000Z</creationDate>
         <productCodes/>
         <name>web-1.2.3</name>
         <description>&lt;imageState&gt;pending</description>
         <blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><snapshotId>snap-1</snapshotId></ebs></item></blockDeviceMapping>
         <tagSet>
            <item><key>version</key><value>1.2.3</value></item>
            <item><key>team</key><value>R&amp;D &lt;/value&gt;&lt;value&gt;</value></item>
            <item><key>empty</key><value/></item>
         </tagSet>
      </item>
      <item>
         <imageId>ami-0000000000000001</imageId>
         <imageState>pending</imageState>
         <creationDate>2026-04-13T00:00:00.000Z</creationDate>
      </item>
   </imagesSet>
   <nextToken>a+b/c==</nextToken>
</DescribeImagesResponse>"#;

    #[test]
    fn an_answer_is_read_with_its_states_dates_and_tags() {
        let page = Page::read(ANSWER.as_bytes()).unwrap();
        let [available, pending] = page.images.as_slice() else {
            panic!("{page:?}")
        };
        assert_eq!(
            (
                available.id.as_str(),
                available.state,
                available.created.to_string().as_str()
            ),
            ("ami-0abcdef1234567890", ImageState::Available, "2026-04-12T21:29:47Z")
        );
        let tags = [("empty", ""), ("team", "R&D </value><value>"), ("version", "1.2.3")];
        let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(available.tags, BTreeMap::from(tags));
        assert_eq!((pending.state, &pending.tags), (ImageState::Pending, &BTreeMap::new()));
        assert_eq!(page.next.as_deref(), Some("a+b/c=="));
    }

    #[test]
    fn the_last_page_has_no_token_and_may_have_no_image() {
        for set in ["<imagesSet/>", "<imagesSet></imagesSet><nextToken/>"] {
            let answer = format!("<DescribeImagesResponse>{set}</DescribeImagesResponse>");
            let page = Page::read(answer.as_bytes()).unwrap();
            assert_eq!((page.images, page.next), (Vec::new(), None), "{set}");
        }
    }

    #[test]
    fn an_answer_that_is_not_as_documented_says_nothing() {
        for (from, to, element) in [
            (
                "DescribeImagesResponse",
                "DescribeImageResponse",
                "DescribeImagesResponse",
            ),
            ("imagesSet", "images", "imagesSet"),
            ("ami-0abcdef1234567890", "ami-0abc\u{202e}", "imageId"),
            ("ami-0abcdef1234567890", "i-0abcdef1234567890", "imageId"),
            ("<imageState>pending</imageState>", "", "imageState"),
            ("2026-04-12T21:29:47.000Z", "yesterday", "creationDate"),
            ("<key>team</key>", "<key>version</key>", "tagSet"),
            ("<key>team</key>", "", "key"),
            ("<value>1.2.3</value>", "", "value"),
            ("<value>1.2.3</value>", "<value>1.2.3</value><value>2</value>", "value"),
            ("<value>1.2.3</value>", "<value>1.2<b>.3</b></value>", "value"),
            ("<tagSet>", "<tagSet/><tagSet>", "tagSet"),
            ("a+b/c==", "x", ""),
        ] {
            assert!(ANSWER.contains(from), "{from}");
            let page = Page::read(ANSWER.replace(from, to).as_bytes());
            match element {
                "" => assert_eq!(page.unwrap().next.as_deref(), Some(to)),
                element => assert_eq!(page, Err(Malformed::Element(element)), "{from} → {to}"),
            }
        }
        assert!(Page::read(&ANSWER.as_bytes()[..ANSWER.len() - 1]).is_err());
        let long = ANSWER.replace("a+b/c==", &"x".repeat(MOST_TOKEN_BYTES + 1));
        assert_eq!(Page::read(long.as_bytes()), Err(Malformed::Element("nextToken")));
    }

    /// A text as XML, in one of the ways in which XML can write it.
    fn written(text: &str, way: u8) -> String {
        match way {
            0 => text
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('\r', "&#13;"),
            1 => text
                .chars()
                .map(|c| format!("&#{};", u32::from(c)))
                .collect::<Vec<_>>()
                .concat(),
            _ => format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>")),
        }
    }

    proptest! {
        #[test]
        fn whatever_a_tag_says_it_is_read_as_that_and_as_nothing_else(
            tags in proptest::collection::btree_map("[ -~äß€]{1,40}", r"([ -~äß€😀]|<value>|\]\]>|&amp;|</item>|<!--){0,20}", 0..6),
            way in 0u8..3,
        ) {
            let items: Vec<String> = tags
                .iter()
                .map(|(key, value)| format!("<item><key>{}</key><value>{}</value></item>", written(key, way), written(value, way)))
                .collect();
            let items = items.concat();
            let answer = format!(
                "<DescribeImagesResponse><imagesSet><item><imageId>ami-1</imageId><imageState>available</imageState>\
                 <creationDate>2026-01-01T00:00:00.000Z</creationDate><tagSet>{items}</tagSet></item></imagesSet></DescribeImagesResponse>"
            );
            let page = Page::read(answer.as_bytes()).unwrap();
            prop_assert_eq!(page.images.len(), 1);
            prop_assert_eq!(&page.images[0].tags, &tags);
        }

        #[test]
        fn an_answer_that_was_damaged_is_read_or_refused_and_never_makes_up_an_id(
            place in 0..ANSWER.len(), byte in any::<u8>(), length in 0usize..40,
        ) {
            let mut answer = ANSWER.as_bytes().to_vec();
            let end = (place + length).min(answer.len());
            answer.splice(place..end, [byte]);
            if let Ok(page) = Page::read(&answer) {
                prop_assert!(page.images.iter().all(|image| is_ami_id(&image.id)));
            }
        }
    }
}
