//! One attempt after the other, until a commit is on its branch.
//!
//! Responsible for what each answer of the server means for the next step: again on what others left, look whether a lost
//! answer was a yes, or give up with the reason.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::arguments::{Destination, Effect, Order};
use super::failure::Failure;
use super::message::message;
use super::outcome::{Ending, Outcome};
use crate::git::history::Tip;
use crate::git::push::{KeptRef, Pushed};
use crate::git::tree::{Identity, NewCommit};
use crate::git::{Git, GitError};
use crate::hcl::{self, FileKind};
use crate::process::ProcessError;
use crate::report::Report;
use crate::values::{CommitId, VariableName};
use crate::working_place::WorkingPlace;

/// The pause after the first push that met another one is at most this long; it doubles until it reaches the longest one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(1_600);
/// So many answers may be lost before the server counts as unreachable.
const LOST_ANSWERS: usize = 3;
const PAUSE_AFTER_LOST_ANSWER: Duration = Duration::from_secs(2);

/// Everything that the attempts have in common.
pub(super) struct Attempts<'all, 'git> {
    order: &'all Order,
    kind: FileKind,
    place: &'all WorkingPlace,
    git: &'all mut Git<'git>,
    report: Report,
    /// Commits whose pushes got no answer.
    uncertain: Vec<Made>,
}

/// A commit that was made here.
#[derive(Debug, Clone)]
struct Made {
    base: CommitId,
    commit: CommitId,
    kept: KeptRef,
    changed: Vec<VariableName>,
}

impl Made {
    fn pushed(self) -> Outcome {
        Outcome {
            base: self.base,
            ending: Ending::Pushed {
                commit: self.commit,
                changed: self.changed,
            },
        }
    }
}

impl<'all, 'git> Attempts<'all, 'git> {
    pub(super) fn new(
        order: &'all Order,
        kind: FileKind,
        place: &'all WorkingPlace,
        git: &'all mut Git<'git>,
        report: Report,
    ) -> Self {
        Self {
            order,
            kind,
            place,
            git,
            report,
            uncertain: Vec::new(),
        }
    }

    pub(super) fn run(mut self) -> Result<Outcome, Failure> {
        for number in 1..=self.order.push_attempts {
            let base = self.base()?;
            if let Some(made) = self.landed(&base)? {
                return Ok(made.pushed());
            }
            let Some(made) = self.make(&base, number)? else {
                return Ok(Outcome {
                    base,
                    ending: Ending::Unchanged,
                });
            };
            if self.order.effect == Effect::Print {
                return self.print(made);
            }
            match self.push(&made)? {
                Pushed::Done => return Ok(made.pushed()),
                Pushed::Moved => self.wait_for_others(number)?,
                Pushed::Refused(words) => {
                    return Err(Failure::Refused {
                        branch: self.order.target().clone(),
                        words,
                    });
                }
                Pushed::Unknown(reason) => self.remember(made, reason)?,
            }
        }
        self.give_up()
    }

    /// Where the branch is now.
    fn base(&mut self) -> Result<CommitId, Failure> {
        let base = self.git.fetch_branch(&self.order.branch, &self.place.objects())?;
        base.ok_or_else(|| Failure::NoBranch {
            url: self.order.repository.to_string(),
            branch: self.order.branch.clone(),
        })
    }

    /// The commit on top of `base`, unless everything has its value already.
    fn make(&mut self, base: &CommitId, number: u32) -> Result<Option<Made>, Failure> {
        let (order, store) = (self.order, self.place.objects());
        let file = self.git.file_of(base, &order.path, &store)?;
        let edited = hcl::edit(&file.content, self.kind, &order.settings).map_err(|errors| Failure::Edit {
            path: order.path.clone(),
            errors,
        })?;
        if edited.changed.is_empty() {
            return Ok(None);
        }
        let kept = KeptRef::new(number, order.target());
        let new = NewCommit {
            base,
            path: &order.path,
            file: &file,
            content: &edited.text,
            message: &message(order, &edited.changed),
            identity: Identity {
                name: &order.author_name,
                address: &order.author_email,
                seconds: SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default()
                    .as_secs(),
            },
            kept: &kept,
        };
        Ok(Some(Made {
            base: base.clone(),
            commit: self.git.make_commit(&new, &store)?,
            kept,
            changed: edited.changed,
        }))
    }

