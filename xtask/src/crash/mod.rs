//! The crash test: the real binary is killed with SIGKILL at random moments under concurrent load. Afterwards its API is compared
//! with the records of the simulated world, to prove that nothing was lost or done twice.

mod books;
mod listener;
mod load;
mod pay_ins;
mod processes;
mod proof;
mod records;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::http::HttpClient;

use crate::server::{self, TestInstallation};
use crate::{TaskResult, partner};

const CUSTOMERS: u64 = 16;
/// Parallel load workers.
const LOAD_WORKERS: usize = 24;
/// Types of events with a webhook subscription.
const SUBSCRIBED_EVENTS: [&str; 4] = ["PAY_IN", "COINS_SENT", "CRYPTO_RECEIVED", "RAMPOFF_FINISHED"];
/// Time for all orders to reach a final state after the last kill.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(300);

#[derive(Debug, clap::Args)]
pub(crate) struct CrashArguments {
    /// Number of kills
    #[arg(long, default_value_t = 50)]
    kills: u64,
    /// Seed of the random decisions
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Database engine
    #[arg(long, value_enum, default_value_t = EngineArgument::Both)]
    engine: EngineArgument,
    /// The rampart binary to use [default: a new debug build]
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum EngineArgument {
    Sqlite,
    Postgres,
    Both,
}

impl EngineArgument {
    pub(crate) const fn engines(self) -> &'static [Engine] {
        match self {
            Self::Sqlite => &[Engine::Sqlite],
            Self::Postgres => &[Engine::Postgres],
            Self::Both => &[Engine::Sqlite, Engine::Postgres],
        }
    }
}

/// The database engine under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// One process.
    Sqlite,
    /// Two processes; database connections are cut as well.
    Postgres,
}

impl Engine {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

pub(crate) fn run(arguments: CrashArguments) -> TaskResult {
    let CrashArguments { kills, seed, engine, binary } = arguments;
    let binary = server::binary(binary, false)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string())?;
    for &engine in engine.engines() {
        let result = runtime.block_on(crash(engine, kills, seed, &binary));
        result.map_err(|error| format!("crash test on {} with --seed {seed}: {error}", engine.name()))?;
    }
    Ok(())
}

async fn crash(engine: Engine, kills: u64, seed: u64, binary: &Path) -> TaskResult {
    let began = Instant::now();
    let mut random = fastrand::Rng::with_seed(seed);
    let folder = server::scratch(&format!("crash-{:?}", engine).to_lowercase())?;
    let database = match engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(server::fresh_database("crash")?),
    };
    let installation = TestInstallation {
        binary: binary.to_owned(),
        data: folder.join("data"),
        database,
        settings: SETTINGS.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
        wrapper: Vec::new(),
    };
    let count = if engine == Engine::Postgres { 2 } else { 1 };
    let mut processes = processes::Processes::start(installation.clone(), count, folder.join("server.log")).await?;

    let (key, secret) = installation.create_partner("crash")?;
    let address = processes.addresses()[0].clone();
    let mut client = HttpClient::new(&address);
    let token = partner::authenticate(&mut client, &key, &secret).await?;
    let mut customers = Vec::new();
    for number in 0..CUSTOMERS {
        customers.push(partner::verified_customer(&mut client, &token, number).await?);
    }
    let listener = listener::WebhookListener::start().await?;
    for kind in SUBSCRIBED_EVENTS {
        let body = serde_json::json!({ "url": listener.url, "type": kind }).to_string();
        partner::post(&mut client, &token, "/api/subscribeToWebhook", &body).await?;
    }

    let load = Arc::new(load::Load::new(processes.addresses(), key, secret, customers));
    let workers: Vec<_> = (0..LOAD_WORKERS).map(|_| tokio::spawn(Arc::clone(&load).work(random.fork()))).collect();
    let disturbed = processes.disturb(kills, &mut random).await;
    load.stop();
    for worker in workers {
        worker.await.map_err(|error| format!("a load worker panicked: {error}"))?;
    }
    disturbed?;

    let proof = proof::Proof { load: &load, listener: &listener, installation: &installation, address: processes.addresses()[0].clone() };
    let report = proof.run(SETTLE_TIMEOUT).await.map_err(|error| format!("{error}\n(data and log: {})", folder.display()))?;
    println!("crash test on {}: {} in {} s: {report}", engine.name(), processes.summary(), began.elapsed().as_secs());
    processes.stop().await?;
    installation.run(&["ledger", "verify"])?;
    std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))
}

/// Short leases and timeouts, so that the work of a killed process is soon taken over.
const SETTINGS: &[(&str, &str)] = &[
    ("RAMPART__RATE_LIMITS__ENABLED", "false"),
    ("RAMPART__WORKERS__LEASE_SECONDS", "5"),
    ("RAMPART__WORKERS__CALL_SECONDS", "3"),
    ("RAMPART__WEBHOOKS__TIMEOUT_SECONDS", "3"),
];
