//! What each action does.

use std::time::Duration;

use engine::{Call, Engine, LaunchError, Launched, Permit};
use gatekeeper::{AllowList, Decision};
use protocol::{
    Denial, ErrorKind, ExplainMessage, ObserveMessage, Origin, Reply, RunMessage, RunRequest, Started, StopMessage,
};

use crate::audit::{AuditEvent, AuditLog, Audited, Decided, Outcome};
use crate::invoker::{Invoker, error_reply, not_recorded};

/// As much of a reason as is kept: what `StopTask` takes.
const MAX_REASON_CHARS: usize = 255;

impl<E: Engine, A: AuditLog> Invoker<E, A> {
    /// Decides, records, and only then launches.
    pub(crate) async fn run(&self, message: RunMessage) -> Reply {
        let RunMessage {
            request,
            idempotency_key,
            origin,
        } = message;
        let allow_list = match &self.allow_list {
            Ok(allow_list) => allow_list,
            Err(reason) => return self.without_allow_list(Audited::Run, &request, &origin, reason),
        };
        match gatekeeper::decide(allow_list, &request) {
            Decision::Denied(denial) => self.denied(allow_list, &request, &origin, denial),
            Decision::Permitted(permit) => {
                let event = self
                    .event(Audited::Run, &origin, Decided::Allowed)
                    .asked_for(Some(permit.container()), permit.script())
                    .request(Some(permit.request_digest()))
                    .asked_of(permit.allow_list_digest())
                    .about(None, Outcome::Starting);
                let key = idempotency_key;
                self.launch(permit, Call { key, origin }, event).await
            }
        }
    }

    /// Decides and tells everything about the decision. Starts nothing.
    pub(crate) fn explain(&self, message: &ExplainMessage) -> Reply {
        let ExplainMessage { request, origin } = message;
        let allow_list = match &self.allow_list {
            Ok(allow_list) => allow_list,
            Err(reason) => return self.without_allow_list(Audited::Explain, request, origin, reason),
        };
        let explanation = gatekeeper::explain(allow_list, request);
        let decided = if explanation.allowed {
            Decided::Allowed
        } else {
            Decided::Denied
        };
        let event = self
            .event(Audited::Explain, origin, decided)
            .asked_for(request.container.as_deref(), &request.script)
            .request(Some(&explanation.request_digest))
            .asked_of(&explanation.allow_list_digest)
            .refused_by(&explanation.problems);
        self.recorded(&event, Reply::Explained(explanation))
    }

    /// Lists what may be asked for. No decision, so no event.
    pub(crate) fn describe(&self) -> Reply {
        match &self.allow_list {
            Ok(allow_list) => Reply::Described(gatekeeper::describe(allow_list)),
            Err(reason) => Reply::Denied(gatekeeper::deny_without_allow_list(reason)),
        }
    }

    /// Reads the news of runs. Whoever holds a run's id may read it; no decision, so no event.
    pub(crate) async fn observe(&self, message: &ObserveMessage) -> Reply {
        let wait = Duration::from_millis(message.wait_ms.min(ObserveMessage::MAX_WAIT_MS).into());
        match self.engine.observe(&message.runs, wait).await {
            Ok(observed) => Reply::Observed(observed),
            Err(error) => error_reply(ErrorKind::EngineUnavailable, &error),
        }
    }

    /// Asks a run to stop. Stopping is always safe, so a log that cannot be written does not prevent it.
    pub(crate) async fn stop(&self, message: &StopMessage) -> Reply {
        let reason: String = message
            .reason
            .chars()
            .filter(|char| !char.is_control())
            .take(MAX_REASON_CHARS)
            .collect();
        let stopped = self.engine.stop(message.run, &reason).await;
        let outcome = match &stopped {
            Ok(outcome) => Outcome::from(*outcome),
            Err(error) => Outcome::unknown(&error.to_string()),
        };
        let event = self.event(Audited::Stop, &message.origin, Decided::Allowed);
        if let Err(error) = self.audit.record(&event.about(Some(message.run), outcome)) {
            tracing::error!(run = %message.run, %error, "a stop was not recorded");
        }
        match stopped {
            Ok(outcome) => Reply::Stopped(outcome),
            Err(error) => error_reply(ErrorKind::EngineUnavailable, &error),
        }
    }

    async fn launch(&self, permit: Permit, call: Call, event: AuditEvent) -> Reply {
        let entry = match self.audit.open(&event) {
            Ok(entry) => entry,
            Err(error) => return not_recorded(&error),
        };
        let deadline_seconds = permit.timeout_seconds();
        let request_digest = permit.request_digest().to_owned();
        let allow_list_digest = permit.allow_list_digest().to_owned();
        let launched = self.engine.launch(permit, call).await;
        let completed = self.audit.complete(entry, &outcome_of(event, &launched));
        let Launched {
            run,
            repeated,
            mut notices,
        } = match launched {
            Ok(launched) => launched,
            Err(error) => return not_launched(&error),
        };
        if let Err(error) = completed {
            notices.push(format!("the run's audit event lacks its outcome: {error}"));
        }
        Reply::Started(Started {
            run,
            repeated,
            deadline_seconds,
            request_digest,
            allow_list_digest,
            notices,
        })
    }

    fn denied(&self, allow_list: &AllowList, request: &RunRequest, origin: &Origin, denial: Denial) -> Reply {
        let event = self
            .refusal(Audited::Run, request, origin, &denial)
            .asked_of(allow_list.digest());
        self.recorded(&event, Reply::Denied(denial))
    }

    fn without_allow_list(&self, action: Audited, request: &RunRequest, origin: &Origin, reason: &str) -> Reply {
        let denial = gatekeeper::deny_without_allow_list(reason);
        let event = self.refusal(action, request, origin, &denial);
        self.recorded(&event, Reply::Denied(denial))
    }

    fn refusal(&self, action: Audited, request: &RunRequest, origin: &Origin, denial: &Denial) -> AuditEvent {
        self.event(action, origin, Decided::Denied)
            .asked_for(request.container.as_deref(), &request.script)
            .request(gatekeeper::request_digest(request).ok().as_deref())
            .refused_by(&denial.problems)
    }
}

fn outcome_of(event: AuditEvent, launched: &Result<Launched, LaunchError>) -> AuditEvent {
    match launched {
        Ok(launched) if launched.repeated => event.about(Some(launched.run), Outcome::StartedBefore),
        Ok(launched) => event.about(Some(launched.run), Outcome::Started),
        Err(LaunchError::FailedToStart { reason } | LaunchError::NoCapacity { reason }) => {
            event.about(None, Outcome::failed_to_start(reason))
        }
        Err(LaunchError::KeyConflict { run }) => event.about(Some(*run), Outcome::KeyConflict),
        Err(LaunchError::Unavailable { reason }) => event.about(None, Outcome::unknown(reason)),
    }
}

fn not_launched(error: &LaunchError) -> Reply {
    let kind = match error {
        LaunchError::FailedToStart { .. } => ErrorKind::FailedToStart,
        LaunchError::NoCapacity { .. } => ErrorKind::NoCapacity,
        LaunchError::Unavailable { .. } => ErrorKind::EngineUnavailable,
        // Whoever holds a run's id may watch and stop it, so the other run is not named.
        LaunchError::KeyConflict { .. } => {
            return Reply::Error {
                kind: ErrorKind::KeyConflict,
                message: "the idempotency key was used for another request: use a new key".to_owned(),
            };
        }
    };
    error_reply(kind, error)
}
