//! What was asked for, as values that the rest of the script works with.

use crate::checkout::Code;
use crate::program::ToolName;
use crate::report::LogLevel;
use crate::repository_url::RepositoryUrl;
use crate::values::{
    AbsolutePath, Address, Assignment, CommitId, LockTimeout, OutputName, PlainDirectory, PlanDigest, PlanLifetime,
    PlanStore, RefName, RelativePath,
};

/// Everything that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Where the code is.
    pub repository: RepositoryUrl,
    /// The refs whose history counts as reviewed.
    pub protected_refs: Vec<RefName>,
    /// The code.
    pub commit: CommitId,
    /// The directory.
    pub deploy_path: RelativePath,
    /// What is started.
    pub binary: ToolName,
    /// What reads the code in the end: the same, or what Terragrunt runs.
    pub engine: ToolName,
    /// One directory, or everything below it.
    pub scope: Scope,
    /// Where the image keeps versions side by side, if not at the usual place.
    pub tools_dir: Option<AbsolutePath>,
    /// Where saved plans are kept.
    pub plan_store: Option<PlanStore>,
    /// How long a saved plan may be applied.
    pub plan_lifetime: PlanLifetime,
    /// What to do there.
    pub operation: Operation,
    /// Settings of the state backend.
    pub backend_config: Vec<Assignment>,
    /// How long to wait for a state lock.
    pub lock_timeout: Option<LockTimeout>,
    /// How much to say.
    pub log_level: LogLevel,
}

impl Order {
    /// What the directory has to hold.
    pub const fn code(&self) -> Code {
        match (self.binary, &self.scope) {
            (ToolName::Terraform, _) => Code::Terraform,
            (ToolName::Tofu, _) => Code::Tofu,
            (ToolName::Terragrunt, Scope::Directory) => Code::Unit,
            (ToolName::Terragrunt, Scope::Units { .. }) => Code::Units,
        }
    }
}

/// How much of the repository a run is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The directory itself.
    Directory,
    /// Every unit of Terragrunt below it.
    Units {
        /// Only those below these directories; all when empty.
        include: Vec<PlainDirectory>,
        /// Not those below these.
        exclude: Vec<PlainDirectory>,
    },
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Show what would change.
    Plan(Inputs, PlanExit, Keep),
    /// Change it.
    Apply(Inputs),
    /// Change it exactly as a saved plan says.
    ApplySaved(PlanDigest),
    /// Remove everything.
    Destroy(Inputs, DestroyGrant),
    /// Check the code, without state.
    Validate(Format),
    /// Print outputs.
    Output(Format, Option<OutputName>),
    /// List Terragrunt's units.
    Find(Format),
    /// Check Terragrunt's own files.
    HclValidate,
}

impl Operation {
    /// The command's name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Plan(..) => "plan",
            Self::Apply(..) | Self::ApplySaved(_) => "apply",
            Self::Destroy(..) => "destroy",
            Self::Validate(..) => "validate",
            Self::Output(..) => "output",
            Self::Find(_) => "find",
            Self::HclValidate => "hcl-validate",
        }
    }

    /// Whether it changes what exists.
    pub const fn is_change(&self) -> bool {
        match self {
            Self::Apply(_) | Self::ApplySaved(_) | Self::Destroy(..) => true,
            Self::Plan(..) | Self::Validate(_) | Self::Output(..) | Self::Find(_) | Self::HclValidate => false,
        }
    }
}

/// What goes into a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inputs {
    /// Variables.
    pub variables: Vec<Assignment>,
    /// Files with variables.
    pub files: Vec<RelativePath>,
    /// What to limit it to.
    pub targets: Vec<Address>,
}

/// What a plan's exit code tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanExit {
    /// Whether it worked.
    Simple,
    /// Also whether there are changes.
    Detailed,
}

/// What becomes of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It is shown and forgotten.
    Nothing,
    /// It is saved for an apply.
    Saved,
}

/// What destroy may remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DestroyGrant {
    /// Only what the protected refs no longer have.
    RemovedCode,
    /// Anything: the allow-list granted it.
    Anything,
}

/// How the answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}
