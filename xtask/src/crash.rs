//! The crash test: the real binary under concurrent load is killed with SIGKILL at random moments, again and again, and
//! afterwards it is proved from outside, against the books of the simulated world, that nothing was lost or done twice.

mod books;
mod disturbance;
mod listener;
mod load;
mod payins;
mod proof;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::http::Client;
use crate::random::Random;
use crate::server::{self, Installation};
use crate::{Outcome, partner};

/// How many customers trade.
const CUSTOMERS: u64 = 16;
/// How many calls are under way at once.
const CONCURRENCY: usize = 24;
/// The types of events that are delivered.
const SUBSCRIBED: [&str; 4] = ["PAY_IN", "COINS_SENT", "CRYPTO_RECEIVED", "RAMPOFF_FINISHED"];
/// How long the ramp may take, once left alone, until every order has come to rest.
const SETTLE_LIMIT: Duration = Duration::from_secs(300);

/// What a run is made of.
struct Plan {
    engine: Engine,
    kills: u64,
    seed: u64,
    binary: PathBuf,
}

/// Which database engine is under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// The embedded file; one process.
    Sqlite,
    /// The server; two processes, and connections are cut as well.
    Postgres,
}

impl Engine {
    /// Its name as its makers write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// The engines that a word on the command line names.
    pub(crate) fn named(word: &str) -> Result<Vec<Self>, String> {
        match word {
            "sqlite" => Ok(vec![Self::Sqlite]),
            "postgres" => Ok(vec![Self::Postgres]),
            "both" => Ok(vec![Self::Sqlite, Self::Postgres]),
            _ => Err(format!("--engine is sqlite, postgres or both, not {word:?}")),
        }
    }
}

/// Runs the test as the command line says.
pub(crate) fn run(mut arguments: Arguments) -> Outcome {
    let kills = arguments.value("--kills", 50)?;
    let seed = arguments.value("--seed", 1)?;
    let engines = Engine::named(&arguments.value("--engine", "both".to_owned())?)?;
    let named = arguments.option("--binary")?;
    arguments.finish()?;
    let binary = server::binary(named, false)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string())?;
    for engine in engines {
        let plan = Plan { engine, kills, seed, binary: binary.clone() };
        runtime.block_on(crash(&plan)).map_err(|error| format!("crash test on {} with --seed {seed}: {error}", engine.name()))?;
    }
    Ok(())
}

async fn crash(plan: &Plan) -> Outcome {
    let began = Instant::now();
    let mut random = Random::seeded(plan.seed);
    let folder = server::scratch(&format!("crash-{:?}", plan.engine).to_lowercase())?;
    let database = match plan.engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(server::fresh_database("crash")?),
    };
    let installation = Installation {
        binary: plan.binary.clone(),
        data: folder.join("data"),
        database,
        settings: SETTINGS.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
    };
    let processes = if plan.engine == Engine::Postgres { 2 } else { 1 };
    let mut fleet = disturbance::Fleet::start(installation.clone(), processes, folder.join("server.log")).await?;

    let (key, secret) = installation.create_partner("crash")?;
    let address = fleet.addresses()[0].clone();
    let mut client = Client::new(&address);
    let token = partner::authenticate(&mut client, &key, &secret).await?;
    let mut customers = Vec::new();
    for number in 0..CUSTOMERS {
        customers.push(partner::verified_customer(&mut client, &token, number).await?);
    }
    let listener = listener::Listener::start().await?;
    for kind in SUBSCRIBED {
        let body = serde_json::json!({ "url": listener.url, "type": kind }).to_string();
        partner::post(&mut client, &token, "/api/subscribeToWebhook", &body).await?;
    }

    let load = Arc::new(load::Load::new(fleet.addresses(), key, secret, customers));
    let workers: Vec<_> = (0..CONCURRENCY).map(|_| tokio::spawn(Arc::clone(&load).work(random.fork()))).collect();
    let disturbed = fleet.disturb(plan.kills, &mut random).await;
    load.stop();
    for worker in workers {
        worker.await.map_err(|error| format!("the load broke down: {error}"))?;
    }
    disturbed?;

    let proof = proof::Proof { load: &load, listener: &listener, installation: &installation, address: fleet.addresses()[0].clone() };
    let report = proof.run(SETTLE_LIMIT).await.map_err(|error| format!("{error}\n(data and log: {})", folder.display()))?;
    println!("crash test on {}: {} in {} s: {report}", plan.engine.name(), fleet.tally(), began.elapsed().as_secs());
    fleet.stop().await?;
    installation.run(&["ledger", "verify"])?;
    std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))
}

/// Settings of the installation under test: what a killed process had leased is taken over soon, and no call waits long.
const SETTINGS: &[(&str, &str)] = &[
    ("RAMPART__RATE_LIMITS__ENABLED", "false"),
    ("RAMPART__WORKERS__LEASE_SECONDS", "5"),
    ("RAMPART__WORKERS__CALL_SECONDS", "3"),
    ("RAMPART__WEBHOOKS__TIMEOUT_SECONDS", "3"),
];
