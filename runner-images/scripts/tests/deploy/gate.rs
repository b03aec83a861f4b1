//! What the script reads from the canonical arguments equals what the gate understood, for the entries of the standard allow-list.

use deploy_scripts::deploy::arguments::{Format, Inputs, Keep, Operation, Order, PlanExit, Scope};
use deploy_scripts::values::PlanLifetime;
use gatekeeper::understand;
use protocol::RunRequest;

use crate::comparison::{self, Entry, Values, allow_list, compare, standard_allow_list, understood_values, words_of};
use crate::random::Random;

/// Requests that the gate permits and the script takes; only those can be compared.
const COMPARED: usize = 5_000;
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

const SCRIPT: &str = "infrastructure-deploy-script";
const APPLIER: Entry = Entry {
    container: "terraform-applier",
    script: SCRIPT,
};
const PLANNER: Entry = Entry {
    container: "terraform-planner",
    script: SCRIPT,
};

/// Options of a caller and values that often fit.
const MORE: [(&str, &[&str]); 16] = [
    ("--binary", &["terraform", "tofu", "terragrunt", "sh"]),
    ("--terragrunt-runs", &["terraform", "tofu"]),
    ("--all", &[]),
    ("--include-dir", &["a", "a/b", "../a", "a*"]),
    ("--exclude-dir", &["a", "eu-west-1/db", "./a"]),
    (
        "--var",
        &["image_version=1.5.0", "instance_count=3", "image_version=a=b", "x=1"],
    ),
    (
        "--var-file",
        &["production/a.tfvars", "a.tfvars", "../a.tfvars", "a.tf"],
    ),
    ("--target", &["aws_vpc.main", "module.a[0].b[\"x\"]", "-lock=false"]),
    ("--backend-config", &["key=a/b.tfstate", "region=eu-west-1", "path=/x"]),
    ("--detailed-exitcode", &[]),
    ("--json", &[]),
    ("--output-name", &["vpc_id", "-json"]),
    ("--allow-destroy", &[]),
    ("--tools-dir", &["/tmp"]),
    ("--protected-ref", &["refs/heads/evil"]),
    ("--log-level", &["debug"]),
];

fn written(random: &mut Random, name: &str, values: &[&str]) -> Vec<String> {
    if values.is_empty() {
        return vec![name.to_owned()];
    }
    let value = *random.pick(values);
    comparison::written(random, name, value)
}

fn request(random: &mut Random) -> RunRequest {
    let (entry, commands): (Entry, &[&str]) = if random.percent(60) {
        (
            PLANNER,
            &["plan", "validate", "output", "find", "hcl-validate", "apply"],
        )
    } else {
        (APPLIER, &["apply", "destroy", "output", "plan"])
    };
    let mut units = vec![
        written(random, "--repo", &["infrastructure-live"]),
        written(random, "--ref", &[COMMIT]),
        written(random, "--command", commands),
        written(
            random,
            "--deploy-path",
            &["production/a", "staging/b/c", "development/\u{fc}"],
        ),
    ];
    for _ in 0..random.below(4) {
        let (name, values) = *random.pick(&MORE[..12]);
        units.push(written(random, name, values));
    }
    if random.percent(5) {
        for (name, values) in random.some(&MORE) {
            units.push(written(random, name, values));
        }
    }
    random.shuffle(&mut units);
    entry.request(units.concat())
}

/// What the script read, by the option's name.
fn read_values(order: &Order) -> Values {
    let mut values = Values::new();
    let mut add = |name: &str, value: String| values.entry(name.to_owned()).or_default().push(value);
    add("--repo", order.repository.to_string());
    add("--ref", order.commit.to_string());
    add("--command", order.operation.name().to_owned());
    add("--deploy-path", order.deploy_path.to_string());
    add("--binary", order.binary.name().to_owned());
    if let Scope::Units { include, exclude } = &order.scope {
        add("--all", String::new());
        for path in include {
            add("--include-dir", path.to_string());
        }
        for path in exclude {
            add("--exclude-dir", path.to_string());
        }
    }
    for setting in &order.backend_config {
        add("--backend-config", setting.to_string());
    }
    let mut add_inputs = |inputs: &Inputs| {
        for variable in &inputs.variables {
            add("--var", variable.to_string());
        }
        for file in &inputs.files {
            add("--var-file", file.to_string());
        }
        for target in &inputs.targets {
            add("--target", target.to_string());
        }
    };
    match &order.operation {
        Operation::Plan(inputs, exit, keep) => {
            add_inputs(inputs);
            if *keep == Keep::Saved {
                add("--save-plan", String::new());
            }
            if *exit == PlanExit::Detailed {
                add("--detailed-exitcode", String::new());
            }
        }
        Operation::Apply(inputs) | Operation::Destroy(inputs, _) => add_inputs(inputs),
        Operation::Validate(format) | Operation::Find(format) => {
            if *format == Format::Json {
                add("--json", String::new());
            }
        }
        Operation::Output(format, name) => {
            if *format == Format::Json {
                add("--json", String::new());
            }
            if let Some(name) = name {
                add("--output-name", name.as_str().to_owned());
            }
        }
        Operation::ApplySaved(digest) => add("--plan", digest.to_string()),
        Operation::HclValidate => {}
    }
    values
}

