//! The images on AWS: the CLI calls the function, the function starts a task, and the task is a container of an image that the Containerfiles
//! make. Saved plans have a file of their own.

use std::time::Duration;

use e2e::ground::Ground;
use e2e::ground::stack::{Function, LOG_GROUP, Stack};
use e2e::product::{self, Place, Running};
use e2e::registry;
use e2e::repository::Repository;
use serde_json::{Value, json};

#[path = "../../runner-images/scripts/tests/deploy/git_server.rs"]
mod git_server;

use git_server::{Behaviour, GitServer};

const TOKEN: &str = "a-token-that-nobody-may-see";
/// `x-access-token:` and the token.
const AUTHORIZATION: &str = "Basic eC1hY2Nlc3MtdG9rZW46YS10b2tlbi10aGF0LW5vYm9keS1tYXktc2Vl";

/// The account, one image, the repository. The order of the fields is the order in which they end.
struct Stage {
    ground: Ground,
    function: Function,
    repository: Repository,
    server: GitServer,
    place: Place,
}

impl Stage {
    /// A repository with a file, and the product for it.
    fn new(image: &str, file: &str, content: impl FnOnce(&Ground) -> String) -> Self {
        Self::of(Place::new(), image, "aws-images.yaml", file, |ground| {
            (content(ground), Vec::new())
        })
    }

    /// The same with an allow-list of its own, in which more is filled in.
    fn of(
        place: Place,
        image: &str,
        allow_list: &str,
        file: &str,
        content: impl FnOnce(&Ground) -> (String, Vec<(&'static str, String)>),
    ) -> Self {
        let ground = Ground::start_with_image(&place, image);
        let repository = Repository::empty(&place);
        let (content, filled_in) = content(&ground);
        repository.write(file, &content);
        repository.commit("what is there");
        repository.push("main");
        let bare = repository.bare().display().to_string();
        repository.git(&["-C", &bare, "config", "http.receivepack", "true"]);
        let asks_for_the_token = Behaviour {
            authorization: Some(AUTHORIZATION.to_owned()),
            ..Behaviour::default()
        };
        let server = GitServer::serve(repository.bare().to_owned(), asks_for_the_token);
        let template = product::fixtures().join(allow_list);
        let template = std::fs::read_to_string(template).expect("the fixture is there");
        let url = server.url().replace("origin.git", "infrastructure-live.git");
        let usual = [
            ("{endpoint}", ground.endpoint().to_owned()),
            ("{repository}", url),
            ("{git_token}", ground.secret("git-token", TOKEN)),
        ];
        let allow_list = usual
            .into_iter()
            .chain(filled_in)
            .fold(template, |text, (name, value)| text.replace(name, &value));
        let allow_list = place.write("allow-list.yaml", allow_list);
        let stack = Stack::install(&ground, &place, &allow_list, &json!({}));
        let function = stack.function(&ground, "deploy-runner-invoker");
        Self {
            ground,
            function,
            repository,
            server,
            place,
        }
    }

    /// What git says of the repository on the server.
    fn origin(&self, words: &[&str]) -> String {
        let bare = format!("--git-dir={}", self.repository.bare().display());
        self.repository.git(&[&[bare.as_str()], words].concat())
    }

    /// The CLI, as a pipeline calls it; the result of the run is under this name.
    fn starts(&self, name: &str, words: &[String]) -> Call<'_> {
        let mut ci = self.place.ci(&self.ground, &self.function);
        ci.arg("--result-file").arg(self.place.join(&format!("{name}.json")));
        let running = Running::start(&self.place, name, ci.arg("--").args(words));
        Call {
            stage: self,
            name: name.to_owned(),
            running,
        }
    }

    /// Ends everything; the token was good for something, and nobody saw it.
    fn end(mut self) {
        assert!(
            self.server.requests().iter().any(|head| head.contains(AUTHORIZATION)),
            "the token reached git"
        );
        let log = self.ground.log_of_group(LOG_GROUP);
        assert!(!log.is_empty() && !log.contains(TOKEN), "{log}");
        self.ground.end();
        self.place.assert_nothing_is_left();
    }
}

/// A call of the CLI.
struct Call<'stage> {
    stage: &'stage Stage,
    name: String,
    running: Running,
}

