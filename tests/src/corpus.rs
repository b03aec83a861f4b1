//! The attack corpus: `tests/attacks/*.json`, one file for each row of `THREATS.md`.
//!
//! Responsible for reading it. What an entry must come to is asserted by the tests, next to the part that is attacked.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use protocol::{Origin, ProblemKind, TaskRequest};
use serde::Deserialize;

/// One row of `THREATS.md` and every attack that belongs to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The row's number.
    pub row: u8,
    /// The row's name.
    pub attack: String,
    /// The attacks.
    pub entries: Vec<Attack>,
}

/// One attack, by the part of the product that it is thrown at.
#[derive(Debug, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum Attack {
    /// A request that the gate must refuse.
    Gate(Box<GateAttack>),
    /// Bytes that the decoder must refuse.
    Message(MessageAttack),
    /// An allow-list that the reader must refuse.
    AllowList(AllowListAttack),
    /// A call of the runner in a hostile environment.
    Runner(RunnerAttack),
    /// Arguments that the deploy script must refuse by itself, although the gate would have.
    Script(ScriptAttack),
    /// A repository that sets a trap for whoever checks it out.
    Checkout(CheckoutAttack),
    /// Job output that must not reach the console as it is.
    Console(ConsoleAttack),
    /// A log that lies about its end.
    Frames(FramesAttack),
}

/// A request that differs from an honest one in the attack only.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateAttack {
    /// The attack.
    pub name: String,
    /// The honest request that it starts from.
    pub base: Base,
    /// Another container.
    pub container: Option<String>,
    /// Another script.
    pub script: Option<String>,
    /// Other arguments altogether.
    pub args: Option<Vec<String>>,
    /// Options with another value, or left out.
    #[serde(default)]
    pub replace: BTreeMap<String, Option<String>>,
    /// Words in front of the arguments.
    #[serde(default)]
    pub prepend: Vec<String>,
    /// Words behind the arguments.
    #[serde(default)]
    pub add: Vec<String>,
    /// A lot of words, or long ones, behind the arguments.
    pub grow: Option<Grow>,
    /// Size and placement.
    #[serde(default)]
    pub task: TaskRequest,
    /// What the caller says about itself.
    #[serde(default)]
    pub origin: Origin,
    /// The sort of problem that the denial must name.
    pub refused: Expected,
    /// The word that this problem must name.
    pub word: Option<String>,
}

/// The honest requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// A Terraform plan.
    Plan,
    /// An image build.
    Build,
}

/// Which problem a denial must name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnyProblem {
    /// Any: several are right.
    Any,
}

/// Which problem a denial must name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Expected {
    /// This one.
    Kind(ProblemKind),
    /// Any of them.
    Any(AnyProblem),
}

/// Words made by repetition, so that the corpus stays readable.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grow {
    /// This word, over and over.
    pub word: Option<String>,
    /// This option with a long value.
    pub option: Option<String>,
    /// What the long value is made of; `a` by default.
    pub char: Option<char>,
    /// How often.
    pub times: usize,
    /// How many such options; 1 by default.
    pub repeat: Option<usize>,
}

/// Bytes that are no message.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageAttack {
    /// The attack.
    pub name: String,
    /// The text.
    pub json: String,
    /// How often it is repeated.
    #[serde(default = "once")]
    pub times: usize,
    /// What the refusal must say.
    pub says: String,
}

/// An allow-list with one thing in it that must never be accepted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowListAttack {
    /// The attack.
    pub name: String,
    /// A repository's address.
    pub url: Option<String>,
    /// A text's pattern.
    pub pattern: Option<String>,
    /// What the refusal must be about.
    pub says: String,
}

/// A call of the runner.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunnerAttack {
    /// The attack.
    pub name: String,
    /// The environment that the runner itself is started with.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Names of declared secrets.
    #[serde(default)]
    pub secret: Vec<String>,
    /// What the script does.
    pub script: JobScript,
    /// The script's name, where it is the attack.
    #[serde(rename = "as")]
    pub called: Option<String>,
    /// The script's arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// May the script start at all.
    #[serde(default = "yes")]
    pub starts: bool,
    /// A line that the script must print.
    pub prints: Option<String>,
    /// A text that must not be in the log.
    pub never_prints: Option<String>,
    /// A file that must not come into being.
    pub never_makes: Option<String>,
}

