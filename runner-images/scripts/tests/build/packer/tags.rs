//! `--idempotent-tag` against the emulated EC2, with the real Packer, and against servers that answer what the emulated one never does.

use std::time::Duration;

use serde_json::Value;

use super::amazon::{BASE, emulated_ec2, emulated_ec2_with};
use super::script;
use crate::fixture::{Fixture, Outcome, Script, Server};
use crate::server::serve;

const SECRET: &str = "a-secret-that-nobody-may-see";
/// What Packer says when it begins to build.
const LAUNCH: &str = "Launching a source AWS instance";

fn template(tags: &str) -> String {
    format!(
        r#"
variable "endpoint" {{}}
variable "ami_name" {{}}
variable "version" {{}}
source "amazon-ebs" "web" {{
  region                  = "us-east-1"
  custom_endpoint_ec2     = var.endpoint
  skip_region_validation  = true
  skip_metadata_api_check = true
  source_ami              = "{BASE}"
  instance_type           = "t3.micro"
  ami_name                = var.ami_name
  communicator            = "none"
  tags                    = {{ {tags} }}
}}
build {{
  sources = ["source.amazon-ebs.web"]
}}
"#
    )
}

struct Ground {
    fixture: Fixture,
    server: Server,
    commit: String,
}

impl Ground {
    fn of(template: &str) -> Self {
        let fixture = Fixture::new();
        fixture.write("image/image.pkr.hcl", template);
        let commit = fixture.commit_to("main");
        Self {
            fixture,
            server: emulated_ec2(),
            commit,
        }
    }

    fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port)
    }

    /// A run that gives an AMI this name and this version.
    fn build(&self, name: &str, version: &str) -> Script<'_> {
        script(&self.fixture, &self.commit)
            .with(format!("--var=endpoint={}", self.endpoint()))
            .with(format!("--var=ami_name={name}"))
            .with(format!("--var=version={version}"))
            .with("--output-properties")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ENDPOINT_URL_EC2", self.endpoint())
    }

    /// The same, unless there is an AMI of this service and version.
    fn build_once(&self, name: &str, version: &str) -> Script<'_> {
        self.build(name, version)
            .with("--idempotent")
            .with("--idempotent-tag=service=web")
            .with(format!("--idempotent-tag=version={version}"))
    }
}

/// The one artifact of a run that came to something.
#[track_caller]
fn artifact(outcome: &Outcome, expected: &str) -> Value {
    let line = outcome.line();
    assert_eq!(line["outcome"], expected, "{line}");
    assert_eq!(line["artifacts"].as_array().unwrap().len(), 1, "{line}");
    line["artifacts"][0].clone()
}

/// A failure of this code and reason, in which `<ami>` stands for an id.
#[track_caller]
fn expect_reason_with_ami(outcome: Outcome, code: i32, reason: &str) -> Outcome {
    let last = outcome.stderr.lines().last().unwrap_or_default().to_owned();
    let start = last.find("ami-").unwrap_or_else(|| panic!("{}", outcome.stderr));
    let digits = last[start + 4..].bytes().take_while(u8::is_ascii_hexdigit).count();
    let ami = last[start..start + 4 + digits].to_owned();
    outcome.expect_reason(code, &reason.replace("<ami>", &ami))
}