/// How it ended.
struct Outcome {
    /// The one line of JSON that the pipeline gets.
    line: Value,
    /// What is shown to people.
    said: String,
    /// The result of the run.
    result: Value,
}

impl Call<'_> {
    #[track_caller]
    fn succeeds(self) -> Outcome {
        let ended = self.running.end_within(Duration::from_mins(4)).with(0);
        let result = std::fs::read_to_string(self.stage.place.join(&format!("{}.json", self.name)));
        let result = result.expect("there is a result");
        for secret in [TOKEN, registry::PASSWORD] {
            assert!(!format!("{ended:?}{result}").contains(secret), "{ended:?}");
        }
        Outcome {
            line: serde_json::from_str(&ended.stdout).expect("one JSON line, and nothing else"),
            said: ended.stderr,
            result: serde_json::from_str(&result).expect("it is JSON"),
        }
    }
}

const PUSHERS: usize = 20;

/// A file of twenty variables.
fn variables(value: impl Fn(usize) -> String) -> String {
    let line = |number: usize| format!("v{number} = \"{}\" # {number}\n", value(number));
    (0..PUSHERS).map(line).collect()
}

#[test]
fn twenty_pipelines_that_set_a_variable_at_the_same_time_make_twenty_commits_and_none_is_lost() {
    let stage = Stage::new("terraform-runner", "prod/app.tfvars", |_| {
        variables(|_| "old".to_owned())
    });
    let before = stage.origin(&["rev-parse", "main"]);
    let calls: Vec<_> = (0..PUSHERS)
        .map(|number| {
            let words = [
                "updater".to_owned(),
                "terraform-update-variable".to_owned(),
                "--branch=refs/heads/main".to_owned(),
                "--vars-path=prod/app.tfvars".to_owned(),
                format!("--name=v{number}"),
                format!("--value=new{number}"),
            ];
            stage.starts(&format!("pipeline-{number}"), &words)
        })
        .collect();
    let outcomes: Vec<_> = calls.into_iter().map(Call::succeeds).collect();

    let history = stage.origin(&["rev-list", "--first-parent", &format!("{before}..main")]);
    let mut history: Vec<_> = history.lines().collect();
    let mut told: Vec<_> = outcomes
        .iter()
        .map(|outcome| outcome.line["commit"].as_str().expect("a commit"))
        .collect();
    history.sort_unstable();
    told.sort_unstable();
    assert_eq!(
        history, told,
        "the history is what the pipelines were told, one commit each"
    );
    assert_eq!(
        stage.origin(&["cat-file", "blob", "main:prod/app.tfvars"]) + "\n",
        variables(|number| format!("new{number}"))
    );
    let met = |outcome: &Outcome| outcome.said.matches("has moved: setting the variables again").count();
    assert!(
        outcomes.iter().map(met).sum::<usize>() > 0,
        "nobody met anybody, so this was no race"
    );
    assert_eq!(stage.ground.tasks().len(), PUSHERS, "a task for each, and none twice");
    stage.end();
}

/// One build that needs nothing, and one of an AMI. Waiting is Packer's, and every second of it is ours too: the emulated EC2 is done at once.
fn template(ground: &Ground) -> String {
    let known = json!({"Owners": ["amazon"]});
    let base = &ground.aws("ec2", "describe_images", &known)["Images"][0]["ImageId"];
    format!(
        r#"
variable "endpoint" {{}}
source "file" "text" {{
  content = "made in a container"
  target  = "made.txt"
}}
source "amazon-ebs" "web" {{
  region                  = "{region}"
  custom_endpoint_ec2     = var.endpoint
  skip_region_validation  = true
  skip_metadata_api_check = true
  source_ami              = {base}
  instance_type           = "t3.micro"
  ami_name                = "web-1.2.3"
  communicator            = "none"
}}
build {{
  sources = ["source.file.text", "source.amazon-ebs.web"]
}}
"#,
        region = ground.region()
    )
}

