//! A measured installation, and the calls that it is measured with.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::measure::{self, LatencySample, MakeRequest, MeasuredProcess};
use super::processor::{MetricsText, ProcessorReading};
use crate::crash::Engine;
use crate::http::{HttpClient, request};
use crate::server::{self, ServerProcess, TestInstallation};
use crate::{TaskResult, partner};

/// Settings of a measured installation. Rate limits are off so that they are not measured.
const SETTINGS: &[(&str, &str)] = &[("RAMPART__RATE_LIMITS__ENABLED", "false"), ("RAMPART__LOG__LEVEL", "warn")];

/// Of the operators' metrics.
const METRICS_TOKEN: &str = "a-token-of-the-benchmark";

/// Many, so that the counters of a single one are not the bottleneck.
const CUSTOMERS: u64 = 256;
/// Rows of even the small database, so that a page of a list is full in both.
const INITIAL_ROWS: usize = 200;
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
        Self::start_with(engine, binary, label, &[]).await
    }

    /// Like [`BenchInstallation::start`], with further settings.
    pub(super) async fn start_with(
        engine: Engine,
        binary: &Path,
        label: &'static str,
        further: &[(&'static str, &'static str)],
    ) -> Result<Self, String> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("bench_{engine:?}_{}", COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)).to_lowercase();
        let folder = server::scratch(&name)?;
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(server::fresh_database(&name)?),
        };
        let metrics_token = folder.join("metrics-token");
        std::fs::write(&metrics_token, METRICS_TOKEN).map_err(|error| format!("{}: {error}", metrics_token.display()))?;
        let metrics = ("RAMPART__SERVER__METRICS_TOKEN_FILE", metrics_token.display().to_string());
        let settings = SETTINGS.iter().chain(further).map(|(name, value)| (*name, (*value).to_owned())).chain([metrics]).collect();
        let program = TestInstallation { binary: binary.to_owned(), data: folder.join("data"), database, settings, wrapper: Vec::new() };
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
        self.calls(8, INITIAL_ROWS, &create_payment(self)).await?;
        self.calls(8, INITIAL_ROWS, &create_rampoff(self)).await?;
        Ok(())
    }

    /// Brings the database to the state of one that has run for a while.
    pub(super) async fn warm_up(&self) -> TaskResult {
        self.calls(256, WARM_UP_PAYMENTS, &create_payment(self)).await?;
        self.settle().await
    }

    /// Stops the server, and starts it again by another program.
    pub(super) async fn restarted_under(self, wrapper: &[&str]) -> Result<Self, String> {
        self.server.stop().await?;
        let wrapped = TestInstallation { wrapper: wrapper.iter().map(|part| (*part).to_owned()).collect(), ..self.program.clone() };
        let server = wrapped.serve("127.0.0.1:0", &self.folder.join("server.log")).await?;
        Ok(Self { server, ..self })
    }

    /// A path in the folder of this installation, which is removed with it.
    pub(super) fn scratch_file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(super) fn measured(&self) -> MeasuredProcess<'_> {
        MeasuredProcess { address: &self.server.address, process_id: self.server.process_id() }
    }

    pub(super) async fn metrics(&self) -> Result<MetricsText, String> {
        MetricsText::read(&self.server.address, METRICS_TOKEN).await
    }

    /// What it has used up to now.
    pub(super) async fn used(&self) -> Result<ProcessorReading, String> {
        let world = self.metrics().await?.world_processor_time();
        Ok(ProcessorReading { process: self.measured().processor_time(), world })
    }

    pub(super) async fn calls(&self, connections: usize, count: usize, make: &MakeRequest) -> Result<LatencySample, String> {
        measure::requests(self.measured(), connections, measure::Until::Count(count), &self.numbers, make).await
    }

    /// Lets the database do its deferred work now, so that it is not measured with the calls: VACUUM and CHECKPOINT of PostgreSQL,
    /// the WAL of SQLite.
    pub(super) async fn settle(&self) -> TaskResult {
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

/// A quote of a buy.
pub(super) fn quote(installation: &BenchInstallation) -> MakeRequest {
    let token = installation.token.clone();
    Arc::new(move |number| {
        let path = format!("/api/quote?amount={}&symbol=USDC&chain=polygon&payment_type=card&fiat_symbol=EUR", 30 + number % 50);
        request("GET", &path, &token, None)
    })
}

/// Card payments of changing customers.
pub(super) fn create_payment(installation: &BenchInstallation) -> MakeRequest {
    let (token, customers) = (installation.token.clone(), Arc::clone(&installation.customers));
    Arc::new(move |number| request("POST", "/api/createPayment", &token, Some(&payment_body(&customers, number))))
}

pub(super) fn payment_body(customers: &[i64], number: u64) -> String {
    let customer = customers[usize::try_from(number).unwrap_or_default() % customers.len()];
    partner::payment(customer, &format!("bench-{number}"), order_amount(number), &wallet(number))
}

pub(super) fn rampoff_body(customers: &[i64], number: u64) -> String {
    let customer = customers[usize::try_from(number).unwrap_or_default() % customers.len()];
    partner::rampoff(customer, &format!("bench-{number}"), order_amount(number), &wallet(number))
}

/// The amount of an order in major units.
pub(super) const fn order_amount(number: u64) -> u64 {
    30 + number % 20
}

/// Ramp-offs of changing customers.
pub(super) fn create_rampoff(installation: &BenchInstallation) -> MakeRequest {
    let (token, customers) = (installation.token.clone(), Arc::clone(&installation.customers));
    Arc::new(move |number| request("POST", "/api/createRampoff", &token, Some(&rampoff_body(&customers, number))))
}

fn wallet(number: u64) -> String {
    partner::random_wallet(&mut fastrand::Rng::with_seed(number))
}

/// The first page of a list.
pub(super) fn list(path: &'static str, installation: &BenchInstallation) -> MakeRequest {
    let token = installation.token.clone();
    Arc::new(move |_| request("GET", path, &token, None))
}
