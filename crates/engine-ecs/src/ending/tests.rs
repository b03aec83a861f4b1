use super::*;

mod table;

fn over() -> Over {
    Over {
        output: OutputForm::Framed,
        stop_code: StopCode::EssentialContainerExited,
        stopped_reason: "Essential container in task exited".to_owned(),
        started: true,
        job: container("job", None, ""),
        others: Vec::new(),
        limit_mib: Some(4096),
        timeout_seconds: Some(3600),
        ran_ms: Some(61_000),
        task_definition: "deploy-runner-jobs:7".to_owned(),
        missing_group: None,
    }
}

fn container(name: &str, exit_code: Option<i32>, reason: &str) -> Container {
    Container {
        name: name.to_owned(),
        exit_code,
        reason: reason.to_owned(),
    }
}

fn exited(code: i32) -> Over {
    Over {
        job: container("job", Some(code), ""),
        ..over()
    }
}

fn stopped_by(stop_code: StopCode, reason: &str, code: Option<i32>) -> Over {
    Over {
        stop_code,
        stopped_reason: reason.to_owned(),
        job: container("job", code, ""),
        ..over()
    }
}

fn trailer(exit: u8, cause: Cause) -> Trailer {
    Trailer {
        exit,
        cause,
        lines: 0,
        sha256: String::new(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "reads better where it is called")]
#[track_caller]
fn ends(over: &Over, trailer: Option<Trailer>, expected: &Ending) {
    assert_eq!(&over.judge(trailer.as_ref()), expected);
}

#[expect(clippy::needless_pass_by_value, reason = "reads better where it is called")]
#[track_caller]
fn unknown_because(over: &Over, trailer: Option<Trailer>, because: &str) {
    let ending = over.judge(trailer.as_ref());
    assert!(
        matches!(&ending, Ending::Unknown { reason } if reason.contains(because)),
        "{ending:?}"
    );
}

#[expect(clippy::needless_pass_by_value, reason = "reads better where it is called")]
#[track_caller]
fn host_lost_because(over: &Over, trailer: Option<Trailer>, because: &str) {
    let ending = over.judge(trailer.as_ref());
    assert!(
        matches!(&ending, Ending::HostLost { reason } if reason.contains(because)),
        "{ending:?}"
    );
}

#[test]
fn with_both_witnesses_every_code_is_the_jobs_own() {
    for code in [0_u8, 1, 5, 124, 125, 137, 143, 255] {
        ends(
            &exited(code.into()),
            Some(trailer(code, Cause::Exited)),
            &Ending::Exited { code },
        );
    }
}

#[test]
fn witnesses_that_disagree_prove_nothing() {
    unknown_because(
        &exited(0),
        Some(trailer(1, Cause::Exited)),
        "exited with 0, and the runner's closing line says 1",
    );
    unknown_because(
        &exited(1),
        Some(trailer(0, Cause::Exited)),
        "exited with 1, and the runner's closing line says 0",
    );
    unknown_because(&over(), Some(trailer(0, Cause::Exited)), "no exit code to confirm it");
}

#[test]
fn without_the_closing_line_plain_codes_count_and_the_others_do_not() {
    for code in [0_u8, 1, 5, 123] {
        ends(&exited(code.into()), None, &Ending::Exited { code });
    }
    for code in [124, 125, 126, 128, 137, 139, 143, 255] {
        unknown_because(&exited(code), None, &format!("exited with {code}, and without"));
    }
    unknown_because(&exited(-1), None, "no exit code of a process");
    unknown_because(&over(), None, "ECS has no exit code");
}

#[test]
fn a_raw_container_has_ecs_alone_as_its_witness() {
    for code in [0_u8, 1, 124, 137, 255] {
        let raw = Over {
            output: OutputForm::Raw,
            ..exited(code.into())
        };
        ends(&raw, None, &Ending::Exited { code });
    }
    let cancelled = Over {
        output: OutputForm::Raw,
        ..stopped_by(StopCode::UserInitiated, "deploy-runner: Ctrl-C", Some(143))
    };
    ends(&cancelled, None, &Ending::Cancelled { code: Some(143) });
}

#[test]
fn a_stop_by_a_caller_is_a_cancel_with_the_code_unless_it_was_killed() {
    let stopped = |code: u8| stopped_by(StopCode::UserInitiated, "deploy-runner: Ctrl-C", Some(code.into()));
    ends(
        &stopped(7),
        Some(trailer(7, Cause::Stopped)),
        &Ending::Cancelled { code: Some(7) },
    );
    ends(
        &stopped(137),
        Some(trailer(137, Cause::Stopped)),
        &Ending::Cancelled { code: None },
    );
    ends(&stopped(7), None, &Ending::Cancelled { code: Some(7) });
    ends(&stopped(137), None, &Ending::Cancelled { code: None });
    ends(&stopped(143), None, &Ending::Cancelled { code: None });
    let never_ran = Over {
        started: false,
        ..stopped_by(StopCode::UserInitiated, "Task stopped by user", None)
    };
    ends(&never_ran, None, &Ending::Cancelled { code: None });
    let nameless = stopped_by(StopCode::Unnamed, "deploy-runner: Ctrl-C", Some(0));
    ends(&nameless, None, &Ending::Cancelled { code: Some(0) });
    ends(
        &nameless,
        Some(trailer(0, Cause::Stopped)),
        &Ending::Cancelled { code: Some(0) },
    );
}

#[test]
fn a_job_that_ended_by_itself_was_not_cancelled_by_a_late_stop() {
    let late = stopped_by(StopCode::UserInitiated, "deploy-runner: Ctrl-C", Some(0));
    ends(&late, Some(trailer(0, Cause::Exited)), &Ending::Exited { code: 0 });
}

#[test]
fn an_interrupted_job_is_no_success_although_it_cleaned_up_and_exited_with_zero() {
    for code in [
        StopCode::Spot,
        StopCode::Termination,
        StopCode::InfrastructureHealth,
        StopCode::ServiceScheduler,
    ] {
        let interrupted = stopped_by(code, "", Some(0));
        assert!(matches!(interrupted.judge(None), Ending::HostLost { .. }), "{code:?}");
        let ending = interrupted.judge(Some(&trailer(0, Cause::Stopped)));
        assert!(matches!(ending, Ending::HostLost { .. }), "{code:?}");
        ends(
            &interrupted,
            Some(trailer(0, Cause::Exited)),
            &Ending::Exited { code: 0 },
        );
    }
}

#[test]
fn the_deadline_is_the_runners_word() {
    let expected = Ending::TimedOut { after_seconds: 3600 };
    ends(&exited(124), Some(trailer(124, Cause::TimedOut)), &expected);
    ends(&over(), Some(trailer(124, Cause::TimedOut)), &expected);
    let measured = Over {
        timeout_seconds: None,
        ..exited(124)
    };
    ends(
        &measured,
        Some(trailer(124, Cause::TimedOut)),
        &Ending::TimedOut { after_seconds: 61 },
    );
}

#[test]
fn lack_of_memory_is_named_when_ecs_names_it_and_the_job_failed() {
    let oom = |code: Option<i32>| Over {
        job: container("job", code, "OutOfMemoryError: Container killed due to memory usage"),
        ..over()
    };
    let expected = Ending::OutOfMemory { limit_mib: 4096 };
    ends(&oom(Some(137)), None, &expected);
    ends(&oom(None), None, &expected);
    ends(&oom(Some(1)), Some(trailer(1, Cause::Exited)), &expected);
    ends(
        &oom(Some(137)),
        Some(trailer(137, Cause::Signalled { signal: 9 })),
        &expected,
    );
    ends(
        &oom(Some(0)),
        Some(trailer(0, Cause::Exited)),
        &Ending::Exited { code: 0 },
    );
    ends(&oom(Some(0)), None, &Ending::Exited { code: 0 });
    unknown_because(&exited(137), None, "lack of memory");
}

#[test]
fn signals_and_start_failures_of_the_runner_pass_through() {
    ends(
        &exited(139),
        Some(trailer(139, Cause::Signalled { signal: 11 })),
        &Ending::Signalled { signal: 11 },
    );
    let reason = "no such script".to_owned();
    let failed = Cause::FailedToStart { reason: reason.clone() };
    ends(
        &exited(125),
        Some(trailer(125, failed)),
        &Ending::FailedToStart { reason },
    );
}

#[test]
fn a_neighbour_that_broke_is_named_and_its_victim_is_no_success() {
    let with = |code: Option<i32>| Over {
        others: vec![container("proxy", code, "")],
        ..exited(0)
    };
    host_lost_because(
        &with(Some(1)),
        Some(trailer(0, Cause::Stopped)),
        "`proxy` beside the job ended",
    );
    host_lost_because(&with(Some(1)), None, "`proxy` beside the job ended");
    for stopped_by_ecs in [None, Some(0), Some(137), Some(143)] {
        ends(&with(stopped_by_ecs), None, &Ending::Exited { code: 0 });
    }
    ends(
        &with(Some(1)),
        Some(trailer(0, Cause::Exited)),
        &Ending::Exited { code: 0 },
    );
    host_lost_because(&exited(0), Some(trailer(0, Cause::Stopped)), "it was not deploy-runner");
}

#[test]
fn a_missing_log_group_is_named_when_we_read_the_same_one_and_else_where_it_is_named() {
    let says = "ResourceInitializationError: failed to validate logger args: ResourceNotFoundException: The specified log group does not exist.";
    let over = Over {
        started: false,
        ..stopped_by(StopCode::TaskFailedToStart, says, None)
    };
    let reason = |over: &Over| {
        let ending = over.judge(None);
        let Ending::FailedToStart { reason } = ending else {
            panic!("{ending:?}");
        };
        reason
    };
    let ours = over.with_missing_group(Some(&"/deploy-runner/jobs".to_owned()));
    assert!(reason(&ours).starts_with("the log group `/deploy-runner/jobs` does not exist: create it (ECS says: "));
    assert!(
        reason(&over).contains("task definition `deploy-runner-jobs:7`"),
        "{}",
        reason(&over)
    );
}