/// What Packer asks of EC2 for an image of a machine that nobody logs in to.
const OF_PACKER: [&str; 13] = [
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateImage",
    "ec2:CreateKeyPair",
    "ec2:CreateSecurityGroup",
    "ec2:DeleteKeyPair",
    "ec2:DeleteSecurityGroup",
    "ec2:DescribeImages",
    "ec2:DescribeInstances",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeVolumes",
    "ec2:RunInstances",
    "ec2:StopInstances",
    "ec2:TerminateInstances",
];

#[test]
fn packer_in_its_image_tells_the_pipeline_the_id_of_what_it_built() {
    let stage = Stage::new("packer-runner", "image/image.pkr.hcl", template);
    let allowed = json!({"Effect": "Allow", "Action": OF_PACKER, "Resource": "*"});
    stage.ground.limit_role("deploy-runner-task-ami-builder", &[allowed]);
    let commit = stage.origin(&["rev-parse", "main"]);
    let built = |name: &str, build: &str| {
        let words = [
            "ami-builder".to_owned(),
            "build-packer-artifact".to_owned(),
            format!("--ref={commit}"),
            "--template-path=image/image.pkr.hcl".to_owned(),
            format!("--build-name={build}"),
            "--idempotent".to_owned(),
            "--output-properties".to_owned(),
        ];
        let outcome = stage.starts(name, &words).succeeds();
        assert_eq!(outcome.line["commit"], commit);
        let artifact = outcome.line["artifacts"][0].clone();
        assert_eq!(artifact["build"], build, "{}", outcome.line);
        assert_eq!(
            outcome.result["job_reports"][0]["artifacts"][0], artifact,
            "{}",
            outcome.result
        );
        (outcome.line["outcome"].clone(), artifact["id"].clone())
    };
    assert_eq!(built("text", "file.text"), ("built".into(), "File".into()));

    let (first, id) = built("ami", "amazon-ebs.web");
    assert_eq!(first, "built");
    let ours = json!({"Owners": ["self"]});
    let images = stage.ground.aws("ec2", "describe_images", &ours)["Images"].take();
    let ami = images[0]["ImageId"].as_str().expect("an AMI was made");
    assert_eq!(id, format!("{}:{ami}", stage.ground.region()));
    assert_eq!(built("again", "amazon-ebs.web"), ("exists".into(), ami.into()));
    stage.end();
}

#[test]
fn an_image_is_built_and_pushed_once_and_the_second_run_finds_it() {
    let place = Place::new();
    let registry = registry::start();
    let stage = Stage::of(
        place,
        "image-builder",
        "aws-image-builder.yaml",
        "docker/Dockerfile",
        |ground| {
            let filled_in = vec![
                ("{registry}", registry.name()),
                ("{registry_user}", registry::USER.to_owned()),
                (
                    "{registry_password}",
                    ground.secret("registry-password", registry::PASSWORD),
                ),
            ];
            ("FROM scratch\nCOPY Dockerfile /built-of\n".to_owned(), filled_in)
        },
    );
    let commit = stage.origin(&["rev-parse", "main"]);
    let image = format!("{}/apps/web", registry.name());
    let words = [
        "image-builder".to_owned(),
        "build-docker-image".to_owned(),
        format!("--ref={commit}"),
        "--context-path=docker".to_owned(),
        format!("--tag={image}:1"),
        "--idempotent".to_owned(),
    ];
    let built = |name: &str| {
        let outcome = stage.starts(name, &words).succeeds();
        assert_eq!(outcome.line["commit"], commit);
        assert_eq!(outcome.result["job_reports"][0]["images"], outcome.line["images"]);
        (outcome.line["outcome"].clone(), outcome.line["images"][0].clone())
    };
    let (first, pushed) = built("first");
    assert_eq!(
        (first, &pushed["name"]),
        ("pushed".into(), &format!("{image}:1").into())
    );
    assert_eq!(built("second"), ("exists".into(), pushed));
    let copy = stage.place.join("image");
    registry::copy(&registry, &image, &copy, &stage.place);
    assert!(copy.join("manifest.json").is_file(), "it can be pulled");
    drop(registry);
    stage.end();
}