/// What a job's script does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobScript {
    /// Prints its environment.
    Env,
    /// Prints its arguments, one on a line.
    Arguments,
    /// Prints the secret in base64.
    Base64,
    /// Nothing: it must not start.
    None,
}

/// A call of the deploy script that no gate let through.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptAttack {
    /// The attack.
    pub name: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// A file that must not come into being.
    pub never_makes: String,
}

/// A repository that sets a trap.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckoutAttack {
    /// The attack.
    pub name: String,
    /// Which trap.
    pub trap: Trap,
    /// A file that must not come into being.
    pub never_makes: String,
}

/// Traps that a repository can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trap {
    /// A hook in the repository itself.
    Hook,
    /// A submodule whose address runs a program.
    Submodule,
    /// An attribute that names a filter, with a configuration file beside it.
    Filter,
    /// A directory that is a symbolic link out of the checkout.
    Symlink,
    /// A branch whose name is an object id.
    BranchLikeAnId,
    /// Notes of the tool that move its state.
    ToolNotes,
    /// A version file with more than a version.
    VersionFile,
    /// A configuration of the tool.
    ToolConfiguration,
    /// Names of files with line breaks.
    LineBreaks,
}

/// Job output that means something to a terminal or a CI system.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleAttack {
    /// The attack.
    pub name: String,
    /// What the job prints.
    pub output: String,
    /// The CI systems that it is an order to; all of them by default.
    #[serde(default)]
    pub ci: Vec<Ci>,
    /// A text that must still be there.
    pub prints: Option<String>,
    /// A text that must not be there.
    pub never_prints: Option<String>,
}

/// CI systems that obey orders in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ci {
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
    /// Azure Pipelines.
    Azure,
    /// Buildkite.
    Buildkite,
    /// `TeamCity`.
    Teamcity,
    /// Any other.
    Other,
}

/// A log that lies about its end.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FramesAttack {
    /// The attack.
    pub name: String,
    /// The frames, as they come.
    pub frames: Vec<String>,
    /// What the reader must make of them.
    pub ends: LogEnd,
}

/// What a reader makes of a log; none of these is a proof of completeness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogEnd {
    /// The trailer never came.
    NoTrailer,
    /// The trailer does not fit what came.
    Altered,
    /// Frames are missing.
    Missing,
}

const fn once() -> usize {
    1
}

const fn yes() -> bool {
    true
}

/// The folder of the corpus.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("attacks")
}

/// Every row, in order.
pub fn rows() -> Vec<Row> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder())
        .expect("the corpus is there")
        .map(|entry| entry.expect("the corpus can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path).expect("the corpus can be read");
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        })
        .collect()
}

impl Attack {
    /// What the attack is called in its row.
    pub fn name(&self) -> &str {
        match self {
            Self::Gate(attack) => &attack.name,
            Self::Message(attack) => &attack.name,
            Self::AllowList(attack) => &attack.name,
            Self::Runner(attack) => &attack.name,
            Self::Script(attack) => &attack.name,
            Self::Checkout(attack) => &attack.name,
            Self::Console(attack) => &attack.name,
            Self::Frames(attack) => &attack.name,
        }
    }
}

/// Runs `check` on every attack that `select` picks, and names each one that got through.
#[track_caller]
pub fn every<'rows, Kind: 'rows>(
    rows: &'rows [Row],
    select: impl Fn(&'rows Attack) -> Option<&'rows Kind>,
    check: impl Fn(&'rows Kind) -> Result<(), String>,
) {
    let mut thrown = 0;
    let mut through = Vec::new();
    for row in rows {
        for attack in &row.entries {
            let Some(kind) = select(attack) else { continue };
            thrown += 1;
            if let Err(why) = check(kind) {
                through.push(format!("row {}, {}: {}: {why}", row.row, row.attack, attack.name()));
            }
        }
    }
    assert!(thrown > 0, "the corpus holds no such attack");
    assert!(
        through.is_empty(),
        "{} of {thrown} attacks came to something else than they must:\n{}",
        through.len(),
        through.join("\n")
    );
}
