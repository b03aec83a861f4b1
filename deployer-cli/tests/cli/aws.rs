//! The real program against a gate in AWS: a loopback server that answers as Lambda does.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Running, code, stderr, stdout};

const RUN: &str = "0123456789abcdef0123456789abcdef";

/// A Lambda that answers each message with what a function makes of it, and remembers the request lines.
struct Lambda {
    url: String,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Lambda {
    fn answering(answer: impl Fn(&str, &Value) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let lines = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(answer);
        let noted = lines.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, noted) = (answer.clone(), noted.clone());
                std::thread::spawn(move || serve(&stream.unwrap(), answer.as_ref(), &noted));
            }
        });
        Self { url, lines }
    }

    /// The program with nothing of this machine's settings, and with credentials that expire in no test.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = bare(args);
        command
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_REGION", "us-west-2")
            .env("AWS_ACCESS_KEY_ID", "AKIDTEST")
            .env("AWS_SECRET_ACCESS_KEY", "hunter2")
            .env("AWS_SESSION_TOKEN", "hunter2-token");
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        Running::start(&mut self.command(args)).output()
    }
}

fn bare(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_infrastructure-deployer"));
    command.args(args).env_clear();
    command
        .env("HOME", "/nonexistent")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn serve(stream: &TcpStream, answer: &dyn Fn(&str, &Value) -> (u16, String), lines: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut line, mut length) = (String::new(), 0);
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        lines.lock().unwrap().push(line.trim_end().to_owned());
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).unwrap();
            if let Some(text) = header.to_ascii_lowercase().strip_prefix("content-length:") {
                length = text.trim().parse().unwrap();
            }
            if header.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let message: Value = serde_json::from_slice(&body).unwrap();
        let (status, body) = answer(
            message.get("action").and_then(Value::as_str).unwrap(),
            message.get("body").unwrap(),
        );
        let kind = if status == 403 {
            "x-amzn-errortype: ExpiredTokenException\r\n"
        } else {
            ""
        };
        let head = format!("HTTP/1.1 {status} X\r\n{kind}content-length: {}\r\n\r\n", body.len());
        let mut stream = stream;
        if stream.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

fn reply(reply: &Value) -> (u16, String) {
    (200, json!({"protocol": 1, "reply": reply}).to_string())
}

fn started() -> (u16, String) {
    reply(&json!({"started": {
        "run": RUN, "repeated": false, "deadline_seconds": 60, "request_digest": "r", "allow_list_digest": "a",
    }}))
}

fn observed(news: &Value) -> (u16, String) {
    let mut run = json!({
        "run": RUN, "phase": "running", "output": "raw", "frames": [], "cursor": "1", "more": false, "ask_again_ms": 100,
    });
    for (key, value) in news.as_object().unwrap() {
        run.as_object_mut().unwrap().insert(key.clone(), value.clone());
    }
    reply(&json!({"observed": [{"run": run}]}))
}

fn ended(lines: &Value) -> (u16, String) {
    observed(&json!({
        "phase": "ended", "frames": lines, "ending": {"how": "exited", "code": 7}, "timings": {"drain_ms": 1234},
    }))
}

#[test]
fn every_call_that_leaves_the_program_is_an_invoke_of_the_one_function() {
    let stopped = Arc::new(Mutex::new(false));
    let gate = Lambda::answering(move |action, body| match action {
        "run" if body["request"]["script"] == "evil" => reply(&json!({"denied": {"problems": []}})),
        "run" => started(),
        "observe" if *stopped.lock().unwrap() => ended(&json!(["bye"])),
        "observe" => {
            assert_eq!(body["wait_ms"], 0);
            observed(&json!({"frames": []}))
        }
        "stop" => {
            *stopped.lock().unwrap() = true;
            reply(&json!({"stopped": "stopping"}))
        }
        other => panic!("`{other}` was not asked for"),
    });
    let deny = gate.run(&["--", "box", "evil"]);
    assert_eq!(code(&deny), 120, "{}", stderr(&deny));
    let running = Running::start(&mut gate.command(&["--", "box", "job"]));
    crate::support::eventually("the run is watched", || gate.lines.lock().unwrap().len() > 4);
    let cancel = gate.run(&["cancel", RUN]);
    assert_eq!(code(&cancel), 0, "{}", stderr(&cancel));
    let run = running.output();
    assert_eq!((code(&run), stdout(&run).as_str()), (7, "bye\n"), "{}", stderr(&run));
    let attach = gate.run(&["attach", RUN]);
    assert_eq!(
        (code(&attach), stdout(&attach).as_str()),
        (7, "bye\n"),
        "{}",
        stderr(&attach)
    );
    let lines = gate.lines.lock().unwrap();
    let invoke = "POST /2015-03-31/functions/deploy-runner-invoker/invocations HTTP/1.1";
    assert!(lines.iter().all(|line| line == invoke), "{lines:?}");
}

