//! Whether an engine will hold a container to its limits. One that cannot may drop them without a word: a rootless Podman with control groups of
//! version 1, a Docker on a kernel without one of them.

use std::fs;

use bollard::models::HostConfig;

/// The limits that the engine dropped, in words.
pub(crate) fn dropped_limits(asked: &HostConfig, made: &HostConfig) -> Vec<&'static str> {
    let swaps = fs::read_to_string("/proc/swaps").unwrap_or_default();
    // One line is the heading.
    dropped(asked, made, swaps.lines().count() > 1)
}

fn dropped(asked: &HostConfig, made: &HostConfig, has_swap: bool) -> Vec<&'static str> {
    let limits = [
        ("memory", made.memory == asked.memory),
        // Not every kernel counts swap; where there is none it makes no difference.
        ("swap", made.memory_swap == asked.memory_swap || !has_swap),
        (
            "processor time",
            (made.cpu_quota, made.cpu_period) == (asked.cpu_quota, asked.cpu_period),
        ),
        ("processes", made.pids_limit == asked.pids_limit),
    ];
    let dropped = limits.into_iter().filter(|(_, kept)| !kept);
    dropped.map(|(limit, _)| limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> HostConfig {
        HostConfig {
            memory: Some(64),
            memory_swap: Some(64),
            cpu_quota: Some(25_000),
            cpu_period: Some(100_000),
            pids_limit: Some(4_096),
            ..HostConfig::default()
        }
    }

    #[test]
    fn an_engine_that_keeps_every_limit_drops_none() {
        assert_eq!(dropped(&asked(), &asked(), true), Vec::<&str>::new());
    }

    #[test]
    fn limits_that_an_engine_says_nothing_of_are_dropped() {
        // Podman 4.3 without root, control groups of version 1.
        let podman = HostConfig {
            memory: Some(0),
            memory_swap: Some(0),
            cpu_quota: Some(0),
            cpu_period: Some(0),
            pids_limit: Some(0),
            ..HostConfig::default()
        };
        for made in [podman, HostConfig::default()] {
            assert_eq!(
                dropped(&asked(), &made, true),
                ["memory", "swap", "processor time", "processes"]
            );
        }
    }

    #[test]
    fn each_limit_counts_and_swap_only_where_there_is_some() {
        let without = |change: fn(&mut HostConfig)| {
            let mut made = asked();
            change(&mut made);
            made
        };
        // How Docker says that the kernel does not count swap.
        let swap = without(|made| made.memory_swap = Some(-1));
        assert_eq!(dropped(&asked(), &swap, true), ["swap"]);
        assert_eq!(dropped(&asked(), &swap, false), Vec::<&str>::new());
        for (made, limit) in [
            (without(|made| made.memory = Some(65)), "memory"),
            (without(|made| made.cpu_quota = Some(0)), "processor time"),
            (without(|made| made.cpu_period = None), "processor time"),
            (without(|made| made.pids_limit = None), "processes"),
        ] {
            assert_eq!(dropped(&asked(), &made, false), [limit]);
        }
    }
}
