//! The table that is printed, with the targets beside the figures.

use std::collections::BTreeMap;
use std::fmt;

use super::measure::Sample;
use super::setting::Setting;
use crate::crash::Engine;

/// What is measured against: the name of the bare reply's measure.
const BASELINE: &str = "bare JSON reply";

/// Share of the baseline that a measure must reach, in hundredths.
const SHARES: [(&str, u64); 4] =
    [("quote, SQLite", 60), ("quote, PostgreSQL", 60), ("createPayment, SQLite", 20), ("createPayment, PostgreSQL", 12)];
/// How much longer a full database's p99 may be, in hundredths of the empty one's.
const GROWTH: u64 = 130;
/// Milliseconds that a start may take.
const START_MILLIS: u128 = 300;
/// Memory that an idle process may use, in KiB.
const IDLE_KIB: u64 = 80 * 1024;

/// Everything that was measured.
#[derive(Debug, Default)]
pub(super) struct Report {
    names: Vec<String>,
    samples: BTreeMap<String, Vec<Sample>>,
    entries: BTreeMap<&'static str, u64>,
    idle: Vec<(&'static str, u128, u64)>,
}

impl Report {
    /// One round's sample of a measure.
    pub(super) fn add(&mut self, name: &str, sample: Sample) {
        if !self.samples.contains_key(name) {
            self.names.push(name.to_owned());
        }
        self.samples.entry(name.to_owned()).or_default().push(sample);
    }

    /// How many ledger entries an order makes.
    pub(super) fn entries(&mut self, engine: &'static str, entries: u64) {
        self.entries.insert(engine, entries);
    }

    /// Start-up and memory of a process that nobody has called yet.
    pub(super) async fn idle(&mut self, engine: Engine, setting: &Setting) {
        // What a start leaves behind has been given back by then.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        self.idle.push((engine.name(), setting.server.started_in.as_millis(), setting.server.resident_kib().unwrap_or_default()));
    }

    fn median(&self, name: &str) -> Option<Sample> {
        self.samples.get(name).map(|samples| Sample::median(samples))
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
            let start = met(*millis < START_MILLIS);
            writeln!(
                out,
                "start-up, {engine}: {millis} ms (< {START_MILLIS}: {start}); idle memory: {} MiB (< {}: {})",
                kib / 1024,
                IDLE_KIB / 1024,
                met(*kib < IDLE_KIB)
            )?;
        }
        Ok(())
    }
}

impl Report {
    /// What the measure was to reach, and whether it did.
    fn verdict(&self, name: &str, ratio: u64, sample: &Sample) -> String {
        if let Some((_, share)) = SHARES.iter().find(|(measure, _)| *measure == name) {
            return format!("ratio >= {}: {}", hundredths(*share), met(ratio >= *share));
        }
        let empty = name.strip_suffix(", full").and_then(|measure| self.median(&format!("{measure}, empty")));
        empty.map_or_else(String::new, |empty| {
            let growth = (sample.p99 * 100).checked_div(empty.p99).unwrap_or_default();
            format!("p99 {} x empty, <= {}: {}", hundredths(growth), hundredths(GROWTH), met(growth <= GROWTH))
        })
    }
}

fn hundredths(value: u64) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}

const fn met(reached: bool) -> &'static str {
    if reached { "met" } else { "MISSED" }
}
