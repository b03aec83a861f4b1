//! The product as a platform engineer installs it: packaged by the CLI, applied by Terraform in a simulated account, called by a CI user.
//!
//! Responsible for doing what the deployment guide says. Never makes anything that the Terraform modules are there to make, except the user
//! whose keys stand for what CI gets by OIDC.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::ground::stack::bootstrap;
use crate::ground::{Ground, Keys};
use crate::product::{self, Ended, Place};
use crate::terraform::Terraform;

/// The folder of the configuration, beside the modules.
const ROOT: &str = "installation";
/// How Terraform is called: nobody is there to answer.
const QUIETLY: [&str; 2] = ["-input=false", "-no-color"];
/// The name of every image is pinned like this.
const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// An installation in an account of its own. The order of the fields is the order in which they end.
#[derive(Debug)]
pub struct Installation {
    /// The simulated AWS.
    pub ground: Ground,
    terraform: Terraform,
    variables: Vec<(&'static str, String)>,
    /// The ARN of the secret that a container declares.
    pub secret: String,
    /// Its folder.
    pub place: Place,
}

impl Installation {
    /// An account with a network and a secret, nothing installed.
    pub fn new() -> Self {
        let place = Place::new();
        let ground = Ground::start(&place);
        let terraform = Terraform::copied_to(&place);
        let configuration = product::fixtures().join("installation/main.tf");
        place.write(
            &format!("terraform/{ROOT}/main.tf"),
            std::fs::read(configuration).expect("the fixture is there"),
        );
        let secret = secrets(&ground);
        let variables = variables(&place, &ground);
        Self {
            ground,
            terraform,
            variables,
            secret,
            place,
        }
    }

    /// Packages the allow-list, with what is filled in.
    pub fn package(&self, lines: u32, greeting: &str) {
        let template = product::fixtures().join("installation/allow-list.yaml");
        let text = std::fs::read_to_string(template).expect("the fixture is there");
        let text = text
            .replace("{secret}", &self.secret)
            .replace("{lines}", &lines.to_string())
            .replace("{greeting}", greeting);
        let allow_list = self.place.write("package/allow-list.yaml", text);
        let mut package = self.place.deployer(&allow_list);
        package
            .arg("package")
            .arg(&allow_list)
            .arg("--lambda")
            .arg(bootstrap())
            .arg("--output")
            .arg(self.place.join("package/function.zip"))
            .arg("--compiled")
            .arg(self.place.join("package/allow-list.json"))
            .arg("--manifest")
            .arg(manifest(&self.place));
        product::run(&mut package).with(0);
    }

    /// `terraform init`.
    pub fn init(&self) {
        self.terraform.init(ROOT);
    }

    /// `terraform apply`.
    #[track_caller]
    pub fn apply(&self) {
        self.terraform(&["apply", "-auto-approve"]).with(0);
    }

    /// `terraform plan`: 0 when there is nothing to do, 2 when there is.
    pub fn plan(&self) -> Ended {
        self.terraform(&["plan", "-detailed-exitcode"])
    }

    /// `terraform destroy`.
    #[track_caller]
    pub fn destroy(&self) {
        self.terraform(&["destroy", "-auto-approve"]).with(0);
    }

    /// The outputs.
    #[track_caller]
    pub fn outputs(&self) -> Value {
        let ended = product::run(&mut self.command(&["output", "-json"])).with(0);
        let outputs: Value = serde_json::from_str(&ended.stdout).expect("outputs are JSON");
        let outputs = outputs.as_object().expect("outputs by name");
        outputs
            .iter()
            .map(|(name, output)| (name.clone(), output["value"].clone()))
            .collect()
    }

    fn terraform(&self, words: &[&str]) -> Ended {
        product::run(self.command(words).args(QUIETLY))
    }

