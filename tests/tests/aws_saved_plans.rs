//! Saved plans on AWS, with the real image: the CLI calls the function, the function starts a task, the task is a container of the image that
//! the Containerfiles make, and plans and state lie in the simulated S3. Planner and applier are two containers with two roles.

use std::fs;

use e2e::ground::Ground;
use e2e::ground::stack::{Function, LOG_GROUP, Stack};
use e2e::product::{self, Ended, Place};
use e2e::repository::Repository;
use serde_json::{Value, json};

#[path = "../../runner-images/scripts/tests/deploy/git_server.rs"]
mod git_server;

use git_server::{Behaviour, GitServer};

const PLANS: &str = "saved-plans";
const STATE: &str = "terraform-state";
const TOKEN: &str = "a-token-that-nobody-may-see";
/// `x-access-token:` and the token.
const AUTHORIZATION: &str = "Basic eC1hY2Nlc3MtdG9rZW46YS10b2tlbi10aGF0LW5vYm9keS1tYXktc2Vl";
const PLAN_KEY: &str = "c0ffee00c0ffee00c0ffee00c0ffee00-of-a-test";

/// Needs no provider: nothing is downloaded while a job runs.
const MODULE: &str = r#"
terraform {
  backend "s3" {
    bucket         = "terraform-state"
    key            = "app.tfstate"
    use_path_style = true
    use_lockfile   = true
  }
}
variable "word" {
  default = "unsaid"
}
resource "terraform_data" "thing" {
  input = var.word
}
output "word" {
  value = terraform_data.thing.output
}
"#;

/// The account, the images, the repository. The order of the fields is the order in which they end.
struct Stage {
    ground: Ground,
    function: Function,
    repository: Repository,
    server: GitServer,
    place: Place,
}

impl Stage {
    fn new() -> Self {
        let place = Place::new();
        let ground = Ground::start_with_image(&place, "terraform-runner");
        let repository = Repository::empty(&place);
        repository.write("app/main.tf", MODULE);
        repository.commit("a module");
        repository.push("main");
        let asks_for_the_token = Behaviour {
            authorization: Some(AUTHORIZATION.to_owned()),
            ..Behaviour::default()
        };
        let server = GitServer::serve(repository.bare().to_owned(), asks_for_the_token);
        for bucket in [PLANS, STATE] {
            let here = json!({"LocationConstraint": ground.region()});
            let bucket = json!({"Bucket": bucket, "CreateBucketConfiguration": here});
            ground.aws("s3", "create_bucket", &bucket);
        }
        let template = fs::read_to_string(product::fixtures().join("aws-plans.yaml")).expect("the fixture is there");
        let url = server.url().replace("origin.git", "infrastructure-live.git");
        let allow_list = template
            .replace("{endpoint}", ground.endpoint())
            .replace("{repository}", &url)
            .replace("{git_token}", &ground.secret("git-token", TOKEN))
            .replace("{plan_key}", &ground.secret("plan-key", PLAN_KEY));
        let allow_list = place.write("allow-list.yaml", allow_list);
        let stack = Stack::install(&ground, &place, &allow_list, &json!({}));
        let function = stack.function(&ground, "deploy-runner-invoker");
        limit_the_roles(&ground);
        Self {
            ground,
            function,
            repository,
            server,
            place,
        }
    }

    fn head(&self) -> String {
        self.repository.git(&["rev-parse", "HEAD"])
    }

    fn called(&self, container: &str, words: &[String]) -> Ended {
        let result = self.place.join("result.json");
        let mut ci = self.place.ci(&self.ground, &self.function);
        ci.arg("--result-file").arg(&result);
        ci.args(["--", container, "infrastructure-deploy-script", "--deploy-path=app"]);
        let ended = product::run(ci.args(words));
        let result = fs::read_to_string(result).expect("there is a result");
        for secret in [TOKEN, PLAN_KEY] {
            assert!(!format!("{ended:?}{result}").contains(secret), "{ended:?}");
        }
        ended
    }

