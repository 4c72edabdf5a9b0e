//! `rampart config`: prints the effective configuration with the origin of each value.

use clap::Args;
use serde::Serialize;

use crate::error::CommandError;
use crate::options::GlobalOptions;
use crate::output::{self, Printer};
use crate::settings::{Configuration, DEFAULTS, SettingOrigin, redacted};

#[derive(Debug, Args)]
pub(crate) struct ConfigArguments {
    /// Print the built-in configuration, which documents every key
    #[arg(long)]
    defaults: bool,
    /// Print only values that differ from the built-in configuration
    #[arg(long)]
    changed: bool,
}

#[derive(Serialize)]
struct SettingLine {
    key: String,
    value: toml::Value,
    origin: String,
}

pub(crate) fn run(global: &GlobalOptions, arguments: &ConfigArguments) -> Result<(), CommandError> {
    if arguments.defaults {
        output::line(DEFAULTS.trim_end());
        return Ok(());
    }
    let configuration = Configuration::load(&global.overrides())?;
    let shown = configuration.tree.iter().filter(|(_, setting)| !arguments.changed || setting.origin != SettingOrigin::Default);
    let lines: Vec<SettingLine> = shown
        .map(|(path, setting)| SettingLine {
            key: path.join("."),
            value: redacted(path, &setting.value),
            origin: setting.origin.to_string(),
        })
        .collect();
    Printer::new(global.json).show(&lines, |lines| {
        let texts: Vec<String> = lines.iter().map(|line| format!("{} = {}", line.key, line.value)).collect();
        // The origins are aligned, except behind lines that are too long.
        let width = texts.iter().map(|text| text.chars().count()).filter(|width| *width <= 80).max().unwrap_or(0);
        let rows = lines.iter().zip(&texts).map(|(line, text)| format!("{text:<width$}  # {}", line.origin));
        rows.collect::<Vec<_>>().join("\n")
    })
}
