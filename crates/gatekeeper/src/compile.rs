//! Makes the compiled form of an allow-list: every setting with its effective value, in the form that later programs read.
//!
//! Only what the linter finds no error in is compiled. Never reads YAML, never decides about a request.

mod digest;

use indexmap::IndexMap;

use crate::allow_list::MAX_COMPILED_BYTES;
use crate::compiled::{self, Capability, Compiled, Entrypoint, Network, ParameterStyle, RootFilesystem, ValueStyle};
use crate::effective::{effective_task, listed, option, positional, prose, texts};
use crate::lint::{Finding, Severity, lint};
use crate::source::{
    ContainerSource, List, Located, ParameterStyleSource, Positionals, RepositorySource, ScriptSource, Source, Table,
    VolumeSource,
};

/// Makes the compiled form.
///
/// # Errors
/// The linter's findings of severity error, in the order of the file; or that the result is too large for a gate.
pub fn compile(source: &Source) -> Result<Compiled, Vec<Finding>> {
    let errors: Vec<_> = lint(source)
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let compiled = whole(source);
    let size = compiled.canonical_bytes().len();
    if size > MAX_COMPILED_BYTES {
        return Err(vec![too_large(source, size)]);
    }
    Ok(compiled)
}

fn too_large(source: &Source, size: usize) -> Finding {
    Finding {
        severity: Severity::Error,
        code: "too-large",
        mark: source.mark,
        path: String::new(),
        message: format!("the compiled allow-list has {size} bytes, but a gate reads at most {MAX_COMPILED_BYTES}"),
        help: "shorten it, or divide it between two deployments".to_owned(),
    }
}

fn whole(source: &Source) -> Compiled {
    let defaults = source.defaults.as_ref();
    let task = defaults.and_then(|defaults| defaults.task.as_ref());
    Compiled {
        format: compiled::FORMAT,
        repositories: table(&source.repositories, repository),
        volumes: table(&source.volumes, volume),
        default_container: defaults
            .and_then(|defaults| defaults.container.as_ref())
            .map(|name| name.value.clone()),
        containers: table(&source.containers, |container| self::container(container, task)),
    }
}

fn table<N, V, C>(entries: &Table<N, V>, make: impl Fn(&V) -> C) -> IndexMap<String, C> {
    entries
        .entries
        .iter()
        .map(|(name, entry)| (name.value.clone(), make(entry)))
        .collect()
}

fn repository(source: &RepositorySource) -> compiled::Repository {
    compiled::Repository {
        url: source.url.value.clone(),
        protected_refs: listed(source.protected_refs.as_ref()),
    }
}

fn volume(source: &VolumeSource) -> compiled::Volume {
    compiled::Volume {
        description: source.description.value.0.clone(),
    }
}

fn container(source: &ContainerSource, defaults: Option<&crate::source::TaskSource>) -> compiled::Container {
    compiled::Container {
        description: prose(source.description.as_ref()),
        image: source.image.value.clone(),
        entrypoint: source
            .entrypoint
            .as_ref()
            .map_or(Entrypoint::DeployRunner, |entrypoint| entrypoint.value),
        environment: table(&source.environment, |value| value.value.clone()),
        secrets: table(&source.secrets, |secret| secret.value.clone()),
        network: source.network.as_ref().map_or(Network::None, |network| network.value),
        volumes: table(&source.volumes, |mount| mount.value.clone()),
        root_filesystem: source
            .root_filesystem
            .as_ref()
            .map_or_else(RootFilesystem::default, |root| root.value),
        capabilities: capabilities(source.capabilities.as_ref()),
        task: effective_task(source.task.as_ref(), defaults),
        scripts: table(&source.scripts, script),
    }
}

/// Each once.
fn capabilities(source: Option<&List<Located<Capability>>>) -> Vec<Capability> {
    let mut kept = Vec::new();
    for item in source.map(|list| list.items.as_slice()).unwrap_or_default() {
        if !kept.contains(&item.value) {
            kept.push(item.value);
        }
    }
    kept
}

fn script(source: &ScriptSource) -> compiled::Script {
    compiled::Script {
        description: prose(source.description.as_ref()),
        parameter_style: parameter_style(source.parameter_style.as_ref()),
        fixed_options: table(&source.fixed_options, texts),
        fixed_positionals: listed(source.fixed_positionals.as_ref()),
        options: table(&source.options, option),
        positionals: source
            .positionals
            .as_ref()
            .map_or(&[][..], Positionals::items)
            .iter()
            .map(positional)
            .collect(),
    }
}

fn parameter_style(source: Option<&ParameterStyleSource>) -> ParameterStyle {
    let values = source.and_then(|style| style.values.as_ref());
    let end_of_options = source.and_then(|style| style.end_of_options.as_ref());
    ParameterStyle {
        values: values.map_or(ValueStyle::Equals, |values| values.value),
        end_of_options: end_of_options.is_none_or(|end| end.value),
    }
}
