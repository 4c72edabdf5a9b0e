//! The benchmark: the release build over real HTTP, durable, beside a bare JSON reply of the same framework; and the
//! validations of documents and accounts beside regular expressions.

pub(crate) mod baseline;
mod documents;
mod measure;
mod orders;
mod report;
mod requests;
mod setting;

use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::arguments::Arguments;
use crate::crash::Engine;
use crate::server;

use report::Report;
use setting::{Bench, Setting};

/// What is measured, and how long.
#[derive(Debug, Clone, Copy)]
struct Plan {
    /// Connections at once.
    connections: usize,
    /// Interleaved rounds; medians of them are reported.
    rounds: usize,
    /// Seconds of each measure in each round.
    seconds: u64,
    /// Payments in the database for the second half.
    payments: u64,
}

/// Measures as the command line says: one part, or both.
pub(crate) fn run(mut arguments: Arguments) -> Outcome {
    match arguments.one_of(&["server", "documents"]).as_deref() {
        Some("documents") => arguments.finish().and_then(|()| documents::run()),
        Some(_) => measure_server(arguments),
        None => measure_server(arguments).and_then(|()| documents::run()),
    }
}

fn measure_server(mut arguments: Arguments) -> Outcome {
    let plan = Plan {
        connections: arguments.value("--connections", 64)?,
        rounds: arguments.value("--rounds", 5)?,
        seconds: arguments.value("--seconds", 4)?,
        payments: arguments.value("--payments", 1_000_000)?,
    };
    let engines = Engine::named(&arguments.value("--engine", "both".to_owned())?)?;
    let named = arguments.option("--binary")?;
    let against = arguments.option("--against")?.map(PathBuf::from);
    arguments.finish()?;
    let binary = server::binary(named, true)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|error| error.to_string())?;
    let mut report = Report::default();
    match against {
        Some(other) => runtime.block_on(compare(plan, &engines, [&binary, &other], &mut report))?,
        None => runtime.block_on(measure_all(plan, &engines, &binary, &mut report))?,
    }
    print!("{report}");
    Ok(())
}

/// Calls of two builds, round by round in the same run: what differs between them is theirs, and not the machine's.
async fn compare(plan: Plan, engines: &[Engine], binaries: [&Path; 2], report: &mut Report) -> Outcome {
    let baseline = baseline::Baseline::start().await?;
    let mut settings = Vec::new();
    for &engine in engines {
        for (binary, label) in binaries.into_iter().zip(["", ", against"]) {
            let mut setting = Setting::start(engine, binary, label).await?;
            setting.prepare().await?;
            setting.warm_up().await?;
            settings.push(setting);
        }
    }
    rounds_of_calls(&Bench { plan, baseline: &baseline }, &settings, report).await?;
    stop(settings).await
}

async fn rounds_of_calls(bench: &Bench<'_>, settings: &[Setting], report: &mut Report) -> Outcome {
    for round in 1..=bench.plan.rounds {
        println!("calls, round {round} of {}", bench.plan.rounds);
        bench.calls(settings, report).await?;
    }
    Ok(())
}

async fn stop(settings: Vec<Setting>) -> Outcome {
    for setting in settings {
        setting.stop().await?;
    }
    Ok(())
}

async fn measure_all(plan: Plan, engines: &[Engine], binary: &Path, report: &mut Report) -> Outcome {
    let baseline = baseline::Baseline::start().await?;
    let mut settings = Vec::new();
    for &engine in engines {
        let mut setting = Setting::start(engine, binary, "").await?;
        report.idle(engine, &setting).await;
        setting.prepare().await?;
        setting.warm_up().await?;
        settings.push(setting);
    }
    let bench = Bench { plan, baseline: &baseline };
    rounds_of_calls(&bench, &settings, report).await?;
    for round in 1..=plan.rounds {
        println!("whole orders, round {round} of {}", plan.rounds);
        bench.orders(&settings, report).await?;
    }
    stop(settings).await?;
    if plan.payments > 0 {
        for &engine in engines {
            bench.full_database(engine, binary, report).await?;
        }
    }
    Ok(())
}
