//! kaniko: one process that builds and pushes, made for containers without privileges.
//!
//! It takes its own root file system for the image's, so the place of this run is named as not belonging to it.

use std::env;
use std::ffi::OsString;
use std::path::Path;

use super::{Build, Files, with_path};
use crate::program::{KANIKO_HOME, search_path};
use crate::values::ImageName;

/// Whom it trusts. Every kaniko image has this file; `/etc/ssl/certs` is soon that of the image that is built, or gone.
const CERTIFICATES: &str = "/kaniko/ssl/certs/ca-certificates.crt";

/// What it needs besides: its own folder, the one that stays, with its certificates and the credential helpers. What the allow-list declares counts more.
pub(super) fn environment(usual: &[(OsString, OsString)]) -> Vec<(OsString, OsString)> {
    with_certificates(usual, Path::new(CERTIFICATES))
}

fn with_certificates(usual: &[(OsString, OsString)], certificates: &Path) -> Vec<(OsString, OsString)> {
    let path = env::join_paths(env::split_paths(&search_path()).chain([KANIKO_HOME.into()]));
    let mut own: Vec<(OsString, OsString)> = path.map(|path| ("PATH".into(), path)).into_iter().collect();
    let is_declared = usual.iter().any(|(name, _)| name == "SSL_CERT_FILE");
    if !is_declared && certificates.is_file() {
        own.push(("SSL_CERT_FILE".into(), certificates.into()));
    }
    own
}

/// The words of the one call.
pub(super) fn arguments(build: &Build<'_>, files: &Files) -> Vec<OsString> {
    let order = build.order;
    let mut words = vec![
        "--log-format=text".into(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_own_folder_is_searched_last_and_its_certificates_count_unless_others_are_declared() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let named = |name: &str, own: &[(OsString, OsString)]| {
            own.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
        };
        let own = with_certificates(&[], file.path());
        let path = named("PATH", &own).unwrap();
        assert_eq!(env::split_paths(&path).last(), Some(KANIKO_HOME.into()));
        assert_eq!(named("SSL_CERT_FILE", &own).as_deref(), Some(file.path().as_os_str()));
        let declared = [("SSL_CERT_FILE".into(), "/own.pem".into())];
        assert_eq!(named("SSL_CERT_FILE", &with_certificates(&declared, file.path())), None);
        assert_eq!(
            named("SSL_CERT_FILE", &with_certificates(&[], Path::new("/no/such"))),
            None
        );
    }
}
