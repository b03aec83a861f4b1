//! The simulated account: takes HTTP requests, lets the faults strike, and keeps the record.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{Response, StatusCode};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use crate::ecs::{Cluster, Scene};
use crate::faults::{Faults, Quotas};
use crate::lambda::{self, Function, FunctionError, Functions, Invocation, Taken};
use crate::logs::{Store, Strikes};
use crate::quota::Buckets;
use crate::random::Draw;
use crate::record::{Outcome, Request, Service};
use crate::reply::{Break, Fault, ok};
use crate::route::{Call, route};
use crate::truth::TaskTruth;
use crate::world::{ACCOUNT, World};

/// The moment at which every simulation starts: 2026-11-20 00:00:00 UTC, in milliseconds.
const BEGINNING: u64 = 1_795_132_800_000;
/// Labels of the draws of calls; tasks have their numbers, which stay far below.
const CALLS: u64 = u64::MAX;

/// One account in one Region.
pub struct Sim {
    seed: u64,
    faults: Faults,
    begun: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    world: World,
    cluster: Cluster,
    store: Store,
    functions: Functions,
    buckets: Buckets,
    denied: Vec<String>,
    record: Vec<Request>,
}

/// What strikes one call, drawn when it arrives.
struct Struck {
    place: usize,
    before: u64,
    broken: bool,
    refused: Option<Fault>,
    strikes: Strikes,
    lost: Option<Break>,
    draw: Draw,
}

impl Sim {
    /// An account with the default [`World`]. To be called within the runtime whose clock counts.
    pub fn new(seed: u64, faults: Faults) -> Arc<Self> {
        Self::with_world(seed, faults, World::default())
    }

    /// An account with this world.
    pub fn with_world(seed: u64, faults: Faults, world: World) -> Arc<Self> {
        let store = Store {
            group: world.log_group.clone(),
            ..Store::default()
        };
        Arc::new(Self {
            seed,
            faults,
            begun: Instant::now(),
            state: Mutex::new(State {
                world,
                cluster: Cluster::default(),
                store,
                functions: Functions::default(),
                buckets: Buckets::new(BEGINNING),
                denied: Vec::new(),
                record: Vec::new(),
            }),
        })
    }

