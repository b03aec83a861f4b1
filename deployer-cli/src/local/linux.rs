//! The local gate on Linux.

use std::path::PathBuf;

use engine_local::{
    ContainerConfig, ContainerSockets, EngineChoice, LocalConfig, LocalEngine, PullPolicy, SecretValues,
};
use gatekeeper::AllowList;
use invoker::{Invoker, JsonLinesLog};
use jiff::Timestamp;

use super::{AUDIT_LOG, LocalError, checked, secrets, state_folder};
use crate::args::{CommonArgs, EngineName, LocalArgs, PullWhen};
use crate::runs::RunLine;
use crate::transport::InProcess;

/// A gate in this process, with the engines of this machine behind it.
pub(crate) type Gate = InProcess<LocalEngine, JsonLinesLog>;

/// The gate with the allow-list of `--config`.
pub(crate) fn gate(common: &CommonArgs, local: &LocalArgs) -> Result<Gate, LocalError> {
    let checked = checked(local)?;
    let Some(compiled) = &checked.compiled else {
        return Err(LocalError::Broken(Box::new(checked)));
    };
    let declared = |name: &str| {
        compiled
            .containers
            .values()
            .any(|container| container.secrets.contains_key(name))
    };
    if let Some(secret) = local.secrets.iter().find(|secret| !declared(&secret.name)) {
        return Err(LocalError::UndeclaredSecret(secret.name.clone()));
    }
    let has_image = |name: &str| compiled.containers.values().any(|container| container.image == name);
    if let Some(image) = local.images.iter().find(|image| !has_image(&image.name)) {
        return Err(LocalError::UndeclaredImage(image.name.clone()));
    }
    let allow_list = AllowList::load(&compiled.canonical_bytes())?;
    let secrets = secrets::read(&local.secrets, |name| std::env::var_os(name))?;
    let config = LocalConfig {
        secrets: secrets.into_iter().collect(),
        read_only_binds: local.read_only_binds.clone(),
        engine: match local.engine {
            EngineName::Auto => EngineChoice::Auto,
            EngineName::Sandbox => EngineChoice::Sandbox,
            EngineName::Docker => EngineChoice::Docker,
        },
        containers: containers(local),
        ..config(common, local.scripts_dir.clone())?
    };
    Ok(with(Ok(allow_list), config))
}

fn containers(local: &LocalArgs) -> ContainerConfig {
    let reference = |image: &crate::args::ImageOption| (image.name.clone(), image.reference.clone());
    ContainerConfig {
        sockets: ContainerSockets::by(|name| std::env::var(name).ok()),
        images: local.images.iter().map(reference).collect(),
        pull: match local.pull {
            PullWhen::Always => PullPolicy::Always,
            PullWhen::Missing => PullPolicy::Missing,
            PullWhen::Never => PullPolicy::Never,
        },
    }
}

/// A gate for watching and stopping runs that exist. It denies everything else.
pub(crate) fn watching(common: &CommonArgs) -> Result<Gate, LocalError> {
    let none = Err("this command starts nothing".to_owned());
    Ok(with(none, config(common, None)?))
}

/// The runs that this machine remembers.
pub(crate) fn list(common: &CommonArgs) -> Result<Vec<RunLine>, LocalError> {
    let engine = LocalEngine::new(config(common, None)?);
    let runs = engine.runs().map_err(|error| LocalError::Runs(error.to_string()))?;
    let lines = runs.into_iter().map(|run| RunLine {
        run: run.run,
        container: run.container,
        script: run.script,
        engine: run.engine,
        phase: run.phase,
        started: run.started,
        ending: run.ending,
    });
    Ok(lines.collect())
}

fn with(allow_list: Result<AllowList, String>, config: LocalConfig) -> Gate {
    let audit = JsonLinesLog::new(config.state_dir.join(AUDIT_LOG));
    InProcess::new(Invoker::new(
        allow_list,
        LocalEngine::new(config),
        audit,
        Timestamp::now,
    ))
}

/// Everything lies beside this program unless the caller says otherwise.
fn config(common: &CommonArgs, scripts_dir: Option<PathBuf>) -> Result<LocalConfig, LocalError> {
    let own = std::env::current_exe().map_err(LocalError::OwnFolder)?;
    let beside = |name: &str| own.with_file_name(name);
    let scripts_dir = scripts_dir.unwrap_or_else(|| beside("scripts"));
    Ok(LocalConfig {
        state_dir: state_folder(common)?,
        scripts_dir: std::path::absolute(scripts_dir).map_err(LocalError::OwnFolder)?,
        runner: beside("deploy-runner"),
        supervisor: beside("deploy-runner-local"),
        bwrap: PathBuf::from("bwrap"),
        secrets: SecretValues::default(),
        read_only_binds: Vec::new(),
        engine: EngineChoice::Sandbox,
        containers: ContainerConfig::default(),
    })
}
