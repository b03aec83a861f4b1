//! The last step before the runner, inside the sandbox: resource limits, landlock, then the runner takes this process's place.
//!
//! It is told what to do through its standard input, so that no secret is in a command line or in an environment before the runner's own.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
    RulesetStatus, Scope, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

use crate::limits::{MAX_OPEN_FILES, MAX_TASKS};
use crate::signals::watched_signals;

/// The newest rules that we ask for; a kernel with fewer gives what it has, and the run says so.
const LANDLOCK: ABI = ABI::V6;
/// Longest order that is read.
const MAX_ORDER_BYTES: u64 = 16 * 1024 * 1024;

/// What to do. Holds secrets: never printed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    /// Everything that the runner's environment holds.
    pub(crate) environment: BTreeMap<String, String>,
    /// Where writing is allowed.
    pub(crate) writable: Vec<PathBuf>,
    /// Most bytes of writable memory for each process, where no control group limits the whole run.
    pub(crate) data_bytes: Option<u64>,
    /// The runner and its arguments.
    pub(crate) command: Vec<String>,
}

/// What is answered, one line each.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Report {
    /// The runner is next.
    Ready { notices: Vec<String> },
    /// The runner did not start.
    Failed { reason: String },
}

/// Enters. Comes back only with the reason why it could not.
pub(crate) fn enter() -> String {
    match prepare() {
        Ok((mut command, mut reports)) => {
            let error = command.exec();
            let reason = format!("the runner cannot be started in the sandbox: {error}");
            report(&mut reports, &Report::Failed { reason: reason.clone() });
            reason
        }
        Err(reason) => reason,
    }
}

fn prepare() -> Result<(Command, File), String> {
    let said = |what: &'static str| move |error: std::io::Error| format!("{what}: {error}");
    let socket: OwnedFd = std::io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map_err(said("the order cannot be read"))?;
    let mut socket = File::from(socket);
    let order = read_order(&mut socket)?;
    let null = File::open("/dev/null").map_err(said("the sandbox has no /dev/null"))?;
    rustix::stdio::dup2_stdin(null).map_err(|error| format!("standard input cannot be closed: {error}"))?;

    let outcome = watched_signals()
        .thread_unblock()
        .map_err(|error| format!("signals cannot be let through: {error}"))
        .and_then(|()| limit(&order))
        .and_then(|()| restrict(&order.writable).map_err(|error| format!("landlock cannot be set up: {error}")))
        .and_then(|notices| runner(&order).map(|command| (notices, command)));
    match outcome {
        Ok((notices, command)) => {
            report(&mut socket, &Report::Ready { notices });
            Ok((command, socket))
        }
        Err(reason) => {
            report(&mut socket, &Report::Failed { reason: reason.clone() });
            Err(reason)
        }
    }
}

fn read_order(socket: &mut File) -> Result<Order, String> {
    let mut line = String::new();
    BufReader::new(socket.take(MAX_ORDER_BYTES))
        .read_line(&mut line)
        .map_err(|error| format!("the order cannot be read: {error}"))?;
    serde_json::from_str(&line).map_err(|error| format!("the order cannot be understood: {}", error.classify_for_log()))
}

/// An error's place without its text, which may quote a secret.
trait ClassifyForLog {
    fn classify_for_log(&self) -> String;
}

impl ClassifyForLog for serde_json::Error {
    fn classify_for_log(&self) -> String {
        format!("{:?} at column {}", self.classify(), self.column())
    }
}

fn runner(order: &Order) -> Result<Command, String> {
    let (program, args) = order.command.split_first().ok_or("the order names no runner")?;
    let mut command = Command::new(program);
    command.args(args).env_clear().envs(&order.environment);
    Ok(command)
}

fn limit(order: &Order) -> Result<(), String> {
    lower(Resource::Core, 0)?;
    lower(Resource::Nofile, MAX_OPEN_FILES)?;
    lower(Resource::Nproc, u64::from(MAX_TASKS))?;
    order.data_bytes.map_or(Ok(()), |bytes| lower(Resource::Data, bytes))
}

fn lower(resource: Resource, to: u64) -> Result<(), String> {
    let least = |limit: Option<u64>| Some(limit.map_or(to, |limit| limit.min(to)));
    let Rlimit { maximum, .. } = getrlimit(resource);
    let limit = Rlimit {
        current: least(maximum),
        maximum: least(maximum),
    };
    setrlimit(resource, limit).map_err(|error| format!("a resource limit cannot be set: {error}"))
}

/// Writing only where the order says, reading what the sandbox shows, no signals or abstract sockets across its border.
fn restrict(writable: &[PathBuf]) -> Result<Vec<String>, RulesetError> {
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?
        .add_rules(path_beneath_rules(["/"], AccessFs::from_read(LANDLOCK)))?
        .add_rules(path_beneath_rules(writable, AccessFs::from_all(LANDLOCK)))?
        .restrict_self()?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Vec::new(),
        RulesetStatus::PartiallyEnforced => {
            vec!["this kernel enforces landlock, the sandbox's second layer, only in part".to_owned()]
        }
        RulesetStatus::NotEnforced => {
            vec!["this kernel has no landlock: the sandbox's second layer is missing".to_owned()]
        }
    })
}

fn report(socket: &mut File, report: &Report) {
    if let Ok(mut line) = serde_json::to_vec(report) {
        line.push(b'\n');
        // A supervisor that is gone takes the sandbox with it.
        drop(socket.write_all(&line));
    }
}