    /// Saves a plan, and answers its digest as the pipeline gets it.
    fn save(&self, commit: &str, word: &str) -> String {
        let words = [
            format!("--ref={commit}"),
            "--command=plan".to_owned(),
            "--save-plan".to_owned(),
            format!("--var=word={word}"),
        ];
        let ended = self.called("terraform-planner", &words).with(0);
        assert!(ended.stdout.contains("Plan: 1 to add"), "{ended:?}");
        let report = self.report();
        assert_eq!(report["directory"], "app", "what a reviewer is shown: {report}");
        let counts = json!({"destroy": 0, "replace": 0, "forget": 0, "change": 0, "add": 1});
        assert_eq!(report["counts"], counts);
        let changes = json!([{"action": "add", "address": "terraform_data.thing"}]);
        assert_eq!(report["changes"], changes);
        let table = format!(
            "plan of `app` (as the job reports it): 0 to destroy, 0 to replace, 0 to change, 1 to add\n  \
             add  terraform_data.thing\nsaved as {}\n",
            report["saved_as"].as_str().unwrap_or_default()
        );
        assert!(ended.stderr.contains(&table), "{table}{}", ended.stderr);
        report["saved_as"].as_str().expect("the digest is told").to_owned()
    }

    /// What the job reported, as the result of the run has it.
    fn report(&self) -> Value {
        let result = fs::read(self.place.join("result.json")).expect("there is a result");
        let result: Value = serde_json::from_slice(&result).expect("it is JSON");
        result["job_reports"][0].clone()
    }

    fn apply(&self, commit: &str, digest: &str) -> Ended {
        let words = [
            format!("--ref={commit}"),
            "--command=apply".to_owned(),
            format!("--plan={digest}"),
        ];
        self.called("terraform-applier", &words)
    }

    #[track_caller]
    fn refused(&self, commit: &str, digest: &str, code: i32, reason: &str) {
        let before = self.state();
        let ended = self.apply(commit, digest).with(code);
        let told = format!("infrastructure-deploy-script: error: {reason}");
        assert!(
            ended.stderr.lines().any(|line| line == told),
            "{reason}\n{}",
            ended.stderr
        );
        assert_eq!(self.state(), before, "something was applied");
    }

    /// The state as S3 has it; nothing before the first apply.
    fn state(&self) -> Option<Value> {
        let asked = json!({"do": "aws", "service": "s3", "operation": "get_object", "parameters": {"Bucket": STATE, "Key": "app.tfstate"}});
        let object = self.ground.try_ask(&asked).ok()?;
        Some(serde_json::from_str(object["Body"].as_str().expect("a body")).expect("state is JSON"))
    }

    fn word(&self) -> Value {
        self.state().expect("something was applied")["outputs"]["word"]["value"].clone()
    }
}

