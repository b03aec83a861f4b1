//! What reaches a job through process 1, and what a job can make of it.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use e2e::corpus::{self, Attack, JobScript, RunnerAttack};
use e2e::product::{self, Place};
use protocol::frame::{Assembler, Cause, Completeness};

#[test]
fn the_runner_stops_or_neutralises_every_attack_of_the_corpus() {
    corpus::every(
        &corpus::rows(),
        |attack| {
            if let Attack::Runner(runner) = attack {
                Some(runner)
            } else {
                None
            }
        },
        check,
    );
}

fn check(attack: &RunnerAttack) -> Result<(), String> {
    let place = Place::new();
    let trigger = place.join("scripts");
    std::fs::create_dir_all(trigger.join("sub")).map_err(|error| error.to_string())?;
    // Programs that a name could reach by leaving the folder.
    let touch = format!("touch {}", place.join("marker").display());
    executable(&place.join("outside"), &touch);
    executable(&trigger.join("sub/x"), &touch);
    symlink(place.join("outside"), trigger.join("link-out")).map_err(|error| error.to_string())?;
    executable(&trigger.join("job"), body(attack.script));

    let mut runner = product::command(&product::programs().join("deploy-runner"));
    runner
        .args(["--timeout", "20", "--stop-timeout", "2", "--trigger-dir"])
        .arg(&trigger);
    for name in &attack.secret {
        runner.args(["--secret", name]);
    }
    runner
        .arg("--")
        .arg(attack.called.as_deref().unwrap_or("job"))
        .args(&attack.args);
    let ended = product::run(runner.envs(&attack.env).current_dir(place.path()));

    let (log, cause) = read(&ended.stdout)?;
    let started = !matches!(cause, Cause::FailedToStart { .. });
    if started != attack.starts {
        return Err(format!("started: {started}; {cause:?}; {ended:?}"));
    }
    if place.join("marker").exists()
        || attack
            .never_makes
            .as_ref()
            .is_some_and(|name| place.join(name).exists())
    {
        return Err("made a file that must not be".to_owned());
    }
    // The runner's own diagnostics must not show a secret; that its loader complains about `LD_AUDIT` is not the job's doing.
    let said = if attack.secret.is_empty() {
        log.clone()
    } else {
        format!("{log}{}", ended.stderr)
    };
    if attack
        .never_prints
        .as_ref()
        .is_some_and(|never| said.contains(never.as_str()))
    {
        return Err(format!("printed what it must not: {said}"));
    }
    if attack
        .prints
        .as_ref()
        .is_some_and(|wanted| !log.lines().any(|line| line == wanted))
    {
        return Err(format!(
            "did not print `{}`: {log}",
            attack.prints.as_deref().unwrap_or_default()
        ));
    }
    Ok(())
}

/// What a reader of the log gets, and how the runner says that the job ended.
fn read(frames: &str) -> Result<(String, Cause), String> {
    let mut assembler = Assembler::new();
    let mut bytes = Vec::new();
    for frame in frames.lines() {
        assembler
            .push(frame, |chunk| chunk.append_to(&mut bytes))
            .map_err(|error| format!("{error}: {frame}"))?;
    }
    match assembler.finish(|chunk| chunk.append_to(&mut bytes)) {
        Completeness::Complete { trailer } => Ok((String::from_utf8_lossy(&bytes).into_owned(), trailer.cause)),
        end => Err(format!("the log is not complete: {end:?}: {frames}")),
    }
}

const fn body(script: JobScript) -> &'static str {
    match script {
        JobScript::Env => "exec env",
        JobScript::Arguments => "for word; do printf '%s\\n' \"$word\"; done",
        JobScript::Base64 => "printf %s \"$DEPLOY_TOKEN\" | base64",
        JobScript::None => "exit 0",
    }
}

fn executable(path: &Path, command: &str) {
    std::fs::write(path, format!("#!/bin/sh\n{command}\n")).expect("a script");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
}
