//! What a run is asked for, and when.

use proptest::prelude::*;

use super::*;

const RUN: RunId = RunId::from_random([7; 16]);
const ALONE: Share = Share {
    readers: 1,
    requests: 1,
    per_second: 10,
};

/// A run that was seen running half a minute ago, wrote just now and was asked for just now.
fn active() -> Facts {
    Facts {
        now: 1_000_000,
        phase: Phase::Running,
        over: false,
        log_is_read: false,
        entry: Some(999_900),
        latest: 999_800,
        in_batches: false,
        seen: Some(999_000),
        read: Some(999_950),
        reached: Some(999_950),
        failures: 0,
    }
}

fn quiet_for(millis: Millis) -> Facts {
    Facts {
        entry: Some(1_000_000 - millis),
        reached: Some(1_000_000),
        ..active()
    }
}

fn shared_by(readers: u32) -> Share {
    Share { readers, ..ALONE }
}

#[test]
fn a_job_that_writes_is_read_about_once_a_second() {
    assert_eq!(active().pause(RUN, ALONE), 850);
    assert!(active().log_is_due(false, ALONE) && active().log_is_due(true, ALONE));
}

#[test]
fn right_after_a_batch_the_next_one_is_not_looked_for_at_once() {
    let after_batch = Facts {
        in_batches: true,
        entry: Some(999_950),
        ..active()
    };
    assert_eq!(after_batch.pause(RUN, ALONE), 2_000);
    let read = Some(1_000_000);
    assert_eq!(Facts { read, ..after_batch }.pause(RUN, ALONE), 850);
}

#[test]
fn the_task_of_a_job_that_writes_is_looked_at_every_ten_seconds_and_sooner_when_it_falls_silent() {
    let seen = |age: Millis| Facts {
        seen: Some(1_000_000 - age),
        ..active()
    };
    assert!(!seen(9_000).task_is_due() && seen(9_500).task_is_due());
    let silent = Facts {
        entry: Some(994_000),
        ..seen(4_500)
    };
    assert!(silent.task_is_due());
}

#[test]
fn a_run_that_has_not_started_is_asked_of_ecs_alone() {
    for phase in [Phase::Queued, Phase::Starting] {
        let facts = Facts { phase, ..active() };
        assert!(facts.task_is_due() && !facts.log_is_due(true, ALONE));
        assert_eq!(facts.pause(RUN, ALONE), 1_500);
    }
}

#[test]
fn the_pause_of_a_quiet_job_grows_to_five_seconds() {
    let pauses = [10_000, 15_000, 25_000, 3_600_000].map(|quiet| quiet_for(quiet).pause(RUN, ALONE));
    assert_eq!(pauses, [2_000, 3_000, 5_000, 5_000]);
}

#[test]
fn a_call_for_a_quiet_job_asks_for_the_task_or_for_the_log() {
    for seen in [None, Some(900_000), Some(999_999)] {
        let facts = Facts {
            seen,
            ..quiet_for(60_000)
        };
        assert_ne!(facts.task_is_due(), facts.log_is_due(facts.task_is_due(), ALONE));
    }
}

#[test]
fn when_the_log_is_read_to_its_end_only_ecs_is_asked_each_second() {
    let facts = Facts {
        log_is_read: true,
        ..quiet_for(60_000)
    };
    assert!(facts.task_is_due() && !facts.log_is_due(true, ALONE));
    assert_eq!(facts.pause(RUN, ALONE), 1_000);
}

#[test]
fn a_stopping_run_is_asked_of_both_each_second() {
    let facts = Facts {
        phase: Phase::Stopping,
        ..quiet_for(60_000)
    };
    assert!(facts.task_is_due() && facts.log_is_due(true, ALONE));
    assert_eq!(facts.pause(RUN, ALONE), 1_000);
}

#[test]
fn a_job_whose_log_could_not_be_read_for_long_is_not_called_quiet() {
    let facts = Facts {
        now: 2_000_000,
        failures: 9,
        ..active()
    };
    assert!(!facts.is_quiet());
}

