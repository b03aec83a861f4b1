//! Draws from a seed. The same seed and the same labels give the same draws, whatever else was drawn in between.
//!
//! Never: reads the system's random source.

use std::ops::Range;

/// A stream of draws of its own.
#[derive(Debug, Clone)]
pub struct Draw(u64);

impl Draw {
    /// The stream that belongs to a seed and the labels of what is being decided.
    pub fn of(seed: u64, labels: &[u64]) -> Self {
        let mut state = mix(seed ^ 0x9e37_79b9_7f4a_7c15);
        for label in labels {
            state = mix(state
                ^ label
                    .wrapping_mul(0xd6e8_feb8_6659_fd93)
                    .wrapping_add(0xa076_1d64_78bd_642f));
        }
        Self(state)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        // 32 bits are plenty, and fit a float without loss.
        let drawn = f64::from(u32::try_from(self.bits() >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX);
        probability > 0.0 && drawn <= probability
    }

    /// A number of the range; its start when the range is empty.
    pub fn within(&mut self, range: &Range<u64>) -> u64 {
        let width = range.end.saturating_sub(range.start);
        let drawn = self.bits();
        if width == 0 {
            range.start
        } else {
            range.start + drawn % width
        }
    }
}

/// The finaliser of splitmix64 (Steele, Lea and Flood, 2014).
const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_labels_draw_the_same_and_others_do_not() {
        let bits = |seed, labels: &[u64]| Draw::of(seed, labels).bits();
        assert_eq!(bits(1, &[2, 3]), bits(1, &[2, 3]));
        assert_ne!(bits(1, &[2, 3]), bits(1, &[3, 2]));
        assert_ne!(bits(1, &[2, 3]), bits(2, &[2, 3]));
    }

    #[test]
    fn a_chance_comes_about_as_often_as_it_should() {
        let mut draw = Draw::of(7, &[]);
        let hits = (0..10_000).filter(|_| draw.chance(0.2)).count();
        assert!((1_850..2_150).contains(&hits), "{hits}");
        assert!(!(0..10_000).any(|_| draw.chance(0.0)));
    }
}
