//! Follows runs as the CLI does, and keeps what it saw.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_ecs::config::{
    AsyncSleep, BehaviorVersion, Credentials, Region, SharedAsyncSleep, SharedCredentialsProvider, Sleep,
};
use jiff::Timestamp;
use protocol::{Cursor, Ending, Observation, ObserveRun, Observed, OutputForm, Phase, RunId, Timings};
use tokio::time::{Instant, sleep};

use super::model::{GROUP, Model};
use super::random::Random;
use crate::clock::Clock;
use crate::in_process::http_client;
use crate::observe::Observer;
use crate::settings::Settings;
use crate::tasks::Tasks;

/// When the clock of a test starts.
pub(super) const START: i64 = 1_795_000_000_000;

/// The SDK's clients with a model on the other side. Made once for many models, because making them is dear.
pub(super) struct World {
    pub(super) model: Arc<Mutex<Model>>,
    began: Instant,
    sdk: SdkConfig,
    settings: Settings,
    tasks: Tasks,
}

#[derive(Debug)]
struct TokioSleep;

impl AsyncSleep for TokioSleep {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(tokio::time::sleep(duration))
    }
}

impl World {
    pub(super) fn new() -> Self {
        let model = Arc::new(Mutex::new(Model::new(0, Vec::new())));
        let began = Instant::now();
        let answering = Arc::clone(&model);
        let client = http_client(move |request| {
            let model = Arc::clone(&answering);
            async move {
                sleep(Duration::from_millis(20)).await;
                model.lock().unwrap().answer(&request, now(began))
            }
        });
        let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "test", None, None, "test");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep))
            .http_client(client)
            .build();
        let ecs = aws_sdk_ecs::config::Builder::from(&sdk)
            .retry_config(aws_config::retry::RetryConfig::disabled())
            .timeout_config(
                aws_config::timeout::TimeoutConfig::builder()
                    .operation_timeout(Duration::from_secs(4))
                    .build(),
            )
            .build();
        Self {
            model,
            began,
            tasks: Tasks::new(aws_sdk_ecs::Client::from_conf(ecs), "main".to_owned()),
            sdk,
            settings: settings(),
        }
    }

    pub(super) fn now(&self) -> i64 {
        now(self.began)
    }

    /// An engine that has just started.
    pub(super) fn observer(&self) -> Observer {
        let began = self.began;
        let clock: Clock = Arc::new(move || Timestamp::from_millisecond(now(began)).unwrap());
        Observer::new(&self.sdk, &self.settings, self.tasks.clone(), clock)
    }

    pub(super) fn with<T>(&self, change: impl FnOnce(&mut Model) -> T) -> T {
        change(&mut self.model.lock().unwrap())
    }
}

fn now(began: Instant) -> i64 {
    START + i64::try_from(began.elapsed().as_millis()).unwrap()
}

fn settings() -> Settings {
    let settings = Settings::read(|name| {
        let value = match name {
            "DEPLOY_RUNNER_CLUSTER" => "main",
            "DEPLOY_RUNNER_SUBNETS" => "subnet-1",
            "DEPLOY_RUNNER_SECURITY_GROUPS" => "sg-1",
            "DEPLOY_RUNNER_TASK_DEFINITIONS" => r#"{"terraform-planner":"planner:1"}"#,
            "DEPLOY_RUNNER_LOG_GROUP" => GROUP,
            _ => return None,
        };
        Some(value.to_owned())
    })
    .unwrap();
    assert_eq!(settings.quotas.get_log_events, NonZeroU32::new(10).unwrap());
    settings
}

/// What was seen of one run.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) run: RunId,
    pub(super) cursor: Cursor,
    /// Entries since reading last began at the start, and all before.
    pub(super) entries: Vec<String>,
    pub(super) before: Vec<String>,
    /// When each answer with entries came.
    pub(super) arrivals: Vec<(i64, usize)>,
    pub(super) output: OutputForm,
    phase: Phase,
    pub(super) remarks: Vec<String>,
    pub(super) ending: Option<Ending>,
    pub(super) ended_at: i64,
    pub(super) timings: Timings,
    pub(super) errors: Vec<String>,
}

