//! Saving a plan, and getting it back for an apply.
//!
//! Responsible for which key and which store belong to an order. Never lets a plan out that was not made for it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::key::{PlanKey, PlanKeyError};
use super::sealed::{self, Bound, RefusedPlan, SealError};
use super::store::{Store, StoreError};
use crate::deploy::arguments::{Keep, Operation, Order};
use crate::interruption::Interruptions;
use crate::values::{PlanDigest, PlanLifetime};

/// Why a plan is not saved or not given out.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// No key.
    #[error(transparent)]
    Key(#[from] PlanKeyError),
    /// No store.
    #[error(
        "saved plans need a place: fix --plan-store in the allow-list, a directory of a volume or `s3://BUCKET/PREFIX`, which planner and applier share"
    )]
    NoStore,
    /// Nothing will be there to save.
    #[error(
        "the plan cannot be saved: its state's place runs plans elsewhere (backend `remote` or `cloud`); leave --save-plan out"
    )]
    Elsewhere,
    /// Nothing is there to save.
    #[error(
        "there is no plan to save: {0} ended well and wrote none; look above for why (an `exclude` or `errors` block of the code may keep it from planning)"
    )]
    NotWritten(&'static str),
    /// The store does not work, or does not have it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is another plan.
    #[error(transparent)]
    Refused(#[from] RefusedPlan),
    /// It cannot be encrypted.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The working place does not work.
    #[error("cannot write or read `{path}`: {source}; free some space or set TMPDIR")]
    Place {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// Key and store of one order.
#[derive(Debug)]
pub struct Keeper {
    key: PlanKey,
    store: Store,
    lifetime: PlanLifetime,
}

impl Keeper {
    /// What the order needs: nothing, unless it saves a plan or applies a saved one.
    pub fn of(order: &Order, key: Option<PlanKey>) -> Result<Option<Self>, KeepError> {
        if !matches!(
            order.operation,
            Operation::Plan(_, _, Keep::Saved) | Operation::ApplySaved(_)
        ) {
            return Ok(None);
        }
        Ok(Some(Self {
            key: key.ok_or(PlanKeyError::Absent)?,
            store: Store::at(order.plan_store.as_ref().ok_or(KeepError::NoStore)?)?,
            lifetime: order.plan_lifetime,
        }))
    }

    /// Saves the plan in this file, and answers its digest.
    pub fn save(&self, plan: &Path, bound: Bound, interruptions: &mut Interruptions) -> Result<PlanDigest, KeepError> {
        let bytes = fs::read(plan).map_err(|source| at(plan, source))?;
        let expires = SystemTime::now() + self.lifetime.duration();
        let (digest, sealed) = sealed::seal(&bytes, bound, expires, &self.key)?;
        self.store.put(&digest, &sealed, interruptions)?;
        Ok(digest)
    }

    /// Writes the plan of this digest into this file, if it was made for exactly this.
    pub fn fetch(
        &self,
        digest: &PlanDigest,
        asked: &Bound,
        to: &Path,
        interruptions: &mut Interruptions,
    ) -> Result<(), KeepError> {
        let sealed = self.store.get(digest, interruptions)?;
        let plan = sealed::open(&sealed, digest, asked, SystemTime::now(), &self.key)?;
        fs::write(to, plan).map_err(|source| at(to, source))
    }

    /// Forgets a plan that was applied.
    pub fn forget(&self, digest: &PlanDigest) {
        self.store.forget(digest);
    }
}

fn at(path: &Path, source: io::Error) -> KeepError {
    KeepError::Place {
        path: path.to_owned(),
        source,
    }
}
