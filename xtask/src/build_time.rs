//! The processor time of a first build: the one that a newcomer waits for, from an empty target folder.
//!
//! Processor time, because it depends less than the time on the clock on what else the machine does. cargo starts every rustc through
//! this program ([`WRAPPED`]), which writes down what each took; what is left are build scripts with their C compilers, and cargo.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::server::awaited_processor_time;
use crate::{TaskResult, workspace};

/// The file that a wrapped compiler writes its line to; set only below `cargo xtask build-time`.
pub(crate) const WRAPPED: &str = "RAMPART_BUILD_TIME_FILE";

#[derive(Debug, clap::Args)]
pub(crate) struct BuildTimeArguments {
    /// Build the release profile instead of the one that scripts/run builds
    #[arg(long)]
    release: bool,
    /// How many packages to list, those that took longest first
    #[arg(long, default_value_t = 25)]
    packages: usize,
}

/// Builds the binary in an empty target folder, and prints the processor time by package.
pub(crate) fn run(arguments: &BuildTimeArguments) -> TaskResult {
    let root = workspace::root()?;
    let folder = workspace::target(&root).join("build-time");
    remove(&folder)?;
    std::fs::create_dir_all(&folder).map_err(at(&folder))?;
    let times = folder.join("times");
    let before = awaited_processor_time().ok_or("the processor time cannot be read from /proc")?;
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.current_dir(&root).args(["build", "--package", "rampart", "--quiet"]).env("CARGO_TARGET_DIR", &folder);
    build.env("RUSTC_WRAPPER", std::env::current_exe().map_err(|error| error.to_string())?).env(WRAPPED, &times);
    if arguments.release {
        build.arg("--release");
    }
    let status = build.status().map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err("the build failed".to_owned());
    }
    let whole = awaited_processor_time().unwrap_or_default().saturating_sub(before);
    print!("{}", report(whole, &std::fs::read_to_string(&times).map_err(at(&times))?, arguments.packages));
    remove(&folder)
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> String + '_ {
    move |error| format!("{}: {error}", path.display())
}

fn remove(folder: &Path) -> TaskResult {
    if folder.exists() { std::fs::remove_dir_all(folder).map_err(at(folder)) } else { Ok(()) }
}

/// Runs the compiler that cargo asked for, and appends what it took: package, milliseconds.
pub(crate) fn wrapped(times: &OsString) -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(compiler) = arguments.next() else { return ExitCode::FAILURE };
    let status = Command::new(compiler).args(arguments).status();
    let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
    if let (Some(took), Ok(mut file)) = (awaited_processor_time(), OpenOptions::new().create(true).append(true).open(times)) {
        // A line that cannot be written is missing in the report, and its time is among the rest.
        let _ = file.write_all(format!("{package} {}\n", took.as_millis()).as_bytes());
    }
    match status.map(|status| status.code()) {
        Ok(Some(code)) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Ok(None) | Err(_) => ExitCode::FAILURE,
    }
}

fn report(whole: Duration, times: &str, packages: usize) -> String {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for (package, milliseconds) in times.lines().filter_map(|line| line.rsplit_once(' ')) {
        // Asking for the version of the compiler has no package.
        *sums.entry(if package.is_empty() { "(questions of cargo)" } else { package }).or_default() += milliseconds.parse().unwrap_or(0);
    }
    let compiled: u64 = sums.values().sum();
    let seconds = |milliseconds: u64| format!("{}.{}", milliseconds / 1_000, milliseconds % 1_000 / 100);
    let all = u64::try_from(whole.as_millis()).unwrap_or(u64::MAX);
    let mut text = format!("processor time of a first build: {} s, {} of it rustc\n", seconds(all), seconds(compiled));
    let mut longest: Vec<(&str, u64)> = sums.into_iter().collect();
    longest.sort_by_key(|(_, milliseconds)| std::cmp::Reverse(*milliseconds));
    for (package, milliseconds) in longest.into_iter().take(packages) {
        let _ = writeln!(text, "{:>8}  {package}", seconds(milliseconds));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_listed_by_what_they_took() {
        let times = "syn 1200\nring 300\nsyn 4000\n 50\n";
        let expected = "processor time of a first build: 7.5 s, 5.5 of it rustc\n     5.2  syn\n     0.3  ring\n";
        assert_eq!(report(Duration::from_millis(7_500), times, 2), expected);
    }
}
