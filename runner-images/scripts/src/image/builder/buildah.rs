//! buildah: builds into a store of this run alone, and pushes from there.
//!
//! `chroot` isolation and the `vfs` driver need no device and no mount that a user namespace does not allow, so they work inside of a container.

use std::ffi::OsString;

use super::namespace::Owners;
use super::{Build, Files, with_path};
use crate::values::{ImageName, ImageRepository};

/// The words of a build.
pub(super) fn build_arguments(build: &Build<'_>, files: &Files, owners: Owners) -> Vec<OsString> {
    let order = build.order;
    let mut words = store(files, owners);
    words.extend(["build".into(), "--isolation=chroot".into(), "--format=oci".into()]);
    words.push(with_path("--file=", &build.dockerfile));
    words.push(format!("--label={}", build.revision()).into());
    words.extend(
        order
            .build_args
            .iter()
            .map(|argument| format!("--build-arg={argument}").into()),
    );
    words.extend(order.secrets.iter().map(|secret| {
        let name = secret.name();
        format!("--secret=id={name},env={name}").into()
    }));
    words.extend(order.tags.iter().map(|tag| format!("--tag={tag}").into()));
    if let Some(cache) = &order.cache {
        words.push("--layers".into());
        words.push(format!("--cache-from={cache}").into());
        words.extend(build.is_pushed().then(|| format!("--cache-to={cache}").into()));
    }
    // Only for a cache that is this machine, because it counts for every registry that the build reads.
    let is_local = order.cache.as_ref().is_some_and(ImageRepository::is_on_this_machine);
    words.extend(is_local.then(|| "--tls-verify=false".into()));
    words.push(build.context.clone().into());
    words
}

/// The words of a push.
pub(super) fn push_arguments(tag: &ImageName, files: &Files, owners: Owners) -> Vec<OsString> {
    let mut words = store(files, owners);
    words.push("push".into());
    words.push(with_path("--digestfile=", &files.result));
    words.push(format!("--tls-verify={}", !tag.repository().is_on_this_machine()).into());
    words.push(tag.to_string().into());
    words.push(format!("docker://{tag}").into());
    words
}

fn store(files: &Files, owners: Owners) -> Vec<OsString> {
    let mut words = vec![
        with_path("--root=", &files.store.join("root")),
        with_path("--runroot=", &files.store.join("run")),
        "--storage-driver=vfs".into(),
    ];
    match owners {
        Owners::All => {}
        // Files of a base belong to this user in the store. Its layers are pushed as they came, with their owners.
        Owners::One => words.push("--storage-opt=vfs.ignore_chown_errors=true".into()),
    }
    words
}
