//! Saved plans in a bucket, with the role of the task.

use std::fs;

use crate::bucket_server::{BucketServer, KEY_ID, SECRET_KEY, TOKEN};
use crate::fixture::{Fixture, Outcome, Script};
use crate::saved_plans::{KEY, check_refused, save};
use crate::tls::certificate;

fn with_bucket<'f>(bucket: &BucketServer, script: Script<'f>) -> Script<'f> {
    script
        .with("--plan-store=s3://plans/team")
        .env("PLAN_KEY", KEY)
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ENDPOINT_URL_S3", bucket.endpoint())
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", bucket.credentials())
}

fn planning<'f>(fixture: &'f Fixture, bucket: &BucketServer, commit: &str) -> Script<'f> {
    with_bucket(bucket, fixture.script(commit, "plan")).with("--save-plan")
}

fn applying<'f>(fixture: &'f Fixture, bucket: &BucketServer, commit: &str, digest: &str) -> Script<'f> {
    with_bucket(bucket, fixture.script(commit, "apply")).with(format!("--plan={digest}"))
}

#[track_caller]
fn assert_shows_no_credential(outcome: &Outcome) {
    for secret in [KEY_ID, SECRET_KEY, TOKEN] {
        assert!(!format!("{outcome:?}").contains(secret), "{secret}: {outcome:?}");
    }
}

#[test]
fn a_plan_is_kept_in_the_bucket_as_the_task_and_applied_exactly() {
    let (fixture, commit) = Fixture::with_module();
    let bucket = BucketServer::start();
    let plan = planning(&fixture, &bucket, &commit)
        .with("--var=word=planned")
        .with("--log-level=debug");
    let digest = save(plan);
    let put = bucket.requests().pop().unwrap();
    assert!(put.starts_with(&format!("PUT /plans/team/{digest}.plan ")), "{put}");
    // S3 compares the content with the digest that was signed, which is the plan's name.
    assert!(put.contains(&format!("x-amz-content-sha256: {digest}\r\n")), "{put}");
    assert!(
        put.contains(&format!("Credential={KEY_ID}/")) && put.contains(&format!("x-amz-security-token: {TOKEN}\r\n")),
        "{put}"
    );
    assert!(put.contains("if-none-match: *\r\n"), "{put}");

    let applied = applying(&fixture, &bucket, &commit, &digest).run().expect_code(0);
    assert!(
        applied.stdout.contains("1 added, 0 changed, 0 destroyed"),
        "{applied:?}"
    );
    assert_shows_no_credential(&applied);
    assert!(fs::read_to_string(fixture.state()).unwrap().contains("planned"));
    let methods: Vec<_> = bucket.requests().iter().map(|head| head[..4].to_owned()).collect();
    assert_eq!(methods, ["PUT ", "GET "], "nothing is listed and nothing is deleted");
    // It is still there; Terraform refuses it, because the state has moved on.
    let again = applying(&fixture, &bucket, &commit, &digest).run().expect_code(77);
    assert!(
        again
            .stderr
            .ends_with("the state has moved on since the plan was made: nothing was applied; plan again\n"),
        "{}",
        again.stderr
    );
}

#[test]
fn an_object_that_was_altered_exchanged_or_removed_is_refused() {
    let (fixture, commit) = Fixture::with_module();
    let bucket = BucketServer::start();
    let digest = save(planning(&fixture, &bucket, &commit));
    let other = save(planning(&fixture, &bucket, &commit).with("--var=word=other"));
    let path = |digest: &str| format!("/plans/team/{digest}.plan");
    let tampered = format!("the plan `{digest}` was tampered with: its content is not what was saved; plan again");
    let apply = || applying(&fixture, &bucket, &commit, &digest).run();

    bucket.change(|objects| {
        let object = objects.get_mut(&path(&digest)).unwrap();
        let middle = object.len() / 2;
        object[middle] ^= 1;
    });
    check_refused(&fixture, apply(), 77, &tampered);
    bucket.change(|objects| {
        let exchanged = objects[&path(&other)].clone();
        objects.insert(path(&digest), exchanged);
    });
    check_refused(&fixture, apply(), 77, &tampered);
    bucket.change(std::collections::BTreeMap::clear);
    let missing = format!(
        "there is no saved plan `{digest}` in `s3://plans/team/`: it was never saved there, was applied already, or is long expired; plan again"
    );
    check_refused(&fixture, apply(), 66, &missing);
}

#[track_caller]
fn refuses(fixture: &Fixture, script: Script<'_>, code: i32, reason: &str) {
    let outcome = script.run();
    assert_shows_no_credential(&outcome);
    check_refused(fixture, outcome, code, reason);
}

