//! One measure: so many connections send requests back to back for so long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::http::Client;
use crate::server;

/// What one measure found.
#[derive(Debug, Clone, Default)]
pub(super) struct Sample {
    /// Answers per second.
    pub(super) per_second: u64,
    /// Half of the answers took no longer, in microseconds.
    pub(super) p50: u64,
    /// Of a hundred answers, 95 took no longer.
    pub(super) p95: u64,
    /// Of a hundred answers, 99 took no longer.
    pub(super) p99: u64,
    /// Processor time that the serving process took for an answer, in microseconds; no other process is counted.
    pub(super) processor: u64,
}

impl Sample {
    /// From each answer's time in microseconds and the time all of them took.
    pub(super) fn of(mut times: Vec<u32>, elapsed: Duration, processor: Duration) -> Self {
        times.sort_unstable();
        let at = |hundredths: usize| times.get(times.len() * hundredths / 100).or(times.last()).copied().map_or(0, u64::from);
        let count = u64::try_from(times.len()).unwrap_or(u64::MAX);
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
        let processor = u64::try_from(processor.as_micros()).unwrap_or(u64::MAX).checked_div(count).unwrap_or_default();
        Self { per_second: count.saturating_mul(1_000) / millis, p50: at(50), p95: at(95), p99: at(99), processor }
    }

    /// The median of each figure over several rounds.
    pub(super) fn median(samples: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> u64| {
            let mut figures: Vec<u64> = samples.iter().map(figure).collect();
            figures.sort_unstable();
            figures.get(figures.len() / 2).copied().unwrap_or_default()
        };
        Self {
            per_second: of(|sample| sample.per_second),
            p50: of(|sample| sample.p50),
            p95: of(|sample| sample.p95),
            p99: of(|sample| sample.p99),
            processor: of(|sample| sample.processor),
        }
    }
}

/// When a measure ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Until {
    /// After so long.
    Time(Duration),
    /// After so many answers.
    Count(usize),
}

/// Who is measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Served<'a> {
    /// Where it listens.
    pub(super) address: &'a str,
    /// The number of its process.
    pub(super) process: Option<u32>,
}

impl Served<'_> {
    /// Processor time that it has taken so far.
    pub(super) fn processor_time(&self) -> Duration {
        self.process.and_then(server::processor_time).unwrap_or_default()
    }
}

/// Makes the bytes of a connection's next request.
pub(super) type MakeRequest = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// Sends over so many connections until the measure ends; every answer must have the status 200. `number` gives each request of
/// the whole run a number of its own.
pub(super) async fn requests(
    served: Served<'_>,
    connections: usize,
    until: Until,
    number: &Arc<AtomicU64>,
    make: &MakeRequest,
) -> Result<Sample, String> {
    let (began, processor_before) = (Instant::now(), served.processor_time());
    let left = Arc::new(AtomicUsize::new(if let Until::Count(count) = until { count } else { usize::MAX }));
    let length = if let Until::Time(length) = until { length } else { Duration::MAX };
    let mut hands = Vec::with_capacity(connections);
    for _ in 0..connections {
        let (mut client, make, number, left) = (Client::new(served.address), Arc::clone(make), Arc::clone(number), Arc::clone(&left));
        hands.push(tokio::spawn(async move {
            let mut times: Vec<u32> = Vec::with_capacity(64 << 10);
            while began.elapsed() < length && take_one(&left) {
                let request = make(number.fetch_add(1, Ordering::Relaxed));
                let sent = Instant::now();
                let answer = client.send(&request).await.map_err(|error| error.to_string())?;
                times.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
                if answer.status != 200 {
                    return Err(format!("{} {}", answer.status, answer.text()));
                }
            }
            Ok(times)
        }));
    }
    let mut times = Vec::new();
    for hand in hands {
        times.extend(hand.await.map_err(|error| error.to_string())??);
    }
    let processor = served.processor_time().saturating_sub(processor_before);
    Ok(Sample::of(times, began.elapsed(), processor))
}

fn take_one(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let sample = Sample::of((1..=100).rev().collect(), Duration::from_secs(2), Duration::from_millis(1));
        assert_eq!((sample.per_second, sample.p50, sample.p95, sample.p99, sample.processor), (50, 51, 96, 100, 10));
    }

    #[test]
    fn a_median_is_of_each_figure() {
        let rounds = [3, 1, 2].map(|figure| Sample { per_second: figure, p50: 10 - figure, p95: 0, p99: figure, processor: 0 });
        let median = Sample::median(&rounds);
        assert_eq!((median.per_second, median.p50, median.p99), (2, 8, 2));
    }
}
