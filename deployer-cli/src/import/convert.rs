//! From the configuration to the allow-list in the making: what is taken over, what becomes stricter and what is left out.

mod options;
mod repository;

use std::collections::BTreeMap;

use super::configuration::{self, Configuration, Sizes};
use super::draft::{Container, Draft, Part, Script};
use super::remark::Remarks;
use repository::Aliases;

/// An allow-list that still has to pass `check`.
pub(super) fn convert(configuration: &Configuration) -> (Draft, Remarks) {
    let mut remarks = Remarks::default();
    let mut draft = Draft {
        default_container: default_container(configuration, &mut remarks),
        sizes: sizes(&configuration.sizes, &mut remarks),
        ..Draft::default()
    };
    let images = images(configuration, &mut remarks);
    let mut aliases = Aliases::default();
    for (name, container) in &configuration.containers {
        let scripts = container.scripts.iter();
        let scripts = scripts.filter_map(|(script, config)| {
            let part = Part::Script {
                container: name.clone(),
                name: script.clone(),
            };
            let converted = convert_script(&part.path(), config, &mut aliases, &mut remarks)?;
            Some((script.clone(), converted))
        });
        let scripts = scripts.collect();
        by_api(name, container, &mut remarks);
        image_builder(name, container, &mut remarks);
        let texts = |map: &BTreeMap<String, configuration::Word>| {
            map.iter().map(|(key, word)| (key.clone(), word.0.clone())).collect()
        };
        draft.containers.insert(
            name.clone(),
            Container {
                image: images.get(name).cloned().unwrap_or_default(),
                environment: texts(&container.environment_vars),
                secrets: texts(&container.secrets_manager_env_vars),
                scripts,
            },
        );
    }
    draft.repositories = aliases.finish(&mut remarks);
    of_every_import(configuration, &mut remarks);
    (draft, remarks)
}

/// What is the same for every import.
fn of_every_import(configuration: &Configuration, remarks: &mut Remarks) {
    remarks.stricter(
        "",
        "only the scripts of `script_config` can be run: there, every other program of the trigger directory could be run without arguments",
        "declare the others that your pipelines run",
    );
    remarks.stricter(
        "",
        "an option may be given once, its value has at most 1,024 characters, does not begin with a dash and holds no control or invisible character",
        "where callers repeat one, add `repeatable: true`",
    );
    remarks.stricter(
        "defaults.task.timeout",
        "a run is stopped after two hours, whoever still waits for it",
        "choose a `timeout` for each container",
    );
    if !configuration.others.is_empty() {
        let others: Vec<_> = configuration.others.iter().map(|name| format!("`{name}`")).collect();
        remarks.decide(
            "",
            format!("other variables of the file are not read: {}", others.join(", ")),
            "they say nothing about what callers may do; what the deployment needs is an input of the Terraform module",
        );
    }
}

fn default_container(configuration: &Configuration, remarks: &mut Remarks) -> Option<String> {
    let containers = configuration.containers.iter();
    let defaults: Vec<_> = containers
        .filter(|(_, container)| container.default)
        .map(|(name, _)| name.clone())
        .collect();
    match defaults.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        several => {
            remarks.left_out(
                "defaults.container",
                format!("more than one container is the default: {}", several.join(", ")),
                "name one of them",
            );
            None
        }
    }
}

/// Callers could ask for any launch type that the cluster has; now for this one.
fn sizes(sizes: &Sizes, remarks: &mut Remarks) -> Sizes {
    if sizes.max_cpu.is_none() || sizes.max_memory.is_none() {
        remarks.stricter(
            "defaults.task",
            "the file does not say how much callers may ask for, so they get the default size and no more",
            "add `max_cpu` and `max_memory`: there, the module's default was 2048 and 8192",
        );
    }
    if sizes.cpu.is_none() || sizes.memory.is_none() {
        remarks.decide(
            "defaults.task",
            "the file does not say which size runs have: what is not there is 1024 units of CPU and 2048 MiB",
            "choose `cpu` and `memory`: there, the module's default was 1024 and 4096",
        );
    }
    remarks.stricter(
        "defaults.task.launch_type",
        format!(
            "callers cannot choose the launch type: every run is on {}",
            sizes.launch_type.as_deref().unwrap_or("FARGATE")
        ),
        "list those that they may choose in `launch_types`",
    );
    sizes.clone()
}