#[test]
fn what_is_wrong_with_the_bucket_is_told_in_one_line_and_nothing_is_applied() {
    let (fixture, commit) = Fixture::with_module();
    let bucket = BucketServer::start();
    let digest = "0".repeat(64);
    let object = format!("arn:aws:s3:::plans/team/{digest}.plan");
    let check = |reason: &str| refuses(&fixture, applying(&fixture, &bucket, &commit, &digest), 78, reason);
    bucket.refuse(1, 403, "AccessDenied", "");
    check(&format!(
        "AWS denies `s3:GetObject` on `{object}`: allow it in the role of the task; to a role without `s3:ListBucket` on the bucket, S3 says the same of a plan that is not there"
    ));
    bucket.refuse(1, 404, "NoSuchBucket", "");
    check("there is no bucket `plans`: create it, or correct --plan-store");
    bucket.refuse(1, 301, "PermanentRedirect", "us-east-1");
    check("the bucket `plans` is in another Region (us-east-1): use a bucket in this one, or declare AWS_REGION");
    bucket.refuse(1, 403, "RequestTimeTooSkewed", "");
    check(&format!(
        "S3 refuses `s3:GetObject` on `{object}` with 403 `RequestTimeTooSkewed`: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html says why"
    ));
}

#[test]
fn what_is_missing_around_the_bucket_is_told_in_one_line_and_nothing_is_applied() {
    let (fixture, commit) = Fixture::with_module();
    let bucket = BucketServer::start();
    let digest = "0".repeat(64);
    let apply = || applying(&fixture, &bucket, &commit, &digest);
    let check = |script: Script<'_>, code: i32, reason: &str| refuses(&fixture, script, code, reason);
    check(
        apply().env(
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            format!("{}/nobody", bucket.endpoint()),
        ),
        78,
        "the credentials of the task cannot be had: the answer is 404 and holds none; see the task role in the task definition",
    );
    check(
        apply().env("AWS_CONTAINER_CREDENTIALS_FULL_URI", ""),
        78,
        "there are no credentials for S3: give the container a task role, or declare the secrets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    );
    check(
        apply().env("AWS_REGION", ""),
        78,
        "S3 needs a Region: declare AWS_REGION in the environment of the container, such as `eu-west-1`",
    );
    // Nothing listens on the discard port of the loopback address.
    check(
        apply().env("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9"),
        69,
        "cannot reach S3 at `127.0.0.1:9`: Connection refused (os error 111); the container needs a way to it, such as a gateway endpoint for S3",
    );
}

#[test]
fn a_plan_that_cannot_be_kept_is_a_failure_and_one_that_can_after_a_while_is_not() {
    let (fixture, commit) = Fixture::with_module();
    let bucket = BucketServer::start();
    bucket.refuse(1, 403, "AccessDenied", "");
    let outcome = planning(&fixture, &bucket, &commit).run().expect_code(78);
    let last = outcome.stderr.lines().last().unwrap();
    assert!(
        last.starts_with("infrastructure-deploy-script: error: AWS denies `s3:PutObject` on `arn:aws:s3:::plans/team/")
            && last.ends_with(".plan`: allow it in the role of the task"),
        "{last}"
    );
    assert!(!outcome.stderr.contains("saved the plan"), "{}", outcome.stderr);
    bucket.refuse(2, 503, "SlowDown", "");
    save(planning(&fixture, &bucket, &commit));
}

#[test]
fn an_encrypted_endpoint_has_to_have_a_certificate_that_this_machine_trusts() {
    let (fixture, commit) = Fixture::with_module();
    for folder in ["tls", "other"] {
        certificate(&fixture.path(folder));
    }
    let bucket = BucketServer::start_encrypted(&fixture.path("tls"));
    let trusting = |folder: &str| {
        let trusted = fixture.path(folder).join("certificate.pem");
        planning(&fixture, &bucket, &commit).env("SSL_CERT_FILE", trusted)
    };
    let refused = trusting("other").run().expect_code(69);
    let last = refused.stderr.lines().last().unwrap();
    // The same server gives the credentials, and is asked for them first.
    assert!(
        last.starts_with(
            "infrastructure-deploy-script: error: the credentials of the task cannot be had: the encrypted connection failed: invalid peer certificate: "
        ),
        "{last}"
    );
    assert_eq!(bucket.requests(), Vec::<String>::new());
    save(trusting("tls"));
    assert_eq!(bucket.requests().len(), 1);
}
