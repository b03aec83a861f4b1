//! Generates allow-lists and requests against them from a seed: near-valid requests, and attacks on them.
//!
//! The same seed always gives the same cases. Counts can be raised or cut by environment variables.

mod attack;
mod list;
mod random;
mod request;
mod value;

pub(crate) use attack::attacked;
pub(crate) use list::list;
pub(crate) use random::Random;
pub(crate) use request::valid_request;
pub(crate) use value::PATTERNS;

/// The number of cases: as the variable says, or the default.
#[track_caller]
pub(crate) fn count(variable: &str, default: usize) -> usize {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number of cases"))
}

/// Runs `cases` cases on every core. Each batch has a seed of its own, which a failure names.
pub(crate) fn in_parallel(cases: usize, batch: usize, run: impl Fn(&mut Random) + Sync) {
    let batches = cases.div_ceil(batch);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let run = &run;
            scope.spawn(move || {
                for seed in (thread..batches).step_by(threads) {
                    run(&mut Random::new(seed as u64));
                }
            });
        }
    });
}
