//! Requests to the gate for the entries of the standard allow-list: often right, sometimes not, in both ways of writing.

use gatekeeper::AllowList;

use crate::comparison;
use crate::random::Random;

pub(crate) use crate::comparison::{Entry, Values, allow_list, standard_allow_list, written};

/// Permitted requests that are compared; hardly more than a second of work.
const COMPARED: usize = 50_000;

/// The same as [`compare_in`] for the entry of the standard allow-list.
#[track_caller]
pub(crate) fn compare(
    entry: Entry,
    units: impl FnMut(&mut Random) -> Vec<Vec<String>>,
    read: impl Fn(Vec<String>) -> Result<Values, clap::Error>,
) {
    compare_in(&standard_allow_list(), entry, units, read);
}

/// Compares what the gate understood with what `read` takes from the canonical arguments. `units` makes the options of one request;
/// their order is shuffled here. The script refuses nothing that the gate permits.
#[track_caller]
pub(crate) fn compare_in(
    list: &AllowList,
    entry: Entry,
    mut units: impl FnMut(&mut Random) -> Vec<Vec<String>>,
    read: impl Fn(Vec<String>) -> Result<Values, clap::Error>,
) {
    let request = |random: &mut Random| {
        let mut units = units(random);
        random.shuffle(&mut units);
        entry.request(units.concat())
    };
    let refusals = comparison::compare(list, COMPARED, 4, request, read, |_| false);
    let denied = refusals.by_the_gate;
    assert!(denied > COMPARED / 100, "{denied} denied: the requests are too tame");
}
