//! Chores of the project: rules that a compiler does not check, generated documents, the crash test and the benchmark.
//! Run as `cargo xtask <command>`.

mod advisories;
mod arguments;
mod bench;
mod crash;
mod generate;
mod http;
mod partner;
mod random;
mod server;
mod tidy;
mod workspace;

use std::process::ExitCode;

use arguments::Arguments;

/// What a chore says when it fails: one text for a person.
type Outcome = Result<(), String>;

const USAGE: &str = "\
usage: cargo xtask <command>

  tidy                                   checks the project's own rules over manifests and sources
  advisories --from CLONE                takes the advisories about our dependencies from a clone of the RustSec database
  generate [--check] [--binary PATH]     writes the generated documents, or fails when they are out of date
  crash [--kills N] [--engine sqlite|postgres|both] [--seed N] [--binary PATH]
                                         kills the real binary under load and proves that nothing was lost
  bench [server] [--seconds N] [--rounds N] [--connections N] [--engine sqlite|postgres|both] [--payments N] [--binary PATH]
                                         measures throughput, latency, start-up and memory
  bench [documents]                      measures validations of documents and accounts beside regular expressions, and
                                         fails when one is too slow; without a name, bench measures both
";

fn main() -> ExitCode {
    let mut arguments = Arguments::from_environment();
    let outcome = match arguments.command().as_deref() {
        Some("tidy") => arguments.finish().and_then(|()| tidy::run()),
        Some("advisories") => advisories::run(arguments),
        Some("generate") => generate::run(arguments),
        Some("crash") => crash::run(arguments),
        Some("bench") => bench::run(arguments),
        Some("bench-baseline") => bench::baseline::run(arguments),
        Some("help" | "--help" | "-h") => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{}", message.trim_end());
            ExitCode::FAILURE
        }
    }
}
