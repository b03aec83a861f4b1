//! Containers: what each needs to be useful.

use crate::compiled::Entrypoint;
use crate::source::{ContainerSource, Source, Text};
use crate::value::name::is_name;

use super::report::Report;
use super::{mount, name, privilege, script, size, variable};

pub(super) fn check(source: &Source, report: &mut Report) {
    if source.containers.entries.is_empty() {
        report.error(
            "no-containers",
            source.mark,
            "there is no container",
            "without one, every request is denied",
        );
    }
    name::look_alikes(source.containers.entries.iter().map(|(name, _)| name), report);
    for (name, container) in &source.containers.entries {
        report.at(name, |report| check_one(source, name, container, report));
    }
}

fn check_one(source: &Source, name: &Text, container: &ContainerSource, report: &mut Report) {
    if container.description.is_none() {
        let help = "say in `description` what it is for: callers see it";
        report.warning(
            "no-description",
            name.mark,
            format!("the container `{name}` has no description"),
            help,
        );
    }
    if !is_name(&container.image) {
        let message = format!(
            "`{}` is not the name of an image",
            crate::value::shown(&container.image)
        );
        let help = "name an image of runner-images/ with letters, digits, `_`, `.` and `-`; its address and digest are set when it is deployed";
        report.at("image", |report| {
            report.error("image-name", container.image.mark, message, help);
        });
    }
    entrypoint(container, report);
    report.at("environment", |report| variable::check_environment(container, report));
    report.at("secrets", |report| variable::check_secrets(container, report));
    report.at("volumes", |report| mount::check(source, container, report));
    privilege::check(container, report);
    size::check(source, name, container, report);
    if container.scripts.entries.is_empty() {
        report.error(
            "no-scripts",
            name.mark,
            format!("the container `{name}` has no script"),
            "declare one, or remove the container",
        );
    }
    report.at("scripts", |report| {
        name::look_alikes(container.scripts.entries.iter().map(|(name, _)| name), report);
        for (name, script) in &container.scripts.entries {
            report.at(name, |report| script::check(source, name, script, report));
        }
    });
}

/// Everything that the runner promises is missing where an image keeps its own entry point.
fn entrypoint(container: &ContainerSource, report: &mut Report) {
    let Some(entrypoint) = &container.entrypoint else {
        return;
    };
    if entrypoint.value == Entrypoint::Image {
        let message =
            "runs have no deadline next to the job, no masking of secrets and no proof that their output is whole";
        let help = "build the image with the runner as its entry point and remove `entrypoint`, unless it is not yours to build";
        report.at("entrypoint", |report| {
            report.warning("image-entrypoint", entrypoint.mark, message, help);
        });
    }
}