impl Seen {
    pub(super) fn new(run: RunId) -> Self {
        Self {
            run,
            cursor: Cursor::default(),
            entries: Vec::new(),
            before: Vec::new(),
            arrivals: Vec::new(),
            output: OutputForm::Framed,
            phase: Phase::Queued,
            remarks: Vec::new(),
            ending: None,
            ended_at: 0,
            timings: Timings::default(),
            errors: Vec::new(),
        }
    }

    pub(super) fn question(&self) -> ObserveRun {
        ObserveRun {
            run: self.run,
            cursor: self.cursor.clone(),
        }
    }

    fn lose_cursor(&mut self) {
        self.cursor = Cursor::default();
        self.before.append(&mut self.entries);
        self.phase = Phase::Queued;
    }

    fn hear(&mut self, news: Observation, now: i64) {
        assert_eq!(news.run, self.run);
        assert_eq!(news.phase == Phase::Ended, news.ending.is_some());
        assert!(!news.more || news.ending.is_none());
        assert!(news.phase >= self.phase, "{:?} after {:?}", news.phase, self.phase);
        self.phase = news.phase;
        if !news.frames.is_empty() {
            self.arrivals.push((now, news.frames.len()));
        }
        self.entries.extend(news.frames);
        self.output = news.output;
        self.remarks.extend(news.remark);
        self.cursor = news.cursor;
        if news.ending.is_some() {
            (self.ending, self.ended_at, self.timings) = (news.ending, now, news.timings);
        }
    }
}

/// How a caller behaves.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Caller {
    pub(super) wait_ms: u64,
    /// Cursors are lost, and engines start anew, in so many of a thousand calls.
    pub(super) losses: i64,
    /// How long it goes on, in milliseconds.
    pub(super) patience: i64,
}

/// Follows all runs until each has ended.
pub(super) async fn follow(world: &World, runs: &[RunId], caller: Caller, random: &mut Random) -> Vec<Seen> {
    let mut seen: Vec<Seen> = runs.iter().map(|run| Seen::new(*run)).collect();
    let mut observer = world.observer();
    let until = world.now() + caller.patience;
    while seen.iter().any(|run| run.ending.is_none()) && world.now() < until {
        if random.chance(caller.losses) {
            observer = world.observer();
            for run in seen.iter_mut().filter(|run| run.ending.is_none()) {
                run.lose_cursor();
            }
        }
        let pause = observe_once(world, &observer, &mut seen, caller.wait_ms).await;
        sleep(pause).await;
    }
    seen
}

/// One call for all that have not ended. Answers when to ask again.
pub(super) async fn observe_once(world: &World, observer: &Observer, seen: &mut [Seen], wait_ms: u64) -> Duration {
    let mut open: Vec<&mut Seen> = seen.iter_mut().filter(|run| run.ending.is_none()).collect();
    let questions: Vec<ObserveRun> = open.iter().map(|run| run.question()).collect();
    let answers = match observer.observe(&questions, Duration::from_millis(wait_ms)).await {
        Ok(answers) => answers,
        Err(error) => {
            for run in open {
                run.errors.push(error.to_string());
            }
            return Duration::from_secs(1);
        }
    };
    assert_eq!(answers.len(), open.len());
    let mut pauses = Vec::new();
    for (run, answer) in open.iter_mut().zip(answers) {
        match answer {
            Observed::Run(news) => {
                pauses.push(if news.more { 0 } else { news.ask_again_ms });
                run.hear(news, world.now());
            }
            Observed::NotFound { .. } => {
                run.errors.push("not found".to_owned());
                pauses.push(1_000);
            }
        }
    }
    Duration::from_millis(pauses.into_iter().min().unwrap_or_default().into())
}
