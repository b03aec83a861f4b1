//! A model of ECS and `CloudWatch` Logs: tasks that live by the clock, streams whose entries become readable each at its own moment, pages,
//! tokens, and faults from a seed. It keeps every request with its time.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use http::{Request, Response};
use protocol::{OutputForm, RunId};
use serde_json::{Value, json};

use super::random::Random;
use crate::in_process::Break;

pub(super) const GROUP: &str = "/deploy-runner";

/// One entry of a stream.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// Timestamp, then place among those of the same.
    pub(super) key: (i64, i64),
    pub(super) readable: i64,
    pub(super) text: String,
}

/// One run: the life of its task, and its log.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) id: RunId,
    pub(super) output: OutputForm,
    pub(super) created: i64,
    pub(super) pulling: i64,
    /// Never, when it failed to start.
    pub(super) started: Option<i64>,
    pub(super) stopped: i64,
    /// From here on ECS does not know it.
    pub(super) forgotten: i64,
    pub(super) exit: u8,
    pub(super) stream_exists: i64,
    /// In the order of their keys.
    pub(super) events: Vec<Event>,
}

/// How often each fault strikes a request, of a thousand.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Faults {
    pub(super) throttle: i64,
    pub(super) server_error: i64,
    pub(super) reset: i64,
    pub(super) silence: i64,
    pub(super) expired_token: i64,
    pub(super) empty_page: i64,
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) runs: Vec<Run>,
    pub(super) faults: Faults,
    /// Most entries of one page.
    pub(super) page: usize,
    /// Most bytes of one page of several streams.
    pub(super) page_bytes: usize,
    pub(super) live: usize,
    pub(super) group_exists: bool,
    /// The answer to every request of this action is a refusal.
    pub(super) denied: Option<&'static str>,
    pub(super) random: Random,
    /// Action and time of every request.
    pub(super) requests: Vec<(String, i64)>,
}

type Answer = Response<Vec<u8>>;

impl Model {
    pub(super) fn new(seed: u64, runs: Vec<Run>) -> Self {
        Self {
            live: runs.len(),
            runs,
            faults: Faults::default(),
            page: 10_000,
            page_bytes: usize::MAX,
            group_exists: true,
            denied: None,
            random: Random::new(seed),
            requests: Vec::new(),
        }
    }

    pub(super) fn count(&self, action: &str) -> usize {
        self.requests.iter().filter(|(made, _)| made == action).count()
    }

    pub(super) fn answer(&mut self, request: &Request<Vec<u8>>, now: i64) -> Result<Answer, Break> {
        let target = request.headers()["x-amz-target"].to_str().unwrap();
        let action = target.rsplit('.').next().unwrap().to_owned();
        self.requests.push((action.clone(), now));
        let faults = self.faults;
        if self.random.chance(faults.reset) {
            return Err(Break::Reset);
        }
        if self.random.chance(faults.silence) {
            return Err(Break::Silence);
        }
        if self.random.chance(faults.server_error) {
            return Ok(error(500, "InternalFailure", "something broke"));
        }
        if self.random.chance(faults.throttle) {
            return Ok(error(400, "ThrottlingException", "Rate exceeded"));
        }
        if self.denied == Some(action.as_str()) {
            return Ok(error(400, "AccessDeniedException", "not allowed"));
        }
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        Ok(match action.as_str() {
            "DescribeTasks" => self.describe(&body, now),
            "ListTasks" => {
                let arns: Vec<String> = (0..self.live).map(|number| format!("arn:task/{number}")).collect();
                ok(&json!({ "taskArns": arns }))
            }
            "GetLogEvents" => self.get(&body, now),
            "FilterLogEvents" => self.filter(&body, now),
            other => panic!("nobody expected `{other}`"),
        })
    }

    fn describe(&self, body: &Value, now: i64) -> Answer {
        let asked = body["tasks"].as_array().unwrap();
        assert!(asked.len() <= 100);
        let (mut tasks, mut failures) = (Vec::new(), Vec::new());
        for id in asked {
            let found = self.runs.iter().find(|run| id == &json!(run.id));
            match found.filter(|run| (run.created..run.forgotten).contains(&now)) {
                Some(run) => tasks.push(run.describe(now)),
                None => failures.push(json!({ "arn": id, "reason": "MISSING" })),
            }
        }
        ok(&json!({ "tasks": tasks, "failures": failures }))
    }

