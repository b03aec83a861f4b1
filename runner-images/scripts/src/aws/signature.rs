//! Version 4 of AWS's signatures, for one request whose body is at hand.
//!
//! Responsible for what is signed: method, path, every header that is given, and the body. Made by
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html> and, for S3, by
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.

use std::time::SystemTime;

use aws_lc_rs::hmac::{self, HMAC_SHA256, Key};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::Service;
use super::credentials::Credentials;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const S3: &str = Service::S3.id();

/// A request before it is signed.
#[derive(Debug)]
pub(super) struct ToSign<'run> {
    pub(super) method: &'static str,
    /// Made of characters that stand for themselves.
    pub(super) path: &'run str,
    /// Names in lower case.
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: &'run [u8],
    pub(super) region: &'run str,
    pub(super) service: &'run str,
}

impl ToSign<'_> {
    /// All headers of the signed request.
    pub(super) fn signed(self, credentials: &Credentials, now: SystemTime) -> Vec<(&'static str, String)> {
        let time = time_of(now);
        let day = time.get(..8).unwrap_or_default();
        let content = hex::encode(Sha256::digest(self.body));
        let mut headers = self.headers;
        // S3 wants the digest of the body in a header too.
        if self.service == S3 {
            headers.push(("x-amz-content-sha256", content.clone()));
        }
        headers.push(("x-amz-date", time.clone()));
        headers.extend(
            credentials
                .token()
                .map(|token| ("x-amz-security-token", token.to_owned())),
        );
        headers.sort_unstable();

        let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let lines: String = headers
            .iter()
            .map(|(name, value)| [name, ":", value.as_str(), "\n"].concat())
            .collect();
        let canonical = format!("{}\n{}\n\n{lines}\n{names}\n{content}", self.method, self.path);
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let digest = hex::encode(Sha256::digest(canonical));
        let to_sign = format!("{ALGORITHM}\n{time}\n{scope}\n{digest}");
        let key = key_of(credentials, [day, self.region, self.service, "aws4_request"]);
        let signature = hex::encode(mac(&key, &to_sign));
        let id = credentials.id();
        headers.push((
            "authorization",
            format!("{ALGORITHM} Credential={id}/{scope},SignedHeaders={names},Signature={signature}"),
        ));
        headers
    }
}

fn key_of(credentials: &Credentials, scope: [&str; 4]) -> Vec<u8> {
    let start = format!("AWS4{}", credentials.secret()).into_bytes();
    scope.into_iter().fold(start, |key, part| mac(&key, part))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&Key::new(HMAC_SHA256, key), text.as_bytes())
        .as_ref()
        .to_vec()
}

/// `20130524T000000Z`
fn time_of(time: SystemTime) -> String {
    let time = Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH);
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    /// The day of the examples of S3.
    const MAY_24_2013: Duration = Duration::from_hours(15_849 * 24);

    fn authorization(to_sign: ToSign<'_>, credentials: &Credentials, time: Duration) -> String {
        let headers = to_sign.signed(credentials, UNIX_EPOCH + time);
        headers
            .into_iter()
            .find(|(name, _)| *name == "authorization")
            .unwrap()
            .1
    }

    /// The examples of <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.
    #[test]
    fn the_published_examples_of_s3_have_the_published_signatures() {
        let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", None);
        let host = ("host", "examplebucket.s3.amazonaws.com".to_owned());
        let get = ToSign {
            method: "GET",
            path: "/test.txt",
            headers: vec![host.clone(), ("range", "bytes=0-9".to_owned())],
            body: b"",
            region: "us-east-1",
            service: "s3",
        };
        assert_eq!(
            authorization(get, &credentials, MAY_24_2013),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
             SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
             Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
        let put = ToSign {
            method: "PUT",
            path: "/test%24file.text",
            headers: vec![
                ("date", "Fri, 24 May 2013 00:00:00 GMT".to_owned()),
                host,
                ("x-amz-storage-class", "REDUCED_REDUNDANCY".to_owned()),
            ],
            body: b"Welcome to Amazon S3.",
            region: "us-east-1",
            service: "s3",
        };
        assert!(
            authorization(put, &credentials, MAY_24_2013)
                .ends_with("Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
        );
    }

    /// Three of <https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html>: `get-vanilla`, `post-vanilla` and
    /// `post-x-www-form-urlencoded`.
    #[test]
    fn the_published_examples_of_other_services_have_the_published_signatures() {
        let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None);
        // 30 August 2015, 12:36.
        let time = Duration::from_hours(16_677 * 24 + 12) + Duration::from_mins(36);
        let host = ("host", "example.amazonaws.com".to_owned());
        let form = ("content-type", "application/x-www-form-urlencoded".to_owned());
        for (method, headers, body, names, signature) in [
            (
                "GET",
                vec![host.clone()],
                "",
                "host;x-amz-date",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "POST",
                vec![host.clone()],
                "",
                "host;x-amz-date",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                "POST",
                vec![host, form],
                "Param1=value1",
                "content-type;host;x-amz-date",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ] {
            let to_sign = ToSign {
                method,
                path: "/",
                headers,
                body: body.as_bytes(),
                region: "us-east-1",
                service: "service",
            };
            assert_eq!(
                authorization(to_sign, &credentials, time),
                format!(
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,SignedHeaders={names},Signature={signature}"
                )
            );
        }
    }

    #[test]
    fn the_token_of_a_session_is_signed_too() {
        let credentials = Credentials::new("AKIA", "secret", Some("token"));
        let get = ToSign {
            method: "GET",
            path: "/x",
            headers: vec![("host", "h".to_owned())],
            body: b"",
            region: "eu-west-1",
            service: "s3",
        };
        assert!(
            authorization(get, &credentials, MAY_24_2013)
                .contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,")
        );
    }
}
