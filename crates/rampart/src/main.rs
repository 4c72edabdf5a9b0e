//! The `rampart` binary: configuration, wiring and commands.

mod bounded;
mod cli;
mod commands;
mod failure;
mod logs;
mod output;
mod settings;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

/// Requests make and drop many small things, on several threads: an allocator made for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before anything is made.
    wiring::private::make_private_files();
    // Its own message and exit code 2 when the command line is wrong; 0 for --help and --version.
    let cli = cli::Cli::parse();
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message() {
                eprintln!("rampart: {message}");
            }
            failure.exit_code()
        }
    }
}
