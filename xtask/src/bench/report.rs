//! The printed table of results and targets.

use std::collections::BTreeMap;
use std::fmt;

use super::installation::BenchInstallation;
use super::measure::LatencySample;
use crate::crash::Engine;

/// The name of the baseline measurement.
pub(super) const BASELINE: &str = "bare JSON reply";

/// The throughput that a measurement must reach, in percent of the baseline.
const MIN_THROUGHPUT_PERCENT: [(&str, u64); 4] =
    [("quote, SQLite", 60), ("quote, PostgreSQL", 60), ("createPayment, SQLite", 20), ("createPayment, PostgreSQL", 12)];
/// The p99 of a full database, in percent of that of an empty one.
const MAX_FULL_P99_PERCENT: u64 = 130;
const MAX_START_MILLISECONDS: u128 = 300;
/// Resident memory of an idle process.
const MAX_IDLE_KIB: u64 = 80 * 1024;

/// All results.
#[derive(Debug, Default)]
pub(super) struct Report {
    names: Vec<String>,
    samples: BTreeMap<String, Vec<LatencySample>>,
    entries: BTreeMap<&'static str, u64>,
    idle: Vec<(&'static str, u128, u64)>,
}

impl Report {
    /// Adds the sample of one round.
    pub(super) fn add(&mut self, name: &str, sample: LatencySample) {
        if !self.samples.contains_key(name) {
            self.names.push(name.to_owned());
        }
        self.samples.entry(name.to_owned()).or_default().push(sample);
    }

    /// Sets the number of ledger entries per order.
    pub(super) fn entries(&mut self, engine: &'static str, entries: u64) {
        self.entries.insert(engine, entries);
    }

    /// Adds start-up time and memory of a process before its first call.
    pub(super) async fn idle(&mut self, engine: Engine, installation: &BenchInstallation) {
        // By then the memory of the start-up is freed.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        self.idle.push((engine.name(), installation.server.started_in.as_millis(), installation.server.resident_kib().unwrap_or_default()));
    }

    fn median(&self, name: &str) -> Option<LatencySample> {
        self.samples.get(name).map(|samples| LatencySample::median(samples))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let baseline = self.median(BASELINE).map_or(0, |sample| sample.per_second);
        writeln!(
            out,
            "\n{:<38} {:>9} {:>8} {:>9} {:>9} {:>9} {:>8}   target",
            "medians of the rounds", "per s", "ratio", "p50 ms", "p95 ms", "p99 ms", "cpu us"
        )?;
        for name in &self.names {
            let Some(sample) = self.median(name) else { continue };
            let ratio = (sample.per_second * 100).checked_div(baseline).unwrap_or_default();
            write!(out, "{name:<38} {:>9} {:>8}", sample.per_second, hundredths(ratio))?;
            for micros in [sample.p50, sample.p95, sample.p99] {
                write!(out, " {:>9}", hundredths(micros / 10))?;
            }
            writeln!(out, " {:>8}   {}", sample.processor, self.verdict(name, ratio, &sample))?;
        }
        for (engine, entries) in &self.entries {
            let orders = self.median(&format!("whole buy order, {engine}")).map_or(0, |sample| sample.per_second);
            writeln!(out, "ledger entries per s, {engine}: {} ({entries} per order)", orders * entries)?;
        }
        for (engine, millis, kib) in &self.idle {
            let start = met(*millis < MAX_START_MILLISECONDS);
            writeln!(
                out,
                "start-up, {engine}: {millis} ms (< {MAX_START_MILLISECONDS}: {start}); idle memory: {} MiB (< {}: {})",
                kib / 1024,
                MAX_IDLE_KIB / 1024,
                met(*kib < MAX_IDLE_KIB)
            )?;
        }
        Ok(())
    }
}

impl Report {
    /// The target of the measurement, and whether it is met.
    fn verdict(&self, name: &str, ratio: u64, sample: &LatencySample) -> String {
        if let Some((_, share)) = MIN_THROUGHPUT_PERCENT.iter().find(|(measure, _)| *measure == name) {
            return format!("ratio >= {}: {}", hundredths(*share), met(ratio >= *share));
        }
        let empty = name.strip_suffix(", full").and_then(|measure| self.median(&format!("{measure}, empty")));
        empty.map_or_else(String::new, |empty| {
            let growth = (sample.p99 * 100).checked_div(empty.p99).unwrap_or_default();
            format!("p99 {} x empty, <= {}: {}", hundredths(growth), hundredths(MAX_FULL_P99_PERCENT), met(growth <= MAX_FULL_P99_PERCENT))
        })
    }
}

pub(super) fn hundredths(value: u64) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}

const fn met(reached: bool) -> &'static str {
    if reached { "met" } else { "MISSED" }
}
