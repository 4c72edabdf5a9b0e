//! `rampart config`: the effective configuration with the origin of each value.

use clap::Args;
use serde::Serialize;

use crate::cli::Global;
use crate::failure::Failure;
use crate::output::{self, Printer};
use crate::settings::{Configuration, DEFAULTS, Origin, redacted};

/// `rampart config`
#[derive(Debug, Args)]
pub(crate) struct ConfigArguments {
    /// Print the built-in configuration, which documents every key
    #[arg(long)]
    defaults: bool,
    /// Print only what differs from the built-in configuration
    #[arg(long)]
    changed: bool,
}

#[derive(Serialize)]
struct Line {
    key: String,
    value: toml::Value,
    origin: String,
}

/// Prints the configuration.
///
/// # Errors
/// When it does not hold.
pub(crate) fn run(global: &Global, arguments: &ConfigArguments) -> Result<(), Failure> {
    if arguments.defaults {
        output::line(DEFAULTS.trim_end());
        return Ok(());
    }
    let configuration = Configuration::load(&global.overrides())?;
    let shown = configuration.tree.iter().filter(|(_, setting)| !arguments.changed || setting.origin != Origin::Default);
    let lines: Vec<Line> = shown
        .map(|(path, setting)| Line { key: path.join("."), value: redacted(path, &setting.value), origin: setting.origin.to_string() })
        .collect();
    Printer::new(global.json).show(&lines, |lines| {
        let texts: Vec<String> = lines.iter().map(|line| format!("{} = {}", line.key, line.value)).collect();
        // A comment column, unless a long list would push it out of sight.
        let width = texts.iter().map(|text| text.chars().count()).filter(|width| *width <= 80).max().unwrap_or(0);
        let rows = lines.iter().zip(&texts).map(|(line, text)| format!("{text:<width$}  # {}", line.origin));
        rows.collect::<Vec<_>>().join("\n")
    })
}
