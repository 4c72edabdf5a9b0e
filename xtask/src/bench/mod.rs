//! The benchmark: the release build over real HTTP with durable commits, compared with a bare JSON reply of the same framework;
//! and the validation of documents and accounts, compared with regular expressions.

pub(crate) mod baseline;
mod documents;
mod installation;
mod instructions;
mod ledger;
mod measure;
mod order;
mod orders;
mod processor;
mod report;
mod run;

use std::path::{Path, PathBuf};

use crate::crash::{Engine, EngineArgument};
use crate::{TaskResult, server};

use installation::BenchInstallation;
use orders::OrderReceiver;
use report::Report;
use run::BenchRun;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct BenchArguments {
    /// Without it, both parts are measured
    #[command(subcommand)]
    part: Option<BenchPart>,
    #[command(flatten)]
    server: ServerBenchArguments,
}

#[derive(Debug, clap::Subcommand)]
enum BenchPart {
    /// Measure the server: throughput, latency, start-up and memory
    Server(ServerBenchArguments),
    /// Measure what whole orders cost, of both legs, from their creation to two acknowledged webhooks
    Order(order::OrderBenchArguments),
    /// Count the instructions of calls and whole orders on SQLite
    Instructions(InstructionsArguments),
    /// Measure the postings per second of the commit path beside another ledger on PostgreSQL
    Ledger(ledger::LedgerBenchArguments),
    /// Measure the validation of documents and accounts, and fail if one is too slow
    Documents,
}

#[derive(Debug, clap::Args)]
struct InstructionsArguments {
    /// The rampart binary to measure [default: a new release build]
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct ServerBenchArguments {
    #[command(flatten)]
    plan: BenchPlan,
    /// Database engine
    #[arg(long, value_enum, default_value_t = EngineArgument::Both)]
    engine: EngineArgument,
    /// The rampart binary to measure [default: a new release build]
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Another binary to compare with: only calls are measured, in alternation
    #[arg(long, value_name = "PATH")]
    against: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::Args)]
struct BenchPlan {
    /// Number of connections
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Number of rounds; the medians over all rounds are reported
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each measurement in each round
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Payments in the full database; 0 skips this part
    #[arg(long, default_value_t = 1_000_000)]
    payments: u64,
}

pub(crate) fn run(arguments: BenchArguments) -> TaskResult {
    match arguments.part {
        Some(BenchPart::Documents) => documents::run(),
        Some(BenchPart::Instructions(arguments)) => server::binary(arguments.binary, true).and_then(|binary| count_instructions(&binary)),
        Some(BenchPart::Ledger(arguments)) => ledger::run(&arguments),
        Some(BenchPart::Order(orders)) => order::run(orders),
        Some(BenchPart::Server(server)) => measure_server(server),
        None => measure_server(arguments.server).and_then(|()| documents::run()),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|error| error.to_string())
}

fn count_instructions(binary: &Path) -> TaskResult {
    runtime()?.block_on(instructions::print(binary))
}

fn measure_server(arguments: ServerBenchArguments) -> TaskResult {
    let ServerBenchArguments { plan, engine, binary, against } = arguments;
    let (engines, binary) = (engine.engines(), server::binary(binary, true)?);
    let runtime = runtime()?;
    let mut report = Report::default();
    match against {
        Some(other) => runtime.block_on(compare(plan, engines, [&binary, &other], &mut report))?,
        None => runtime.block_on(measure_all(plan, engines, &binary, &mut report))?,
    }
    print!("{report}");
    count_instructions(&binary)
}

/// Measures the calls of two builds in alternation, so that both are affected by the machine alike.
async fn compare(plan: BenchPlan, engines: &[Engine], binaries: [&Path; 2], report: &mut Report) -> TaskResult {
    let baseline = baseline::Baseline::start().await?;
    let mut installations = Vec::new();
    for &engine in engines {
        for (binary, label) in binaries.into_iter().zip(["", ", against"]) {
            let mut installation = BenchInstallation::start(engine, binary, label).await?;
            installation.prepare().await?;
            installation.warm_up().await?;
            installations.push(installation);
        }
    }
    rounds_of_calls(&BenchRun { plan, baseline: &baseline }, &installations, report).await?;
    stop(installations).await
}

async fn rounds_of_calls(bench: &BenchRun<'_>, installations: &[BenchInstallation], report: &mut Report) -> TaskResult {
    for round in 1..=bench.plan.rounds {
        println!("calls, round {round} of {}", bench.plan.rounds);
        bench.calls(installations, report).await?;
    }
    Ok(())
}

async fn stop(installations: Vec<BenchInstallation>) -> TaskResult {
    for installation in installations {
        installation.stop().await?;
    }
    Ok(())
}

async fn measure_all(plan: BenchPlan, engines: &[Engine], binary: &Path, report: &mut Report) -> TaskResult {
    let baseline = baseline::Baseline::start().await?;
    let mut installations = Vec::new();
    for &engine in engines {
        let mut installation = BenchInstallation::start(engine, binary, "").await?;
        report.idle(engine, &installation).await;
        installation.prepare().await?;
        installation.warm_up().await?;
        installations.push(installation);
    }
    let bench = BenchRun { plan, baseline: &baseline };
    rounds_of_calls(&bench, &installations, report).await?;
    let mut receivers = Vec::new();
    for installation in &installations {
        receivers.push(OrderReceiver::start(installation).await?);
    }
    for round in 1..=plan.rounds {
        println!("whole orders, round {round} of {}", plan.rounds);
        bench.orders(installations.iter().zip(&receivers), report).await?;
    }
    drop(receivers);
    stop(installations).await?;
    if plan.payments > 0 {
        for &engine in engines {
            bench.full_database(engine, binary, report).await?;
        }
    }
    Ok(())
}
