//! The record of every request, for tests to judge by.

/// Which service was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// ECS.
    Ecs,
    /// `CloudWatch` Logs.
    Logs,
    /// Lambda.
    Lambda,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Nothing yet: the answer is on its way, or the caller has gone.
    Pending,
    /// A good answer.
    Answered,
    /// A refusal with this code; it took no effect.
    Refused(&'static str),
    /// The connection broke before it took effect.
    BrokenBefore,
    /// It took effect, and its answer was lost.
    AnswerLost,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// To whom.
    pub service: Service,
    /// What for, as the API names it.
    pub action: String,
    /// When it arrived, in milliseconds of Unix time.
    pub at: u64,
    /// What came of it.
    pub outcome: Outcome,
    /// Size of the answer's body in bytes.
    pub bytes: usize,
}

impl Request {
    /// Refused as one too many.
    pub fn is_throttled(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::Refused("ThrottlingException" | "TooManyRequestsException")
        )
    }
}
