//! The client against a server that answers what a test says.

use std::sync::mpsc::{Receiver, channel};

use nix::libc::SIGTERM;

use super::*;
use crate::aws::fixture::{environment, environment_of_a_task, nobody_stops};
use crate::aws::server::serve;

/// A client, and what it asks.
fn client(answers: Vec<String>) -> (Client, Receiver<String>) {
    let (port, asked) = serve(answers);
    (Client::with(environment_of_a_task(port)).unwrap(), asked)
}

fn answer(status: u16, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// An AMI of a day of January.
fn image(id: &str, day: u8, state: &str, version: &str) -> String {
    format!(
        "<item><imageId>{id}</imageId><imageState>{state}</imageState><creationDate>2026-01-{day:02}T00:00:00.000Z</creationDate>\
         <tagSet><item><key>version</key><value>{version}</value></item></tagSet></item>"
    )
}

fn page(images: &[String], token: &str) -> String {
    let images = images.concat();
    answer(
        200,
        &format!("<DescribeImagesResponse><imagesSet>{images}</imagesSet>{token}</DescribeImagesResponse>"),
    )
}

/// The document that EC2 sends.
fn error(code: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code><Message>You are not authorized: \
         arn:aws:sts::111122223333:assumed-role/x</Message></Error></Errors><RequestID>ea966190-f9aa-478e-9ede-example</RequestID></Response>"
    )
}

fn tags(tags: &[&str]) -> Vec<AmiTag> {
    tags.iter().map(|tag| tag.parse().unwrap()).collect()
}

fn ids(images: &[Image]) -> Vec<&str> {
    images.iter().map(|image| image.id.as_str()).collect()
}

#[test]
fn every_page_is_read_and_the_newest_comes_first() {
    let (client, asked) = client(vec![
        page(&[image("ami-1", 2, "available", "1")], "<nextToken>n/1</nextToken>"),
        page(&[], "<nextToken>n/2</nextToken>"),
        page(
            &[image("ami-2", 3, "pending", "1"), image("ami-3", 1, "available", "1")],
            "",
        ),
    ]);
    let images = client.images_with(&tags(&["version=1"]), &mut nobody_stops()).unwrap();
    assert_eq!(ids(&images), ["ami-2", "ami-1", "ami-3"]);
    let asked: Vec<String> = asked.iter().collect();
    assert_eq!(asked.len(), 3);
    let start = "Action=DescribeImages&Version=2016-11-15&Owner.1=self&MaxResults=100&Filter.1.Name=tag%3Aversion&Filter.1.Value.1=1&";
    for (request, end) in asked
        .iter()
        .zip(["Value.2=pending", "&NextToken=n%2F1", "&NextToken=n%2F2"])
    {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST / HTTP/1.1\r\n"), "{head}");
        let head = head.to_ascii_lowercase();
        for header in [
            "content-type: application/x-www-form-urlencoded; charset=utf-8",
            "x-amz-security-token: hunter3",
        ] {
            assert_eq!(head.matches(header).count(), 1, "{header}: {head}");
        }
        assert!(
            head.contains(
                "/eu-west-1/ec2/aws4_request,signedheaders=content-type;host;x-amz-date;x-amz-security-token,"
            ),
            "{head}"
        );
        assert!(!head.contains("x-amz-content-sha256"), "{head}");
        assert!(body.starts_with(start) && body.ends_with(end), "{body}");
    }
}

#[test]
fn an_ami_that_ec2_offers_and_that_has_other_tags_does_not_count() {
    let offered = [
        image("ami-1", 1, "available", "1.2.3"),
        image("ami-2", 1, "available", "1.*"),
        image("ami-3", 1, "deregistered", "1.*"),
        image("ami-4", 1, "available", "1.* "),
    ];
    let find = |wanted: &[&str]| {
        let (client, _asked) = client(vec![page(&offered, "")]);
        let images = client.images_with(&tags(wanted), &mut nobody_stops()).unwrap();
        ids(&images).join(" ")
    };
    assert_eq!(find(&["version=1.*"]), "ami-2");
    assert_eq!(find(&["version=1.?"]), "");
    assert_eq!(find(&["Version=1.*"]), "");
    assert_eq!(find(&["version=1.*", "team=web"]), "");
}

#[test]
fn of_asked_ids_no_other_counts() {
    let (client, asked) = client(vec![page(
        &[image("ami-1", 1, "available", "1"), image("ami-2", 1, "available", "1")],
        "",
    )]);
    let images = client.images_of(&["ami-2", "ami-9"], &mut nobody_stops()).unwrap();
    assert_eq!(ids(&images), ["ami-2"]);
    let asked = asked.recv().unwrap();
    assert!(
        asked.contains("&Filter.1.Name=image-id&Filter.1.Value.1=ami-2&Filter.1.Value.2=ami-9&"),
        "{asked}"
    );
}