#[test]
fn the_output_of_an_image_of_its_own_is_shown_as_it_is_and_never_called_proven() {
    let gate = Lambda::answering(|action, _| match action {
        "run" => started(),
        _ => ended(&json!(["1 o no frame", "", "last"])),
    });
    let result = tempfile::NamedTempFile::new().unwrap();
    let path = result.path().to_str().unwrap();
    let output = gate.run(&["--result-file", path, "--", "box", "job"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (7, "1 o no frame\n\nlast\n"));
    assert!(stderr(&output).contains("cannot be proven"), "{}", stderr(&output));
    assert!(stderr(&output).contains("drain 1.2s"), "{}", stderr(&output));
    let result: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(result["logs_complete"], false);
    assert!(result["logs_remark"].as_str().unwrap().contains("has no deploy-runner"));
}

#[test]
fn a_session_that_expires_in_the_middle_of_a_run_ends_with_122_and_says_how_to_attach() {
    let asked = Mutex::new(0);
    let gate = Lambda::answering(move |action, _| {
        let mut asked = asked.lock().unwrap();
        *asked += 1;
        match action {
            "run" => started(),
            _ if *asked < 4 => observed(&json!({"frames": ["line"], "cursor": asked.to_string()})),
            _ => (
                403,
                json!({"message": "The security token included in the request is expired"}).to_string(),
            ),
        }
    });
    let output = gate.run(&[
        "--aws-region=us-west-2",
        "--invoker-function-id=deploy-runner-invoker:live",
        "--",
        "box",
        "job",
    ]);
    assert_eq!((code(&output), stdout(&output).as_str()), (122, "line\nline\n"));
    let text = stderr(&output);
    let attach = format!(
        "infrastructure-deployer --aws-region us-west-2 --invoker-function-id deploy-runner-invoker:live attach {RUN}"
    );
    for expected in ["session has expired", "log in again", &attach] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_session_that_has_expired_at_the_start_ends_with_125() {
    let gate = Lambda::answering(|_, _| (403, "{}".to_owned()));
    let output = gate.run(&["--", "box", "job"]);
    assert_eq!(code(&output), 125);
    assert!(stderr(&output).contains("session has expired"), "{}", stderr(&output));
}

#[test]
fn no_message_at_any_log_level_shows_a_secret() {
    let gate = Lambda::answering(|action, _| match action {
        "run" => started(),
        _ => ended(&json!(["bye"])),
    });
    let output = gate.run(&["--log-level=trace", "--", "box", "job"]);
    assert_eq!(code(&output), 7);
    let text = stderr(&output).to_ascii_lowercase();
    for secret in ["hunter2", "signature", "x-amz-security-token"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("message to the gate"), "{text}");
}

#[test]
fn without_credentials_it_says_where_it_looked_and_does_not_wait_for_a_metadata_service() {
    let begun = Instant::now();
    let mut command = bare(&["--aws-region=us-west-2", "--", "box", "job"]);
    // Nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    command
        .env_remove("AWS_EC2_METADATA_DISABLED")
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", format!("http://{port}"));
    let output = Running::start(&mut command).output();
    assert_eq!(code(&output), 125);
    let text = stderr(&output);
    for expected in [
        "no AWS credentials",
        "AWS_ACCESS_KEY_ID",
        "the profile `default`",
        "aws sso login",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn a_set_up_that_cannot_work_is_said_before_anything_is_sent() {
    let arn = "--invoker-function-id=arn:aws:lambda:eu-west-1:123456789012:function:f";
    let cases: [(&[&str], &str); 5] = [
        (&["--", "box", "job"], "no AWS Region: give --aws-region"),
        (
            &["--aws-region=us west", "--", "box", "job"],
            "`us west` is no AWS Region",
        ),
        (
            &["--aws-region=us-west-2", arn, "--", "box", "job"],
            "names a function in `eu-west-1`: give --aws-region=eu-west-1",
        ),
        (
            &["--invoker-function-id=a b", "--describe-containers"],
            "--invoker-function-id `a b`: expected a function as NAME",
        ),
        (
            &["--config=x", "--", "box", "job"],
            "--config belongs to runs on this machine",
        ),
    ];
    for (args, expected) in cases {
        let output = Running::start(&mut bare(args)).output();
        assert_eq!(code(&output), 125, "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn the_list_of_runs_says_that_it_is_this_machines() {
    let folder = tempfile::tempdir().unwrap();
    let output = Running::start(bare(&["runs"]).env("DEPLOY_RUNNER_STATE_DIR", folder.path())).output();
    assert_eq!(
        (code(&output), stdout(&output).as_str()),
        (0, "no runs on this machine\n")
    );
    assert!(
        stderr(&output).contains("a run in AWS is found by its id"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_run_that_nobody_waits_for_is_started_and_its_id_handed_over() {
    let gate = Lambda::answering(|_, _| started());
    let output = gate.run(&["--no-wait", "--", "box", "job"]);
    assert_eq!((code(&output), stdout(&output)), (0, format!("{RUN}\n")));
    let attach = format!("infrastructure-deployer attach {RUN}");
    assert!(stderr(&output).contains(&attach), "{}", stderr(&output));
    assert_eq!(gate.lines.lock().unwrap().len(), 1);
}

#[test]
fn questions_are_answered_by_the_gate_in_aws() {
    let gate = Lambda::answering(|action, _| match action {
        "describe" => reply(&json!({"described": {"allow_list_digest": "abc", "containers": []}})),
        _ => reply(&json!({"explained": {
            "allowed": false, "words": [], "canonical_args": [], "problems": [], "request_digest": "r", "allow_list_digest": "a",
        }})),
    });
    let describe = gate.run(&["--describe-containers", "--json"]);
    assert_eq!(code(&describe), 0, "{}", stderr(&describe));
    let described: Value = serde_json::from_slice(&describe.stdout).unwrap();
    assert_eq!(described["allow_list_digest"], "abc");
    let explain = gate.run(&["--explain", "--json", "--", "box", "job"]);
    assert_eq!(code(&explain), 120, "{}", stderr(&explain));
}

#[test]
fn the_region_of_an_arn_is_enough_and_the_call_names_the_alias() {
    let gate = Lambda::answering(|_, _| started());
    let arn = "--invoker-function-id=arn:aws:lambda:eu-west-1:123456789012:function:invoker:live";
    let mut command = gate.command(&[arn, "--no-wait", "--", "box", "job"]);
    let output = Running::start(command.env_remove("AWS_REGION")).output();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let lines = gate.lines.lock().unwrap();
    assert!(
        lines[0].contains("function%3Ainvoker/invocations?Qualifier=live"),
        "{lines:?}"
    );
}

#[test]
fn what_the_engine_says_of_the_reading_is_shown_once_and_not_on_standard_output() {
    let asked = Mutex::new(0);
    let gate = Lambda::answering(move |action, _| {
        let mut asked = asked.lock().unwrap();
        *asked += 1;
        match action {
            "run" => started(),
            _ if *asked < 5 => observed(&json!({"remark": "output is read every 14 s"})),
            _ => ended(&json!([])),
        }
    });
    let output = gate.run(&["--", "box", "job"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (7, ""));
    assert_eq!(
        stderr(&output).matches("output is read every 14 s").count(),
        1,
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_signal_while_there_is_no_room_leaves_and_says_that_nothing_was_started() {
    let gate =
        Lambda::answering(|_, _| reply(&json!({"error": {"kind": "no_capacity", "message": "RESOURCE:MEMORY"}})));
    let running = Running::start(&mut gate.command(&["--", "box", "job"]));
    crate::support::eventually("the gate has answered", || !gate.lines.lock().unwrap().is_empty());
    std::thread::sleep(Duration::from_secs(1));
    running.signal("INT");
    let output = running.output();
    assert_eq!(code(&output), 130, "{}", stderr(&output));
    for expected in ["waiting for room", "RESOURCE:MEMORY", "nothing was started"] {
        assert!(stderr(&output).contains(expected), "{expected}\n{}", stderr(&output));
    }
}

#[test]
fn leaving_before_the_answer_tells_the_key_that_finds_the_run() {
    let gate = Lambda::answering(|_, _| {
        std::thread::sleep(Duration::from_mins(5));
        started()
    });
    let running = Running::start(&mut gate.command(&["--idempotency-key=build-7", "--", "box", "job"]));
    crate::support::eventually("the gate is asked", || !gate.lines.lock().unwrap().is_empty());
    running.signal("INT");
    std::thread::sleep(Duration::from_millis(500));
    running.signal("TERM");
    let output = running.output();
    assert_eq!(code(&output), 130, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("repeat this call with `--idempotency-key=build-7`"),
        "{}",
        stderr(&output)
    );
}
