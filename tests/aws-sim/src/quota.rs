//! Token buckets at the documented rates. Never: sleeps; a call without a token is refused.

/// Tokens that refill with time.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    /// In thousandths of a token.
    level: u64,
    capacity: u64,
    /// Tokens a second, which are thousandths of a token a millisecond.
    rate: u64,
    filled_at: u64,
}

impl Bucket {
    pub(crate) const fn new(burst: u64, rate: u64, now: u64) -> Self {
        Self {
            level: burst * 1_000,
            capacity: burst * 1_000,
            rate,
            filled_at: now,
        }
    }

    /// Takes a token, if there is one.
    pub(crate) fn take(&mut self, now: u64) -> bool {
        let passed = now.saturating_sub(self.filled_at);
        self.level = self.capacity.min(self.level + passed * self.rate);
        self.filled_at = now;
        let enough = self.level >= 1_000;
        if enough {
            self.level -= 1_000;
        }
        enough
    }
}

/// The buckets of one account and Region.
#[derive(Debug)]
pub(crate) struct Buckets {
    run_task: Bucket,
    describe_tasks: Bucket,
    list_tasks: Bucket,
    stop_task: Bucket,
    get_log_events: Bucket,
    filter_log_events: Bucket,
}

impl Buckets {
    /// ECS: "Request throttling for the Amazon ECS API". Logs: "`CloudWatch` Logs quotas", the lower of the Regions' values.
    pub(crate) const fn new(now: u64) -> Self {
        Self {
            run_task: Bucket::new(20, 20, now),
            describe_tasks: Bucket::new(100, 20, now),
            list_tasks: Bucket::new(100, 20, now),
            stop_task: Bucket::new(100, 40, now),
            get_log_events: Bucket::new(10, 10, now),
            filter_log_events: Bucket::new(5, 5, now),
        }
    }

    /// Whether the account may make this call now. A call without a bucket always may.
    pub(crate) fn take(&mut self, action: &str, now: u64) -> bool {
        let bucket = match action {
            "RunTask" => &mut self.run_task,
            "DescribeTasks" => &mut self.describe_tasks,
            "ListTasks" => &mut self.list_tasks,
            "StopTask" => &mut self.stop_task,
            "GetLogEvents" => &mut self.get_log_events,
            "FilterLogEvents" => &mut self.filter_log_events,
            _ => return true,
        };
        bucket.take(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let mut bucket = Bucket::new(10, 5, 0);
        assert_eq!((0..20).filter(|_| bucket.take(0)).count(), 10);
        assert_eq!((0..20).filter(|_| bucket.take(1_000)).count(), 5);
        let hits = (1_001..=11_000).filter(|now| bucket.take(*now)).count();
        assert_eq!(hits, 50);
    }
}