#[test]
fn what_ec2_refuses_is_told_with_what_to_do_and_nothing_of_its_text() {
    for (status, code, expected) in [
        (
            403,
            "UnauthorizedOperation",
            "AWS denies `ec2:DescribeImages`: allow it in the role of the task (its resource is `*`)",
        ),
        (
            400,
            "RequestExpired",
            "EC2 does not accept the credentials (`RequestExpired`): they are expired or wrong, or the clock of this machine is; see the task role in the task definition",
        ),
        (
            401,
            "AuthFailure",
            "EC2 does not accept the credentials (`AuthFailure`): they are expired or wrong, or the clock of this machine is; see the task role in the task definition",
        ),
        (
            400,
            "FilterLimitExceeded",
            "EC2 refuses `ec2:DescribeImages` with 400 `FilterLimitExceeded`: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html says why",
        ),
        (
            307,
            "secret key",
            "EC2 refuses `ec2:DescribeImages` with 307 `no code`: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html says why",
        ),
    ] {
        let (client, asked) = client(vec![answer(status, &error(code))]);
        let reason = client.images_with(&tags(&["a=1"]), &mut nobody_stops()).unwrap_err();
        assert_eq!(reason.to_string(), expected);
        assert_eq!(asked.iter().count(), 1);
    }
}

#[test]
fn throttling_is_waited_out_and_a_stop_ends_the_waiting() {
    let busy = || answer(503, &error("RequestLimitExceeded"));
    let (patient, asked) = client(vec![busy(), answer(500, ""), page(&[], "")]);
    let images = patient.images_with(&tags(&["a=1"]), &mut nobody_stops()).unwrap();
    assert_eq!((images, asked.iter().count()), (Vec::new(), 3));

    let (stopped, asked) = client(vec![busy()]);
    let (sender, signals) = channel();
    sender.send(SIGTERM).unwrap();
    let mut stop = Interruptions::from_channel(signals);
    let reason = stopped.images_with(&tags(&["a=1"]), &mut stop).unwrap_err();
    assert!(
        matches!(reason, Ec2Error::Ask(AskError::Stopped(Stopped::Terminated))),
        "{reason}"
    );
    assert_eq!(asked.iter().count(), 1);
}

#[test]
fn an_answer_of_something_else_is_no_answer() {
    let (client, _asked) = client(vec![answer(200, "<html>Welcome</html>")]);
    let reason = client.images_with(&tags(&["a=1"]), &mut nobody_stops()).unwrap_err();
    let said = reason.to_string();
    assert!(
        said.starts_with(
            "EC2's answer to `ec2:DescribeImages` is not understood (its `DescribeImagesResponse` is not as documented): see whether `127.0.0.1:"
        ) && said.ends_with("` is EC2"),
        "{said}"
    );
}

#[test]
fn pages_without_end_are_not_read_for_ever() {
    let endless = vec![page(&[], "<nextToken>again</nextToken>"); MOST_PAGES + 1];
    let (client, asked) = client(endless);
    let reason = client.images_with(&tags(&["a=1"]), &mut nobody_stops()).unwrap_err();
    assert!(matches!(reason, Ec2Error::Endless), "{reason}");
    drop(client);
    assert_eq!(asked.try_iter().count(), MOST_PAGES);
}

#[test]
fn ec2_is_asked_in_the_declared_region_and_never_unencrypted_elsewhere() {
    let with = |region: &'static str| {
        Client::with(environment(&[
            ("AWS_REGION", region),
            ("AWS_ACCESS_KEY_ID", "x"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
        ]))
        .unwrap()
    };
    for (region, host) in [
        ("eu-west-1", "ec2.eu-west-1.amazonaws.com"),
        ("cn-north-1", "ec2.cn-north-1.amazonaws.com.cn"),
    ] {
        let client = with(region);
        assert_eq!(client.region(), region);
        assert_eq!(client.caller.endpoint.url("/"), format!("https://{host}/"));
    }
    let without = Client::with(environment(&[("AWS_REGION", "eu-west-1")]));
    assert_eq!(
        without.unwrap_err().to_string(),
        "there are no credentials for EC2: give the container a task role, or declare the secrets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    );
    assert_eq!(
        Client::with(|_| None).unwrap_err().to_string(),
        "EC2 needs a Region: declare AWS_REGION in the environment of the container, such as `eu-west-1`"
    );
}
