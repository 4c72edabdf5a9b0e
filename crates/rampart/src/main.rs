//! The `rampart` binary: configuration, wiring and commands.

mod bounded;
mod commands;
mod descriptors;
mod error;
mod logs;
mod options;
mod output;
mod settings;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

/// Serving a request makes many small allocations on several threads; mimalloc is faster than the system allocator at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before any file is created.
    wiring::private::restrict_new_files();
    let cli = match commands::Cli::try_parse() {
        Ok(cli) => cli,
        // --help and --version: clap prints them itself, in colour, with exit code 0.
        Err(help) if !help.use_stderr() => help.exit(),
        // The message quotes the command line, so unprintable characters in it are escaped.
        Err(error) => {
            output::print_error(error.to_string().trim_end());
            return ExitCode::from(2);
        }
    };
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(message) = error.message() {
                output::print_error(&format!("rampart: {message}"));
            }
            error.exit_code()
        }
    }
}