#[test]
fn an_ami_with_all_the_tags_is_built_once_whatever_its_name() {
    let ground = Ground::of(&template(r#"service = "web", version = var.version"#));
    let first = ground.build_once("one", "1").run().expect_code(0);
    assert!(
        first
            .stderr
            .contains("no AMI in `us-east-1` has the tags `service=web`, `version=1`"),
        "{}",
        first.stderr
    );
    let id = artifact(&first, "built")["id"].clone();

    let second = ground.build_once("two", "1").run().expect_code(0);
    let found = artifact(&second, "exists");
    assert_eq!((&found["id"], &found["build"]), (&id, &Value::Null));
    assert!(
        second.stderr.contains(&format!(
            "nothing to build: `{}` has the tags `service=web`, `version=1`\n",
            id.as_str().unwrap()
        )),
        "{}",
        second.stderr
    );
    assert!(!second.stderr.contains(LAUNCH), "{}", second.stderr);

    let other = ground.build_once("three", "2").run().expect_code(0);
    assert_ne!(artifact(&other, "built")["id"], id);
    for outcome in [first, second, other] {
        assert!(!format!("{outcome:?}").contains(SECRET));
    }
}

#[test]
fn of_several_amis_the_newest_counts() {
    let ground = Ground::of(&template(r#"service = "web", version = var.version"#));
    ground.build("one", "1").run().expect_code(0);
    // The emulated EC2 knows the time to the second.
    std::thread::sleep(Duration::from_millis(1_100));
    let newer = ground.build("two", "1").run().expect_code(0);
    let found = ground.build_once("three", "1").run().expect_code(0);
    assert_eq!(artifact(&found, "exists")["id"], artifact(&newer, "built")["id"]);
    assert!(
        found
            .stderr
            .contains("has the tags `service=web`, `version=1`, as the newest of 2\n"),
        "{}",
        found.stderr
    );
}

#[test]
fn a_value_is_no_pattern() {
    let ground = Ground::of(&template(r#"service = "web", version = var.version"#));
    ground.build_once("one", "1.2.3").run().expect_code(0);
    for (name, version) in [("two", "1.*"), ("three", "1.2.?"), ("four", "[1].2.3")] {
        let built = ground.build_once(name, version).run().expect_code(0);
        artifact(&built, "built");
    }
}

#[test]
fn a_template_that_does_not_set_the_tags_is_a_failure_that_names_what_was_built_and_what_it_lacks() {
    let ground = Ground::of(&template(r#"service = "web""#));
    expect_reason_with_ami(
        ground.build_once("one", "1").run(),
        78,
        "built `us-east-1:<ami>`, but the template does not give it `version=1`, so the next run would build again: set the same tags in the template as with --idempotent-tag",
    );
    // The name is taken now; what was built before still has other tags.
    let named = ground.build_once("one", "1").run();
    assert!(!named.stderr.contains(LAUNCH), "{}", named.stderr);
    expect_reason_with_ami(
        named,
        78,
        "`<ami>` has the name that the template gives, but in `us-east-1` it has no `version=1`: let the name change with the tags, or correct --idempotent-tag",
    );
}

#[test]
fn an_ami_that_is_built_in_another_region_is_one_that_is_not_found() {
    let ground = Ground::of(&template(r#"service = "web", version = var.version"#));
    expect_reason_with_ami(
        ground.build_once("one", "1").env("AWS_REGION", "eu-west-1").run(),
        78,
        "built `us-east-1:<ami>`, but no AMI in `eu-west-1`, where tags are looked for: let the template build in the Region that AWS_REGION declares",
    );
}

#[test]
fn a_build_that_failed_after_another_made_an_ami_says_what_the_next_run_would_find() {
    let failing = r#"
source "null" "broken" {
  communicator = "none"
}
build {
  sources = ["source.null.broken"]
  provisioner "shell-local" {
    inline = ["exit 3"]
  }
}
"#;
    let ground = Ground::of(&(template(r#"service = "web", version = var.version"#) + failing));
    expect_reason_with_ami(
        ground.build_once("one", "1").run(),
        1,
        "packer failed with exit code 1 after it built `us-east-1:<ami>`: with the tags, the next run would find that and build nothing; deregister it, or build one at a time with --build-name",
    );
    // One at a time, it is found, and nothing else is asked of it.
    let one = ground
        .build_once("two", "1")
        .with("--build-name=amazon-ebs.web")
        .run()
        .expect_code(0);
    artifact(&one, "exists");
}

/// What a server answers that is EC2.
fn answer(status: u16, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn images(items: &str) -> String {
    answer(
        200,
        &format!("<DescribeImagesResponse><imagesSet>{items}</imagesSet></DescribeImagesResponse>"),
    )
}

/// The error document of EC2.
fn denial(code: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code><Message>You are not authorized to perform \
         this operation. User: arn:aws:sts::111122223333:assumed-role/ami-builder/x</Message></Error></Errors>\
         <RequestID>ea966190-f9aa-478e-9ede-0123456789ab</RequestID></Response>"
    )
}

#[test]
fn an_ami_that_is_still_being_made_is_no_success_and_nothing_is_built_beside_it() {
    let ground = Ground::of(&template(r#"service = "web", version = var.version"#));
    let item = "<item><imageId>ami-0123456789abcdef0</imageId><imageState>pending</imageState>\
                <creationDate>2026-01-02T00:00:00.000Z</creationDate><tagSet><item><key>service</key><value>web</value></item>\
                <item><key>version</key><value>1</value></item></tagSet></item>";
    let (port, _asked) = serve(vec![images(item)]);
    let outcome = ground
        .build_once("one", "1")
        .env("AWS_ENDPOINT_URL_EC2", format!("http://127.0.0.1:{port}"))
        .run();
    assert!(!outcome.stderr.contains(LAUNCH), "{}", outcome.stderr);
    outcome.expect_reason(
        75,
        "`us-east-1:ami-0123456789abcdef0` with the tags `service=web`, `version=1` is still being made: nothing was built; try again when it is available or gone",
    );
}

#[test]
fn while_ec2_does_not_say_what_there_is_nothing_is_built() {
    let ground = Ground::of(&template(r#"service = "web", version = var.version"#));
    let refused = |code: &str, status: u16| {
        let (port, _asked) = serve(vec![answer(status, &denial(code))]);
        format!("http://127.0.0.1:{port}")
    };
    for (endpoint, code, reason) in [
        (
            refused("UnauthorizedOperation", 403),
            78,
            "AWS denies `ec2:DescribeImages`: allow it in the role of the task (its resource is `*`); nothing was built",
        ),
        (
            refused("RequestExpired", 400),
            78,
            "EC2 does not accept the credentials (`RequestExpired`): they are expired or wrong, or the clock of this machine is; see the task role in the task definition; nothing was built",
        ),
        // Nothing listens on the discard port of the loopback address.
        (
            "http://127.0.0.1:9".to_owned(),
            69,
            "cannot reach EC2 at `127.0.0.1:9`: Connection refused (os error 111); the container needs a way to it, such as an interface endpoint for EC2; nothing was built",
        ),
    ] {
        let outcome = ground
            .build_once("one", "1")
            .env("AWS_ENDPOINT_URL_EC2", endpoint)
            .run();
        assert!(!outcome.stderr.contains(LAUNCH), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("assumed-role"), "{}", outcome.stderr);
        outcome.expect_reason(code, reason);
    }
    // Nobody built in secret.
    artifact(&ground.build_once("one", "1").run().expect_code(0), "built");
}

#[test]
fn what_is_missing_for_asking_is_told_before_anything_is_fetched() {
    let ground = Ground::of(&template(r#"service = "web", version = var.version"#));
    for (name, code, reason) in [
        (
            "AWS_REGION",
            78,
            "EC2 needs a Region: declare AWS_REGION in the environment of the container, such as `eu-west-1`; nothing was built",
        ),
        (
            "AWS_SECRET_ACCESS_KEY",
            78,
            "there are no credentials for EC2: give the container a task role, or declare the secrets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; nothing was built",
        ),
    ] {
        ground
            .build_once("one", "1")
            .instead("--repo", "file:///no/such/repository.git")
            .env(name, "")
            .run()
            .expect_reason(code, reason);
    }
}

#[test]
fn a_build_whose_tags_cannot_be_looked_at_afterwards_says_that_it_was_built() {
    let ground = Ground::of(&template(r#"service = "web", version = var.version"#));
    let (port, _asked) = serve(vec![images(""), answer(403, &denial("UnauthorizedOperation"))]);
    let outcome = ground
        .build_once("one", "1")
        .env("AWS_ENDPOINT_URL_EC2", format!("http://127.0.0.1:{port}"))
        .run();
    expect_reason_with_ami(
        outcome,
        78,
        "built `us-east-1:<ami>`, but whether the next run finds it by its tags is not known: AWS denies `ec2:DescribeImages`: allow it in the role of the task (its resource is `*`)",
    );
}

/// An access key of the emulated IAM for a new user.
fn access_key(server: &Server, user: &str, policy: Option<&str>) -> (String, String) {
    let ask = |form: &str| {
        let url = format!("http://127.0.0.1:{}/", server.port);
        let scope = "Credential=nobody/20260101/us-east-1/iam/aws4_request";
        let answer = ureq::post(&url)
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none"),
            )
            .content_type("application/x-www-form-urlencoded")
            .send(format!("{form}&UserName={user}&Version=2010-05-08"));
        answer.unwrap().body_mut().read_to_string().unwrap()
    };
    ask("Action=CreateUser");
    if let Some(policy) = policy {
        ask(&format!("Action=PutUserPolicy&PolicyName=own&PolicyDocument={policy}"));
    }
    let made = ask("Action=CreateAccessKey");
    let of = |name: &str| {
        let (_, rest) = made.split_once(&format!("<{name}>")).unwrap();
        rest.split_once('<').unwrap().0.to_owned()
    };
    (of("AccessKeyId"), of("SecretAccessKey"))
}

#[test]
fn the_signature_is_one_that_another_implementation_accepts_and_the_role_decides() {
    let ground = Ground::of(&template(r#"service = "web", version = var.version"#));
    // From the sixth call on it checks signatures and permissions.
    let strict = emulated_ec2_with(&[("INITIAL_NO_AUTH_ACTION_COUNT", "5")]);
    let allow = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22ec2%3ADescribeImages%22%2C%22Resource%22%3A%22*%22%7D%7D";
    let (id, key) = access_key(&strict, "builder", Some(allow));
    let (stranger_id, stranger_key) = access_key(&strict, "stranger", None);
    // Packer itself cannot be reached by these keys: its builds go to a port where nothing listens.
    let ask = |id: &str, key: &str| {
        ground
            .build_once("one", "1")
            .instead("--var", "endpoint=http://127.0.0.1:9")
            .env("AWS_ENDPOINT_URL_EC2", format!("http://127.0.0.1:{}", strict.port))
            .env("AWS_ACCESS_KEY_ID", id)
            .env("AWS_SECRET_ACCESS_KEY", key)
            .run()
    };
    let allowed = ask(&id, &key);
    assert!(
        allowed
            .stderr
            .contains("no AMI in `us-east-1` has the tags `service=web`, `version=1`"),
        "{}",
        allowed.stderr
    );
    let wrong = ask(&id, &stranger_key);
    wrong.expect_reason(
        78,
        "EC2 does not accept the credentials (`AuthFailure`): they are expired or wrong, or the clock of this machine is; see the task role in the task definition; nothing was built",
    );
    let stranger = ask(&stranger_id, &stranger_key);
    stranger.expect_reason(
        78,
        "AWS denies `ec2:DescribeImages`: allow it in the role of the task (its resource is `*`); nothing was built",
    );
}
