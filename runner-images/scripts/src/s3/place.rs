//! Where a bucket is: its Region, and the address that answers for it.
//!
//! Responsible for never sending a plan or a signature unencrypted to another machine.

/// Where a bucket is said to be cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PlaceError {
    /// Nobody says it.
    #[error(
        "the bucket `{0}` needs a Region: declare AWS_REGION in the environment of the container, such as `eu-west-1`"
    )]
    NoRegion(String),
    /// It is none.
    #[error("AWS_REGION `{0}` is no Region: declare one such as `eu-west-1`")]
    Region(String),
    /// It is none.
    #[error(
        "the endpoint `{0}` for S3 cannot be used: declare `https://HOST` or `https://HOST:PORT` (plain `http://` is only for this machine)"
    )]
    Endpoint(String),
}

/// Where one bucket is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    bucket: String,
    region: String,
    scheme: &'static str,
    /// Host, and port if it is not the usual one.
    authority: String,
    /// What the path begins with.
    root: String,
}

impl Place {
    /// As the environment says: `AWS_REGION`, and an endpoint of one's own if there is one.
    pub(super) fn of(bucket: &str, own: impl Fn(&str) -> Option<String>) -> Result<Self, PlaceError> {
        let region = own("AWS_REGION")
            .or_else(|| own("AWS_DEFAULT_REGION"))
            .ok_or_else(|| PlaceError::NoRegion(bucket.to_owned()))?;
        let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if region.len() > 32 || !region.bytes().all(is_plain) {
            return Err(PlaceError::Region(region));
        }
        let own_endpoint = own("AWS_ENDPOINT_URL_S3").or_else(|| own("AWS_ENDPOINT_URL"));
        let (scheme, authority, root) = if let Some(endpoint) = own_endpoint {
            let (scheme, authority) = split(&endpoint).ok_or_else(|| PlaceError::Endpoint(endpoint.clone()))?;
            (scheme, authority.to_owned(), format!("/{bucket}/"))
        } else {
            let domain = domain_of(&region);
            ("https", format!("{bucket}.s3.{region}.{domain}"), "/".to_owned())
        };
        Ok(Self {
            bucket: bucket.to_owned(),
            region,
            scheme,
            authority,
            root,
        })
    }

    pub(super) fn bucket(&self) -> &str {
        &self.bucket
    }

    pub(super) fn region(&self) -> &str {
        &self.region
    }

    pub(super) fn host(&self) -> &str {
        &self.authority
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.scheme == "https"
    }

    /// The path of an object; keys are made of characters that stand for themselves.
    pub(super) fn path(&self, key: &str) -> String {
        format!("{}{key}", self.root)
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.authority)
    }

    pub(super) fn arn(&self, key: &str) -> String {
        let partition = match self.region.split('-').take(2).collect::<Vec<_>>().as_slice() {
            ["cn", ..] => "aws-cn",
            ["us", "gov"] => "aws-us-gov",
            _ => "aws",
        };
        format!("arn:{partition}:s3:::{}/{key}", self.bucket)
    }
}

fn domain_of(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    }
}

/// Scheme and authority of an address that is used as it is: nothing else is in it.
fn split(endpoint: &str) -> Option<(&'static str, &str)> {
    let (scheme, rest) = endpoint.split_once("://")?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "443"));
    let port_is_one = (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    let host_is_one = !host.is_empty() && host.bytes().all(is_plain) && !host.starts_with(['-', '.']);
    match scheme {
        _ if !(port_is_one && host_is_one) => None,
        "https" => Some(("https", authority)),
        "http" if is_this_machine(host) => Some(("http", authority)),
        _ => None,
    }
}

pub(super) fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(variables: &[(&str, &str)]) -> Result<Place, PlaceError> {
        let own = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Place::of("plans", own)
    }

    #[test]
    fn a_bucket_answers_under_its_own_name_in_its_region_and_below_an_endpoint_of_ones_own() {
        let url = |variables: &[(&str, &str)]| {
            let place = place(variables).unwrap();
            (place.url(&place.path("a/b.plan")), place.arn("a/b.plan"))
        };
        for (variables, expected, arn) in [
            (
                &[("AWS_REGION", "eu-west-1")][..],
                "https://plans.s3.eu-west-1.amazonaws.com/a/b.plan",
                "arn:aws:s3:::plans/a/b.plan",
            ),
            (
                &[("AWS_DEFAULT_REGION", "cn-north-1")],
                "https://plans.s3.cn-north-1.amazonaws.com.cn/a/b.plan",
                "arn:aws-cn:s3:::plans/a/b.plan",
            ),
            (
                &[
                    ("AWS_REGION", "us-gov-west-1"),
                    ("AWS_ENDPOINT_URL", "https://s3-fips.us-gov-west-1.amazonaws.com"),
                ],
                "https://s3-fips.us-gov-west-1.amazonaws.com/plans/a/b.plan",
                "arn:aws-us-gov:s3:::plans/a/b.plan",
            ),
            (
                &[
                    ("AWS_REGION", "eu-west-1"),
                    ("AWS_ENDPOINT_URL", "https://wrong.example.com"),
                    ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:5000/"),
                ],
                "http://127.0.0.1:5000/plans/a/b.plan",
                "arn:aws:s3:::plans/a/b.plan",
            ),
        ] {
            assert_eq!(url(variables), (expected.to_owned(), arn.to_owned()));
        }
    }

    #[test]
    fn nothing_leaves_this_machine_unencrypted_and_no_setting_changes_the_address_by_a_trick() {
        assert_eq!(place(&[]), Err(PlaceError::NoRegion("plans".to_owned())));
        for region in ["evil.example.com/", "eu_west_1", "EU-WEST-1", "eu-west-1#", "a b"] {
            assert_eq!(
                place(&[("AWS_REGION", region)]),
                Err(PlaceError::Region(region.to_owned()))
            );
        }
        for endpoint in [
            "http://s3.example.com",
            "http://10.0.0.1:9000",
            "http://127.0.0.1.example.com",
            "https://user@s3.example.com",
            "https://s3.example.com/path",
            "https://s3.example.com?x",
            "https://s3.example.com:",
            "https://",
            "s3.example.com",
            "ftp://127.0.0.1",
        ] {
            let variables = [("AWS_REGION", "eu-west-1"), ("AWS_ENDPOINT_URL", endpoint)];
            assert_eq!(place(&variables), Err(PlaceError::Endpoint(endpoint.to_owned())));
        }
    }
}
