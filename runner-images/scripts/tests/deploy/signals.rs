//! A stop reaches the tool once, and the tool gets the time to release its state.

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::fixture::{Fixture, MODULE, Outcome, wait_for};

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

#[test]
fn a_cancelled_apply_keeps_its_state_and_releases_its_lock() {
    let (fixture, _) = Fixture::with_module();
    let mark = fixture.path("slow-started");
    let slow = format!(
        "resource \"terraform_data\" \"slow\" {{\n  depends_on = [terraform_data.thing]\n  provisioner \"local-exec\" {{\n    command = \"touch {} && exec sleep 60\"\n  }}\n}}\n",
        mark.display()
    );
    fixture.write("prod/app/main.tf", &format!("{MODULE}{slow}"));
    let commit = fixture.commit();
    fixture.push("main");

    let apply = fixture.script(&commit, "apply").start();
    wait_for("the slow resource", || mark.exists());
    let lock = fixture.path("state/.app.tfstate.lock.info");
    assert!(lock.exists());
    for _ in 0..3 {
        send(&apply, Signal::SIGTERM);
        thread::sleep(Duration::from_millis(50));
    }
    let outcome = Outcome::of(apply.wait_with_output().unwrap()).expect_code(1);
    let said = "stopped by SIGTERM: passed on to terraform once, waiting until it has released its state\n";
    assert_eq!(outcome.stderr.matches(said).count(), 1, "{}", outcome.stderr);
    assert_eq!(
        outcome.stdout.matches("Interrupt received.").count(),
        1,
        "{}",
        outcome.stdout
    );
    assert!(!outcome.stdout.contains("Two interrupts"), "{}", outcome.stdout);
    assert!(!lock.exists());
    assert!(
        fs::read_to_string(fixture.state())
            .unwrap()
            .contains("\"value\": \"first\"")
    );
    let plan = fixture.script(&commit, "plan").run().expect_code(0);
    assert!(
        plan.stdout.contains("terraform_data.slow is tainted"),
        "{}",
        plan.stdout
    );
}

#[test]
fn the_tool_gets_the_first_signal_and_no_other() {
    for (signal, name) in [
        (Signal::SIGTERM, "TERM"),
        (Signal::SIGINT, "INT"),
        (Signal::SIGHUP, "TERM"),
    ] {
        let (fixture, commit) = Fixture::with_module();
        let (mark, got) = (fixture.path("started"), fixture.path("got"));
        fixture.replace_program(
            "terraform",
            &format!(
                "case $1 in init) exit 0;; esac\n\
                 for s in TERM INT HUP; do trap \"echo $s >> '{got}'\" $s; done\n\
                 touch '{mark}'\nfor i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; done\nexit 7",
                got = got.display(),
                mark = mark.display()
            ),
        );
        let plan = fixture.script(&commit, "plan").start();
        wait_for("the tool", || mark.exists());
        for signal in [signal, Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
            send(&plan, signal);
            thread::sleep(Duration::from_millis(20));
        }
        Outcome::of(plan.wait_with_output().unwrap()).expect_code(7);
        assert_eq!(fs::read_to_string(&got).unwrap(), format!("{name}\n"), "{signal}");
    }
}

#[test]
fn a_stop_while_git_waits_for_a_server_ends_the_script_at_once() {
    for (signal, code) in [(Signal::SIGTERM, 143), (Signal::SIGINT, 130), (Signal::SIGHUP, 129)] {
        let (fixture, commit) = Fixture::with_module();
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/live.git", silent.local_addr().unwrap());
        let plan = fixture.script(&commit, "plan").instead("--repo", &url).start();
        let (mut connection, _) = silent.accept().unwrap();
        connection.read_exact(&mut [0; 3]).unwrap();

        let sent = Instant::now();
        send(&plan, signal);
        let outcome = Outcome::of(plan.wait_with_output().unwrap());
        let reason = format!("stopped by {signal}");
        outcome.expect_reason(code, &reason);
        assert!(sent.elapsed() < Duration::from_secs(5), "{:?}", sent.elapsed());
        assert_eq!(fs::read_dir(fixture.path("tmp")).unwrap().count(), 0);
    }
}

#[test]
fn a_stop_during_init_ends_the_script_soon_and_the_command_never_runs() {
    let (fixture, commit) = Fixture::with_module();
    let (mark, ran) = (fixture.path("init-started"), fixture.path("command-ran"));
    fixture.replace_program(
        "terraform",
        &format!(
            "case $1 in init) touch '{}'; exec sleep 60;; esac; touch '{}'",
            mark.display(),
            ran.display()
        ),
    );
    let plan = fixture.script(&commit, "plan").start();
    wait_for("init", || mark.exists());
    send(&plan, Signal::SIGTERM);
    Outcome::of(plan.wait_with_output().unwrap()).expect_reason(143, "stopped by SIGTERM");
    assert!(!ran.exists());
}

#[test]
fn an_init_of_a_unit_that_ignores_the_stop_does_not_outlive_the_script() {
    let (fixture, _) = Fixture::with_module();
    fixture.write("prod/app/terragrunt.hcl", "");
    let commit = fixture.commit();
    fixture.push("main");
    fixture.stand_in_for_terragrunt("1.1.3");
    let (new, mark) = (fixture.path("init-starts"), fixture.path("init-started"));
    fixture.replace_program(
        "terraform",
        &format!(
            "case $1 in init) trap '' TERM; echo $$ > '{new}'; mv '{new}' '{mark}'; while :; do sleep 1; done;; esac",
            new = new.display(),
            mark = mark.display()
        ),
    );
    let apply = fixture.script(&commit, "apply").with("--binary=terragrunt").start();
    wait_for("init", || mark.exists());
    send(&apply, Signal::SIGTERM);
    Outcome::of(apply.wait_with_output().unwrap()).expect_reason(143, "stopped by SIGTERM");
    let init = fs::read_to_string(mark).unwrap();
    // Of a process that ended, and that nobody has asked for, nothing is left to read here.
    let words = Path::new("/proc").join(init.trim()).join("cmdline");
    wait_for("the end of init", || fs::read(&words).unwrap_or_default().is_empty());
}

#[test]
fn an_init_that_ignores_the_stop_is_killed_after_its_grace() {
    let (fixture, commit) = Fixture::with_module();
    let mark = fixture.path("init-started");
    fixture.replace_program(
        "terraform",
        &format!("trap '' TERM; touch '{}'; sleep 60 & wait; sleep 60", mark.display()),
    );
    let plan = fixture.script(&commit, "plan").start();
    wait_for("init", || mark.exists());
    let sent = Instant::now();
    send(&plan, Signal::SIGTERM);
    Outcome::of(plan.wait_with_output().unwrap()).expect_reason(143, "stopped by SIGTERM");
    assert!(sent.elapsed() < Duration::from_secs(15), "{:?}", sent.elapsed());
}
