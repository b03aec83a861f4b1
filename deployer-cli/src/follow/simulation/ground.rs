//! One account with the gate in it.

use std::future::Future;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_lambda::config::{
    AsyncSleep, BehaviorVersion, Credentials, Region, SharedAsyncSleep, SharedCredentialsProvider, Sleep,
};
use aws_sim::{Faults, Function, Instance, REGION, Sim};
use engine_ecs::in_process::{Break, http_client};
use engine_ecs::{Clock, EcsEngine, Settings};
use gatekeeper::AllowList;
use invoker::{AuditError, AuditEvent, AuditLog, Invoker};
use jiff::Timestamp;
use tokio::task::LocalSet;

use crate::transport::LambdaTransport;

/// The gate's function.
const FUNCTION: &str = "deploy-runner-invoker";
/// Its time limit, in milliseconds.
const FUNCTION_TIMEOUT: u64 = 60_000;
/// Every script that the simulated image has, and one that it does not have.
const SCRIPTS: [&str; 11] = [
    "print",
    "exit",
    "signal",
    "wait",
    "clean-up",
    "ignore-stop",
    "oom",
    "lose-host",
    "spot",
    "never-start",
    "missing",
];

/// One account.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) sim: Arc<Sim>,
    sdk: SdkConfig,
}

impl Ground {
    /// To be called within the runtime whose clock counts.
    pub(super) fn new(seed: u64, faults: Faults) -> Self {
        let sim = Sim::new(seed, faults);
        let sdk = sdk(Arc::downgrade(&sim));
        let gate_sdk = sdk.clone();
        let weak = Arc::downgrade(&sim);
        sim.register(Function {
            name: FUNCTION.to_owned(),
            aliases: vec!["live".to_owned()],
            timeout: FUNCTION_TIMEOUT,
            init: Arc::new(move || instance(&gate_sdk, &weak)),
        });
        Self { sim, sdk }
    }

    /// A way to the gate, as a new CLI process makes it.
    pub(super) fn transport(&self) -> LambdaTransport {
        let function = format!("{FUNCTION}:live").parse().expect("a function");
        LambdaTransport::new(&self.sdk, function)
    }
}

/// The gate as a function has it.
type Gate = Invoker<EcsEngine, Unrecorded>;

fn instance(sdk: &SdkConfig, sim: &Weak<Sim>) -> Instance {
    let gate = Arc::new(gate(sdk, sim));
    Arc::new(move |event| {
        let gate = Arc::clone(&gate);
        Box::pin(async move {
            let response = gate.handle(&event).await;
            Ok(serde_json::to_vec(&response).expect("an answer is JSON"))
        })
    })
}

fn gate(sdk: &SdkConfig, sim: &Weak<Sim>) -> Gate {
    let sim = Weak::clone(sim);
    let clock: Clock = Arc::new(move || {
        let now = sim.upgrade().map_or(0, |sim| sim.now());
        Timestamp::from_millisecond(i64::try_from(now).expect("a time of this century")).expect("a time")
    });
    let engine = EcsEngine::new(sdk, settings(), clock);
    Invoker::new(Ok(allow_list()), engine, Unrecorded, || Timestamp::UNIX_EPOCH)
}

fn settings() -> Settings {
    let read = |name: &str| {
        let value = match name {
            "DEPLOY_RUNNER_CLUSTER" => "deploy-runner",
            "DEPLOY_RUNNER_SUBNETS" => "subnet-0a,subnet-0b",
            "DEPLOY_RUNNER_SECURITY_GROUPS" => "sg-0a",
            "DEPLOY_RUNNER_TASK_DEFINITIONS" => r#"{"job":"job:1"}"#,
            "DEPLOY_RUNNER_LOG_GROUP" => "/deploy-runner",
            _ => return None,
        };
        Some(value.to_owned())
    };
    Settings::read(read).expect("settings")
}

/// The compiled allow-list is made once; each gate loads it, as a function does.
fn allow_list() -> AllowList {
    static COMPILED: OnceLock<Vec<u8>> = OnceLock::new();
    let bytes = COMPILED.get_or_init(|| {
        let options = "
          --lines: { type: integer, min: 0, max: 1000000 }
          --errors: { type: integer, min: 0, max: 1000000 }
          --rate: { type: integer, min: 0, max: 100000 }
          --width: { type: integer, min: 0, max: 15000 }
          --seconds: { type: integer, min: 0, max: 100000 }
          --code: { type: integer, min: 0, max: 255 }
          --signal: { type: integer, min: 1, max: 64 }
          --cause: { type: choice, one_of: [pull, secret, log-group, network] }";
        let scripts = SCRIPTS.map(|script| format!("      {script}:\n        description: Simulated.\n        options:{options}\n"));
        let scripts = scripts.concat();
        let yaml = format!(
            "version: 1
containers:
  job:
    description: Runs what the simulation knows.
    image: job
    network: host
    task: {{ cpu: 1024, memory: 2048, max_cpu: 1024, max_memory: 2048, launch_type: FARGATE, timeout: 2h, stop_timeout: 10s }}
    scripts:
{scripts}"
        );
        let source = gatekeeper::source::read("allow-list.yaml", &yaml).expect("an allow-list");
        gatekeeper::compile::compile(&source).expect("a sound allow-list").canonical_bytes()
    });
    AllowList::load(bytes).expect("a compiled allow-list")
}

fn sdk(sim: Weak<Sim>) -> SdkConfig {
    let client = http_client(move |request| answer(Weak::clone(&sim), request));
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "simulated", None, None, "simulated");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .sleep_impl(SharedAsyncSleep::new(VirtualSleep))
        .http_client(client)
        .build()
}

async fn answer(sim: Weak<Sim>, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, Break> {
    // A call that outlives its account is never answered.
    let Some(sim) = sim.upgrade() else {
        return Err(Break::Silence);
    };
    sim.answer(request).await.map_err(|broken| match broken {
        aws_sim::Break::Reset => Break::Reset,
        aws_sim::Break::Silence => Break::Silence,
    })
}

#[derive(Debug)]
struct VirtualSleep;

impl AsyncSleep for VirtualSleep {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(tokio::time::sleep(duration))
    }
}

/// The audit log has its own tests.
#[derive(Debug)]
pub(super) struct Unrecorded;

impl AuditLog for Unrecorded {
    type Entry = ();

    fn open(&self, _: &AuditEvent) -> Result<(), AuditError> {
        Ok(())
    }

    fn complete(&self, (): (), _: &AuditEvent) -> Result<(), AuditError> {
        Ok(())
    }

    fn record(&self, _: &AuditEvent) -> Result<(), AuditError> {
        Ok(())
    }
}

/// Runs a story under a paused clock, on this thread alone, with the SDK's random pauses drawn from the seed.
pub(super) fn in_virtual_time<T>(seed: u64, story: impl Future<Output = T>) -> T {
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    LocalSet::new().block_on(&runtime, story)
}
