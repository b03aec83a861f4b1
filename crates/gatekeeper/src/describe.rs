//! The catalogue of what may be asked for. Shows no secret, no address, no environment and nothing that is fixed.

use protocol::{Catalogue, ContainerEntry, OptionEntry, PositionalEntry, ScriptEntry, TaskSize};

use crate::allow_list::{AllowList, ContainerRules, OptionRules, PositionalRules, ScriptRules};
use crate::value::type_name;

/// Everything that the allow-list allows, in its own order.
pub fn describe(list: &AllowList) -> Catalogue {
    Catalogue {
        allow_list_digest: list.digest().to_owned(),
        default_container: list.default_container.clone(),
        containers: list
            .containers
            .iter()
            .map(|(name, rules)| container(name, rules))
            .collect(),
    }
}

fn container(name: &str, rules: &ContainerRules) -> ContainerEntry {
    let task = &rules.spec.task;
    ContainerEntry {
        name: name.to_owned(),
        description: rules.spec.description.clone(),
        size: TaskSize {
            cpu: task.cpu,
            memory: task.memory,
        },
        max_size: TaskSize {
            cpu: task.max_cpu,
            memory: task.max_memory,
        },
        launch_types: task.launch_types.clone(),
        timeout_seconds: task.timeout_seconds,
        scripts: rules.scripts.iter().map(|(name, rules)| script(name, rules)).collect(),
    }
}

fn script(name: &str, rules: &ScriptRules) -> ScriptEntry {
    ScriptEntry {
        name: name.to_owned(),
        description: rules.description.clone(),
        options: rules.options.values().map(option).collect(),
        positionals: rules.positionals.iter().map(positional).collect(),
    }
}

fn option(rules: &OptionRules) -> OptionEntry {
    let optional = if rules.spec.value_optional { ", or no value" } else { "" };
    OptionEntry {
        name: rules.name.clone(),
        description: rules.spec.description.clone(),
        kind: type_name(&rules.spec.value).to_owned(),
        accepts: format!("{}{optional}", rules.value.checker.accepts()),
        required: rules.spec.required,
        max_repeats: rules.spec.max_repeats,
        default: rules.spec.default.clone(),
    }
}

fn positional(rules: &PositionalRules) -> PositionalEntry {
    PositionalEntry {
        name: rules.spec.name.clone(),
        description: rules.spec.description.clone(),
        kind: type_name(&rules.spec.value).to_owned(),
        accepts: rules.value.checker.accepts().to_owned(),
        required: rules.spec.required,
        max_repeats: rules.spec.max_repeats,
    }
}
