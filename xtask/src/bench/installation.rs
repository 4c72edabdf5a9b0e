//! A measured installation, and the sequence of measurements.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::BenchPlan;
use super::baseline::Baseline;
use super::measure::{self, LatencySample, MakeRequest, MeasuredProcess};
use super::orders;
use super::report::Report;
use super::requests;
use crate::TaskResult;
use crate::crash::Engine;
use crate::http::HttpClient;
use crate::partner;
use crate::server::{self, ServerProcess, TestInstallation};

/// Many, so that the counters of a single one are not the bottleneck.
const CUSTOMERS: u64 = 256;
/// Rows of even the small database, so that a page of a list is full in both.
const INITIAL_ROWS: usize = 200;
/// Calls per round when a small and a full database are compared: few, so that the small one stays small.
const COMPARISON_CALLS: usize = 4_000;

/// Payments before the first measurement. While the files of a database grow, it stalls repeatedly: PostgreSQL fills each new WAL
/// segment with zeros, and reuses segments later.
const WARM_UP_PAYMENTS: usize = 60_000;

/// Pause after a database was filled.
const IDLE_INTERVAL: Duration = Duration::from_secs(5);

/// One installation with its partner and customers.
pub(super) struct BenchInstallation {
    pub(super) engine: Engine,
    /// Suffix of the names of its measurements.
    pub(super) label: &'static str,

    pub(super) server: ServerProcess,

    pub(super) program: TestInstallation,

    pub(super) token: String,
    pub(super) customers: Arc<Vec<i64>>,
    pub(super) numbers: Arc<AtomicU64>,
    folder: PathBuf,
}

impl BenchInstallation {
    pub(super) async fn start(engine: Engine, binary: &Path, label: &'static str) -> Result<Self, String> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("bench_{engine:?}_{}", COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)).to_lowercase();
        let folder = server::scratch(&name)?;
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(server::fresh_database(&name)?),
        };
        let settings = requests::SETTINGS.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let program = TestInstallation { binary: binary.to_owned(), data: folder.join("data"), database, settings };
        // The first start creates the database, the keys and the demo partner; the start-up time is that of the second one.
        let log = folder.join("server.log");
        program.serve("127.0.0.1:0", &log).await?.stop().await?;
        let server = program.serve("127.0.0.1:0", &log).await?;
        Ok(Self {
            engine,
            label,
            server,
            program,
            token: String::new(),
            customers: Arc::default(),
            numbers: Arc::new(AtomicU64::new(1)),
            folder,
        })
    }

    /// Creates the partner, its customers and one page of each list.
    pub(super) async fn prepare(&mut self) -> TaskResult {
        let (key, secret) = self.program.create_partner("bench")?;
        let mut client = HttpClient::new(&self.server.address);
        self.token = partner::authenticate(&mut client, &key, &secret).await?;
        let mut customers = Vec::new();
        for number in 0..CUSTOMERS {
            customers.push(partner::verified_customer(&mut client, &self.token, number).await?);
        }
        self.customers = Arc::new(customers);
        self.calls(8, INITIAL_ROWS, &requests::create_payment(self)).await?;
        self.calls(8, INITIAL_ROWS, &requests::create_rampoff(self)).await?;
        Ok(())
    }

    /// Brings the database to the state of one that has run for a while.
    pub(super) async fn warm_up(&self) -> TaskResult {
        self.calls(256, WARM_UP_PAYMENTS, &requests::create_payment(self)).await?;
        self.settle().await
    }

    pub(super) fn measured(&self) -> MeasuredProcess<'_> {
        MeasuredProcess { address: &self.server.address, process_id: self.server.process_id() }
    }

    async fn calls(&self, connections: usize, count: usize, make: &MakeRequest) -> Result<LatencySample, String> {
        measure::requests(self.measured(), connections, measure::Until::Count(count), &self.numbers, make).await
    }

    /// Lets the database do its deferred work now, so that it is not measured with the calls: VACUUM and CHECKPOINT of PostgreSQL,
    /// the WAL of SQLite.
    async fn settle(&self) -> TaskResult {
        if let Some(database) = &self.program.database {
            server::psql(database, "VACUUM (ANALYZE)")?;
            server::psql(database, "CHECKPOINT")?;
        }
        tokio::time::sleep(IDLE_INTERVAL).await;
        Ok(())
    }

    /// Stops the server and removes the data.
    pub(super) async fn stop(self) -> TaskResult {
        self.server.stop().await?;
        std::fs::remove_dir_all(&self.folder).map_err(|error| format!("{}: {error}", self.folder.display()))
    }
}

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
        report.add(super::report::BASELINE, measure::requests(self.baseline.measured(), connections, until, &Arc::default(), &bare).await?);
        for installation in installations {
            for (name, make) in [("quote", requests::quote(installation)), ("createPayment", requests::create_payment(installation))] {
                let sample = measure::requests(installation.measured(), connections, until, &installation.numbers, &make).await?;
                report.add(&format!("{name}, {}{}", installation.engine.name(), installation.label), sample);
            }
        }
        Ok(())
    }

    /// One round of whole orders. These rounds come last, because confirmations continue for a while after them.
    pub(super) async fn orders(&self, installations: &[BenchInstallation], report: &mut Report) -> TaskResult {
        for installation in installations {
            let engine = installation.engine.name();
            let (sample, entries) = orders::whole(installation, self.plan.connections, self.length()).await?;
            report.add(&format!("whole buy order, {engine}"), sample);
            report.entries(engine, entries);
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
        full.calls(256, payments, &requests::create_payment(&full)).await?;
        full.settle().await?;
        for round in 1..=self.plan.rounds {
            println!("small and full database on {}, round {round} of {}", engine.name(), self.plan.rounds);
            for (size, installation) in [("empty", &small), ("full", &full)] {
                let measures = [
                    ("createPayment", requests::create_payment(installation)),
                    ("list of payments", requests::list("/api/payments", installation)),
                    ("list of ramp-offs", requests::list("/api/rampoffs", installation)),
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
