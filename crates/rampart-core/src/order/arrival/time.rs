//! When a receipt counts: the provider's own time, within bounds.

use std::time::Duration;

use crate::time::Timestamp;

/// When a receipt counts.
///
/// `reported` is the source's own time (a bank's booking instant, a processor's capture, a block); `None` if the source reports
/// dates only. `seen` is when we received the report. `read_before` is the start of the last complete reading of the source
/// that did not show the receipt; `None` if the source is not read that way. A time more than `backdating` before that reading
/// becomes the time of that reading, and no time is after `seen`. All are business time. The order's creation is a further
/// bound, which the order applies.
#[must_use]
pub fn counts_at(reported: Option<Timestamp>, seen: Timestamp, read_before: Option<Timestamp>, backdating: Duration) -> Timestamp {
    let reported_or_seen = reported.unwrap_or(seen).min(seen);
    match (reported, read_before) {
        (_, None) => reported_or_seen,
        (Some(_), Some(read)) => if reported_or_seen.until(read) > backdating { read } else { reported_or_seen }.min(seen),
        // Dates only: after an interruption it may have been there since the last complete reading.
        (None, Some(read)) => {
            if read.until(seen) > backdating {
                read
            } else {
                seen
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outsides_time_counts_within_its_bounds() {
        let at = |minutes: i64| Timestamp::from_micros((600 + minutes) * 60_000_000);
        let backdating = Duration::from_secs(900);
        let cases = [
            // Worked examples 11 and 12: the bank reports 10:59.
            (Some(59), 72, Some(70), 59),
            (Some(59), 85, Some(80), 80),
            (Some(59), 60, None, 59),
            (Some(59), 60, Some(59), 59),
            // A source whose clock is fast.
            (Some(90), 60, Some(59), 60),
            // Dates only.
            (None, 60, Some(50), 60),
            (None, 180, Some(30), 30),
            (None, 180, None, 180),
        ];
        for (reported, seen, read, expected) in cases {
            assert_eq!(counts_at(reported.map(at), at(seen), read.map(at), backdating), at(expected), "{reported:?} {seen} {read:?}");
        }
    }
}