/// What the gate permits and the script refuses by itself. The grammar of the gate cannot say which options belong together.
fn may_refuse(values: &Values) -> bool {
    let is = |name: &str, value: &str| values.get(name).is_some_and(|all| all[0] == value);
    let has = |name: &str| values.contains_key(name);
    let is_any = |commands: &[&str]| commands.iter().any(|command| is("--command", command));
    let changing = is_any(&["plan", "apply", "destroy"]);
    let terragrunt = is("--binary", "terragrunt");
    (has("--var") || has("--var-file") || has("--target")) && !changing
        || has("--detailed-exitcode") && !is("--command", "plan")
        || has("--json") && !is_any(&["output", "validate", "find"])
        || has("--output-name") && !is("--command", "output")
        || (has("--all") || has("--terragrunt-runs") || is_any(&["find", "hcl-validate"])) && !terragrunt
        || has("--all")
            && (is_any(&["find", "hcl-validate"]) || has("--target") || has("--output-name") || has("--backend-config"))
        || (has("--include-dir") || has("--exclude-dir")) && !has("--all")
}

#[test]
fn the_script_reads_what_the_gate_understood_in_five_thousand_cases() {
    let read = |words: Vec<String>| {
        let names_the_engine = words.iter().any(|word| word.starts_with("--terragrunt-runs"));
        let order = Order::parse(words.into_iter().map(Into::into))?;
        assert_eq!(order.protected_refs.len(), 1);
        let tools = order.tools_dir.as_ref().unwrap();
        assert_eq!(tools.to_string(), "/opt/deploy-runner/tools");
        let mut values = read_values(&order);
        if names_the_engine {
            values.insert("--terragrunt-runs".to_owned(), vec![order.engine.name().to_owned()]);
        }
        Ok(values)
    };
    let refusals = compare(&standard_allow_list(), COMPARED, 7, request, read, may_refuse);
    assert!(
        refusals.by_the_script > 0 && refusals.by_the_gate > 0,
        "the requests are too tame"
    );
}

#[test]
fn no_request_names_the_tools_the_reviewed_history_or_more_than_plain_directories() {
    let list = standard_allow_list();
    let ask = |word: &str| {
        let reference = format!("--ref={COMMIT}");
        let words = [
            "--repo=infrastructure-live",
            &reference,
            "--command=apply",
            "--deploy-path=production/a",
            "--binary=terragrunt",
            "--all",
            word,
        ];
        APPLIER.permits(&list, &words)
    };
    assert!(ask("--include-dir=a/b"));
    for word in [
        "--tools-dir=/tmp",
        "--protected-ref=refs/heads/x",
        "--allow-destroy",
        "--include-dir=**",
        "--include-dir=../a",
        "--exclude-dir=-x",
        "--exclude-dir=a,b",
        "--terragrunt-runs=terragrunt",
    ] {
        assert!(!ask(word), "{word}");
    }
}

/// The gate's understanding of a request, if the script reads the same.
fn plan_request(list: &str, container: &'static str, words: &[&str]) -> Option<Order> {
    let fixed = [
        "--repo=infrastructure-live",
        &format!("--ref={COMMIT}"),
        "--deploy-path=staging/a",
    ];
    let entry = Entry {
        container,
        script: SCRIPT,
    };
    let words = fixed.iter().chain(words).map(|word| (*word).to_owned());
    let (list, request) = (allow_list(list), entry.request(words.collect()));
    let understood = understand(&list, &request).ok()?;
    let order = Order::parse(words_of(SCRIPT, &understood).into_iter().map(Into::into)).ok()?;
    assert_eq!(read_values(&order), understood_values(&understood));
    assert_eq!(order.plan_lifetime, PlanLifetime::default());
    Some(order)
}

#[test]
fn what_the_gate_understood_about_saved_plans_is_what_the_script_reads() {
    let digest = "0123456789abcdef".repeat(4);
    let plan = format!("--plan={digest}");
    for (list, planner, applier, store) in [
        ("saved-plans.yaml", "terraform-deployer", "terraform-deployer", "/plans"),
        (
            "saved-plans-aws.yaml",
            "terraform-planner",
            "terraform-applier",
            "s3://acme-deploy-runner-plans/",
        ),
    ] {
        let saved = plan_request(list, planner, &["--command=plan", "--save-plan"]).unwrap();
        assert!(matches!(saved.operation, Operation::Plan(_, _, Keep::Saved)), "{list}");
        assert_eq!(saved.plan_store.unwrap().to_string(), store);
        let applied = plan_request(list, applier, &["--command=apply", &plan]).unwrap();
        assert!(
            matches!(applied.operation, Operation::ApplySaved(read) if read.as_str() == digest),
            "{list}"
        );
        assert_eq!(applied.plan_store.unwrap().to_string(), store);
        for (container, words) in [
            (planner, ["--command=plan", "--save-plan", "--binary=terragrunt"]),
            (applier, ["--command=apply", &plan, "--binary=terragrunt"]),
        ] {
            let order = plan_request(list, container, &words).unwrap();
            assert_eq!(order.binary.name(), "terragrunt", "{list} {words:?}");
        }
        for (container, words) in [
            (planner, ["--command=plan", &plan]),
            (applier, ["--command=apply", "--save-plan"]),
            (applier, ["--command=apply", "--plan=../x"]),
            (applier, ["--command=apply", "--plan=latest"]),
            (applier, ["--command=apply", "--plan-store=s3://other"]),
            (planner, ["--command=plan", "--plan-lifetime=168h"]),
        ] {
            assert!(plan_request(list, container, &words).is_none(), "{list} {words:?}");
        }
    }
}
