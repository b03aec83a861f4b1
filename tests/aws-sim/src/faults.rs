//! What goes wrong, and how often. Never: decides when; that comes from the seed.

use std::ops::Range;

/// Whether the account's real request quotas are enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quotas {
    /// Token buckets at the documented rates.
    Enforced,
    /// No call is refused for being one too many.
    Unlimited,
}

/// How often each fault strikes: probabilities from 0 to 1, for each request, task or log event.
#[derive(Debug, Clone, PartialEq)]
pub struct Faults {
    /// The quotas.
    pub quotas: Quotas,
    /// A request is refused as one too many although the bucket has tokens.
    pub throttle: f64,
    /// A request is answered with a 5xx; it took no effect.
    pub server_error: f64,
    /// The connection breaks before the request takes effect.
    pub reset_before: f64,
    /// The request takes effect, and its answer is lost: the connection breaks, or there is silence.
    pub lost_answer: f64,
    /// The answer takes seconds.
    pub slow: f64,
    /// `RunTask` has no capacity, in one of the three ways in which AWS says so.
    pub no_capacity: f64,
    /// A new task is unknown to `DescribeTasks` and `ListTasks` for up to three seconds.
    pub unknown_at_first: f64,
    /// `DescribeTasks` and `ListTasks` answer what was true up to two seconds ago.
    pub stale: f64,
    /// A log event becomes readable seconds after its neighbours, with the timestamp of its writing.
    pub late_event: f64,
    /// A log event is there twice, the second one a little later.
    pub duplicate_event: f64,
    /// A log event has the timestamp of a neighbour.
    pub reordered_event: f64,
    /// A log event never becomes readable.
    pub lost_event: f64,
    /// The log stream exists from the container's start, as the log driver makes it; otherwise from its first event.
    pub early_stream: f64,
    /// A page's token is refused as expired.
    pub token_expired: f64,
    /// A page is empty although more can be read behind its token.
    pub empty_page: f64,
    /// How long calls and the parts of a task's life take.
    pub timing: Timing,
}

/// How long things take, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// From request to answer, for ECS and Logs.
    pub call: Range<u64>,
    /// What Lambda adds to a call of a function.
    pub invoke: Range<u64>,
    /// The first call of a new instance of a function takes this much longer.
    pub cold_start: Range<u64>,
    /// A slow answer takes this long.
    pub slow_call: Range<u64>,
    /// From creation to the first pull: placement and network.
    pub provisioning: Range<u64>,
    /// Pulling the image.
    pub pull: Range<u64>,
    /// From the pulled image to the running container.
    pub start: Range<u64>,
    /// From the container's end to STOPPED, on Fargate.
    pub deprovisioning: Range<u64>,
    /// The same on EC2.
    pub deprovisioning_ec2: Range<u64>,
    /// The log driver sends what it has this often.
    pub flush: u64,
    /// From the driver's sending to being readable.
    pub ingestion: Range<u64>,
    /// How much later a late event is.
    pub lateness: Range<u64>,
}

impl Timing {
    /// As on AWS: Fargate with an image of a few hundred megabytes.
    pub const fn realistic() -> Self {
        Self {
            call: 12..60,
            invoke: 8..25,
            cold_start: 90..180,
            slow_call: 1_000..6_000,
            provisioning: 5_000..15_000,
            pull: 20_000..40_000,
            start: 1_000..4_000,
            deprovisioning: 10_000..30_000,
            deprovisioning_ec2: 600..1_500,
            // The awslogs driver's own interval.
            flush: 5_000,
            ingestion: 60..400,
            lateness: 1_000..12_000,
        }
    }

    /// A life in seconds, for tests of many runs.
    pub const fn brief() -> Self {
        Self {
            provisioning: 100..1_200,
            pull: 100..1_500,
            start: 50..500,
            deprovisioning: 300..3_000,
            deprovisioning_ec2: 100..800,
            flush: 1_000,
            ..Self::realistic()
        }
    }
}

impl Faults {
    /// AWS on its best day: nothing fails, and nothing is refused for being one too many.
    pub const fn none() -> Self {
        Self {
            quotas: Quotas::Unlimited,
            throttle: 0.0,
            server_error: 0.0,
            reset_before: 0.0,
            lost_answer: 0.0,
            slow: 0.0,
            no_capacity: 0.0,
            unknown_at_first: 0.0,
            stale: 0.0,
            late_event: 0.0,
            duplicate_event: 0.0,
            reordered_event: 0.0,
            lost_event: 0.0,
            early_stream: 0.0,
            token_expired: 0.0,
            empty_page: 0.0,
            timing: Timing::realistic(),
        }
    }

    /// AWS on a good day: nothing fails, and the quotas are the real ones.
    pub const fn quotas() -> Self {
        Self {
            quotas: Quotas::Enforced,
            early_stream: 0.5,
            ..Self::none()
        }
    }

    /// Everything goes wrong sometimes.
    pub const fn storm() -> Self {
        Self {
            quotas: Quotas::Enforced,
            throttle: 0.03,
            server_error: 0.03,
            reset_before: 0.02,
            lost_answer: 0.03,
            slow: 0.02,
            no_capacity: 0.05,
            unknown_at_first: 0.3,
            stale: 0.2,
            late_event: 0.02,
            duplicate_event: 0.05,
            reordered_event: 0.05,
            lost_event: 0.0,
            early_stream: 0.5,
            token_expired: 0.01,
            empty_page: 0.05,
            timing: Timing::brief(),
        }
    }
}
