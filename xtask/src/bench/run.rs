//! The sequence of measurements.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::BenchPlan;
use super::baseline::Baseline;
use super::installation::{self, BenchInstallation};
use super::measure::{self, MakeRequest};
use super::orders::{BenchLeg, OrderReceiver};
use super::report::{BASELINE, Report};
use crate::TaskResult;
use crate::crash::Engine;

/// Calls per round when a small and a full database are compared: few, so that the small one stays small.
const COMPARISON_CALLS: usize = 4_000;

pub(super) struct BenchRun<'a> {
    pub(super) plan: BenchPlan,
    pub(super) baseline: &'a Baseline,
}

impl BenchRun<'_> {
    /// One round of calls: every measurement once.
    pub(super) async fn calls(&self, installations: &[BenchInstallation], report: &mut Report) -> TaskResult {
        let until = measure::Until::Time(self.length());
        let bare: MakeRequest = Arc::new(|_| crate::http::request("GET", "/", "", None));
        let connections = self.plan.connections;
        report.add(BASELINE, measure::requests(self.baseline.measured(), connections, until, &Arc::default(), &bare).await?);
        for installation in installations {
            for (name, make) in
                [("quote", installation::quote(installation)), ("createPayment", installation::create_payment(installation))]
            {
                let sample = measure::requests(installation.measured(), connections, until, &installation.numbers, &make).await?;
                report.add(&format!("{name}, {}{}", installation.engine.name(), installation.label), sample);
            }
        }
        Ok(())
    }

    /// One round of whole orders. These rounds come last, because confirmations continue for a while after them.
    pub(super) async fn orders<'a>(
        &self,
        installations: impl Iterator<Item = (&'a BenchInstallation, &'a OrderReceiver)>,
        report: &mut Report,
    ) -> TaskResult {
        for (installation, receiver) in installations {
            let (engine, until) = (installation.engine.name(), measure::Until::Time(self.length()));
            let run = receiver.whole(installation, BenchLeg::Buy, self.plan.connections, until).await?;
            report.add(&format!("whole buy order, {engine}"), run.sample);
            report.entries(engine, run.entries);
        }
        Ok(())
    }

    const fn length(&self) -> Duration {
        Duration::from_secs(self.plan.seconds)
    }

    /// Compares a full database with a nearly empty one, in alternation.
    pub(super) async fn full_database(&self, engine: Engine, binary: &Path, report: &mut Report) -> TaskResult {
        let mut small = BenchInstallation::start(engine, binary, "").await?;
        small.prepare().await?;
        let mut full = BenchInstallation::start(engine, binary, "").await?;
        full.prepare().await?;
        println!("filling {} with {} payments", engine.name(), self.plan.payments);
        let payments = usize::try_from(self.plan.payments).map_err(|error| error.to_string())?;
        full.calls(256, payments, &installation::create_payment(&full)).await?;
        full.settle().await?;
        for round in 1..=self.plan.rounds {
            println!("small and full database on {}, round {round} of {}", engine.name(), self.plan.rounds);
            for (size, installation) in [("empty", &small), ("full", &full)] {
                let measures = [
                    ("createPayment", installation::create_payment(installation)),
                    ("list of payments", installation::list("/api/payments", installation)),
                    ("list of ramp-offs", installation::list("/api/rampoffs", installation)),
                ];
                for (name, make) in measures {
                    let sample = installation.calls(self.plan.connections, COMPARISON_CALLS, &make).await?;
                    report.add(&format!("{name}, {}, {size}", engine.name()), sample);
                }
            }
        }
        small.stop().await?;
        full.stop().await
    }
}
