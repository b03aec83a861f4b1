//! Where a bucket is: the address that answers for it, and how its objects are named there.

use crate::aws::Service;
use crate::aws::endpoint::{Endpoint, EndpointError, Region};

/// Where one bucket is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    bucket: String,
    partition: &'static str,
    /// What the path begins with.
    root: String,
}

impl Place {
    /// The bucket in a Region, and who answers for it: the bucket's own name, or an endpoint of one's own if there is one.
    pub(super) fn of(
        bucket: &str,
        region: &Region,
        own: impl Fn(&str) -> Option<String>,
    ) -> Result<(Self, Endpoint), EndpointError> {
        let (endpoint, root) = if let Some(endpoint) = Endpoint::declared(Service::S3, own)? {
            (endpoint, format!("/{bucket}/"))
        } else {
            let host = format!("{bucket}.s3.{}.{}", region.as_str(), region.domain());
            (Endpoint::of_aws(host), "/".to_owned())
        };
        let place = Self {
            bucket: bucket.to_owned(),
            partition: region.partition(),
            root,
        };
        Ok((place, endpoint))
    }

    pub(super) fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The path of an object; keys are made of characters that stand for themselves.
    pub(super) fn path(&self, key: &str) -> String {
        format!("{}{key}", self.root)
    }

    pub(super) fn arn(&self, key: &str) -> String {
        format!("arn:{}:s3:::{}/{key}", self.partition, self.bucket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::fixture::environment;

    #[test]
    fn a_bucket_answers_under_its_own_name_in_its_region_and_below_an_endpoint_of_ones_own() {
        let url = |variables: &[(&str, &str)]| {
            let own = environment(variables);
            let region = Region::find(Service::S3, own).unwrap();
            let (place, endpoint) = Place::of("plans", &region, own).unwrap();
            (endpoint.url(&place.path("a/b.plan")), place.arn("a/b.plan"))
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
}
