//! `bench order`: what a whole order costs, of the ramp and of the simulated world, on both legs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::installation::BenchInstallation;
use super::measure::{LatencySample, Until};
use super::orders::{self, BenchLeg, OrderReceiver};
use super::processor::ProcessorReading;
use super::report::hundredths;
use crate::crash::{Engine, EngineArgument};
use crate::{TaskResult, server};

#[derive(Debug, clap::Args)]
pub(super) struct OrderBenchArguments {
    #[command(flatten)]
    plan: OrderBenchPlan,
    /// Database engine
    #[arg(long, value_enum, default_value_t = EngineArgument::Both)]
    engine: EngineArgument,
    /// The rampart binary to measure [default: a new release build]
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Another binary to compare with, in alternation
    #[arg(long, value_name = "PATH")]
    against: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::Args)]
struct OrderBenchPlan {
    /// Orders of each leg in each round
    #[arg(long, default_value_t = 10_000)]
    orders: usize,
    /// Number of connections that create and pay orders
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Number of rounds; the medians over all rounds are reported
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// Orders before the first measurement, in thousandths of those of a round.
const WARM_UP_THOUSANDTHS: usize = 200;

/// What one round found for one leg.
struct RoundResult {
    sample: LatencySample,
    /// Until the second webhooks.
    acknowledged: Share,
    /// Until coins that were sent are final.
    settled: Share,
}

/// Microseconds of processor time of an order.
#[derive(Clone, Copy)]
struct Share {
    process: u64,
    /// `None` where the binary does not say what the world has taken.
    ramp_and_world: Option<(u64, u64)>,
}

impl Share {
    fn of(used: &ProcessorReading, orders: u64) -> Self {
        Self { process: used.process_micros(orders), ramp_and_world: used.ramp_micros(orders).zip(used.world_micros(orders)) }
    }

    fn median(of: impl Iterator<Item = Self>) -> Self {
        let all: Vec<Self> = of.collect();
        let middle = |value: &dyn Fn(&Self) -> Option<u64>| {
            let mut values: Vec<u64> = all.iter().filter_map(value).collect();
            values.sort_unstable();
            values.get(values.len() / 2).copied()
        };
        let ramp = middle(&|share| share.ramp_and_world.map(|(ramp, _)| ramp));
        let world = middle(&|share| share.ramp_and_world.map(|(_, world)| world));
        Self { process: middle(&|share| Some(share.process)).unwrap_or_default(), ramp_and_world: ramp.zip(world) }
    }
}

/// An installation with the receiver of its webhooks.
struct Measured {
    installation: BenchInstallation,
    receiver: OrderReceiver,
}

pub(super) fn run(arguments: OrderBenchArguments) -> TaskResult {
    let OrderBenchArguments { plan, engine, binary, against } = arguments;
    let binary = server::binary(binary, true)?;
    let against = against.map(|other| server::binary(Some(other), true)).transpose()?;
    let binaries: Vec<(&Path, &'static str)> =
        [(&*binary, "")].into_iter().chain(against.iter().map(|other| (&**other, ", against"))).collect();
    let runtime = super::runtime()?;
    let mut results = BTreeMap::new();
    for &engine in engine.engines() {
        runtime.block_on(measure(plan, engine, &binaries, &mut results))?;
    }
    print(plan, &results);
    Ok(())
}

async fn measure(
    plan: OrderBenchPlan,
    engine: Engine,
    binaries: &[(&Path, &'static str)],
    results: &mut BTreeMap<String, Vec<RoundResult>>,
) -> TaskResult {
    let mut all = Vec::new();
    for (binary, label) in binaries {
        let mut installation = BenchInstallation::start(engine, binary, label).await?;
        installation.prepare().await?;
        let receiver = OrderReceiver::start(&installation).await?;
        all.push(Measured { installation, receiver });
    }
    let legs = [BenchLeg::Buy, BenchLeg::Sell];
    for measured in &all {
        for leg in legs {
            round(measured, leg, OrderBenchPlan { orders: plan.orders * WARM_UP_THOUSANDTHS / 1_000, ..plan }).await?;
        }
    }
    for number in 1..=plan.rounds {
        println!("whole orders, {}, round {number} of {}", engine.name(), plan.rounds);
        for measured in &all {
            for leg in legs {
                let name = format!("{}, {}{}", leg.name(), engine.name(), measured.installation.label);
                let result = round(measured, leg, plan).await?;
                results.entry(name).or_default().push(result);
            }
        }
    }
    for measured in all {
        drop(measured.receiver);
        measured.installation.stop().await?;
    }
    Ok(())
}

async fn round(measured: &Measured, leg: BenchLeg, plan: OrderBenchPlan) -> Result<RoundResult, String> {
    let Measured { installation, receiver } = measured;
    let open_before = installation.metrics().await?.open_orders();
    let before = installation.used().await?;
    let run = receiver.whole(installation, leg, plan.connections, Until::Count(plan.orders)).await?;
    orders::settled(installation, open_before).await?;
    let settled = installation.used().await?.since(&before);
    Ok(RoundResult { sample: run.sample, acknowledged: Share::of(&run.used, run.orders), settled: Share::of(&settled, run.orders) })
}

fn print(plan: OrderBenchPlan, results: &BTreeMap<String, Vec<RoundResult>>) {
    println!(
        "\n{} orders a round over {} connections, medians of {} rounds; microseconds of the server's processor time an order",
        plan.orders, plan.connections, plan.rounds
    );
    println!("{:<28} {:>7} {:>9}   {:^26}   {:^26}", "", "", "", "to the second webhook", "until coins are final");
    println!(
        "{:<28} {:>7} {:>9}   {:>8} {:>8} {:>8}   {:>8} {:>8} {:>8}",
        "whole orders", "per s", "p50 ms", "ramp", "world", "both", "ramp", "world", "both"
    );
    for (name, rounds) in results {
        let samples: Vec<LatencySample> = rounds.iter().map(|round| round.sample.clone()).collect();
        let sample = LatencySample::median(&samples);
        print!("{name:<28} {:>7} {:>9}", sample.per_second, hundredths(sample.p50 / 10));
        for of in [|round: &RoundResult| round.acknowledged, |round: &RoundResult| round.settled] {
            let share = Share::median(rounds.iter().map(of));
            let (ramp, world) =
                share.ramp_and_world.map_or(("-".to_owned(), "-".to_owned()), |(ramp, world)| (ramp.to_string(), world.to_string()));
            print!("   {ramp:>8} {world:>8} {:>8}", share.process);
        }
        println!();
    }
}
