//! An installation under measurement, and the order of measures.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::Plan;
use super::baseline::Baseline;
use super::measure::{self, MakeRequest, Sample, Served};
use super::orders;
use super::report::Report;
use super::requests;
use crate::Outcome;
use crate::crash::Engine;
use crate::http::Client;
use crate::partner;
use crate::server::{self, Installation, Server};

/// How many customers trade, so that no single one's counters are what is measured.
const CUSTOMERS: u64 = 256;
/// Rows that even the small database has, so that a list's page is full in both.
const PAGE: usize = 200;
/// Calls of one round of the comparison of a small and a full database: few, so that the small one stays small.
const CALLS: usize = 4_000;

/// Payments that an installation has made before its calls are measured. The files of a database grow meanwhile, which stops
/// it again and again: PostgreSQL fills each new segment of its log with zeros, and uses one that it has filled again later.
const WARM_UP: usize = 60_000;

/// How long a database is left alone after it was filled.
const SETTLING: Duration = Duration::from_secs(5);

/// One installation with its partner and customers.
pub(super) struct Setting {
    /// Its engine.
    pub(super) engine: Engine,
    /// What its measures are called, behind their own names.
    pub(super) label: &'static str,
    /// Its process.
    pub(super) server: Server,
    /// How it was started.
    pub(super) installation: Installation,
    /// The partner's token.
    pub(super) token: String,
    /// The partner's customers, all verified.
    pub(super) customers: Arc<Vec<i64>>,
    /// Numbers every request of the installation.
    pub(super) numbers: Arc<AtomicU64>,
    folder: PathBuf,
}

impl Setting {
    /// Starts an empty installation.
    pub(super) async fn start(engine: Engine, binary: &Path, label: &'static str) -> Result<Self, String> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("bench_{engine:?}_{}", COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)).to_lowercase();
        let folder = server::scratch(&name)?;
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(server::fresh_database(&name)?),
        };
        let settings = requests::SETTINGS.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let installation = Installation { binary: binary.to_owned(), data: folder.join("data"), database, settings };
        // The first start makes the database, the keys and the demo partner; what counts as start-up is any later one.
        let log = folder.join("server.log");
        installation.serve("127.0.0.1:0", &log).await?.stop().await?;
        let server = installation.serve("127.0.0.1:0", &log).await?;
        Ok(Self {
            engine,
            label,
            server,
            installation,
            token: String::new(),
            customers: Arc::default(),
            numbers: Arc::new(AtomicU64::new(1)),
            folder,
        })
    }

    /// Makes the partner, its customers and one page of each list.
    pub(super) async fn prepare(&mut self) -> Outcome {
        let (key, secret) = self.installation.create_partner("bench")?;
        let mut client = Client::new(&self.server.address);
        self.token = partner::authenticate(&mut client, &key, &secret).await?;
        let mut customers = Vec::new();
        for number in 0..CUSTOMERS {
            customers.push(partner::verified_customer(&mut client, &self.token, number).await?);
        }
        self.customers = Arc::new(customers);
        self.calls(8, PAGE, &requests::create_payment(self)).await?;
        self.calls(8, PAGE, &requests::create_rampoff(self)).await?;
        Ok(())
    }

    /// Brings it to where an installation is that has run for a while.
    pub(super) async fn warm_up(&self) -> Outcome {
        self.calls(256, WARM_UP, &requests::create_payment(self)).await?;
        self.settle().await
    }

    /// As what is measured.
    pub(super) fn served(&self) -> Served<'_> {
        Served { address: &self.server.address, process: self.server.process() }
    }

    /// So many calls over so many connections.
    async fn calls(&self, connections: usize, count: usize, make: &MakeRequest) -> Result<Sample, String> {
        measure::requests(self.served(), connections, measure::Until::Count(count), &self.numbers, make).await
    }

    /// Lets the database do now what it puts off while it is written to without a pause, so that it is not measured among
    /// the calls: PostgreSQL's vacuum and checkpoint, SQLite's log.
    async fn settle(&self) -> Outcome {
        if let Some(database) = &self.installation.database {
            server::psql(database, "VACUUM (ANALYZE)")?;
            server::psql(database, "CHECKPOINT")?;
        }
        tokio::time::sleep(SETTLING).await;
        Ok(())
    }

    /// Orderly end; the data is removed.
    pub(super) async fn stop(self) -> Outcome {
        self.server.stop().await?;
        std::fs::remove_dir_all(&self.folder).map_err(|error| format!("{}: {error}", self.folder.display()))
    }
}

/// The measures.
pub(super) struct Bench<'a> {
    pub(super) plan: Plan,
    pub(super) baseline: &'a Baseline,
}

impl Bench<'_> {
    /// One round of calls: every measure once, one after the other.
    pub(super) async fn calls(&self, settings: &[Setting], report: &mut Report) -> Outcome {
        let until = measure::Until::Time(self.length());
        let bare: MakeRequest = Arc::new(|_| crate::http::request("GET", "/", "", None));
        let connections = self.plan.connections;
        report.add("bare JSON reply", measure::requests(self.baseline.served(), connections, until, &Arc::default(), &bare).await?);
        for setting in settings {
            for (name, make) in [("quote", requests::quote(setting)), ("createPayment", requests::create_payment(setting))] {
                let sample = measure::requests(setting.served(), connections, until, &setting.numbers, &make).await?;
                report.add(&format!("{name}, {}{}", setting.engine.name(), setting.label), sample);
            }
        }
        Ok(())
    }

    /// One round of whole orders. Their confirmations go on for a while behind them, so these rounds come after all others.
    pub(super) async fn orders(&self, settings: &[Setting], report: &mut Report) -> Outcome {
        for setting in settings {
            let engine = setting.engine.name();
            let (sample, entries) = orders::whole(setting, self.plan.connections, self.length()).await?;
            report.add(&format!("whole buy order, {engine}"), sample);
            report.entries(engine, entries);
        }
        Ok(())
    }

    const fn length(&self) -> Duration {
        Duration::from_secs(self.plan.seconds)
    }

    /// Fills one installation, and compares it with one that is nearly empty, round by round.
    pub(super) async fn full_database(&self, engine: Engine, binary: &Path, report: &mut Report) -> Outcome {
        let mut small = Setting::start(engine, binary, "").await?;
        small.prepare().await?;
        let mut full = Setting::start(engine, binary, "").await?;
        full.prepare().await?;
        println!("filling {} with {} payments", engine.name(), self.plan.payments);
        let payments = usize::try_from(self.plan.payments).map_err(|error| error.to_string())?;
        full.calls(256, payments, &requests::create_payment(&full)).await?;
        full.settle().await?;
        for round in 1..=self.plan.rounds {
            println!("small and full database on {}, round {round} of {}", engine.name(), self.plan.rounds);
            for (size, setting) in [("empty", &small), ("full", &full)] {
                let measures = [
                    ("createPayment", requests::create_payment(setting)),
                    ("list of payments", requests::list("/api/payments", setting)),
                    ("list of ramp-offs", requests::list("/api/rampoffs", setting)),
                ];
                for (name, make) in measures {
                    let sample = setting.calls(self.plan.connections, CALLS, &make).await?;
                    report.add(&format!("{name}, {}, {size}", engine.name()), sample);
                }
            }
        }
        small.stop().await?;
        full.stop().await
    }
}
