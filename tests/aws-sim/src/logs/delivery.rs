//! How a container's entries reach the store: in batches, and with the faults of the way.
//!
//! What happens to an entry depends on the seed, the task and the entry's place only. So a stop, which changes the entries to come, changes
//! nothing for those that were delivered already.

use super::{Event, Key, Stream};
use crate::faults::Faults;
use crate::life::Life;
use crate::random::Draw;

/// Entries of one task have orders of their own, two for each.
const ORDERS_OF_A_TASK: u64 = 1 << 32;

/// A stream and, for each entry, the moment when it can be read; absent when it is lost.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    pub(crate) stream: Stream,
    pub(crate) readable: Vec<Option<u64>>,
}

/// Delivers all entries of a life.
pub(crate) fn deliver(life: &Life, task: u64, seed: u64, faults: &Faults) -> Delivery {
    let Some(started) = life.started else {
        return Delivery::default();
    };
    let mut draw = Draw::of(seed, &[task, 1]);
    let early = draw.chance(faults.early_stream);
    let phase = draw.within(&(0..faults.timing.flush.max(1)));
    let way = Way {
        started,
        phase,
        faults,
        // Whoever loses the host loses what the driver had not sent.
        final_flush: life.container_ended.filter(|_| life.exit_code.is_some()),
    };
    let mut delivery = Delivery::default();
    delivery.stream.events.reserve(life.entries.len());
    let mut latest = 0;
    for (place, entry) in (0_u64..).zip(&life.entries) {
        let mut draw = Draw::of(seed, &[task, 2, place]);
        // A batch arrives as a whole, and never before the one that was sent before it.
        let arrived = way.sent(entry.at, life.container_ended).map(|sent| {
            let batch = sent + Draw::of(seed, &[task, 3, sent]).within(&faults.timing.ingestion);
            latest = batch.max(latest);
            latest
        });
        let fate = arrived.and_then(|arrived| way.straggle(arrived, &mut draw));
        delivery.readable.push(fate);
        let Some(readable) = fate else { continue };
        let timestamp = way.timestamp(entry.at, &mut draw).min(readable);
        let order = task * ORDERS_OF_A_TASK + 2 * place;
        let event = Event {
            key: Key { timestamp, order },
            readable,
            message: entry.text.clone(),
        };
        if draw.chance(faults.duplicate_event) {
            delivery.stream.events.push(Event {
                key: Key {
                    order: order + 1,
                    ..event.key
                },
                readable: readable + draw.within(&(1..3_000)),
                message: event.message.clone(),
            });
        }
        delivery.stream.events.push(event);
    }
    delivery.stream.events.sort_unstable_by_key(|event| event.key);
    let first = delivery.stream.events.iter().map(|event| event.readable).min();
    delivery.stream.exists = if early { Some(started) } else { first };
    delivery
}

struct Way<'a> {
    started: u64,
    phase: u64,
    faults: &'a Faults,
    final_flush: Option<u64>,
}

impl Way<'_> {
    /// When the driver sends an entry of this moment; never when the host is lost before.
    fn sent(&self, at: u64, ended: Option<u64>) -> Option<u64> {
        let flush = self.faults.timing.flush.max(1);
        let since = at - self.started + self.phase;
        let next = at + (flush - since % flush) % flush;
        match (self.final_flush, ended) {
            (Some(last), _) => Some(next.min(last.max(at))),
            (None, Some(lost)) => Some(next).filter(|next| *next < lost),
            (None, None) => Some(next),
        }
    }

    /// When one entry of a batch can be read; never when it is lost.
    fn straggle(&self, arrived: u64, draw: &mut Draw) -> Option<u64> {
        let lost = draw.chance(self.faults.lost_event);
        let late = if draw.chance(self.faults.late_event) {
            draw.within(&self.faults.timing.lateness)
        } else {
            0
        };
        (!lost).then_some(arrived + late)
    }

    fn timestamp(&self, at: u64, draw: &mut Draw) -> u64 {
        if draw.chance(self.faults.reordered_event) {
            // As if the driver had taken its lines from several queues.
            (at + draw.within(&(0..80))).saturating_sub(40).max(self.started)
        } else {
            at
        }
    }
}
