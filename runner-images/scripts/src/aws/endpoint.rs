//! Where a service is: its Region, and the address that answers for it.
//!
//! Responsible for never sending a plan or a signature unencrypted to another machine.

use super::Service;

/// Where a service is said to be cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EndpointError {
    /// Nobody says it.
    #[error("{0} needs a Region: declare AWS_REGION in the environment of the container, such as `eu-west-1`")]
    NoRegion(Service),
    /// It is none.
    #[error("AWS_REGION `{0}` is no Region: declare one such as `eu-west-1`")]
    Region(String),
    /// It is none.
    #[error(
        "the endpoint `{endpoint}` for {service} cannot be used: declare `https://HOST` or `https://HOST:PORT` (plain `http://` is only for this machine)"
    )]
    Endpoint {
        /// What it is for.
        service: Service,
        /// What was declared.
        endpoint: String,
    },
}

/// A Region of AWS.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Region(String);

impl Region {
    /// As the environment says: `AWS_REGION`.
    pub(super) fn find(service: Service, own: impl Fn(&str) -> Option<String>) -> Result<Self, EndpointError> {
        let region = own("AWS_REGION")
            .or_else(|| own("AWS_DEFAULT_REGION"))
            .ok_or(EndpointError::NoRegion(service))?;
        let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if region.len() > 32 || !region.bytes().all(is_plain) {
            return Err(EndpointError::Region(region));
        }
        Ok(Self(region))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn partition(&self) -> &'static str {
        match self.0.split('-').take(2).collect::<Vec<_>>().as_slice() {
            ["cn", ..] => "aws-cn",
            ["us", "gov"] => "aws-us-gov",
            _ => "aws",
        }
    }

    pub(super) fn domain(&self) -> &'static str {
        if self.0.starts_with("cn-") {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        }
    }
}

/// The address of a service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    scheme: &'static str,
    /// Host, and port if it is not the usual one.
    authority: String,
}

impl Endpoint {
    /// One of one's own, if the environment has one.
    pub(super) fn declared(
        service: Service,
        own: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, EndpointError> {
        let Some(endpoint) = own(service.endpoint_variable()).or_else(|| own("AWS_ENDPOINT_URL")) else {
            return Ok(None);
        };
        match split(&endpoint) {
            Some((scheme, authority)) => Ok(Some(Self {
                scheme,
                authority: authority.to_owned(),
            })),
            None => Err(EndpointError::Endpoint { service, endpoint }),
        }
    }

    /// AWS's own.
    pub(super) const fn of_aws(host: String) -> Self {
        Self {
            scheme: "https",
            authority: host,
        }
    }

    pub(super) fn host(&self) -> &str {
        &self.authority
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.scheme == "https"
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.authority)
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
    use crate::aws::fixture::environment;

    #[test]
    fn a_region_is_a_plain_word_and_tells_its_partition() {
        let region = |variables: &[(&str, &str)]| Region::find(Service::Ec2, environment(variables));
        for (name, partition, domain) in [
            ("eu-west-1", "aws", "amazonaws.com"),
            ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
            ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
        ] {
            let found = region(&[("AWS_DEFAULT_REGION", name)]).unwrap();
            assert_eq!((found.partition(), found.domain()), (partition, domain), "{name}");
        }
        let both = region(&[("AWS_DEFAULT_REGION", "us-east-1"), ("AWS_REGION", "eu-west-1")]).unwrap();
        assert_eq!(both.as_str(), "eu-west-1");
        assert_eq!(region(&[]), Err(EndpointError::NoRegion(Service::Ec2)));
        for name in ["evil.example.com/", "eu_west_1", "EU-WEST-1", "eu-west-1#", "a b"] {
            assert_eq!(
                region(&[("AWS_REGION", name)]),
                Err(EndpointError::Region(name.to_owned()))
            );
        }
    }

    #[test]
    fn the_endpoint_of_a_service_comes_before_the_one_of_all() {
        let variables = [
            ("AWS_ENDPOINT_URL", "https://all.example.com"),
            ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:5000/"),
        ];
        let url = |service| {
            let endpoint = Endpoint::declared(service, environment(&variables)).unwrap().unwrap();
            endpoint.url("/x")
        };
        assert_eq!(url(Service::S3), "http://127.0.0.1:5000/x");
        assert_eq!(url(Service::Ec2), "https://all.example.com/x");
        assert_eq!(Endpoint::declared(Service::S3, |_| None), Ok(None));
    }

    #[test]
    fn nothing_leaves_this_machine_unencrypted_and_no_setting_changes_the_address_by_a_trick() {
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
            let declared = Endpoint::declared(Service::Ec2, environment(&[("AWS_ENDPOINT_URL", endpoint)]));
            assert_eq!(
                declared,
                Err(EndpointError::Endpoint {
                    service: Service::Ec2,
                    endpoint: endpoint.to_owned()
                })
            );
        }
    }
}
