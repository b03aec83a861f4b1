//! kaniko: one process that builds and pushes, made for containers without privileges.
//!
//! It takes its own root file system for the image's, so the place of this run is named as not belonging to it.

use std::ffi::OsString;

use super::{Build, Files, with_path};
use crate::values::ImageName;

/// The words of the one call.
pub(super) fn arguments(build: &Build<'_>, files: &Files) -> Vec<OsString> {
    let order = build.order;
    let mut words = vec![
        with_path("--context=dir://", &build.context),
        with_path("--dockerfile=", &build.dockerfile),
        with_path("--ignore-path=", &files.place),
        format!("--label={}", build.revision()).into(),
    ];
    words.extend(
        order
            .build_args
            .iter()
            .map(|argument| format!("--build-arg={argument}").into()),
    );
    words.extend(order.tags.iter().map(|tag| format!("--destination={tag}").into()));
    if let Some(cache) = &order.cache {
        words.push("--cache=true".into());
        words.push(format!("--cache-repo={cache}").into());
    }
    if build.is_pushed() {
        words.push(with_path("--digest-file=", &files.result));
    } else {
        words.push("--no-push".into());
    }
    let local = order
        .tags
        .iter()
        .map(ImageName::repository)
        .filter(|repository| repository.is_on_this_machine());
    words.extend(local.map(|repository| format!("--insecure-registry={}", repository.registry()).into()));
    words
}
