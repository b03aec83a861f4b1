//! Row 29: a log that lies about its end is never taken for a complete one.

use e2e::corpus::{self, Attack, FramesAttack, LogEnd};
use protocol::frame::{Assembler, Completeness};

#[test]
fn no_forged_or_torn_log_counts_as_complete() {
    corpus::every(
        &corpus::rows(),
        |attack| {
            if let Attack::Frames(frames) = attack {
                Some(frames)
            } else {
                None
            }
        },
        check,
    );
}

fn check(attack: &FramesAttack) -> Result<(), String> {
    let mut assembler = Assembler::new();
    for frame in &attack.frames {
        // A frame that is refused is part of some attacks; what counts is what the log is taken for in the end.
        drop(assembler.push(frame, |_| ()));
    }
    let end = assembler.finish(|_| ());
    let as_expected = match &end {
        Completeness::Complete { .. } => false,
        Completeness::NoTrailer { .. } => attack.ends == LogEnd::NoTrailer,
        Completeness::Altered { .. } => attack.ends == LogEnd::Altered,
        Completeness::Missing { .. } => attack.ends == LogEnd::Missing,
    };
    as_expected
        .then_some(())
        .ok_or_else(|| format!("expected {:?}, got {end:?}", attack.ends))
}
