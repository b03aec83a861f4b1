//! What a container may do beyond others: it should be an image builder's alone.

use crate::compiled::RootFilesystem;
use crate::source::{ContainerSource, Mark};

use super::item;
use super::report::Report;

/// The one script of ours whose programs need more than other jobs.
const IMAGE_BUILDER: &str = "build-docker-image";

pub(super) fn check(container: &ContainerSource, report: &mut Report) {
    report.at("capabilities", |report| {
        item::no_duplicates(container.capabilities.as_ref(), report);
    });
    let Some((field, place)) = loosened(container) else {
        return;
    };
    let others: Vec<&str> = container
        .scripts
        .names()
        .filter(|name| *name != IMAGE_BUILDER)
        .collect();
    if !others.is_empty() {
        let message = format!(
            "{} can do more to their container than a job needs",
            crate::source::listed(&others)
        );
        let help = format!(
            "give `{IMAGE_BUILDER}` a container of its own, and take `root_filesystem` and `capabilities` away here"
        );
        report.at(field, |report| {
            report.warning("loosened-container", place, message, help);
        });
    }
}

/// The first field that loosens it.
fn loosened(container: &ContainerSource) -> Option<(&'static str, Mark)> {
    let root = container.root_filesystem.as_ref();
    let root = root.filter(|root| root.value == RootFilesystem::Writable);
    let capabilities = container.capabilities.as_ref();
    let capabilities = capabilities.filter(|list| !list.items.is_empty());
    let root = root.map(|root| ("root_filesystem", root.mark));
    root.or_else(|| capabilities.map(|list| ("capabilities", list.mark)))
}
