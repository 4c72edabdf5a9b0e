//! `bench ledger`: postings per second of the commit path, beside those of a ledger made of SQL functions (pgledger), on one PostgreSQL.
//!
//! Both move one unit between two accounts that are drawn anew each time, by as many callers, each of which waits until its posting is
//! durable.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::report::hundredths;
use crate::{TaskResult, server, workspace};

#[derive(Debug, clap::Args)]
pub(super) struct LedgerBenchArguments {
    /// The SQL files of pgledger, in the order in which they are run; they are not part of this repository
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    pgledger: Vec<PathBuf>,
    /// Number of callers
    #[arg(long, default_value_t = 64)]
    callers: u32,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 8)]
    seconds: u32,
    /// Number of rounds; the medians are reported
    #[arg(long, default_value_t = 3)]
    rounds: u32,
}

/// Few accounts collide all the time, many hardly ever.
const ACCOUNTS: [u32; 3] = [2, 50, 1_000];

pub(super) fn run(arguments: &LedgerBenchArguments) -> TaskResult {
    let LedgerBenchArguments { pgledger, callers, seconds, rounds } = arguments;
    println!("{:<10} {:>14} {:>14} {:>8}", "accounts", "ours per s", "pgledger per s", "ratio");
    for accounts in ACCOUNTS {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..*rounds {
            let database = |whose: &str| server::fresh_database(&format!("ledger_{whose}_{accounts}_{round}"));
            ours.push(commit_path(&database("ours")?, accounts, *callers, *seconds)?);
            theirs.push(sql_functions(&database("theirs")?, pgledger, accounts, *callers, *seconds)?);
        }
        let (ours, theirs) = (median(ours), median(theirs));
        let ratio = (ours * 100).checked_div(theirs).unwrap_or_default();
        println!("{accounts:<10} {ours:>14} {theirs:>14} {:>8}", hundredths(ratio));
    }
    println!("{callers} callers, medians of {rounds} rounds of {seconds} s");
    Ok(())
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Postings per second of `store.commit`.
fn commit_path(url: &str, accounts: u32, callers: u32, seconds: u32) -> Result<u64, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(workspace::root()?).args(["bench", "--quiet", "--locked", "--package", "rampart-store", "--bench", "ledger", "--"]);
    command.args([url, &accounts.to_string(), &callers.to_string(), &seconds.to_string()]);
    let printed = output(command)?;
    printed.trim().parse().map_err(|_| format!("cargo bench printed no number: {printed}"))
}

/// Transfers per second of pgledger, called by pgbench.
fn sql_functions(url: &str, files: &[PathBuf], accounts: u32, callers: u32, seconds: u32) -> Result<u64, String> {
    for file in files {
        let mut psql = Command::new("psql");
        psql.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--file"]).arg(file).arg(url);
        output(psql)?;
    }
    let create = format!(
        "INSERT INTO pgledger_accounts (id, name, currency, allow_negative_balance, allow_positive_balance, created_at, updated_at) \
         SELECT 'pgla_' || n, 'account ' || n, 'EUR', true, true, now(), now() FROM generate_series(1, {accounts}) AS n"
    );
    server::psql(url, &create)?;
    let folder = server::scratch("ledger")?;
    let script = folder.join("transfer.sql");
    let transfer = format!(
        "\\set source random(1, {accounts})\n\\set target 1 + (:source + random(0, {accounts} - 2)) % {accounts}\n\
         SELECT id FROM pgledger_create_transfer('pgla_' || :source, 'pgla_' || :target, 1);\n"
    );
    std::fs::write(&script, transfer).map_err(|error| format!("{}: {error}", script.display()))?;
    let mut pgbench = Command::new("pgbench");
    pgbench.args(["--no-vacuum", "--protocol=prepared", "--jobs=2"]);
    pgbench.arg(format!("--client={callers}")).arg(format!("--time={seconds}")).arg("--file").arg(&script).arg(url);
    let printed = output(pgbench);
    remove(&folder)?;
    let printed = printed?;
    let rate = printed.lines().find_map(|line| line.strip_prefix("tps = ")?.split(['.', ' ']).next()?.parse().ok());
    rate.ok_or_else(|| format!("pgbench printed no rate: {printed}"))
}

fn remove(folder: &Path) -> TaskResult {
    std::fs::remove_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

/// The standard output of a program that must succeed.
fn output(mut command: Command) -> Result<String, String> {
    let program = command.get_program().display().to_string();
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(printed) } else { Err(format!("{program}: {printed}{}", String::from_utf8_lossy(&output.stderr))) }
}