    fn command(&self, words: &[&str]) -> Command {
        let owner = self.ground.owner();
        let mut command = self.terraform.command(ROOT, words);
        command
            .env("AWS_ENDPOINT_URL", self.ground.endpoint())
            .env("AWS_ACCESS_KEY_ID", &owner.access_key)
            .env("AWS_SECRET_ACCESS_KEY", &owner.secret_key)
            .envs(
                self.variables
                    .iter()
                    .map(|(name, value)| (format!("TF_VAR_{name}"), value)),
            );
        command
    }

    /// A user with the policy that the module made for CI, and nothing else.
    pub fn ci(&self, outputs: &Value) -> Keys {
        let iam = |operation: &str, parameters: &Value| self.ground.aws("iam", operation, parameters);
        iam("create_user", &json!({"UserName": "ci"}));
        iam(
            "put_user_policy",
            &json!({"UserName": "ci", "PolicyName": "of-the-module", "PolicyDocument": outputs["ci_policy"]}),
        );
        let key = iam("create_access_key", &json!({"UserName": "ci"}));
        Keys {
            access_key: key["AccessKey"]["AccessKeyId"].as_str().expect("a key").to_owned(),
            secret_key: key["AccessKey"]["SecretAccessKey"].as_str().expect("a key").to_owned(),
        }
    }

    /// Every policy of a role, as IAM has it.
    pub fn policies(&self, role: &str) -> Vec<Value> {
        let named = json!({"RoleName": role});
        let attached = self.ground.aws("iam", "list_attached_role_policies", &named);
        assert_eq!(attached["AttachedPolicies"], json!([]), "{role}");
        let inline = self.ground.aws("iam", "list_role_policies", &named);
        let inline = inline["PolicyNames"].as_array().expect("names").clone();
        let document = |name: &Value| {
            let asked = json!({"RoleName": role, "PolicyName": name});
            self.ground.aws("iam", "get_role_policy", &asked)["PolicyDocument"].clone()
        };
        inline.iter().map(document).collect()
    }

    /// The trust policy of a role, as IAM has it.
    pub fn trust(&self, role: &str) -> Value {
        let role = self.ground.aws("iam", "get_role", &json!({"RoleName": role}));
        role["Role"]["AssumeRolePolicyDocument"].clone()
    }
}

impl Default for Installation {
    fn default() -> Self {
        Self::new()
    }
}

fn manifest(place: &Place) -> PathBuf {
    place.join("package/manifest.json")
}

/// A secret and a parameter that exist; answers the secret's ARN.
fn secrets(ground: &Ground) -> String {
    ground.aws(
        "ssm",
        "put_parameter",
        &json!({"Name": "/deploy-runner/registry", "Value": "registry.example.com", "Type": "String"}),
    );
    let secret = ground.aws(
        "secretsmanager",
        "create_secret",
        &json!({"Name": "deploy-token", "SecretString": SECRET}),
    );
    secret["ARN"].as_str().expect("a secret has an ARN").to_owned()
}

/// The value of the secret.
pub const SECRET: &str = "s3cr3t-value-of-the-token";

/// What the configuration is told, and programs in place of the images.
fn variables(place: &Place, ground: &Ground) -> Vec<(&'static str, String)> {
    let ours = format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/deploy-runner/jobs@{DIGEST}");
    let plain = format!("registry.example.com/jobs@{DIGEST}");
    let runner = json!([
        product::programs().join("deploy-runner"),
        "--trigger-dir",
        product::fixtures().join("scripts")
    ]);
    ground.ask(&json!({"do": "images", "images": {&ours: runner, &plain: runner}}));
    let subnets = ground.aws("ec2", "describe_subnets", &json!({}));
    let subnet = &subnets["Subnets"][0];
    vec![
        ("package", manifest(place).display().to_string()),
        ("images", json!({"ours": ours, "plain": plain}).to_string()),
        ("vpc_id", subnet["VpcId"].as_str().expect("a VPC").to_owned()),
        ("subnet_ids", json!([subnet["SubnetId"]]).to_string()),
        ("endpoint", ground.endpoint().to_owned()),
    ]
}