    /// Now, in milliseconds of Unix time.
    pub fn now(&self) -> u64 {
        BEGINNING + u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX - BEGINNING)
    }

    /// Puts a function there.
    pub fn register(&self, function: Function) {
        self.state().functions.register(function);
    }

    /// From now on the caller may not do this, such as `ecs:RunTask` or `lambda:InvokeFunction`.
    pub fn deny(&self, action: &str) {
        self.state().denied.push(action.to_owned());
    }

    /// Every request so far, in the order of arrival.
    pub fn record(&self) -> Vec<Request> {
        self.state().record.clone()
    }

    /// Every call of a function that has ended, as it is billed.
    pub fn invocations(&self) -> Vec<Invocation> {
        self.state().functions.invocations.clone()
    }

    /// The truth about every task, in the order of creation.
    pub fn tasks(&self) -> Vec<TaskTruth> {
        self.state().cluster.tasks.iter().map(TaskTruth::of).collect()
    }

    /// The truth about one task.
    pub fn task(&self, id: &str) -> Option<TaskTruth> {
        self.state().cluster.task(id).map(TaskTruth::of)
    }

    /// Serves one request. When the future is dropped, what has taken effect stays, as with a caller that goes away.
    pub async fn answer(self: &Arc<Self>, request: http::Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Break> {
        let call = route(request);
        let mut struck = self.arrive(&call);
        sleep(Duration::from_millis(struck.before)).await;
        if struck.broken {
            self.note(struck.place, Outcome::BrokenBefore, 0);
            return Err(Break::Reset);
        }
        let refused = self.refusal(&call, &mut struck);
        let answered = match (refused, call.service) {
            (Some(fault), _) => Err(fault),
            (None, Some(Service::Lambda)) => self.invoke(&call).await,
            (None, _) => self.act(&call, &mut struck),
        };
        let outcome = match (&answered, struck.lost) {
            (Err(fault), _) => Outcome::Refused(fault.code),
            (Ok(_), None) => Outcome::Answered,
            (Ok(_), Some(lost)) => {
                self.note(struck.place, Outcome::AnswerLost, 0);
                return Err(lost);
            }
        };
        let response = answered.unwrap_or_else(|fault| match call.service {
            Some(Service::Lambda) => fault.rest(),
            Some(Service::Ecs | Service::Logs) | None => fault.json(),
        });
        self.note(struck.place, outcome, response.body().len());
        Ok(response)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that panicked while it held the lock has failed already.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records the call and draws what will strike it.
    fn arrive(&self, call: &Call) -> Struck {
        let mut state = self.state();
        let place = state.record.len();
        let faults = &self.faults;
        let mut draw = Draw::of(self.seed, &[CALLS, place as u64]);
        let slow = draw.chance(faults.slow);
        let time = match (slow, call.service) {
            (true, _) => &faults.timing.slow_call,
            (false, Some(Service::Lambda)) => &faults.timing.invoke,
            (false, _) => &faults.timing.call,
        };
        let before = draw.within(time);
        let broken = draw.chance(faults.reset_before);
        let refused = if draw.chance(faults.throttle) {
            Some(throttled(call.service))
        } else if draw.chance(faults.server_error) {
            Some(server_error(call.service, &mut draw))
        } else {
            None
        };
        let strikes = Strikes {
            token_expired: draw.chance(faults.token_expired),
            empty_page: draw.chance(faults.empty_page),
        };
        let lost = draw
            .chance(faults.lost_answer)
            .then(|| if draw.chance(0.5) { Break::Reset } else { Break::Silence });
        state.record.push(Request {
            service: call.service.unwrap_or(Service::Ecs),
            action: call.action.clone(),
            at: self.now(),
            outcome: Outcome::Pending,
            bytes: 0,
        });
        Struck {
            place,
            before,
            broken,
            refused,
            strikes,
            lost,
            draw,
        }
    }

    fn refusal(&self, call: &Call, struck: &mut Struck) -> Option<Fault> {
        let mut state = self.state();
        let permission = call.permission();
        if state.denied.contains(&permission) {
            return Some(denied(call, &permission));
        }
        let over = self.faults.quotas == Quotas::Enforced && !state.buckets.take(&call.action, self.now());
        if over {
            Some(throttled(call.service))
        } else {
            struck.refused.take()
        }
    }

    /// Everything but Lambda happens in one moment.
    fn act(&self, call: &Call, struck: &mut Struck) -> Result<Response<Vec<u8>>, Fault> {
        let now = self.now();
        let mut guard = self.state();
        let State {
            world, cluster, store, ..
        } = &mut *guard;
        let mut scene = Scene {
            world,
            faults: &self.faults,
            seed: self.seed,
            now,
            draw: struck.draw.clone(),
        };
        let body = call.body.as_slice();
        match call.action.as_str() {
            "RunTask" => cluster.run(store, body, &mut scene).map(|answer| ok(&answer)),
            "DescribeTasks" => cluster.describe(body, &mut scene).map(|answer| ok(&answer)),
            "ListTasks" => cluster.list(body, &mut scene).map(|answer| ok(&answer)),
            "StopTask" => cluster.stop(store, body, &scene).map(|answer| ok(&answer)),
            "GetLogEvents" => store.get(body, now, struck.strikes).map(|answer| ok(&answer)),
            "FilterLogEvents" => store.filter(body, now, struck.strikes).map(|answer| ok(&answer)),
            unknown => Err(Fault::client(
                "UnknownOperationException",
                format!("this simulation does not know `{unknown}`"),
            )),
        }
    }

    /// Hands the payload to an instance. The instance goes on when the caller leaves.
    async fn invoke(self: &Arc<Self>, call: &Call) -> Result<Response<Vec<u8>>, Fault> {
        lambda::check_size(&call.body)?;
        let (name, alias) = lambda::parse_name(&call.function, call.qualifier.as_deref());
        let taken = self.state().functions.take(name, alias);
        let taken = taken.ok_or_else(|| lambda::not_found(name, alias))?;
        let (answer, answered) = oneshot::channel();
        let sim = Arc::clone(self);
        let payload = call.body.clone();
        tokio::spawn(async move {
            let outcome = sim.serve(taken, payload).await;
            // Nobody listens when the caller has gone.
            drop(answer.send(outcome));
        });
        let outcome = answered.await.unwrap_or_else(|_panicked| {
            Err(FunctionError {
                kind: "Runtime.ExitError".to_owned(),
                message: "Error: Runtime exited without providing a reason".to_owned(),
            })
        });
        Ok(lambda::finished(outcome))
    }

    async fn serve(&self, taken: Taken, payload: Vec<u8>) -> Result<Vec<u8>, FunctionError> {
        let at = self.now();
        if taken.cold {
            let place = self.state().functions.invocations.len() as u64;
            let init = Draw::of(self.seed, &[CALLS, 1, place]).within(&self.faults.timing.cold_start);
            sleep(Duration::from_millis(init)).await;
        }
        let in_time = timeout(Duration::from_millis(taken.timeout), (taken.instance)(payload)).await;
        let is_in_time = in_time.is_ok();
        let outcome = in_time.unwrap_or_else(|_elapsed| {
            Err(FunctionError {
                kind: "Sandbox.Timedout".to_owned(),
                message: format!("Task timed out after {}.00 seconds", taken.timeout / 1_000),
            })
        });
        // A call is billed by the started millisecond.
        let billed = (self.now() - at).max(1);
        let mut state = self.state();
        if is_in_time {
            state.functions.give_back(&taken.name, taken.instance);
        }
        state.functions.invocations.push(Invocation {
            at,
            billed,
            cold: taken.cold,
            answered: outcome.as_ref().map_or(0, Vec::len),
        });
        outcome
    }

    fn note(&self, place: usize, outcome: Outcome, bytes: usize) {
        if let Some(request) = self.state().record.get_mut(place) {
            request.outcome = outcome;
            request.bytes = bytes;
        }
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sim({})", self.seed)
    }
}

fn throttled(service: Option<Service>) -> Fault {
    match service {
        Some(Service::Lambda) => Fault::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequestsException",
            "Rate Exceeded.",
        ),
        Some(Service::Ecs | Service::Logs) | None => Fault::client("ThrottlingException", "Rate exceeded"),
    }
}

fn server_error(service: Option<Service>, draw: &mut Draw) -> Fault {
    let (code, message) = match service {
        Some(Service::Lambda) => ("ServiceException", "The service encountered an internal error."),
        Some(Service::Logs) => (
            "ServiceUnavailableException",
            "The service cannot complete the request.",
        ),
        Some(Service::Ecs) | None => ("ServerException", "Service Unavailable. Please try again later."),
    };
    let status = if draw.chance(0.5) {
        StatusCode::INTERNAL_SERVER_ERROR
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    Fault::new(status, code, message)
}

fn denied(call: &Call, permission: &str) -> Fault {
    let status = match call.service {
        Some(Service::Lambda) => StatusCode::FORBIDDEN,
        Some(Service::Ecs | Service::Logs) | None => StatusCode::BAD_REQUEST,
    };
    let message = format!(
        "User: arn:aws:sts::{ACCOUNT}:assumed-role/deploy-runner/session is not authorized to perform: {permission} on resource: * because no identity-based policy allows the {permission} action"
    );
    Fault::new(status, "AccessDeniedException", message)
}
