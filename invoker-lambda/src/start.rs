//! What happens once, while Lambda initialises the function: the allow-list, the settings, the clients with their connections.
//!
//! Nothing here ends the function. What is broken is told by every answer, and once on standard error.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Stdout};
use std::path::{Path, PathBuf};

use engine_ecs::{EcsEngine, Settings};
use gatekeeper::AllowList;
use invoker::{Invoker, StreamLog};
use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::bounded::Bounded;

/// Set by Lambda: where the deployment package lies.
const TASK_ROOT: &str = "LAMBDA_TASK_ROOT";
/// The compiled allow-list in the deployment package.
const ALLOW_LIST: &str = "allow-list.json";

/// Writes what this program and the engine have to say to standard error, a line of JSON each. Standard output is the audit log's.
pub fn log() {
    let ours = ["bootstrap", "engine_ecs", "invoker", "invoker_lambda"];
    let targets = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_targets(ours.map(|name| (name, LevelFilter::INFO)));
    let layer = tracing_subscriber::fmt::layer().json().with_writer(io::stderr);
    tracing_subscriber::registry().with(layer).with(targets).init();
}

/// The invoker of this function, with connections to AWS open.
pub async fn start() -> Invoker<Bounded<EcsEngine>, StreamLog<Stdout>> {
    // Both take milliseconds, one of the processor and the other of the network.
    let loading = spawn_blocking(told_allow_list);
    let engine = connected_engine().await;
    let allow_list = loading.await.unwrap_or_else(|error| {
        let reason = format!("the allow-list could not be loaded: {error}");
        tracing::error!(reason, "there is no allow-list: every request is denied");
        Err(reason)
    });
    let audit = StreamLog::new(io::stdout(), "standard output");
    Invoker::new(allow_list, Bounded::new(engine), audit, Timestamp::now)
}

fn told_allow_list() -> Result<AllowList, String> {
    allow_list(env::var_os(TASK_ROOT))
        .inspect(|allow_list| tracing::info!(digest = allow_list.digest(), "the allow-list is loaded"))
        .inspect_err(|reason| tracing::error!(reason, "there is no allow-list: every request is denied"))
}

async fn connected_engine() -> Result<EcsEngine, String> {
    match Settings::read(|name| env::var(name).ok()) {
        Ok(settings) => Ok(EcsEngine::connect(settings).await),
        Err(error) => {
            let reason = format!("the function's settings are broken: {error}");
            tracing::error!(reason, "there is no engine: nothing is started");
            Err(reason)
        }
    }
}

/// The allow-list of the deployment package, or one line that says why it cannot be trusted.
fn allow_list(task_root: Option<OsString>) -> Result<AllowList, String> {
    let root = task_root
        .map(PathBuf::from)
        .ok_or_else(|| format!("`{TASK_ROOT}` is not set"))?;
    load(&root.join(ALLOW_LIST))
}

fn load(file: &Path) -> Result<AllowList, String> {
    let bytes = fs::read(file).map_err(|error| {
        format!(
            "the allow-list `{}` cannot be read: {error}: build the deployment package again",
            file.display()
        )
    })?;
    AllowList::load(&bytes).map_err(|error| error.to_string())
}