/// What terraform/modules/saved-plans grants, and the state.
fn limit_the_roles(ground: &Ground) {
    let allow = |actions: &[&str], resource: &str| json!({"Effect": "Allow", "Action": actions, "Resource": resource});
    let state = [
        allow(
            &["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            &format!("arn:aws:s3:::{STATE}/*"),
        ),
        allow(&["s3:ListBucket"], &format!("arn:aws:s3:::{STATE}")),
    ];
    let plans = format!("arn:aws:s3:::{PLANS}/*");
    for (container, of_plans) in [
        ("terraform-planner", allow(&["s3:PutObject"], &plans)),
        ("terraform-applier", allow(&["s3:GetObject"], &plans)),
    ] {
        let statements: Vec<_> = state.iter().cloned().chain([of_plans]).collect();
        ground.limit_role(&format!("deploy-runner-task-{container}"), &statements);
    }
}

#[test]
fn a_plan_is_saved_reviewed_and_applied_exactly_and_anything_else_is_refused() {
    let mut stage = Stage::new();
    let commit = stage.head();

    // Planned and reviewed; nothing has happened yet.
    let digest = stage.save(&commit, "planned");
    let rival = stage.save(&commit, "rival");
    assert_eq!(stage.state(), None);

    a_changed_commit_is_refused(&stage, &commit, &digest);
    a_tampered_plan_is_refused(&stage, &commit, &digest, &rival);

    stage.apply(&commit, &digest).with(0);
    assert_eq!(
        stage.word(),
        "planned",
        "exactly what was planned, not what the code says by now"
    );

    stage.refused(
        &commit,
        &rival,
        77,
        "the state has moved on since the plan was made: nothing was applied; plan again",
    );
    assert_eq!(stage.word(), "planned");
    what_was_not_reviewed_is_not_planned(&stage);
    assert!(
        stage.server.requests().iter().any(|head| head.contains(AUTHORIZATION)),
        "the token reached git"
    );
    each_container_has_its_own_role(&stage);
    no_secret_is_in_a_log_or_a_bucket(&stage);
    stage.ground.end();
    stage.place.assert_nothing_is_left();
}

fn a_changed_commit_is_refused(stage: &Stage, planned: &str, digest: &str) {
    stage
        .repository
        .write("app/main.tf", &MODULE.replace("unsaid", "changed"));
    let changed = stage.repository.commit("another default");
    stage.repository.push("main");
    stage.refused(
        &changed,
        digest,
        77,
        &format!("the plan `{digest}` was made for the commit `{planned}`, not for `{changed}`: plan again for that"),
    );
}

/// The rival's plan is a good one, and is under its own name only.
fn a_tampered_plan_is_refused(stage: &Stage, commit: &str, digest: &str, rival: &str) {
    let key = |digest: &str| format!("live/{digest}.plan");
    let copy = |from: &str, to: &str| {
        let source = json!({"Bucket": PLANS, "Key": from});
        let asked = json!({"Bucket": PLANS, "Key": to, "CopySource": source});
        stage.ground.aws("s3", "copy_object", &asked);
    };
    copy(&key(digest), "kept");
    copy(&key(rival), &key(digest));
    let tampered = format!("the plan `{digest}` was tampered with: its content is not what was saved; plan again");
    stage.refused(commit, digest, 77, &tampered);

    // Somebody who may write into the bucket, and has no key.
    let forged = "deploy-runner saved plan 1\nforged by somebody who may write into the bucket";
    let name = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(forged));
    let asked = json!({"Bucket": PLANS, "Key": key(&name), "Body": forged});
    stage.ground.aws("s3", "put_object", &asked);
    let unopened = format!(
        "the plan `{name}` cannot be opened with this PLAN_KEY: it was saved with another key, or not by deploy-runner; plan again"
    );
    stage.refused(commit, &name, 77, &unopened);
    copy("kept", &key(digest));
}

fn what_was_not_reviewed_is_not_planned(stage: &Stage) {
    stage.repository.write("app/evil.tf", "output \"evil\" { value = 1 }\n");
    let commit = stage.repository.commit("not merged");
    stage.repository.push("feature");
    let words = [format!("--ref={commit}"), "--command=plan".to_owned()];
    let ended = stage.called("terraform-planner", &words).with(77);
    assert!(
        ended.stderr.contains("is only for commits of a protected ref"),
        "{ended:?}"
    );
}

fn each_container_has_its_own_role(stage: &Stage) {
    let requests = stage.ground.requests();
    let of_plans = |action: &str, role: &str| {
        let found = requests.iter().filter(|request| {
            let caller = request["caller"].as_str().unwrap_or_default();
            request["action"] == action
                && caller.contains(&format!("assumed-role/{role}/"))
                && request["error"].is_null()
        });
        found.count()
    };
    assert!(of_plans("PutObject", "deploy-runner-task-terraform-planner") >= 2);
    assert!(of_plans("GetObject", "deploy-runner-task-terraform-applier") >= 4);
    let denied: Vec<_> = requests.iter().filter(|request| !request["error"].is_null()).collect();
    assert!(
        denied.iter().all(|request| request["service"] != "s3"),
        "the roles of the module are enough: {denied:?}"
    );
}

fn no_secret_is_in_a_log_or_a_bucket(stage: &Stage) {
    let log = stage.ground.log_of_group(LOG_GROUP);
    assert!(log.contains("saved the plan: apply exactly it with --plan="), "{log}");
    let listed = stage.ground.aws("s3", "list_objects_v2", &json!({"Bucket": PLANS}));
    let mut kept = Vec::new();
    for object in listed["Contents"].as_array().expect("objects") {
        let asked = json!({"Bucket": PLANS, "Key": object["Key"]});
        let object = stage.ground.aws("s3", "get_object", &asked);
        kept.push(object["Body"].as_str().expect("a body").to_owned());
    }
    assert!(kept.len() > 3, "plans are kept: {listed}");
    for secret in [TOKEN, PLAN_KEY] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    for secret in [TOKEN, PLAN_KEY, "terraform_data"] {
        assert!(kept.iter().all(|plan| !plan.contains(secret)), "{secret}");
    }
}
