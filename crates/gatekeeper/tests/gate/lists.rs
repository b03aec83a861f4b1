//! Allow-lists in code, as small as a test needs them.

use gatekeeper::AllowList;
use gatekeeper::compiled::{
    Compiled, Container, Entrypoint, FORMAT, Network, OptionRule, ParameterStyle, PositionalRule, Repository,
    RootFilesystem, Script, Task, TextRule, ValueStyle, ValueType,
};
use protocol::LaunchType;

/// An option that may be given once.
pub(crate) fn option(value: ValueType) -> OptionRule {
    OptionRule {
        description: String::new(),
        required: false,
        max_repeats: 1,
        value_optional: false,
        default: None,
        value,
    }
}

/// A positional that may be left out.
pub(crate) fn positional(name: &str, value: ValueType) -> PositionalRule {
    PositionalRule {
        name: name.to_owned(),
        description: String::new(),
        required: false,
        max_repeats: 1,
        value,
    }
}

/// Any text of at most this length.
pub(crate) fn any_text(max_length: u32) -> TextRule {
    TextRule {
        pattern: None,
        max_length,
        allow_empty: false,
        allow_leading_dash: false,
    }
}

/// Text that matches a pattern.
pub(crate) fn matching(pattern: &str) -> TextRule {
    TextRule {
        pattern: Some(pattern.to_owned()),
        ..any_text(128)
    }
}

pub(crate) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

pub(crate) fn choice(one_of: &[&str]) -> ValueType {
    ValueType::Choice { one_of: words(one_of) }
}

/// A script that takes nothing.
pub(crate) fn script() -> Script {
    Script {
        description: "does things".to_owned(),
        parameter_style: ParameterStyle {
            values: ValueStyle::Equals,
            end_of_options: true,
        },
        fixed_options: [].into(),
        fixed_positionals: Vec::new(),
        options: [].into(),
        positionals: Vec::new(),
    }
}

/// A container with these scripts.
pub(crate) fn container<const N: usize>(scripts: [(&str, Script); N]) -> Container {
    Container {
        description: "a container".to_owned(),
        image: "terraform-runner".to_owned(),
        environment: [("TF_IN_AUTOMATION".to_owned(), "1".to_owned())].into(),
        secrets: [("GIT_TOKEN".to_owned(), "secret-reference-of-git-token".to_owned())].into(),
        entrypoint: Entrypoint::DeployRunner,
        network: Network::None,
        volumes: [].into(),
        root_filesystem: RootFilesystem::ReadOnly,
        capabilities: Vec::new(),
        task: Task {
            cpu: 1024,
            memory: 4096,
            max_cpu: 4096,
            max_memory: 16_384,
            launch_types: vec![LaunchType::Fargate, LaunchType::Ec2],
            timeout_seconds: 7_200,
            stop_timeout_seconds: 30,
        },
        scripts: scripts
            .into_iter()
            .map(|(name, script)| (name.to_owned(), script))
            .collect(),
    }
}

/// An allow-list with these containers and two repositories.
pub(crate) fn compiled<const N: usize>(containers: [(&str, Container); N]) -> Compiled {
    let repository = |name: &str, refs: &[&str]| Repository {
        url: format!("https://git.example.com/acme/{name}.git"),
        protected_refs: words(refs),
    };
    Compiled {
        format: FORMAT,
        repositories: [
            (
                "live".to_owned(),
                repository("live", &["refs/heads/main", "refs/heads/release"]),
            ),
            ("modules".to_owned(), repository("modules", &[])),
        ]
        .into(),
        volumes: [].into(),
        default_container: None,
        containers: containers
            .into_iter()
            .map(|(name, container)| (name.to_owned(), container))
            .collect(),
    }
}

/// Loads it.
#[track_caller]
pub(crate) fn load(compiled: &Compiled) -> AllowList {
    AllowList::load(&serde_json::to_vec(compiled).unwrap()).unwrap()
}

/// One container `planner` with one script `deploy`, like the standard one.
pub(crate) fn deploy_script() -> Script {
    let required = |value| OptionRule {
        required: true,
        ..option(value)
    };
    Script {
        fixed_options: [("--log-level".to_owned(), words(&["info"]))].into(),
        options: [
            (
                "--repo",
                required(ValueType::Repository {
                    one_of: words(&["live", "modules"]),
                    protected_refs_as: Some("--protected-ref".to_owned()),
                }),
            ),
            ("--ref", required(ValueType::Commit)),
            (
                "--binary",
                OptionRule {
                    default: Some("terraform".to_owned()),
                    ..option(choice(&["terraform", "terragrunt"]))
                },
            ),
            ("--command", required(choice(&["plan", "validate"]))),
            (
                "--deploy-path",
                required(ValueType::Path {
                    within: words(&["sandbox/**", "prod/**"]),
                    allow_root: false,
                }),
            ),
            (
                "--var",
                OptionRule {
                    max_repeats: 16,
                    ..option(ValueType::KeyValue {
                        keys: words(&["image_version", "count"]),
                        value: matching("[A-Za-z0-9._-]{1,128}"),
                    })
                },
            ),
            ("--parallelism", option(ValueType::Integer { min: 1, max: 32 })),
            ("--verbose", option(ValueType::Flag)),
        ]
        .into_iter()
        .map(|(name, rule)| (name.to_owned(), rule))
        .collect(),
        ..script()
    }
}
