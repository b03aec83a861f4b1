use std::fs;
use std::io::{Read, Write};

use serde_json::json;

use crate::support::{Place, code, eventually, stderr, stdout};

#[test]
fn the_first_signal_stops_the_run_which_cleans_up_while_we_watch() {
    for (signal, expected) in [("INT", 130), ("TERM", 143)] {
        let place = Place::new();
        let (running, run) = place.start_slow(&["--result-file=result.json"]);
        running.signal(signal);
        let output = running.output();
        assert_eq!(code(&output), expected, "{}", stderr(&output));
        let log = fs::read_to_string(place.path("stdout")).unwrap();
        assert!(log.ends_with("cleaning up\nclean\n"), "{log}");
        let result = place.json("result.json");
        assert_eq!(result["ending"], json!({"how": "cancelled", "code": 3}));
        assert_eq!((&result["run"], &result["logs_complete"]), (&json!(run), &json!(true)));
        assert_eq!(result["stopped_for"], format!("SIG{signal}"));
    }
}

#[test]
fn the_second_signal_leaves_at_once_and_says_how_to_attach_while_the_run_cleans_up() {
    let place = Place::new();
    let (running, run) = place.start_slow(&[]);
    running.signal("INT");
    running.signal("TERM");
    let output = running.output();
    let text = stderr(&output);
    assert!([130, 143].contains(&code(&output)), "{text}");
    assert!(
        text.contains(&format!(
            "`infrastructure-deployer --local --state-dir state attach {run}`"
        )),
        "{text}"
    );
    assert!(!fs::read_to_string(place.path("stdout")).unwrap().contains("clean\n"));
    assert_eq!(place.wait_for_end(&run), json!({"how": "cancelled", "code": 3}));
    assert!(stdout(&place.run(&["attach", &run])).ends_with("cleaning up\nclean\n"));
}

#[test]
fn a_lost_terminal_leaves_the_run_alone() {
    let place = Place::new();
    let (running, run) = place.start_slow(&["--result-file=result.json"]);
    running.signal("HUP");
    let output = running.output();
    assert_eq!(code(&output), 122, "{}", stderr(&output));
    assert_eq!(place.json("result.json")["outcome"], "left");
    assert_eq!(place.runs()[0]["phase"], "running");
    assert_eq!(code(&place.run(&["cancel", &run])), 0);
    assert_eq!(place.wait_for_end(&run)["how"], "cancelled");
}

#[test]
fn a_program_that_was_started_to_ignore_a_hangup_ignores_it() {
    let place = Place::new();
    let inner = place.command(&["--", "box", "job", "--do=slow"]);
    let mut nohup = std::process::Command::new("nohup");
    nohup
        .arg(inner.get_program())
        .args(inner.get_args())
        .current_dir(place.path(""));
    for (name, value) in inner.get_envs() {
        nohup.env(name, value.unwrap());
    }
    let log = fs::File::create(place.path("stdout")).unwrap();
    nohup.env("CI", "").stdout(log).stderr(std::process::Stdio::null());
    let running = crate::support::Running::start(&mut nohup);
    eventually("the job is ready", || {
        fs::read_to_string(place.path("stdout")).unwrap().contains("ready")
    });
    running.signal("HUP");
    std::thread::sleep(std::time::Duration::from_millis(300));
    running.signal("TERM");
    assert_eq!(code(&running.output()), 143);
}

#[test]
fn after_kill_9_attach_shows_every_line_once_from_the_start_and_the_right_code() {
    let place = Place::new();
    let (mut running, run) = place.start_slow(&["--result-file=result.json"]);
    running.child().kill().unwrap();
    running.child().wait().unwrap();
    assert_eq!(place.json("result.json")["outcome"], "unfinished");
    assert_eq!(place.runs()[0]["phase"], "running");

    let attached = place.start(&["attach", &run]);
    assert_eq!(code(&place.run(&["cancel", &run, "--reason", "test"])), 0);
    let output = attached.output();
    assert_eq!(code(&output), 143, "{}", stderr(&output));
    let shown = stdout(&output);
    let lines: Vec<&str> = shown.lines().collect();
    let numbered = lines.len() - 3;
    let mut expected = vec!["ready".to_owned()];
    expected.extend((1..=numbered).map(|number| format!("line {number}")));
    expected.extend(["cleaning up".to_owned(), "clean".to_owned()]);
    assert_eq!(lines, expected);
    assert!(numbered >= 3);

    let again = place.run(&["attach", &run]);
    assert_eq!((code(&again), stdout(&again)), (143, shown));
}

#[test]
fn whoever_attaches_can_leave_without_stopping_the_run() {
    let place = Place::new();
    let (owner, run) = place.start_slow(&[]);
    let mut attached = place.start(&["attach", &run]);
    let mut first = [0; 6];
    attached
        .child()
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    attached.signal("INT");
    let output = attached.output();
    assert_eq!(code(&output), 130, "{}", stderr(&output));
    assert!(stderr(&output).contains("goes on"), "{}", stderr(&output));
    assert_eq!(place.runs()[0]["phase"], "running");
    owner.signal("TERM");
    assert_eq!(code(&owner.output()), 143);
}

#[test]
fn a_terminal_that_shows_nothing_any_more_does_not_stop_us_from_leaving() {
    let place = Place::new();
    // Nobody reads this pipe: it fills up, and the console's thread hangs in a write.
    let mut running = place.start(&["--", "box", "job", "--do=many", "--count=50000000"]);
    let mut first = [0; 70];
    running.child().stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    running.signal("INT");
    running.signal("TERM");
    let mut status = None;
    eventually("the program leaves", || {
        status = running.child().try_wait().unwrap();
        status.is_some()
    });
    assert!([130, 143].contains(&status.unwrap().code().unwrap()));
    std::io::sink().write_all(&first).unwrap();
}