    fn stream(&self, name: &str, now: i64) -> Result<&Run, &'static str> {
        if !self.group_exists {
            return Err("The specified log group does not exist.");
        }
        self.runs
            .iter()
            .find(|run| name == format!("deploy-runner/job/{}", run.id) && run.stream_exists <= now)
            .ok_or("The specified log stream does not exist.")
    }

    fn get(&mut self, body: &Value, now: i64) -> Answer {
        assert_eq!(
            (&body["logGroupName"], &body["startFromHead"]),
            (&json!(GROUP), &json!(true))
        );
        let expired = self.random.chance(self.faults.expired_token);
        let empty = self.random.chance(self.faults.empty_page);
        let run = match self.stream(body["logStreamName"].as_str().unwrap(), now) {
            Ok(run) => run,
            Err(text) => return missing(text),
        };
        let token = body["nextToken"].as_str();
        if token.is_some() && expired {
            return invalid_token();
        }
        let (after, blanks) = token.map_or(((i64::MIN, 0), 0), read_token);
        let from = body["startTime"].as_i64().unwrap_or(0);
        let until = body["endTime"].as_i64().unwrap_or(i64::MAX);
        let limit = body["limit"]
            .as_u64()
            .map_or(self.page, |limit| self.page.min(limit.try_into().unwrap()));
        let mut found = run
            .events
            .iter()
            .filter(|event| event.readable <= now && event.key > after && (from..until).contains(&event.key.0))
            .peekable();
        if empty && found.peek().is_some() {
            return ok(&json!({ "events": [], "nextForwardToken": write_token(after, blanks + 1) }));
        }
        let page: Vec<&Event> = found.take(limit).collect();
        let next = page.last().map_or_else(
            || token.map_or_else(|| write_token(after, 0), str::to_owned),
            |last| write_token(last.key, 0),
        );
        let events: Vec<Value> = page.iter().map(|event| event.show()).collect();
        ok(&json!({ "events": events, "nextForwardToken": next }))
    }

    fn filter(&mut self, body: &Value, now: i64) -> Answer {
        let expired = self.random.chance(self.faults.expired_token);
        let empty = self.random.chance(self.faults.empty_page);
        let mut found = BTreeMap::new();
        let names = body["logStreamNames"].as_array().unwrap();
        assert!((1..=100).contains(&names.len()));
        for (of, name) in names.iter().enumerate() {
            let run = match self.stream(name.as_str().unwrap(), now) {
                Ok(run) => run,
                Err(text) => return missing(text),
            };
            let from = body["startTime"].as_i64().unwrap();
            for event in run
                .events
                .iter()
                .filter(|event| event.readable <= now && event.key.0 >= from)
            {
                found.insert((event.key.0, of, event.key.1), (name, event));
            }
        }
        let skip: usize = body["nextToken"].as_str().map_or(0, |token| token.parse().unwrap());
        if skip > 0 && expired {
            return invalid_token();
        }
        let limit = body["limit"]
            .as_u64()
            .map_or(self.page, |limit| self.page.min(limit.try_into().unwrap()));
        let limit = if empty && skip == 0 { 0 } else { limit };
        let mut bytes = 0;
        let limit = found
            .values()
            .skip(skip)
            .take(limit)
            .take_while(|(_, event)| {
                bytes += event.text.len();
                bytes <= self.page_bytes
            })
            .count();
        let page: Vec<Value> = found
            .values()
            .skip(skip)
            .take(limit)
            .map(|(name, event)| {
                let mut shown = event.show();
                shown["logStreamName"] = (*name).clone();
                shown
            })
            .collect();
        // An empty page with a token that leads on: the token says how many have been passed, and one has not been.
        let next = match (limit, skip + limit < found.len()) {
            (0, _) => Some("0".to_owned()),
            (_, true) => Some((skip + limit).to_string()),
            (_, false) => None,
        };
        ok(&json!({ "events": page, "nextToken": next }))
    }
}

impl Run {
    fn describe(&self, now: i64) -> Value {
        let seconds = |millis: i64| {
            let mut text = String::new();
            write!(text, "{}.{:03}", millis / 1_000, millis % 1_000).unwrap();
            serde_json::from_str::<Value>(&text).unwrap()
        };
        let output = match self.output {
            OutputForm::Framed => "framed",
            OutputForm::Raw => "raw",
        };
        let running = self.started.filter(|started| *started <= now);
        let status = match running {
            _ if now >= self.stopped => "STOPPED",
            Some(_) => "RUNNING",
            None if now >= self.pulling => "PENDING",
            None => "PROVISIONING",
        };
        let mut task = json!({
            "taskArn": format!("arn:aws:ecs:eu-west-1:123456789012:task/main/{}", self.id),
            "startedBy": "deploy-runner/0123456789abcdef0123456789abcdef",
            "lastStatus": status,
            "desiredStatus": if status == "STOPPED" { "STOPPED" } else { "RUNNING" },
            "createdAt": seconds(self.created),
            "tags": [{ "key": "deploy-runner:output", "value": output }],
            "containers": [{ "name": "job" }],
        });
        if let Some(started) = running {
            task["startedAt"] = seconds(started);
        }
        if status == "STOPPED" {
            task["stoppedAt"] = seconds(self.stopped);
            task["stopCode"] = json!("EssentialContainerExited");
            task["stoppedReason"] = json!("Essential container in task exited");
            if running.is_some() {
                task["containers"] = json!([{ "name": "job", "exitCode": self.exit, "lastStatus": "STOPPED" }]);
            }
        }
        task
    }
}

impl Event {
    fn show(&self) -> Value {
        json!({ "timestamp": self.key.0, "message": self.text, "ingestionTime": self.readable })
    }
}

fn write_token(after: (i64, i64), blanks: i64) -> String {
    format!("f/{}/{}/{blanks}/s", after.0, after.1)
}

fn read_token(token: &str) -> ((i64, i64), i64) {
    let numbers: Vec<i64> = token.split('/').filter_map(|part| part.parse().ok()).collect();
    ((numbers[0], numbers[1]), numbers[2])
}

fn invalid_token() -> Answer {
    error(400, "InvalidParameterException", "The specified nextToken is invalid.")
}

fn missing(text: &str) -> Answer {
    error(400, "ResourceNotFoundException", text)
}

fn ok(body: &Value) -> Answer {
    respond(200, body)
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    respond(status, &json!({ "__type": code, "message": message }))
}

fn respond(status: u16, body: &Value) -> Answer {
    Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.1")
        .body(body.to_string().into_bytes())
        .unwrap()
}