/// The name of each container's image. The address and the tag stay with the deployment, which pins a digest.
fn images(configuration: &Configuration, remarks: &mut Remarks) -> BTreeMap<String, String> {
    let mut names: BTreeMap<String, (String, Vec<&str>)> = BTreeMap::new();
    for (container, config) in &configuration.containers {
        let address = format!("{}:{}", config.docker_image, config.docker_tag);
        let last = config.docker_image.rsplit('/').next().unwrap_or_default();
        let mut name = last.to_owned();
        let mut count = 1;
        while names.get(&name).is_some_and(|(other, _)| *other != address) {
            count += 1;
            name = format!("{last}-{count}");
        }
        names.entry(name).or_insert((address, Vec::new())).1.push(container);
    }
    let mut of_container = BTreeMap::new();
    for (name, (address, containers)) in names {
        remarks.decide(
            "",
            format!("the image `{name}` ({}) was `{address}`", containers.join(", ")),
            "build it with deploy-runner as its entry point and give its digest to the Terraform module; an image that has to keep its own needs `entrypoint: image`",
        );
        for container in containers {
            of_container.insert(container.to_owned(), name.clone());
        }
    }
    of_container
}

fn by_api(name: &str, container: &configuration::Container, remarks: &mut Remarks) {
    if !container.additional_secrets_manager_arns.is_empty() {
        let secrets: Vec<_> = container
            .additional_secrets_manager_arns
            .iter()
            .map(|arn| format!("`{}`", arn.0))
            .collect();
        remarks.left_out(
            &format!("containers.{name}"),
            format!("its jobs could read {} through the API", secrets.join(", ")),
            "declare them under `secrets`, or let the task role of this container read them",
        );
    }
}

/// There, every container could do what only kaniko needs.
fn image_builder(name: &str, container: &configuration::Container, remarks: &mut Remarks) {
    if container.scripts.contains_key("build-docker-image") {
        remarks.stricter(
            &format!("containers.{name}"),
            "its jobs cannot write the root file system and have no capabilities, both of which kaniko needs",
            "where kaniko builds, take `root_filesystem` and `capabilities` from config/allow-list.yaml",
        );
    }
}

/// `None` when what is always passed cannot be said: without it the script would be another.
fn convert_script(
    path: &str,
    config: &configuration::Script,
    aliases: &mut Aliases,
    remarks: &mut Remarks,
) -> Option<Script> {
    let mut script = Script::default();
    if let Err(reason) = fixed(config, &mut script) {
        remarks.left_out(
            path,
            format!("the script is not taken over: {reason}"),
            "declare it by hand",
        );
        return None;
    }
    if config.hardcoded_args.iter().any(|word| word.starts_with('-')) {
        remarks.decide(
            path,
            "the options in `hardcoded_args` came last; they now stand before those of the caller",
            "look whether the script minds the order",
        );
    }
    if config.allow_positional_args {
        remarks.left_out(
            path,
            "callers could give any positionals",
            "list in `positionals` those that it takes, each with a type",
        );
    }
    options::convert(path, config, &mut script, aliases, remarks);
    Some(script)
}

/// What is always passed, word for word.
fn fixed(config: &configuration::Script, script: &mut Script) -> Result<(), String> {
    for (key, values) in &config.hardcoded_options {
        let values: Vec<_> = values.iter().map(|value| value.0.clone()).collect();
        add_fixed(script, &options::name_of(key), values)?;
    }
    let mut words = config.hardcoded_args.iter().map(|word| word.0.as_str()).peekable();
    while let Some(word) = words.next() {
        if !word.starts_with('-') {
            script.fixed_positionals.push(word.to_owned());
        } else if word.contains('=') {
            return Err(format!(
                "`{word}` in `hardcoded_args` is an option and its value in one word"
            ));
        } else {
            // A word after an option is its value or a positional; it stays beside it either way.
            let values = words.next_if(|next| !next.starts_with('-'));
            add_fixed(script, word, values.map(str::to_owned).into_iter().collect())?;
        }
    }
    let beside = config.hardcoded_args.iter().any(|word| word.starts_with('-'));
    if beside && !script.fixed_positionals.is_empty() {
        return Err("options and positionals are mixed in `hardcoded_args`".to_owned());
    }
    Ok(())
}

/// A flag and a value of the same option cannot stand side by side.
fn add_fixed(script: &mut Script, name: &str, values: Vec<String>) -> Result<(), String> {
    match script.fixed_options.get_mut(name) {
        None => {
            script.fixed_options.insert(name.to_owned(), values);
            Ok(())
        }
        Some(earlier) if !earlier.is_empty() && !values.is_empty() => {
            earlier.extend(values);
            Ok(())
        }
        Some(_) => Err(format!("`{name}` is always passed twice, not both times with a value")),
    }
}
