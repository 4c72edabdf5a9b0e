//! Tasks of the project: rules that the compiler does not check, generated documents, the crash test and the benchmark.
//! Run as `cargo xtask <command>`.

mod advisories;
mod bench;
mod build_time;
mod crash;
mod generate;
mod http;
mod partner;
mod server;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The error is a message for a person.
type TaskResult = Result<(), String>;

/// Tasks of the Rampart project
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", max_term_width = 120)]
struct XtaskCli {
    #[command(subcommand)]
    command: XtaskCommand,
}

#[derive(Debug, Subcommand)]
enum XtaskCommand {
    /// Check the project's own rules for manifests and sources
    Tidy,
    /// Copy the advisories about our dependencies from a clone of the RustSec database
    Advisories(advisories::AdvisoriesArguments),
    /// Write the generated documents
    Generate(generate::GenerateArguments),
    /// Kill the real binary under load and verify that nothing is lost or done twice
    Crash(crash::CrashArguments),
    /// Measure the server (throughput, latency, start-up, memory) and the validation of documents and accounts
    Bench(bench::BenchArguments),
    /// Measure the processor time of a first build, from an empty target folder
    BuildTime(build_time::BuildTimeArguments),
    /// Serve the fixed answer that `bench` compares with
    #[command(hide = true)]
    BenchBaseline,
}

fn main() -> ExitCode {
    if let Some(times) = std::env::var_os(build_time::WRAPPED) {
        return build_time::wrapped(&times);
    }
    let result = match XtaskCli::parse().command {
        XtaskCommand::Tidy => tidy::run(),
        XtaskCommand::Advisories(arguments) => advisories::run(&arguments),
        XtaskCommand::Generate(arguments) => generate::run(arguments),
        XtaskCommand::Crash(arguments) => crash::run(arguments),
        XtaskCommand::Bench(arguments) => bench::run(arguments),
        XtaskCommand::BuildTime(arguments) => build_time::run(&arguments),
        XtaskCommand::BenchBaseline => bench::baseline::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{}", message.trim_end());
            ExitCode::FAILURE
        }
    }
}
