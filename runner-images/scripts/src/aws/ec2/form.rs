//! Questions to EC2 as the forms of its Query API.
//!
//! Responsible for no character of a value meaning anything but itself, neither in a form nor in a filter.

use crate::values::AmiTag;

const VERSION: &str = "2016-11-15";
/// AMIs in one answer.
const PAGE: &str = "100";

/// What an AMI has to be like: one of the values.
#[derive(Debug)]
pub(super) struct Filter {
    name: String,
    values: Vec<String>,
}

impl Filter {
    pub(super) fn of_tag(tag: &AmiTag) -> Self {
        Self {
            name: format!("tag:{}", tag.key()),
            values: vec![literal(tag.value())],
        }
    }

    pub(super) fn of_ids(ids: &[&str]) -> Self {
        Self {
            name: "image-id".to_owned(),
            values: ids.iter().map(|id| literal(id)).collect(),
        }
    }

    pub(super) fn of_states() -> Self {
        Self {
            name: "state".to_owned(),
            values: ["available", "pending"].map(str::to_owned).into(),
        }
    }
}

/// In the values of a filter `*` and `?` are wildcards, unless a backslash is before them.
fn literal(value: &str) -> String {
    let mut literal = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '*' | '?' | '\\') {
            literal.push('\\');
        }
        literal.push(c);
    }
    literal
}

/// Asks for a page of the AMIs of this account that fit all filters.
pub(super) fn describe_images(filters: &[Filter], token: Option<&str>) -> String {
    let mut form = Form::default();
    form.add("Action", "DescribeImages");
    form.add("Version", VERSION);
    form.add("Owner.1", "self");
    form.add("MaxResults", PAGE);
    for (number, filter) in (1..).zip(filters) {
        form.add(&format!("Filter.{number}.Name"), &filter.name);
        for (place, value) in (1..).zip(&filter.values) {
            form.add(&format!("Filter.{number}.Value.{place}"), value);
        }
    }
    if let Some(token) = token {
        form.add("NextToken", token);
    }
    form.0
}

/// `application/x-www-form-urlencoded`.
#[derive(Default)]
struct Form(String);

impl Form {
    /// Names are made of characters that stand for themselves.
    fn add(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                self.0.push(char::from(byte));
            } else {
                self.0.push('%');
                self.0.push_str(&hex::encode_upper([byte]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_names_the_owner_the_states_and_every_tag() {
        let tags: [AmiTag; 2] = ["service=web".parse().unwrap(), "build of=a+b & c=ü".parse().unwrap()];
        let mut filters: Vec<Filter> = tags.iter().map(Filter::of_tag).collect();
        filters.push(Filter::of_states());
        assert_eq!(
            describe_images(&filters, Some("a/b==")),
            "Action=DescribeImages&Version=2016-11-15&Owner.1=self&MaxResults=100\
             &Filter.1.Name=tag%3Aservice&Filter.1.Value.1=web\
             &Filter.2.Name=tag%3Abuild%20of&Filter.2.Value.1=a%2Bb%20%26%20c%3D%C3%BC\
             &Filter.3.Name=state&Filter.3.Value.1=available&Filter.3.Value.2=pending\
             &NextToken=a%2Fb%3D%3D"
        );
    }

    /// The example of <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html>, and each of its characters.
    #[test]
    fn wildcards_of_a_value_mean_themselves() {
        for (value, expected) in [
            ("*amazon?\\", "\\*amazon\\?\\\\"),
            ("1.*", "1.\\*"),
            ("?", "\\?"),
            ("\\*", "\\\\\\*"),
            ("[a]{b}", "[a]{b}"),
        ] {
            assert_eq!(literal(value), expected);
        }
    }
}