    fn print(self, made: Made) -> Result<Outcome, Failure> {
        let difference = self.git.difference(&made.base, &made.commit, &self.place.objects())?;
        Ok(Outcome {
            base: made.base,
            ending: Ending::WouldChange {
                difference,
                changed: made.changed,
            },
        })
    }

    fn push(&mut self, made: &Made) -> Result<Pushed, Failure> {
        let branch = self.order.target();
        match self.git.push(&made.kept, &self.place.objects()) {
            Err(GitError::Process(ProcessError::Stopped(stopped))) => Err(Failure::StoppedInPush {
                stopped,
                commit: made.commit.clone(),
                branch: branch.clone(),
            }),
            Err(GitError::Process(slow @ ProcessError::TooSlow { .. })) => Err(Failure::Unknown {
                commit: made.commit.clone(),
                branch: branch.clone(),
                reason: slow.to_string(),
            }),
            other => Ok(other?),
        }
    }

    /// The next attempt comes at a time of its own, so that those who meet do not meet again.
    fn wait_for_others(&mut self, number: u32) -> Result<(), Failure> {
        if let Destination::NewBranch(new) = &self.order.destination
            && !self.git.branches(&[new])?.is_empty()
        {
            return Err(Failure::BranchExists(new.clone()));
        }
        self.report.step(format_args!(
            "`{}` has moved: setting the variables again on top of it",
            self.order.target()
        ));
        let longest = FIRST_PAUSE
            .saturating_mul(2_u32.saturating_pow(number.saturating_sub(1)))
            .min(LONGEST_PAUSE);
        Ok(self.git.pause(random_part(longest))?)
    }

    fn remember(&mut self, made: Made, reason: String) -> Result<(), Failure> {
        self.report.step(format_args!(
            "no answer to the push ({reason}): looking whether it worked"
        ));
        let commit = made.commit.clone();
        self.uncertain.push(made);
        if self.uncertain.len() >= LOST_ANSWERS {
            let base = self.base()?;
            return match self.landed(&base)? {
                // The next attempt finds it again, at no cost but a look.
                Some(_) => Ok(()),
                None => Err(Failure::Unknown {
                    commit,
                    branch: self.order.target().clone(),
                    reason,
                }),
            };
        }
        Ok(self.git.pause(PAUSE_AFTER_LOST_ANSWER)?)
    }

    /// A commit whose push got no answer and that is on its branch all the same.
    fn landed(&mut self, base: &CommitId) -> Result<Option<Made>, Failure> {
        if self.uncertain.is_empty() {
            return Ok(None);
        }
        let tip = match &self.order.destination {
            Destination::Branch => Tip {
                name: self.order.branch.as_ref().clone(),
                commit: base.clone(),
            },
            Destination::NewBranch(new) => match self.git.branches(&[new])?.pop() {
                Some(tip) => tip,
                None => return Ok(None),
            },
        };
        for made in self.uncertain.clone() {
            let history = self.place.fresh_history()?;
            if self
                .git
                .reached_from(&made.commit, std::slice::from_ref(&tip), &history)?
                .is_some()
            {
                return Ok(Some(made));
            }
        }
        match &self.order.destination {
            Destination::NewBranch(new) => Err(Failure::BranchExists(new.clone())),
            Destination::Branch => Ok(None),
        }
    }

    fn give_up(mut self) -> Result<Outcome, Failure> {
        let base = self.base()?;
        if let Some(made) = self.landed(&base)? {
            return Ok(made.pushed());
        }
        Err(Failure::KeptMoving {
            branch: self.order.target().clone(),
            attempts: self.order.push_attempts,
        })
    }
}

/// Some duration of up to `longest`. Good enough to keep two processes apart; nothing secret hangs on it.
fn random_part(longest: Duration) -> Duration {
    let random = RandomState::new().hash_one(());
    let thousandths = u32::try_from(random % 1_000).unwrap_or_default();
    longest.saturating_mul(thousandths) / 1_000
}
