//! Metrics for Prometheus.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use rampart_store::{OrderCounts, Stats};

use super::cached_lookup::CachedLookup;
use super::ledger_check::LedgerCheck;
use super::worker_health::WorkerHealth;

/// The labels of a counter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OutcomeLabels {
    pub what: String,
    pub outcome: &'static str,
}

/// The metrics of this process. Counters take no contended lock; what needs the database is read when the metrics are
/// read.
pub struct AppMetrics {
    pub(crate) registry: Mutex<Registry>,
    turns: Family<OutcomeLabels, Counter>,
    facts: Family<OutcomeLabels, Counter>,
    jobs: Family<OutcomeLabels, Counter>,
    deliveries: Family<OutcomeLabels, Counter>,
    pub(crate) from_database: CachedLookup<Option<DatabaseMetrics>>,
    pub(crate) snapshot: Arc<Mutex<Option<MetricsSnapshot>>>,
    health: WorkerHealth,
}

impl fmt::Debug for AppMetrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AppMetrics")
    }
}

impl Default for AppMetrics {
    fn default() -> Self {
        Self::new()
    }
}

impl AppMetrics {
    /// Creates all metrics at zero.
    #[must_use]
    pub fn new() -> Self {
        let metrics = Self {
            registry: Mutex::new(Registry::with_prefix("rampart")),
            turns: Family::default(),
            facts: Family::default(),
            jobs: Family::default(),
            deliveries: Family::default(),
            from_database: CachedLookup::default(),
            snapshot: Arc::default(),
            health: WorkerHealth::default(),
        };
        metrics.register(|registry| {
            registry.register("worker_turns", "Turns of the workers, by outcome", metrics.turns.clone());
            registry.register("facts", "Facts from providers, by kind and outcome", metrics.facts.clone());
            registry.register("jobs_done", "Jobs done, by kind and outcome", metrics.jobs.clone());
            registry.register("delivery_attempts", "Attempts to deliver webhooks, by outcome", metrics.deliveries.clone());
            registry.register_collector(Box::new(SnapshotCollector(metrics.snapshot.clone())));
        });
        metrics
    }

    /// Registers metrics of another part of the program.
    pub fn register(&self, register: impl FnOnce(&mut Registry)) {
        register(&mut self.registry.lock());
    }

    /// Registers a counter of seconds that another part of the program keeps; it is read when the metrics are read.
    pub fn register_seconds(&self, name: &'static str, help: &'static str, read: impl Fn() -> Duration + Send + Sync + 'static) {
        self.register(|registry| registry.register_collector(Box::new(SecondsCollector { name, help, read: Box::new(read) })));
    }

    /// The health of this process's workers.
    #[must_use]
    pub fn health(&self) -> &WorkerHealth {
        &self.health
    }

    pub(crate) fn turn(&self, worker: &str, outcome: &'static str) {
        self.turns.get_or_create(&OutcomeLabels { what: worker.to_owned(), outcome }).inc();
    }

    pub(crate) fn fact(&self, kind: &str, outcome: &'static str) {
        self.facts.get_or_create(&OutcomeLabels { what: kind.to_owned(), outcome }).inc();
    }

    pub(crate) fn job(&self, kind: &str, outcome: &'static str) {
        self.jobs.get_or_create(&OutcomeLabels { what: kind.to_owned(), outcome }).inc();
    }

    pub(crate) fn delivery(&self, kind: &str, outcome: &'static str) {
        self.deliveries.get_or_create(&OutcomeLabels { what: kind.to_owned(), outcome }).inc();
    }
}

/// Metrics read from the database.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseMetrics {
    pub(crate) counts: OrderCounts,
    /// How long the oldest delivery has been due.
    pub(crate) lag: Duration,
    /// The result of the last ledger check.
    pub(crate) ledger: LedgerCheck,
}

impl DatabaseMetrics {
    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let counts = &self.counts;
        gauges(encoder, "payments_open", "Payments that are not settled, by status", "status", &counts.payments)?;
        gauges(encoder, "rampoffs_open", "Ramp-offs that are not settled, by status", "status", &counts.rampoffs)?;
        let jobs: Vec<_> = counts.jobs.iter().map(|(kind, number, _)| (kind.clone(), *number)).collect();
        gauges(encoder, "jobs_waiting", "Jobs that wait, by kind", "kind", &jobs)?;
        gauge(encoder, "jobs_failing", "Jobs that keep failing", counts.jobs_failing)?;
        gauge(encoder, "facts_waiting", "Facts that wait to be applied", counts.facts_waiting)?;
        gauge(encoder, "reviews_waiting", "Review items that wait for a person", counts.reviews_waiting)?;
        gauge(encoder, "deliveries_pending", "Webhook deliveries that wait or are being retried", counts.deliveries_pending)?;
        gauge(encoder, "deliveries_parked", "Parked webhook deliveries", counts.deliveries_parked)?;
        let disabled = "Webhook subscriptions that are disabled because their receivers answered 410 Gone";
        gauge(encoder, "subscriptions_disabled", disabled, counts.subscriptions_disabled)?;
        seconds_gauge(encoder, "delivery_lag_seconds", "How long the oldest due webhook delivery has been due", self.lag)?;
        ledger_metrics(encoder, &self.ledger)
    }
}

