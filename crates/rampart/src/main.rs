//! The `rampart` binary: configuration, wiring and commands.

mod bounded;
mod cli;
mod commands;
mod descriptors;
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
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        // --help and --version: its own text in colours, and exit code 0.
        Err(shown) if !shown.use_stderr() => shown.exit(),
        // What is wrong with the command line repeats it.
        Err(fault) => {
            output::complain(fault.to_string().trim_end());
            return ExitCode::from(2);
        }
    };
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message() {
                output::complain(&format!("rampart: {message}"));
            }
            failure.exit_code()
        }
    }
}