#[test]
fn many_readers_share_the_quota_and_are_told() {
    let pause = active().pause(RUN, shared_by(120));
    assert!((7_500..=24_000).contains(&pause), "{pause}");
    let next = Facts {
        now: active().now + pause,
        ..active()
    };
    assert_eq!(
        next.pause(RUN, shared_by(120)),
        15_360,
        "a round later it is its turn again"
    );
    assert_eq!(
        active().remark(shared_by(120)).as_deref(),
        Some("output is read every 15 s: 120 readers share the account's log quota")
    );
    assert_eq!(active().remark(shared_by(8)), None);
}

#[test]
fn who_comes_much_too_early_is_not_served_from_the_quota_of_others() {
    let early = Facts {
        read: Some(995_000),
        ..active()
    };
    assert!(!early.log_is_due(false, shared_by(120)));
    assert!(early.log_is_due(false, shared_by(8)));
}

#[test]
fn failed_reads_back_off_to_twenty_seconds() {
    let pauses = [1, 2, 4, 200].map(|failures| {
        let facts = Facts { failures, ..active() };
        facts.pause(RUN, ALONE)
    });
    for (pause, least) in pauses.into_iter().zip([1_000, 2_000, 8_000, 20_000]) {
        assert!((least..=least * 11 / 10).contains(&pause), "{pauses:?}");
    }
}

#[test]
fn runs_that_back_off_together_come_back_at_different_times() {
    let failed = Facts {
        failures: 3,
        ..active()
    };
    let pauses: std::collections::BTreeSet<_> = (0..20)
        .map(|number| failed.pause(RunId::from_random([number; 16]), ALONE))
        .collect();
    assert!(pauses.len() > 10, "{pauses:?}");
}

#[test]
fn a_read_that_failed_is_repeated_soon_although_many_share() {
    let failed = Facts {
        failures: 1,
        read: Some(999_950),
        ..active()
    };
    assert!((1_000..=1_100).contains(&failed.pause(RUN, shared_by(200))));
    assert!(failed.log_is_due(false, shared_by(200)));
}

#[test]
fn a_quiet_job_is_read_in_its_turn_although_ecs_is_asked_in_each() {
    let quiet = Facts {
        read: Some(970_000),
        ..quiet_for(100_000)
    };
    assert!(quiet.log_is_due(true, shared_by(120)) && !quiet.log_is_due(true, ALONE));
}

#[test]
fn a_run_that_had_its_batch_is_left_out_until_the_next_can_be_there() {
    let check = |since_sent: Millis, since_here: Millis, in_batches: bool, expected: bool| {
        let facts = Facts {
            latest: 1_000_000 - since_sent,
            entry: Some(1_000_000 - since_here),
            in_batches,
            ..active()
        };
        assert_eq!(facts.awaits_batch(), expected, "{since_sent} {since_here} {in_batches}");
    };
    check(4_400, 4_000, true, true);
    check(4_600, 4_000, true, false);
    check(-60_000, 4_600, true, false);
    check(1_000, 500, false, false);
}

#[test]
fn the_readers_of_both_quotas_are_as_many_as_each_bears() {
    let runs = (0..=u8::MAX).flat_map(|first| (0..8_u8).map(move |second| (first, second)));
    let asking = runs.filter(|(first, second)| {
        let mut bits = [*first; 16];
        bits[15] = second.wrapping_mul(37).wrapping_add(first.wrapping_mul(101));
        asks_the_other(RunId::from_random(bits), 10, 5)
    });
    assert_eq!(of_both(10, 5), 13);
    // Three of thirteen requests a second.
    let part = asking.count() * 100 / 2_048;
    assert!((18..=28).contains(&part), "{part} %");
}

proptest! {
    #[test]
    fn all_readers_together_stay_inside_the_quota(readers in 1_u32..5_000, requests in 1_u32..5, per_second in 1_u32..50) {
        let share = Share { readers, requests, per_second };
        let mut facts = Facts { entry: Some(1_000_000), ..active() };
        // Its first turn may come early.
        facts.now += facts.pause(RUN, share);
        facts.entry = Some(facts.now);
        let pause = facts.pause(RUN, share);
        let made = i64::from(readers) * i64::from(requests) * 1_000;
        prop_assert!(made <= pause * i64::from(per_second), "{pause}");
    }
}