/// The values of one scrape.
#[derive(Debug, Clone)]
pub(crate) struct MetricsSnapshot {
    /// `None` while the database does not answer.
    pub(crate) from_database: Option<DatabaseMetrics>,
    pub(crate) stats: Stats,
    pub(crate) workers: Vec<(String, Duration)>,
}

#[derive(Debug)]
struct SnapshotCollector(Arc<Mutex<Option<MetricsSnapshot>>>);

impl Collector for SnapshotCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(snapshot) = self.0.lock().clone() else { return Ok(()) };
        let stats = &snapshot.stats;
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        gauge(&mut encoder, "database_up", "Whether the database answers", i64::from(snapshot.from_database.is_some()))?;
        if let Some(from_database) = &snapshot.from_database {
            from_database.encode(&mut encoder)?;
        }
        gauge(&mut encoder, "commit_queue_depth", "Steps waiting to be committed", count(stats.queue_depth))?;
        gauge(&mut encoder, "commit_running", "Whether the writer is running", i64::from(stats.running))?;
        for (name, help, value) in [
            ("commits", "Transactions that were committed", stats.batches),
            ("steps_committed", "Steps that became durable", stats.committed),
            ("steps_refused", "Steps refused for a version, claim, ceiling or floor", stats.refused),
            ("steps_failed", "Steps that could not be stored", stats.failed),
            ("commit_retries", "Batches that were run again", stats.retries),
        ] {
            counter(&mut encoder, name, help, value)?;
        }
        histogram(&mut encoder, "commit_batch_size", "Steps in a transaction", &stats.sizes, whole)?;
        histogram(&mut encoder, "commit_seconds", "Duration of a transaction", &stats.durations, seconds)?;
        let mut family =
            encoder.encode_descriptor("worker_idle_seconds", "Time since a worker completed a turn", None, MetricType::Gauge)?;
        for (worker, age) in &snapshot.workers {
            ConstGauge::new(age.as_secs_f64()).encode(family.encode_family(&[("worker", worker.as_str())])?)?;
        }
        Ok(())
    }
}

/// A counter of seconds that is kept elsewhere.
struct SecondsCollector {
    name: &'static str,
    help: &'static str,
    read: Box<dyn Fn() -> Duration + Send + Sync>,
}

impl fmt::Debug for SecondsCollector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

impl Collector for SecondsCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let counter = ConstCounter::new((self.read)().as_secs_f64());
        counter.encode(encoder.encode_descriptor(self.name, self.help, None, counter.metric_type())?)
    }
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let counter = ConstCounter::new(value);
    counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)
}

fn ledger_metrics(encoder: &mut DescriptorEncoder<'_>, check: &LedgerCheck) -> fmt::Result {
    counter(encoder, "ledger_checks", "Checks of the ledger, by any process", check.checks)?;
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    gauge(encoder, "ledger_findings", "Inconsistencies found by the last check of the ledger", whole(check.findings))?;
    let ended_at = check.ended_at.map_or(0, |ended_at| ended_at.seconds());
    gauge(encoder, "ledger_checked_timestamp_seconds", "When the last check of the ledger ended; 0 before the first", ended_at)?;
    gauge(encoder, "ledger_checked_entries", "Entries summed by the last check of the ledger", whole(check.entries))?;
    let took = Duration::from_millis(check.took_milliseconds);
    seconds_gauge(encoder, "ledger_check_seconds", "How long the last check of the ledger took", took)
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: i64) -> fmt::Result {
    ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
}

fn seconds_gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: Duration) -> fmt::Result {
    ConstGauge::new(value.as_secs_f64()).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
}

fn gauges(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, label: &str, values: &[(String, i64)]) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (key, value) in values {
        ConstGauge::new(*value).encode(family.encode_family(&[(label, key.as_str())])?)?;
    }
    Ok(())
}

fn histogram(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    from: &rampart_store::Histogram,
    scale: fn(u64) -> f64,
) -> fmt::Result {
    let buckets: Vec<(f64, u64)> =
        from.buckets.iter().map(|(bound, count)| (if *bound == u64::MAX { f64::MAX } else { scale(*bound) }, *count)).collect();
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    family.encode_histogram::<NoLabelSet>(scale(from.sum), from.count, &buckets, None)
}

fn whole(number: u64) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

/// Converts microseconds to seconds.
fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}
