//! Instructions per call and per order, counted by callgrind: a measure that is the same on the next machine.
//!
//! One connection sends the calls, so that nothing depends on how threads happen to meet. What the server does by itself meanwhile is
//! in the numbers; its workers look for work once a minute here, and otherwise only when there is some.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::installation::{self, BenchInstallation};
use super::measure::Until;
use super::orders::{BenchLeg, OrderReceiver};
use crate::TaskResult;
use crate::crash::Engine;

const SETTINGS: &[(&str, &str)] = &[("RAMPART__WORKERS__INTERVAL_MILLISECONDS", "60000")];
const WARM_UP_CALLS: usize = 30;
const CALLS: usize = 300;
const WARM_UP_ORDERS: usize = 10;
const ORDERS: usize = 100;

/// Prints the instructions of quotes, payments and whole orders on SQLite, or why they cannot be counted.
pub(super) async fn print(binary: &Path) -> TaskResult {
    if let Some(missing) = ["valgrind", "callgrind_control"].into_iter().find(|program| !exists(program)) {
        println!("instructions per call: skipped, because {missing} is not installed");
        return Ok(());
    }
    let mut installation = BenchInstallation::start_with(Engine::Sqlite, binary, "", SETTINGS).await?;
    installation.prepare().await?;
    let receiver = OrderReceiver::start(&installation).await?;
    let counts = installation.scratch_file("callgrind");
    let wrapper = ["valgrind", "--quiet", "--tool=callgrind", &format!("--callgrind-out-file={}", counts.display())];
    let installation = installation.restarted_under(&wrapper).await?;
    let counter = InstructionCounter { process_id: installation.server.process_id().ok_or("the server has exited")?, counts, dumps: 0 };
    measure(&installation, &receiver, counter).await?;
    installation.stop().await
}

async fn measure(installation: &BenchInstallation, receiver: &OrderReceiver, mut counter: InstructionCounter) -> TaskResult {
    println!("\n{:<38} {:>14}   by callgrind, over one connection", "SQLite", "instructions");
    for (name, make) in [("quote", installation::quote(installation)), ("createPayment", installation::create_payment(installation))] {
        installation.calls(1, WARM_UP_CALLS, &make).await?;
        counter.begin()?;
        installation.calls(1, CALLS, &make).await?;
        println!("{name:<38} {:>14}   each of {CALLS}", counter.end()? / CALLS as u64);
    }
    for leg in [BenchLeg::Buy, BenchLeg::Sell] {
        receiver.whole(installation, leg, 1, Until::Count(WARM_UP_ORDERS)).await?;
        counter.begin()?;
        receiver.whole(installation, leg, 1, Until::Count(ORDERS)).await?;
        let name = format!("whole {} order, world included", leg.name());
        println!("{name:<38} {:>14}   each of {ORDERS}", counter.end()? / ORDERS as u64);
    }
    Ok(())
}

fn exists(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Counts the instructions of a process that runs under callgrind.
struct InstructionCounter {
    process_id: u32,
    /// The file that callgrind writes its counts to, with the number of each as an extension.
    counts: PathBuf,
    dumps: u32,
}

impl InstructionCounter {
    fn begin(&self) -> TaskResult {
        self.control("--zero")
    }

    fn end(&mut self) -> Result<u64, String> {
        self.control("--dump")?;
        self.dumps += 1;
        let path = PathBuf::from(format!("{}.{}", self.counts.display(), self.dumps));
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        total(&text).ok_or_else(|| format!("{} has no total", path.display()))
    }

    fn control(&self, option: &str) -> TaskResult {
        let output = Command::new("callgrind_control").args([option, &self.process_id.to_string()]).output();
        let output = output.map_err(|error| format!("callgrind_control: {error}"))?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() && printed.contains("OK") {
            return Ok(());
        }
        Err(format!("callgrind_control {option}: {printed}{}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// The total of a file of counts.
fn total(text: &str) -> Option<u64> {
    text.lines().rev().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_found_behind_the_counts() {
        assert_eq!(total("events: Ir\nfn=(1) main\n1 20\n\ntotals: 4321\n"), Some(4_321));
        assert_eq!(total("events: Ir\n"), None);
    }
}
