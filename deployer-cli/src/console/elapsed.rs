//! Durations as people read them.
//!
//! Never: reads a clock.

use std::time::Duration;

/// `0.4s`, `12s`, `1m 05s`, `2h 03m 07s`: tenths only where they matter.
pub fn precise(duration: Duration) -> String {
    if duration < Duration::from_secs(10) {
        let tenths = duration.as_millis() / 100;
        return format!("{}.{}s", tenths / 10, tenths % 10);
    }
    whole(duration)
}

/// `0s`, `12s`, `1m 05s`, `2h 03m 07s`.
pub fn whole(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m {seconds:02}s"),
        _ => format!("{hours}h {minutes:02}m {seconds:02}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_naturally_from_tenths_to_hours() {
        let texts = [400, 9_999, 12_000, 65_000, 7_387_000].map(|ms| precise(Duration::from_millis(ms)));
        assert_eq!(texts, ["0.4s", "9.9s", "12s", "1m 05s", "2h 03m 07s"]);
        assert_eq!(whole(Duration::from_millis(900)), "0s");
    }
}
