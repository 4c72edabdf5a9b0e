//! One measurement: connections that send requests back to back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::http::HttpClient;
use crate::server;

/// The result of one measurement.
#[derive(Debug, Clone, Default)]
pub(super) struct LatencySample {
    pub(super) per_second: u64,
    /// Latency in microseconds.
    pub(super) p50: u64,
    pub(super) p95: u64,
    pub(super) p99: u64,
    /// Processor time of the measured process per answer, in microseconds.
    pub(super) processor: u64,
}

impl LatencySample {
    /// `times` are the latencies in microseconds, `elapsed` the duration of the whole measurement.
    pub(super) fn of(mut times: Vec<u32>, elapsed: Duration, processor: Duration) -> Self {
        times.sort_unstable();
        let at = |hundredths: usize| times.get(times.len() * hundredths / 100).or(times.last()).copied().map_or(0, u64::from);
        let count = u64::try_from(times.len()).unwrap_or(u64::MAX);
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
        let processor = u64::try_from(processor.as_micros()).unwrap_or(u64::MAX).checked_div(count).unwrap_or_default();
        Self { per_second: count.saturating_mul(1_000) / millis, p50: at(50), p95: at(95), p99: at(99), processor }
    }

    /// The median of each value over several rounds.
    pub(super) fn median(samples: &[Self]) -> Self {
        let of = |value: fn(&Self) -> u64| {
            let mut values: Vec<u64> = samples.iter().map(value).collect();
            values.sort_unstable();
            values.get(values.len() / 2).copied().unwrap_or_default()
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

/// When a measurement ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Until {
    Time(Duration),

    Count(usize),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct MeasuredProcess<'a> {
    pub(super) address: &'a str,

    pub(super) process_id: Option<u32>,
}

impl MeasuredProcess<'_> {
    pub(super) fn processor_time(&self) -> Duration {
        self.process_id.and_then(server::processor_time).unwrap_or_default()
    }
}

/// Makes the bytes of the request with this number.
pub(super) type MakeRequest = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// Sends requests over `connections` until the measurement ends. Every answer must have the status 200. `number` counts the requests
/// of the whole run.
pub(super) async fn requests(
    measured: MeasuredProcess<'_>,
    connections: usize,
    until: Until,
    number: &Arc<AtomicU64>,
    make: &MakeRequest,
) -> Result<LatencySample, String> {
    let (began, processor_before) = (Instant::now(), measured.processor_time());
    let left = Arc::new(AtomicUsize::new(if let Until::Count(count) = until { count } else { usize::MAX }));
    let length = if let Until::Time(length) = until { length } else { Duration::MAX };
    let mut workers = Vec::with_capacity(connections);
    for _ in 0..connections {
        let (mut client, make, number, left) = (HttpClient::new(measured.address), Arc::clone(make), Arc::clone(number), Arc::clone(&left));
        workers.push(tokio::spawn(async move {
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
    for worker in workers {
        times.extend(worker.await.map_err(|error| error.to_string())??);
    }
    let processor = measured.processor_time().saturating_sub(processor_before);
    Ok(LatencySample::of(times, began.elapsed(), processor))
}

pub(super) fn take_one(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let sample = LatencySample::of((1..=100).rev().collect(), Duration::from_secs(2), Duration::from_millis(1));
        assert_eq!((sample.per_second, sample.p50, sample.p95, sample.p99, sample.processor), (50, 51, 96, 100, 10));
    }

    #[test]
    fn a_median_is_of_each_value() {
        let rounds = [3, 1, 2].map(|value| LatencySample { per_second: value, p50: 10 - value, p95: 0, p99: value, processor: 0 });
        let median = LatencySample::median(&rounds);
        assert_eq!((median.per_second, median.p50, median.p99), (2, 8, 2));
    }
}
